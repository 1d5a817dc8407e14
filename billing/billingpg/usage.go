package billingpg

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg/db"
	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

// Usage is the store as usage.Books.
type Usage struct{ *Store }

var _ usage.Books = Usage{}

// Usage gives the store as the port of the package usage.
func (s *Store) Usage() Usage { return Usage{s} }

// Newest implements usage.Ledger.
func (s Usage) Newest(ctx context.Context, tenant tenants.ID, from, to time.Time) (all []billing.Entry, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		all, err = newestUsage(ctx, q, tenant, from, to)
		return err
	})
	return all, err
}

func newestUsage(ctx context.Context, q *db.Queries, tenant tenants.ID, from, to time.Time) ([]billing.Entry, error) {
	rows, err := q.NewestUsage(ctx, db.NewestUsageParams{FromHour: from, ToHour: to})
	return pg.Each(rows, err, func(r db.NewestUsageRow) billing.Entry { return toEntry(tenant, db.UsageRevisionsRow(r)) })
}

func toEntry(tenant tenants.ID, r db.UsageRevisionsRow) billing.Entry {
	return billing.Entry{
		Tenant: tenant, Meter: billing.MeterName(r.Meter), Hour: r.Hour.UTC(), Revision: int(r.Revision), Quantity: r.Quantity, Delta: r.Delta,
		Found: r.Found, Gone: r.Gone, Reason: billing.Reason(r.Reason), At: r.At.UTC(),
	}
}

// Revisions implements usage.Ledger.
func (s Usage) Revisions(ctx context.Context, tenant tenants.ID, meter billing.MeterName, from, to time.Time) (all []billing.Entry, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.UsageRevisions(ctx, db.UsageRevisionsParams{Meter: string(meter), FromHour: from, ToHour: to})
		all, err = pg.Each(rows, err, func(r db.UsageRevisionsRow) billing.Entry { return toEntry(tenant, r) })
		return err
	})
	return all, err
}

// Corrections implements usage.Ledger.
func (s Usage) Corrections(ctx context.Context, tenant tenants.ID, from, to time.Time) (map[billing.MeterName]int64, error) {
	all := map[billing.MeterName]int64{}
	err := s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.UsageCorrections(ctx, db.UsageCorrectionsParams{FromHour: from, ToHour: to})
		for _, r := range rows {
			all[billing.MeterName(r.Meter)] = r.Corrected
		}
		return err
	})
	return all, err
}

// State implements usage.Ledger. A month of which there is nothing to count is complete once the logs are past its end.
func (s Usage) State(ctx context.Context, tenant tenants.ID, period billing.Period) (state usage.State, err error) {
	var any bool
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		row, err := q.UsageMonth(ctx, period.From)
		if !errors.Is(err, pgx.ErrNoRows) {
			state, any = usage.State{CountedAt: row.CountedAt.UTC(), Complete: row.Closed}, true
			return err
		}
		any, err = q.HasUsageHours(ctx, db.HasUsageHoursParams{FromHour: period.From, ToHour: period.To})
		return err
	})
	if err != nil || any {
		return state, err
	}
	carried, err := s.Carried(ctx)
	state.Complete = !carried.Before(period.To)
	return state, err
}

// Book implements usage.Books.
func (s Usage) Book(ctx context.Context, tenant tenants.ID, c usage.Counted) (booked []billing.Entry, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		if err := q.LockUsage(ctx); err != nil {
			return err
		}
		meters, err := q.TenantMeters(ctx) // asked after the count: it was whole if nothing is being erased now
		if err != nil || !meters {
			return err
		}
		before, err := known(ctx, q, tenant, c)
		if err != nil {
			return err
		}
		booked = usage.Revise(tenant, before, c)
		if err := addUsage(ctx, q, booked); err != nil {
			return err
		}
		return noteCounted(ctx, q, c)
	})
	if err != nil {
		return nil, err
	}
	return booked, nil
}

func known(ctx context.Context, q *db.Queries, tenant tenants.ID, c usage.Counted) (k usage.Known, err error) {
	if k.Newest, err = newestUsage(ctx, q, tenant, c.From, c.To); err != nil {
		return k, err
	}
	hours, err := q.UsageHoursBetween(ctx, db.UsageHoursBetweenParams{FromHour: c.From, ToHour: c.To})
	if err != nil {
		return k, err
	}
	k.Hours = map[time.Time]usage.Seen{}
	for _, h := range hours {
		k.Hours[h.Hour.UTC()] = usage.Seen{At: h.SeenAt.UTC(), Closed: h.Closed}
	}
	if c.Month {
		month, err := q.UsageMonth(ctx, c.From)
		if err == nil {
			k.Month = &usage.Seen{At: month.SeenAt.UTC(), Closed: month.Closed}
		} else if !errors.Is(err, pgx.ErrNoRows) {
			return k, err
		}
	}
	return k, nil
}

func addUsage(ctx context.Context, q *db.Queries, entries []billing.Entry) (err error) {
	rows := make([]db.AddUsageParams, len(entries))
	for i, e := range entries {
		rows[i] = db.AddUsageParams{
			Meter: string(e.Meter), Hour: e.Hour, Revision: int32(e.Revision), Quantity: e.Quantity, Delta: e.Delta, Found: e.Found, Gone: e.Gone, //nolint:gosec // few
			Reason: string(e.Reason), At: e.At,
		}
	}
	q.AddUsage(ctx, rows).Exec(func(_ int, failed error) { err = errors.Join(err, failed) })
	return err
}

