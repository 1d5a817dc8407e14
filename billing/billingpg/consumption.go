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

// Consumption is a cost.Measures.
type Consumption struct{ *Store }

var _ cost.Measures = Consumption{}

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

// Last implements cost.Measures.
func (s Consumption) Last(ctx context.Context, r billing.Resource, since time.Time) (last time.Time, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		at, err := q.LastConsumed(ctx, db.LastConsumedParams{Kind: string(r), Since: since})
		if !at.Before(since) { // as it is where there is none
			last = at.UTC()
		}
		return err
	})
	return last, err
}

// JobTime implements cost.Measures.
func (s Consumption) JobTime(ctx context.Context, behind, settle time.Duration) (all []cost.Row, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		now, err := q.DatabaseNow(ctx)
		if err != nil {
			return err
		}
		to := now.UTC().Add(-settle).Truncate(time.Hour)
		from := to.Add(-behind)
		rows, err := q.JobTimeByHour(ctx, db.JobTimeByHourParams{FromHour: &from, ToHour: &to})
		all, err = pg.Each(rows, err, func(r db.JobTimeByHourRow) cost.Row {
			return cost.Row{Tenant: tenants.ID(r.TenantID), Resource: billing.JobWork, Hour: r.Hour.UTC(), Quantity: r.Ms}
		})
		return err
	})
	return all, err
}

// Archived implements cost.Measures.
func (s Consumption) Archived(ctx context.Context) (map[tenants.ID]int64, error) {
	all := map[tenants.ID]int64{}
	return all, s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.ArchiveBytes(ctx)
		for _, r := range rows {
			all[tenants.ID(r.TenantID)] = r.Bytes
		}
		return err
	})
}

// Weights implements cost.Measures.
func (s Consumption) Weights(ctx context.Context) (map[tenants.ID]int64, error) {
	all := map[tenants.ID]int64{}
	return all, s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.EventWeights(ctx)
		for _, r := range rows {
			all[tenants.ID(r.TenantID)] = r.Bytes
		}
		return err
	})
}
