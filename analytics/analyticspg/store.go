// Package analyticspg keeps in PostgreSQL what tenants have asked to be watched, and what came of it. Each subject has a file of its own
// here and one in queries/, and a method of Store that gives it as the port of the package that it belongs to, where Store is not
// that port itself. The package holds no rules: those are in the packages of analytics, and in the constraints and policies of the tables.
package analyticspg

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/analytics/analyticspg/db"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// Store holds the connections to a database that is migrated.
type Store struct {
	pool *pg.Pool
}

// New makes a Store. It does not connect yet.
func New(pool *pg.Pool) *Store { return &Store{pool: pool} }

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

// audit adds an entry to the tenant's audit log. It makes other changes of the tenant wait until the transaction ends, so
// it comes last.
func (t tx) audit(ctx context.Context, e tenants.AuditEntry) error {
	_, err := tenantspg.AppendAudit(ctx, t.pgx, t.tenant, e)
	return err
}
