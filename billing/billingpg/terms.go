package billingpg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg/db"
	"github.com/observatory/observatory/billing/subscription"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// Terms is a subscription.Rows.
type Terms struct{ *Store }

var _ subscription.Rows = Terms{}

// Terms gives the store as the port of subscription.
func (s *Store) Terms() Terms { return Terms{s} }

// History implements subscription.Rows.
func (s Terms) History(ctx context.Context, tenant tenants.ID) (created time.Time, all []billing.Terms, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		if created, err = q.GetTenantCreated(ctx); err != nil {
			return pg.OrNotFound(err, tenants.ErrTenantNotFound)
		}
		rows, err := q.ListTerms(ctx)
		all, err = pg.Each(rows, err, func(r db.ListTermsRow) billing.Terms { return toTerms(tenant, r) })
		return err
	})
	return created.UTC(), all, err
}

// Add implements subscription.Rows.
func (s Terms) Add(ctx context.Context, t billing.Terms, entry tenants.AuditEntry) error {
	return s.within(ctx, t.Tenant, func(tx pgx.Tx, q *db.Queries) error {
		err := q.AddTerms(ctx, db.AddTermsParams{
			Revision: int32(t.Revision), FromHour: t.From, Plan: t.Plan, Catalogue: int32(t.Catalogue), Currency: string(t.Currency), //nolint:gosec // counted from 1
			FeeInterval: string(t.Interval), TrialUntil: orNull(t.TrialUntil), Coupon: t.Coupon, SpendCap: (*int64)(t.SpendCap),
			Reason: t.Reason, ChangedBy: t.By, At: t.At,
		})
		if err != nil {
			return pg.OrTaken(err, subscription.ErrChanged)
		}
		_, err = tenantspg.AppendAudit(ctx, tx, t.Tenant, entry)
		return err
	})
}

// InUse implements subscription.Rows.
func (s Terms) InUse(ctx context.Context) (all []billing.Terms, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.ListTermsInUse(ctx)
		all, err = pg.Each(rows, err, func(r db.ListTermsInUseRow) billing.Terms {
			return billing.Terms{Plan: r.Plan, Catalogue: int(r.Catalogue), Coupon: r.Coupon}
		})
		return err
	})
	return all, err
}

func toTerms(tenant tenants.ID, r db.ListTermsRow) billing.Terms {
	t := billing.Terms{
		Tenant: tenant, Revision: int(r.Revision), From: r.FromHour.UTC(), Plan: r.Plan, Catalogue: int(r.Catalogue), Currency: billing.Currency(r.Currency),
		Interval: billing.Interval(r.FeeInterval), Coupon: r.Coupon, SpendCap: (*billing.Amount)(r.SpendCap), Reason: r.Reason, By: r.ChangedBy, At: r.At.UTC(),
	}
	if r.TrialUntil != nil {
		t.TrialUntil = r.TrialUntil.UTC()
	}
	return t
}

// orNull is NULL for the zero time.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
