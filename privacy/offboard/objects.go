package offboard

import (
	"context"
	"fmt"
	"iter"

	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Files is where files of tenants lie: objects.Store.
type Files interface {
	List(ctx context.Context, prefix string) iter.Seq2[objects.Object, error]
	Delete(ctx context.Context, key string) error
	// ForgetDead removes what the storage keeps of objects that were deleted or replaced.
	ForgetDead(ctx context.Context, prefix string, dead func(key string) bool) (int, error)
}

// Folder is the folder of a tenant in the object storage.
type Folder struct {
	Files  Files
	Of     string // name of the copy
	Prefix string // before tenant=ID/
}

var _ Copy = Folder{}

// Name implements Copy.
func (f Folder) Name() string { return f.Of }

func (f Folder) folder(tenant tenants.ID) string {
	return f.Prefix + "tenant=" + tenant.String() + "/"
}

// Count implements Copy.
func (f Folder) Count(ctx context.Context, tenant tenants.ID) (privacy.Holding, error) {
	h := privacy.Holding{Unit: "files"}
	for _, err := range f.Files.List(ctx, f.folder(tenant)) {
		if err != nil {
			return h, fmt.Errorf("list files of a tenant: %w", err)
		}
		h.Items++
	}
	return h, nil
}

// Erase implements Copy.
func (f Folder) Erase(ctx context.Context, l Leaving) (privacy.Evidence, error) {
	removed := 0
	for o, err := range f.Files.List(ctx, f.folder(l.Tenant)) {
		if err != nil {
			return nil, fmt.Errorf("list files of a tenant: %w", err)
		}
		if err := f.Files.Delete(ctx, o.Key); err != nil {
			return nil, fmt.Errorf("remove a file of a tenant: %w", err)
		}
		removed++
	}
	versions, err := f.Files.ForgetDead(ctx, f.folder(l.Tenant), func(string) bool { return true })
	if err != nil {
		return nil, fmt.Errorf("remove older versions of files of a tenant: %w", err)
	}
	return privacy.Evidence{"files": removed, "versions": versions}, nil
}

// Verify implements Copy.
func (f Folder) Verify(ctx context.Context, l Leaving) (privacy.Verification, error) {
	h, err := f.Count(ctx, l.Tenant)
	return privacy.Verification{Left: h.Items}, err
}
