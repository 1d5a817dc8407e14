package privacypg

import (
	"context"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy/privacypg/db"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// Store holds the connections to a database that is migrated.
type Store struct {
	pool *pg.Pool
	keys suppress.Keys
	log  *slog.Logger
}

// New makes a Store. It does not connect yet.
func New(pool *pg.Pool, keys suppress.Keys, log *slog.Logger) *Store {
	return &Store{pool: pool, keys: keys, log: log}
}

// tx is a transaction inside one tenant.
type tx struct {
	pgx    pgx.Tx
	q      *db.Queries
	tenant tenants.ID
}

// within runs fn as observatory_app inside one tenant, in one transaction: committed when fn returns nil, and otherwise
// rolled back. What comes back has been through pg.Fault.
func (s *Store) within(ctx context.Context, tenant tenants.ID, fn func(tx) error) error {
	return s.pool.WithTenant(ctx, uuid.UUID(tenant), func(t pgx.Tx) error {
		return fn(tx{pgx: t, q: db.New(t), tenant: tenant})
	})
}

// Audit adds an entry to the tenant's audit log. It makes other changes of the tenant wait until the transaction ends, so
// it comes last.
func (t tx) Audit(ctx context.Context, e tenants.AuditEntry) error {
	_, err := tenantspg.AppendAudit(ctx, t.pgx, t.tenant, e)
	return err
}
