// Package tenantspg keeps the tenants' control plane in PostgreSQL. It translates between rows and the types of package
// tenants, and holds no rules: those are in tenants, and in the constraints and policies of the schema.
package tenantspg

import (
	"context"
	"errors"
	"log/slog"
	"time"

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

// orNotFound replaces "no such row" by the domain's own word for it.
func orNotFound(err, notFound error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return notFound
	}
	return err
}

// mustTouch is orNotFound for a statement that says how many rows it changed.
func mustTouch(n int64, err, notFound error) error {
	if err == nil && n == 0 {
		return notFound
	}
	return err
}

// orTaken replaces a violated unique constraint by the domain's own word for it.
func orTaken(err, taken error) error {
	if errors.Is(pg.Fault(err), pg.ErrExists) {
		return taken
	}
	return err
}

// The driver gives times in the zone of the process.

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

func each[R, T any](rows []R, err error, convert func(R) T) ([]T, error) {
	if err != nil {
		return nil, err
	}
	converted := make([]T, len(rows))
	for i, r := range rows {
		converted[i] = convert(r)
	}
	return converted, nil
}
