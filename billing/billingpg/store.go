// Package billingpg keeps what billing knows in PostgreSQL.
package billingpg

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing/billingpg/db"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

// Store holds the connections to a database that is migrated.
type Store struct{ pool *pg.Pool }

// New makes a Store. It does not connect yet.
func New(pool *pg.Pool) *Store { return &Store{pool: pool} }

// within runs fn as observatory_app inside one tenant, in one transaction: committed when fn returns nil, and otherwise rolled back. What comes
// back has been through pg.Fault.
func (s *Store) within(ctx context.Context, tenant tenants.ID, fn func(pgx.Tx, *db.Queries) error) error {
	return s.pool.WithTenant(ctx, uuid.UUID(tenant), func(tx pgx.Tx) error { return fn(tx, db.New(tx)) })
}

// across is within, as observatory_system across all tenants.
func (s *Store) across(ctx context.Context, fn func(pgx.Tx, *db.Queries) error) error {
	return s.pool.AcrossTenants(ctx, func(tx pgx.Tx) error { return fn(tx, db.New(tx)) })
}
