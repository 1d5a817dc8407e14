package privacypg

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/privacy/privacypg/db"
	"github.com/observatory/observatory/tenants"
)

var _ export.Store = (*Store)(nil)

// BeginExport implements export.Store.
func (s *Store) BeginExport(ctx context.Context, tenant tenants.ID, f export.File, about []privacy.Identifier) (kept export.File, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		if err := t.q.BeginExport(ctx, db.BeginExportParams{RequestID: f.Request, Object: f.Object, CreatedAt: f.CreatedAt, ExpiresAt: f.ExpiresAt}); err != nil {
			return err
		}
		if err := t.q.AddExportSubjects(ctx, db.AddExportSubjectsParams{Hashes: s.hashes(tenant, about), RequestID: f.Request}); err != nil {
			return err
		}
		kept, err = t.export(ctx, f.Request)
		return err
	})
	return kept, err
}

// hashes are the keyed hashes of identifiers, by which they are known again.
func (s *Store) hashes(tenant tenants.ID, all []privacy.Identifier) [][]byte {
	hashes := make([][]byte, 0, len(all))
	for _, i := range all {
		h := s.keys.Of(tenant, i)
		hashes = append(hashes, h[:])
	}
	return hashes
}

// FinishExport implements export.Store.
func (s *Store) FinishExport(ctx context.Context, tenant tenants.ID, f export.File) (kept bool, err error) {
	records, err := json.Marshal(f.Records)
	if err != nil {
		return false, fmt.Errorf("write counts: %w", err)
	}
	err = s.within(ctx, tenant, func(t tx) error {
		changed, err := t.q.FinishExport(ctx, db.FinishExportParams{Bytes: f.Bytes, Sha256: f.SHA256, Records: records, MadeAt: f.MadeAt, RequestID: f.Request})
		kept = changed > 0
		return err
	})
	return kept, err
}

// Export implements export.Store.
func (s *Store) Export(ctx context.Context, tenant tenants.ID, request uuid.UUID) (f export.File, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		f, err = t.export(ctx, request)
		return err
	})
	return f, err
}

func (t tx) export(ctx context.Context, request uuid.UUID) (export.File, error) {
	r, err := t.q.GetExport(ctx, request)
	if err != nil {
		return export.File{}, pg.OrNotFound(err, export.ErrNotFound)
	}
	return exportedFile(r)
}

func exportedFile(r db.GetExportRow) (export.File, error) {
	f := export.File{
		Request: r.RequestID, Object: r.Object, Bytes: r.Bytes, SHA256: r.Sha256, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
		MadeAt: pg.UTC(r.MadeAt), LinkOpen: r.LinkOpen, Downloads: int(r.Downloads), DownloadedAt: pg.UTC(r.DownloadedAt), ErasedAt: pg.UTC(r.ErasedAt),
	}
	if err := json.Unmarshal(r.Records, &f.Records); err != nil {
		return f, fmt.Errorf("read counts: %w", err)
	}
	return f, nil
}

// SetExportLink implements export.Store.
func (s *Store) SetExportLink(ctx context.Context, tenant tenants.ID, request uuid.UUID, link export.TokenHash, entry tenants.AuditEntry) error {
	return s.within(ctx, tenant, func(t tx) error {
		changed, err := t.q.SetExportLink(ctx, db.SetExportLinkParams{TokenHash: link[:], RequestID: request, At: entry.At})
		if err := pg.MustTouch(changed, err, export.ErrGone); err != nil {
			return err
		}
		return t.Audit(ctx, entry)
	})
}

// RedeemExportLink implements export.Store.
func (s *Store) RedeemExportLink(ctx context.Context, link export.TokenHash, at time.Time, entry func(export.File) tenants.AuditEntry) (owned export.Owned, err error) {
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		tenant, err := db.New(t).FindExportLink(ctx, link[:])
		owned.Tenant = tenants.ID(tenant)
		return pg.OrNotFound(err, export.ErrLink)
	})
	if err != nil {
		return owned, err
	}
	err = s.within(ctx, owned.Tenant, func(t tx) error {
		r, err := t.q.RedeemExportLink(ctx, db.RedeemExportLinkParams{TokenHash: link[:], At: &at})
		if err != nil {
			return pg.OrNotFound(err, export.ErrLink)
		}
		if owned.File, err = exportedFile(db.GetExportRow(r)); err != nil {
			return err
		}
		return t.Audit(ctx, entry(owned.File))
	})
	return owned, err
}

// ExportsAbout implements export.Store.
func (s *Store) ExportsAbout(ctx context.Context, tenant tenants.ID, about []privacy.Identifier) (files []export.File, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListExportsAbout(ctx, s.hashes(tenant, about))
		files, err = pg.Each(rows, err, func(r db.ListExportsAboutRow) export.File {
			return export.File{Request: r.RequestID, Object: r.Object, ErasedAt: pg.UTC(r.ErasedAt)}
		})
		return err
	})
	return files, err
}

// ExportErased implements export.Store. Whom a file that has expired was about is forgotten.
func (s *Store) ExportErased(ctx context.Context, tenant tenants.ID, request uuid.UUID, by *uuid.UUID, at time.Time) error {
	return s.within(ctx, tenant, func(t tx) error {
		if err := t.q.MarkExportErased(ctx, db.MarkExportErasedParams{At: &at, ErasedBy: by, RequestID: request}); err != nil || by != nil {
			return err
		}
		return t.q.ForgetExportSubjects(ctx, request)
	})
}

// ExpiredExports implements export.Store.
func (s *Store) ExpiredExports(ctx context.Context, at time.Time) (all []export.Owned, err error) {
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		rows, err := db.New(t).ListExpiredExports(ctx, at)
		all, err = pg.Each(rows, err, func(r db.ListExpiredExportsRow) export.Owned {
			return export.Owned{Tenant: tenants.ID(r.TenantID), File: export.File{Request: r.RequestID, Object: r.Object}}
		})
		return err
	})
	return all, err
}