// noteCounted notes how far the hours are that have something, and where events were counted the others that were noted before.
func noteCounted(ctx context.Context, q *db.Queries, c usage.Counted) (err error) {
	if c.Seen.IsZero() { // measured, not counted
		return nil
	}
	noted := map[time.Time]*int64{}
	for _, n := range c.Counts {
		noted[n.Hour] = nil
	}
	for hour := range c.Changes {
		noted[hour] = nil
	}
	var nothing int64
	if c.Weighed {
		for hour := range noted {
			noted[hour] = &nothing
		}
		for i := range c.Weights {
			noted[c.Weights[i].Hour] = &c.Weights[i].Bytes
		}
	}
	rows := make([]db.NoteUsageHourParams, 0, len(noted))
	for hour, bytes := range noted {
		rows = append(rows, db.NoteUsageHourParams{Hour: hour, SeenAt: c.Seen, CountedAt: c.At, Closed: !hour.Add(time.Hour).After(c.Carried), Bytes: bytes})
	}
	q.NoteUsageHour(ctx, rows).Exec(func(_ int, failed error) { err = errors.Join(err, failed) })
	if err != nil || !c.Month {
		return err
	}
	return q.NoteUsageMonth(ctx, db.NoteUsageMonthParams{Month: c.From, SeenAt: c.Seen, CountedAt: c.At, Took: c.Took, Closed: !c.To.After(c.Carried)})
}

// Seen implements usage.Books.
func (s Usage) Seen(ctx context.Context, tenant tenants.ID, hours []time.Time) (map[time.Time]usage.Seen, error) {
	all := map[time.Time]usage.Seen{}
	err := s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.SeenUsageHours(ctx, hours)
		for _, r := range rows {
			all[r.Hour.UTC()] = usage.Seen{At: r.SeenAt.UTC(), Closed: r.Closed}
		}
		return err
	})
	return all, err
}

// OpenHours implements usage.Books.
func (s Usage) OpenHours(ctx context.Context, before time.Time) (map[tenants.ID][]time.Time, error) {
	all := map[tenants.ID][]time.Time{}
	err := s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.OpenUsageHours(ctx, before)
		for _, r := range rows {
			all[tenants.ID(r.TenantID)] = append(all[tenants.ID(r.TenantID)], r.Hour.UTC())
		}
		return err
	})
	return all, err
}

// OpenMonths implements usage.Books.
func (s Usage) OpenMonths(ctx context.Context, since time.Time) (all []usage.MonthState, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.OpenUsageMonths(ctx, since)
		all, err = pg.Each(rows, err, func(r db.OpenUsageMonthsRow) usage.MonthState {
			m := usage.MonthState{Tenant: tenants.ID(r.TenantID), Period: billing.PeriodOf(r.Month), Took: r.Took}
			if r.CountedAt != nil {
				m.CountedAt = r.CountedAt.UTC()
			}
			return m
		})
		return err
	})
	return all, err
}

// Metered implements usage.Books.
func (s Usage) Metered(ctx context.Context, since time.Time) (all []tenants.ID, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.MeteredTenants(ctx, since)
		all, err = pg.Each(rows, err, func(id uuid.UUID) tenants.ID { return tenants.ID(id) })
		return err
	})
	return all, err
}

// Consumers implements usage.Books.
func (s Usage) Consumers(ctx context.Context, since time.Time) (all []tenants.ID, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.Consumers(ctx, db.ConsumersParams{Since: since, Kinds: []string{string(billing.QueryWork), string(billing.ExportsAsked)}})
		all, err = pg.Each(rows, err, func(id uuid.UUID) tenants.ID { return tenants.ID(id) })
		return err
	})
	return all, err
}

// Stored implements usage.Books.
func (s Usage) Stored(ctx context.Context, tenant tenants.ID, upTo time.Time) (bytes int64, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		bytes, err = q.StoredBytes(ctx, upTo)
		return err
	})
	return bytes, err
}

// Weighed implements usage.Books.
func (s Usage) Weighed(ctx context.Context) (map[tenants.ID]time.Time, error) {
	all := map[tenants.ID]time.Time{}
	err := s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.WeighedTenants(ctx)
		for _, r := range rows {
			last := r.Last.UTC()
			if last.Unix() <= 0 {
				last = time.Time{}
			}
			all[tenants.ID(r.TenantID)] = last
		}
		return err
	})
	return all, err
}

// Carried implements usage.Books.
func (s Usage) Carried(ctx context.Context) (at time.Time, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		at, err = q.CarriedTo(ctx)
		return err
	})
	if at.Unix() <= 0 {
		at = time.Time{}
	}
	return at.UTC(), err
}

// NoteCarried notes up to when all that the node of a log has acknowledged is stored.
func (s Usage) NoteCarried(ctx context.Context, log uuid.UUID, at time.Time) error {
	return s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		return q.NoteCarried(ctx, db.NoteCarriedParams{LogID: log, CarriedTo: &at})
	})
}
