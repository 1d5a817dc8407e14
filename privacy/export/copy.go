package export

import (
	"context"
	"errors"
	"fmt"

	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Copy is the exported files: whoever is erased is not left in the file that they or others were given.
type Copy struct{ service *Service }

var _ privacy.Copy = Copy{}

// Copy is the copy of a Service.
func (s *Service) Copy() Copy { return Copy{s} }

// Name implements privacy.Copy.
func (Copy) Name() string { return "exports" }

// Find implements privacy.Copy.
func (c Copy) Find(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Holding, error) {
	files, err := c.about(ctx, tenant, op)
	there := 0
	for _, f := range files {
		if f.ErasedAt == nil {
			there++
		}
	}
	return privacy.Holding{Items: int64(there), Unit: "files"}, err
}

func (c Copy) about(ctx context.Context, tenant tenants.ID, op privacy.Operation) ([]File, error) {
	files, err := c.service.deps.Store.ExportsAbout(ctx, tenant, identifiers(op.Subjects))
	if err != nil {
		return nil, fmt.Errorf("find exports: %w", err)
	}
	return files, nil
}

// Erase implements privacy.Copy. First no link leads to a file any more, then it goes: so one that is still being written finds out, and goes
// as well.
func (c Copy) Erase(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	files, err := c.about(ctx, tenant, op)
	if err != nil {
		return nil, err
	}
	removed := []string{}
	for _, f := range files {
		if err := c.service.deps.Store.ExportErased(ctx, tenant, f.Request, &op.ID, c.service.deps.Now()); err != nil {
			return nil, fmt.Errorf("keep that an export is gone: %w", err)
		}
		if err := c.service.remove(ctx, f.Object); err != nil {
			return nil, err
		}
		removed = append(removed, f.Request.String())
	}
	return privacy.Evidence{"exports_removed": removed}, nil
}

// Verify implements privacy.Copy. It asks the object storage itself.
func (c Copy) Verify(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Verification, error) {
	files, err := c.about(ctx, tenant, op)
	if err != nil {
		return privacy.Verification{}, err
	}
	v := privacy.Verification{Evidence: privacy.Evidence{"files_looked_for": len(files)}}
	for _, f := range files {
		_, err := c.service.deps.Objects.Size(ctx, f.Object)
		if err != nil && !errors.Is(err, objects.ErrNotFound) {
			return privacy.Verification{}, err
		}
		if err == nil || f.ErasedAt == nil {
			v.Left++
		}
	}
	return v, nil
}
