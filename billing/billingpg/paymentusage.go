package billingpg

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg/db"
	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

// UsageOpen implements payment.UsageBook.
func (s Payments) UsageOpen(ctx context.Context, tenant tenants.ID) (open []payment.UsageRow, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.OpenUsageRows(ctx)
		open, err = pg.Each(rows, err, func(r db.OpenUsageRowsRow) payment.UsageRow { return toUsageRow(db.UsageRowsRow(r)) })
		return err
	})
	return open, err
}

// UsageOf implements payment.UsageBook.
func (s Payments) UsageOf(ctx context.Context, tenant tenants.ID, from, to time.Time) (all []payment.UsageRow, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.UsageRows(ctx, db.UsageRowsParams{FromHour: from, ToHour: to})
		all, err = pg.Each(rows, err, toUsageRow)
		return err
	})
	return all, err
}

func toUsageRow(r db.UsageRowsRow) payment.UsageRow {
	return payment.UsageRow{
		Meter: billing.MeterName(r.Meter), Hour: r.Hour.UTC(), Revision: int(r.Revision), Part: int(r.Part), Quantity: r.Quantity,
		State: payment.UsageState(r.State), BegunAt: r.BegunAt.UTC(), ToldAt: pg.UTC(r.ToldAt),
	}
}

// AddUsage implements payment.UsageBook.
func (s Payments) AddUsage(ctx context.Context, tenant tenants.ID, u payment.UsageRow) error {
	return s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		return q.AddUsageRow(ctx, db.AddUsageRowParams{
			Meter: string(u.Meter), Hour: u.Hour, Revision: int32(u.Revision), Part: int32(u.Part), Quantity: u.Quantity, State: string(u.State), BegunAt: u.BegunAt, //nolint:gosec // small
		})
	})
}

// SaveUsage implements payment.UsageBook.
func (s Payments) SaveUsage(ctx context.Context, tenant tenants.ID, u payment.UsageRow, why string) error {
	return s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		return q.SaveUsageRow(ctx, db.SaveUsageRowParams{
			Meter: string(u.Meter), Hour: u.Hour, Revision: int32(u.Revision), Part: int32(u.Part), State: string(u.State), BegunAt: u.BegunAt, ToldAt: u.ToldAt, Error: why, //nolint:gosec // small
		})
	})
}

// SaveDifference implements payment.UsageBook.
func (s Payments) SaveDifference(ctx context.Context, tenant tenants.ID, d payment.Difference) (news bool, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		before, err := q.PaymentDifference(ctx, db.PaymentDifferenceParams{Meter: string(d.Meter), Hour: d.Hour})
		none := errors.Is(err, pgx.ErrNoRows)
		if err != nil && !none {
			return err
		}
		open := !none && before.EndedAt == nil
		equal := d.Ours == d.Theirs
		switch {
		case equal && !open, open && before.Ours == d.Ours && before.Theirs == d.Theirs:
			return nil
		case equal:
			d.Reason = payment.DifferenceReason(before.Reason)
		}
		news = true
		in := db.SaveDifferenceParams{Meter: string(d.Meter), Hour: d.Hour, Ours: d.Ours, Theirs: d.Theirs, Reason: string(d.Reason), FoundAt: d.FoundAt}
		if equal {
			in.EndedAt = &d.FoundAt
		}
		return q.SaveDifference(ctx, in)
	})
	return news, err
}

// Differences implements payment.UsageBook.
func (s Payments) Differences(ctx context.Context, tenant tenants.ID) (all []payment.Difference, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.PaymentDifferences(ctx)
		all, err = pg.Each(rows, err, func(r db.PaymentDifferencesRow) payment.Difference {
			return payment.Difference{
				Meter: billing.MeterName(r.Meter), Hour: r.Hour.UTC(), Ours: r.Ours, Theirs: r.Theirs, Reason: payment.DifferenceReason(r.Reason), FoundAt: r.FoundAt.UTC(),
			}
		})
		return err
	})
	return all, err
}

// DifferencesOpen implements payment.UsageBook.
func (s Payments) DifferencesOpen(ctx context.Context) (n int, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		count, err := q.CountDifferences(ctx)
		n = int(count)
		return err
	})
	return n, err
}
