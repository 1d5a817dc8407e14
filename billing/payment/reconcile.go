package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/tenants"
)

// settling is how far behind the provider's totals may be.
const settling = time.Hour

// Reconciliation is what came of comparing.
type Reconciliation struct {
	Hours    int // that were compared, of all meters
	Repaired int // that the provider was told of again, or had taken back
	Differ   int // that are not the same and are not going to be
}

// Reconcile compares every hour that the provider can still be told of with what the provider makes of it. What it lost it is told again; what it
// has too much of is taken back; where neither can be done, the difference is written down and logged as an error.
func (s *Service) Reconcile(ctx context.Context, tenant tenants.ID) (rec Reconciliation, err error) {
	if err := s.Meter(ctx, tenant); err != nil {
		return rec, err
	}
	a, err := s.d.Book.Account(ctx, tenant)
	if err != nil || s.d.Provider == nil || a.Customer == "" {
		return rec, err
	}
	to := s.time().Truncate(time.Hour)
	from := to.Add(-tellable).Truncate(time.Hour).Add(time.Hour)
	if a.MeteredFrom.After(from) {
		from = *a.MeteredFrom
	}
	entries, err := s.d.Ledger.Booked(ctx, tenant, from, time.Time{})
	if err != nil {
		return rec, fmt.Errorf("read the ledger: %w", err)
	}
	rows, err := s.d.Book.UsageOf(ctx, tenant, from, to)
	if err != nil {
		return rec, err
	}
	told, booked := byHour(rows), make(map[hourKey]billing.Entry)
	for _, e := range entries {
		booked[hourKey{e.Meter, e.Hour.Unix()}] = e
	}
	for _, m := range billing.Meters() {
		if m.Free || !from.Before(to) {
			continue
		}
		theirs, err := s.d.Provider.Totals(ctx, a.Customer, m.Name, from, to)
		if err != nil {
			return rec, fmt.Errorf("ask for the totals of %s: %w", m.Name, err)
		}
		for hour := from; hour.Before(to); hour = hour.Add(time.Hour) {
			k := hourKey{m.Name, hour.Unix()}
			e, ok := booked[k]
			if !ok {
				e = billing.Entry{Tenant: tenant, Meter: m.Name, Hour: hour, Revision: 1}
			}
			if err := s.compare(ctx, a, e, told[k], theirs[hour], &rec); err != nil {
				return rec, err
			}
		}
	}
	now := s.time()
	return rec, s.d.Book.SaveMetered(ctx, tenant, *a.MeteredUntil, &now)
}

// compare compares one hour, and repairs it where that is possible.
func (s *Service) compare(ctx context.Context, a Account, e billing.Entry, rows []UsageRow, theirs int64, rec *Reconciliation) error {
	if e.Quantity == 0 && theirs == 0 && len(rows) == 0 {
		return nil
	}
	for _, r := range rows {
		if r.State == Telling || r.State == TakingBack || r.ToldAt != nil && s.time().Sub(*r.ToldAt) < settling {
			return nil // not settled yet; the next comparison will see
		}
	}
	rec.Hours++
	have := live(rows)
	if theirs > have && theirs > e.Quantity {
		left, err := s.takeBack(ctx, a, rows, theirs, e.Quantity)
		if err != nil {
			return err
		}
		if left != theirs {
			rec.Repaired++
			return nil // the rest, where there is one, is told by the next comparison
		}
	}
	if theirs != have {
		var err error
		if rows, err = s.observe(ctx, a, e, rows, theirs); err != nil {
			return err
		}
		s.d.Logger.WarnContext(ctx, "the payment provider has another usage than it was told of",
			"tenant", a.Tenant, "meter", e.Meter, "hour", e.Hour, "told", have, "theirs", theirs, "ours", e.Quantity)
	}
	switch {
	case theirs == e.Quantity:
		return s.same(ctx, a, e)
	case theirs > have && theirs > e.Quantity:
		rec.Differ++
		return s.differ(ctx, a, Difference{Meter: e.Meter, Hour: e.Hour, Ours: e.Quantity, Theirs: theirs, Reason: MoreThanTold})
	}
	equal, err := s.tellHour(ctx, a, e, rows)
	if equal {
		rec.Repaired++
	} else if err == nil {
		rec.Differ++
	}
	return err
}

// observe has the book say of an hour what the provider says, whatever it was told: a row of its own stands for that.
func (s *Service) observe(ctx context.Context, a Account, e billing.Entry, rows []UsageRow, theirs int64) ([]UsageRow, error) {
	var after []UsageRow
	for _, r := range rows {
		if r.live() {
			r.State = GivenUp
			if err := s.d.Book.SaveUsage(ctx, a.Tenant, r, "the provider has another quantity"); err != nil {
				return nil, err
			}
		}
		after = append(after, r)
	}
	if theirs <= 0 {
		return after, nil
	}
	seen := UsageRow{Meter: e.Meter, Hour: e.Hour, Revision: e.Revision, Part: nextPart(rows, e.Revision), Quantity: theirs, State: Told, BegunAt: s.time()}
	return append(after, seen), s.d.Book.AddUsage(ctx, a.Tenant, seen)
}

// Differing is how many hours of all tenants the provider has another usage of.
func (s *Service) Differing(ctx context.Context) (int, error) { return s.d.Book.DifferencesOpen(ctx) }
