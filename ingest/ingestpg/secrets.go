package ingestpg

import (
	"context"

	"github.com/observatory/observatory/ingest/ingestpg/db"
	"github.com/observatory/observatory/ingest/redact"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

var _ redact.SecretStore = (*Store)(nil)

// SecretVersions implements redact.SecretStore.
func (s *Store) SecretVersions(ctx context.Context, tenant tenants.ID) (all []redact.SecretVersion, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListRedactionSecrets(ctx)
		all, err = pg.Each(rows, err, func(r db.ListRedactionSecretsRow) redact.SecretVersion {
			return redact.SecretVersion{Version: int(r.Version), CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy}
		})
		return err
	})
	return all, err
}

// AddSecretVersion implements redact.SecretStore.
func (s *Store) AddSecretVersion(ctx context.Context, tenant tenants.ID, v redact.SecretVersion, entry tenants.AuditEntry) error {
	return s.within(ctx, tenant, func(t tx) error {
		err := t.q.AddRedactionSecret(ctx, db.AddRedactionSecretParams{Version: int32(v.Version), CreatedAt: v.CreatedAt, CreatedBy: v.CreatedBy}) //nolint:gosec // counted from 1
		if err != nil {
			return pg.OrTaken(err, redact.ErrSecretChanged)
		}
		return t.Audit(ctx, entry)
	})
}

// AuditReveal implements redact.SecretStore.
func (s *Store) AuditReveal(ctx context.Context, tenant tenants.ID, entry tenants.AuditEntry) error {
	return s.within(ctx, tenant, func(t tx) error { return t.Audit(ctx, entry) })
}
