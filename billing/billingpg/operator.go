package billingpg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg/db"
	"github.com/observatory/observatory/billing/cost"
	"github.com/observatory/observatory/tenants"
)

// Operator is a cost.Book.
type Operator struct{ *Store }

var _ cost.Book = Operator{}

// Operator gives the store as the operator reads it.
func (s *Store) Operator() Operator { return Operator{s} }

// Facts implements cost.Book. It asks once for all tenants, whatever their number.
func (s Operator) Facts(ctx context.Context, month billing.Period, now time.Time) (all []cost.Facts, shared map[billing.Resource]int64, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		f := facts{at: map[tenants.ID]int{}}
		for _, read := range []func(context.Context, *db.Queries) error{
			f.tenants, f.terms, f.owed(now), f.used(month), f.consumed(month), f.standings,
		} {
			if err := read(ctx, q); err != nil {
				return err
			}
		}
		all, shared = f.all, f.shared
		return nil
	})
	return all, shared, err
}

// facts are being read.
type facts struct {
	all    []cost.Facts
	at     map[tenants.ID]int // place in all
	shared map[billing.Resource]int64
}

func (f *facts) tenants(ctx context.Context, q *db.Queries) error {
	rows, err := q.ListTenantsForOperator(ctx)
	for i, r := range rows {
		f.all = append(f.all, cost.Facts{
			Tenant: tenants.ID(r.ID), Name: r.Name, Created: r.CreatedAt.UTC(), Leaving: orZero(r.ClosingAt), Left: orZero(r.ClosedAt), Standing: "ok",
			Used: map[billing.MeterName]int64{}, Consumed: map[billing.Resource]int64{},
		})
		f.at[tenants.ID(r.ID)] = i
	}
	return err
}

// of is what is known of a tenant; nil for one that signed up while everything was read.
func (f *facts) of(tenant tenants.ID) *cost.Facts {
	if i, ok := f.at[tenant]; ok {
		return &f.all[i]
	}
	return nil
}

func (f *facts) terms(ctx context.Context, q *db.Queries) error {
	rows, err := q.ListTermsOfAll(ctx)
	for _, r := range rows {
		if of := f.of(tenants.ID(r.TenantID)); of != nil {
			of.Terms = append(of.Terms, toTerms(of.Tenant, db.ListTermsRow{
				Revision: r.Revision, FromHour: r.FromHour, Plan: r.Plan, Catalogue: r.Catalogue, Currency: r.Currency, FeeInterval: r.FeeInterval,
				TrialUntil: r.TrialUntil, Coupon: r.Coupon, SpendCap: r.SpendCap, Reason: r.Reason, ChangedBy: r.ChangedBy, At: r.At,
			}))
		}
	}
	return err
}

func (f *facts) owed(now time.Time) func(context.Context, *db.Queries) error {
	return func(ctx context.Context, q *db.Queries) error {
		rows, err := q.ListOwed(ctx, now)
		for _, r := range rows {
			if of := f.of(tenants.ID(r.TenantID)); of != nil {
				of.Owed = append(of.Owed, cost.Owed{Currency: billing.Currency(r.Currency), Amount: billing.Amount(r.Owed), Overdue: billing.Amount(r.Overdue)})
			}
		}
		return err
	}
}

func (f *facts) used(month billing.Period) func(context.Context, *db.Queries) error {
	return func(ctx context.Context, q *db.Queries) error {
		rows, err := q.ListUsedOfAll(ctx, db.ListUsedOfAllParams{FromHour: month.From, ToHour: month.To})
		for _, r := range rows {
			if of := f.of(tenants.ID(r.TenantID)); of != nil && r.Quantity != 0 {
				of.Used[billing.MeterName(r.Meter)] = r.Quantity
			}
		}
		return err
	}
}

func (f *facts) consumed(month billing.Period) func(context.Context, *db.Queries) error {
	return func(ctx context.Context, q *db.Queries) error {
		f.shared = map[billing.Resource]int64{}
		rows, err := q.ConsumedByTenants(ctx, db.ConsumedByTenantsParams{FromHour: month.From, ToHour: month.To})
		for _, r := range rows {
			if id := tenants.ID(r.TenantID); id.IsZero() {
				f.shared[billing.Resource(r.Kind)] = r.Quantity
			} else if of := f.of(id); of != nil {
				of.Consumed[billing.Resource(r.Kind)] = r.Quantity
			}
		}
		return err
	}
}

func (f *facts) standings(ctx context.Context, q *db.Queries) error {
	rows, err := q.ListStandings(ctx)
	for _, r := range rows {
		if of := f.of(tenants.ID(r.TenantID)); of != nil {
			of.Standing, of.Blocked = r.Standing, r.SuspendedBy
		}
	}
	return err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
