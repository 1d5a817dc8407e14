// Package tenantspg keeps the tenants' control plane in PostgreSQL. It translates between rows and the types of package
// tenants, and holds no rules: those are in tenants, and in the constraints and policies of the schema.
package tenantspg

import (
	"context"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg/db"
)

// Store is tenants.Store and tenants.KeyFeed on a database that is migrated.
type Store struct {
	pool *pg.Pool
	log  *slog.Logger
}

var (
	_ tenants.Store   = (*Store)(nil)
	_ tenants.KeyFeed = (*Store)(nil)
)

// New makes a Store. It does not connect yet.
func New(pool *pg.Pool, log *slog.Logger) *Store { return &Store{pool: pool, log: log} }

// Tenant runs fn as observatory_app inside one tenant.
func (s *Store) Tenant(ctx context.Context, tenant tenants.ID, fn func(tenants.TenantTx) error) error {
	return s.pool.WithTenant(ctx, uuid.UUID(tenant), func(tx pgx.Tx) error {
		return fn(tenantTx{q: db.New(tx)})
	})
}

// System runs fn as observatory_system.
func (s *Store) System(ctx context.Context, fn func(tenants.SystemTx) error) error {
	return s.pool.AcrossTenants(ctx, func(tx pgx.Tx) error {
		return fn(systemTx{tx: tx, q: db.New(tx)})
	})
}

// AppendAudit adds an entry to the audit log of the tenant that tx was opened for with pg.Pool.WithTenant. It is how a
// domain with a store of its own writes its entry in the transaction of its change. It makes other changes of the tenant
// wait until tx ends, so call it last, and in transactions that are short.
func AppendAudit(ctx context.Context, tx pgx.Tx, tenant tenants.ID, e tenants.AuditEntry) (tenants.AuditEntry, error) {
	t := tenantTx{q: db.New(tx)}
	if err := t.LockTenant(ctx); err != nil {
		return tenants.AuditEntry{}, err
	}
	return tenants.AppendAudit(ctx, t, tenant, e)
}

// AddMail adds a mail to the outbox inside a transaction of pg.Pool.AcrossTenants. It is how a domain with a store of its own tells somebody
// of a change, exactly once.
func AddMail(ctx context.Context, tx pgx.Tx, m tenants.MailRow) error {
	return systemTx{tx: tx, q: db.New(tx)}.AddMail(ctx, m)
}
