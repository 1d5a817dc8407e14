package privacypg

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/form"
	"github.com/observatory/observatory/privacy/privacypg/db"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// Forms is a form.Store.
type Forms struct{ *Store }

var _ form.Store = Forms{}

// Forms gives the store as the port of the package form.
func (s *Store) Forms() Forms { return Forms{s} }

// Form implements form.Store.
func (s Forms) Form(ctx context.Context, tenant tenants.ID) (found form.Form, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		row, err := t.q.GetForm(ctx)
		found = form.Form{
			Token: row.Token, Enabled: row.Enabled, Title: row.Title, Intro: row.Intro, Types: toTypes(row.Types),
			ChangedAt: row.ChangedAt.UTC(), ChangedBy: row.ChangedBy,
		}
		return pg.OrNotFound(err, form.ErrNoForm)
	})
	return found, err
}

// PutForm implements form.Store.
func (s Forms) PutForm(ctx context.Context, tenant tenants.ID, f form.Form, entry tenants.AuditEntry) error {
	types := make([]string, len(f.Types))
	for i, t := range f.Types {
		types[i] = string(t)
	}
	return s.within(ctx, tenant, func(t tx) error {
		err := t.q.PutForm(ctx, db.PutFormParams{
			Token: f.Token, Enabled: f.Enabled, Title: f.Title, Intro: f.Intro, Types: types, ChangedAt: f.ChangedAt, ChangedBy: f.ChangedBy,
		})
		if err != nil {
			return err
		}
		return t.Audit(ctx, entry)
	})
}

// ByToken implements form.Store.
func (s Forms) ByToken(ctx context.Context, token string) (tenant tenants.ID, organisation string, found form.Form, err error) {
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		row, err := db.New(t).GetFormByToken(ctx, token)
		tenant, organisation = tenants.ID(row.TenantID), row.Organisation
		found = form.Form{Token: token, Enabled: row.Enabled, Title: row.Title, Intro: row.Intro, Types: toTypes(row.Types)}
		return pg.OrNotFound(err, form.ErrNoForm)
	})
	return tenant, organisation, found, err
}

// AddFiling implements form.Store.
func (s Forms) AddFiling(ctx context.Context, f form.Filing, mail tenants.MailRow) error {
	return s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		err := db.New(t).AddFiling(ctx, db.AddFilingParams{
			ID: f.ID, TenantID: uuid.UUID(f.Tenant), Type: string(f.Type), SealedEmail: f.SealedEmail, LinkHash: f.LinkHash[:],
			CreatedAt: f.CreatedAt, ExpiresAt: f.ExpiresAt,
		})
		if err != nil {
			return err
		}
		return tenantspg.AddMail(ctx, t, mail)
	})
}

// Filing implements form.Store.
func (s Forms) Filing(ctx context.Context, linkHash [32]byte, now time.Time) (found form.Filing, organisation string, err error) {
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		row, err := db.New(t).GetFiling(ctx, db.GetFilingParams{LinkHash: linkHash[:], Now: now})
		organisation = row.Organisation
		found = form.Filing{
			ID: row.ID, Tenant: tenants.ID(row.TenantID), Type: privacy.Type(row.Type), SealedEmail: row.SealedEmail, LinkHash: linkHash,
			CreatedAt: row.CreatedAt.UTC(), ExpiresAt: row.ExpiresAt.UTC(),
		}
		return pg.OrNotFound(err, tenants.ErrLinkInvalid)
	})
	return found, organisation, err
}

// Filings implements form.Store.
func (s Forms) Filings(ctx context.Context, tenant tenants.ID) (n int, err error) {
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		open, err := db.New(t).CountFilings(ctx, uuid.UUID(tenant))
		n = int(open)
		return err
	})
	return n, err
}

// RemoveFiling implements form.Store.
func (s Forms) RemoveFiling(ctx context.Context, id uuid.UUID) error {
	return s.pool.AcrossTenants(ctx, func(t pgx.Tx) error { return db.New(t).RemoveFiling(ctx, id) })
}

// RemoveExpired implements form.Store.
func (s Forms) RemoveExpired(ctx context.Context, now time.Time) error {
	return s.pool.AcrossTenants(ctx, func(t pgx.Tx) error { return db.New(t).RemoveExpiredFilings(ctx, now) })
}

func toTypes(names []string) []privacy.Type {
	types := make([]privacy.Type, len(names))
	for i, n := range names {
		types[i] = privacy.Type(n)
	}
	return types
}
