package billingpg

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg/db"
	"github.com/observatory/observatory/billing/cost"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

// Consumption is a cost.Ledger.
type Consumption struct{ *Store }

var _ cost.Ledger = Consumption{}

// Consumption gives the store as the ledger of what tenants consume.
func (s *Store) Consumption() Consumption { return Consumption{s} }

// Consumed is what a tenant consumed of a resource in the hours from from, inclusive, to to, exclusive, by the hour. Hours without are absent.
func (s Consumption) Consumed(ctx context.Context, tenant tenants.ID, r billing.Resource, from, to time.Time) (hours []billing.HourUse, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.Consumed(ctx, db.ConsumedParams{Kind: string(r), FromHour: from, ToHour: to})
		hours, err = pg.Each(rows, err, func(r db.ConsumedRow) billing.HourUse {
			return billing.HourUse{Hour: r.Hour.UTC(), Quantity: r.Quantity}
		})
		return err
	})
	return hours, err
}

// Add implements cost.Ledger.
func (s Consumption) Add(ctx context.Context, f cost.Flush) error {
	n := len(f.Rows)
	in := db.AddConsumptionParams{
		Flush: f.ID, Node: f.Node,
		Tenants: make([]uuid.UUID, n), Kinds: make([]string, n), Hours: make([]time.Time, n), Quantities: make([]int64, n),
	}
	for i, r := range f.Rows {
		in.Tenants[i], in.Kinds[i], in.Hours[i], in.Quantities[i] = uuid.UUID(r.Tenant), string(r.Resource), r.Hour, r.Quantity
	}
	return s.across(ctx, func(_ pgx.Tx, q *db.Queries) error { return q.AddConsumption(ctx, in) })
}

// Compact implements cost.Ledger.
func (s Consumption) Compact(ctx context.Context, before time.Time, atOnce int) (done int, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		n, err := q.CompactConsumption(ctx, db.CompactConsumptionParams{Flush: uuid.Must(uuid.NewV7()), Before: before, AtOnce: int32(atOnce)}) //nolint:gosec // small
		done = int(n)
		return err
	})
	return done, err
}
