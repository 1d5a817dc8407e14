package payment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

const (
	// unique is for how long the provider is relied on to know the name of what it was told, and to take it back: it says a day.
	unique = 23 * time.Hour
	// tellable is how long ago an hour may be for the provider to be told of it: it says 35 days.
	tellable = 35*24*time.Hour - time.Hour
	// overlap is what is looked at again of the bookings that were looked at before: those of an hour that was not over then.
	overlap = 3 * time.Hour
)

// MeterJob tells the provider what a tenant has used, and once a day compares all of it.
func MeterJob() jobs.Kind[Params] {
	return jobs.Kind[Params]{Name: "payment:meter", Queue: jobs.Default, Timeout: 10 * time.Minute, Keep: 24 * time.Hour}
}

// FindMeteredJob makes one of these for every customer.
func FindMeteredJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "payment:meter-all", Queue: jobs.Default, Attempts: 1}
}

// FindMetered makes a job for every customer.
func (s *Service) FindMetered(ctx context.Context, r *jobs.Run) error {
	metered, err := s.d.Book.Metered(ctx)
	if err != nil || len(metered) == 0 || s.d.Provider == nil {
		return err
	}
	all := make([]jobs.Job, len(metered))
	for i, t := range metered {
		all[i] = MeterJob().New(uuid.Nil, Params{Tenant: uuid.UUID(t)}, jobs.Unique(t.String()), jobs.From(r))
	}
	_, err = s.d.Jobs.Enqueue(ctx, all...)
	return err
}

// RunMeter is Meter as a job, and Reconcile once a day.
func (s *Service) RunMeter(ctx context.Context, _ *jobs.Run, p Params) error {
	const daily = 24 * time.Hour
	tenant := tenants.ID(p.Tenant)
	a, err := s.d.Book.Account(ctx, tenant)
	if err != nil {
		return err
	}
	if a.ReconciledAt != nil && s.time().Sub(*a.ReconciledAt) < daily {
		return s.Meter(ctx, tenant)
	}
	_, err = s.Reconcile(ctx, tenant)
	return err
}

// Meter tells the provider what the hours that are over come to, as far as it was not told before. What was begun and is not known to have
// arrived comes first.
func (s *Service) Meter(ctx context.Context, tenant tenants.ID) error {
	a, err := s.d.Book.Account(ctx, tenant)
	if err != nil || s.d.Provider == nil || a.Customer == "" {
		return err
	}
	if err := s.finish(ctx, a); err != nil {
		return err
	}
	began := s.time()
	since := *a.MeteredFrom
	if a.MeteredUntil != nil {
		since = a.MeteredUntil.Add(-overlap)
	}
	entries, err := s.d.Ledger.Booked(ctx, tenant, *a.MeteredFrom, since)
	if err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	if err := s.tellHours(ctx, a, entries); err != nil {
		return err
	}
	return s.d.Book.SaveMetered(ctx, tenant, began, a.ReconciledAt)
}

// tellHours has the provider know what these hours come to.
func (s *Service) tellHours(ctx context.Context, a Account, entries []billing.Entry) error {
	over := s.time().Truncate(time.Hour)
	entries = slices.DeleteFunc(slices.Clone(entries), func(e billing.Entry) bool { return !e.Hour.Before(over) })
	if len(entries) == 0 {
		return nil
	}
	slices.SortFunc(entries, func(x, y billing.Entry) int {
		return cmp.Or(x.Hour.Compare(y.Hour), cmp.Compare(x.Meter, y.Meter))
	})
	rows, err := s.d.Book.UsageOf(ctx, a.Tenant, entries[0].Hour, entries[len(entries)-1].Hour.Add(time.Hour))
	if err != nil {
		return err
	}
	told := byHour(rows)
	for _, e := range entries {
		if _, err := s.tellHour(ctx, a, e, told[hourKey{e.Meter, e.Hour.Unix()}]); err != nil {
			return err
		}
	}
	return nil
}

type hourKey struct {
	meter billing.MeterName
	hour  int64
}

func byHour(rows []UsageRow) map[hourKey][]UsageRow {
	all := make(map[hourKey][]UsageRow)
	for _, r := range rows {
		k := hourKey{r.Meter, r.Hour.Unix()}
		all[k] = append(all[k], r)
	}
	return all
}

// live is what the provider has of an hour, by what it was told.
func live(rows []UsageRow) (sum int64) {
	for _, r := range rows {
		if r.live() {
			sum += r.Quantity
		}
	}
	return sum
}

// tellHour has the provider's quantity of an hour become that of the ledger: by telling what is missing, or, where it has more, by taking back
// the newest of what it was told, and telling what is missing then. Otherwise it is written down that they are not equal.
func (s *Service) tellHour(ctx context.Context, a Account, e billing.Entry, rows []UsageRow) (equal bool, err error) {
	have := live(rows)
	if have > e.Quantity {
		if have, err = s.takeBack(ctx, a, rows, have, e.Quantity); err != nil {
			return false, err
		}
	}
	switch {
	case have > e.Quantity:
		return false, s.differ(ctx, a, Difference{Meter: e.Meter, Hour: e.Hour, Ours: e.Quantity, Theirs: have, Reason: TooLateToTakeBack})
	case have == e.Quantity:
		return true, s.same(ctx, a, e)
	case s.time().Sub(e.Hour) > tellable:
		return false, s.differ(ctx, a, Difference{Meter: e.Meter, Hour: e.Hour, Ours: e.Quantity, Theirs: have, Reason: TooOldToTell})
	}
	row := UsageRow{
		Meter: e.Meter, Hour: e.Hour, Revision: e.Revision, Part: nextPart(rows, e.Revision), Quantity: e.Quantity - have, State: Telling, BegunAt: s.time(),
	}
	if err := s.d.Book.AddUsage(ctx, a.Tenant, row); err != nil {
		return false, err
	}
	if equal, err = s.tell(ctx, a, row, e.Quantity); !equal {
		return false, err
	}
	return true, s.same(ctx, a, e)
}

// nextPart is the first part of a revision that no row has.
func nextPart(rows []UsageRow, revision int) (part int) {
	for _, r := range rows {
		if r.Revision == revision {
			part = max(part, r.Part+1)
		}
	}
	return part
}

// takeBack takes back the newest of what the provider was told of an hour until it has no more than it should. It returns what it has then.
func (s *Service) takeBack(ctx context.Context, a Account, rows []UsageRow, have, want int64) (int64, error) {
	for _, r := range slices.Backward(rows) {
		if have <= want {
			break
		}
		if r.State != Told || r.ToldAt == nil || s.time().Sub(*r.ToldAt) > unique {
			continue
		}
		r.State = TakingBack
		if err := s.d.Book.SaveUsage(ctx, a.Tenant, r, ""); err != nil {
			return have, err
		}
		gone, err := s.untell(ctx, a, r)
		if err != nil {
			return have, err
		}
		if gone {
			have -= r.Quantity
		}
	}
	return have, nil
}

// untell takes a row back that is marked so. It says whether the provider has forgotten it.
func (s *Service) untell(ctx context.Context, a Account, r UsageRow) (gone bool, err error) {
	err = s.d.Provider.TakeBack(ctx, s.usage(a, r))
	switch {
	case err == nil:
		r.State = TakenBack
		return true, s.d.Book.SaveUsage(ctx, a.Tenant, r, "")
	case final(err):
		r.State = Told
		return false, s.d.Book.SaveUsage(ctx, a.Tenant, r, err.Error())
	}
	return false, fmt.Errorf("take back usage: %w", err)
}

// tell tells of a row that is written down, and says whether the provider took it. ours is what the hour comes to.
func (s *Service) tell(ctx context.Context, a Account, r UsageRow, ours int64) (taken bool, err error) {
	err = s.d.Provider.Tell(ctx, s.usage(a, r))
	switch {
	case err == nil:
		now := s.time()
		r.State, r.ToldAt = Told, &now
		return true, s.d.Book.SaveUsage(ctx, a.Tenant, r, "")
	case final(err):
		r.State = GivenUp
		if err := s.d.Book.SaveUsage(ctx, a.Tenant, r, err.Error()); err != nil {
			return false, err
		}
		s.d.Logger.ErrorContext(ctx, "the payment provider refuses usage", "tenant", a.Tenant, "usage", r.Name(a.Tenant), "error", err)
		reason := UnknownOutcome
		if errors.Is(err, ErrTooOld) {
			reason = TooOldToTell
		}
		return false, s.differ(ctx, a, Difference{Meter: r.Meter, Hour: r.Hour, Ours: ours, Theirs: ours - r.Quantity, Reason: reason})
	}
	return false, fmt.Errorf("tell of usage: %w", err)
}

func (s *Service) usage(a Account, r UsageRow) Usage {
	return Usage{Name: r.Name(a.Tenant), Customer: a.Customer, Meter: r.Meter, Hour: r.Hour, Quantity: r.Quantity}
}

// finish finds out what became of what was begun. Within a day the same is told again under the same name, which counts once. Later the provider
// is asked first, whether it has counted it.
func (s *Service) finish(ctx context.Context, a Account) error {
	open, err := s.d.Book.UsageOpen(ctx, a.Tenant)
	if err != nil {
		return err
	}
	for _, r := range open {
		if r.State == TakingBack {
			if _, err := s.untell(ctx, a, r); err != nil {
				return err
			}
			continue
		}
		rows, err := s.d.Book.UsageOf(ctx, a.Tenant, r.Hour, r.Hour.Add(time.Hour))
		if err != nil {
			return err
		}
		rows = byHour(rows)[hourKey{r.Meter, r.Hour.Unix()}]
		if s.time().Sub(r.BegunAt) >= unique {
			if r, err = s.whether(ctx, a, r, rows); err != nil {
				return err
			}
		}
		if r.State != Telling {
			continue
		}
		if _, err := s.tell(ctx, a, r, live(rows)); err != nil {
			return err
		}
	}
	return nil
}

// whether asks the provider whether it has counted a row of which that is not known, and whose name it may have forgotten. rows are those of the
// hour, this one among them.
func (s *Service) whether(ctx context.Context, a Account, r UsageRow, rows []UsageRow) (UsageRow, error) {
	totals, err := s.d.Provider.Totals(ctx, a.Customer, r.Meter, r.Hour, r.Hour.Add(time.Hour))
	if err != nil {
		return r, fmt.Errorf("ask whether usage arrived: %w", err)
	}
	switch theirs := totals[r.Hour]; theirs {
	case live(rows):
		r.State, r.ToldAt = Told, &r.BegunAt
	case live(rows) - r.Quantity:
		r.BegunAt = s.time() // it has not; what is told now is known for another day
	default:
		r.State = GivenUp
		_, err := s.observe(ctx, a, billing.Entry{Meter: r.Meter, Hour: r.Hour, Revision: r.Revision}, rows, theirs)
		return r, err // the next comparison puts it right
	}
	return r, s.d.Book.SaveUsage(ctx, a.Tenant, r, "")
}

// same notes that an hour is the same here and there.
func (s *Service) same(ctx context.Context, a Account, e billing.Entry) error {
	_, err := s.d.Book.SaveDifference(ctx, a.Tenant, Difference{Meter: e.Meter, Hour: e.Hour, Ours: e.Quantity, Theirs: e.Quantity, FoundAt: s.time()})
	return err
}

// differ notes that an hour is not the same, and is not going to be.
func (s *Service) differ(ctx context.Context, a Account, d Difference) error {
	d.FoundAt = s.time()
	news, err := s.d.Book.SaveDifference(ctx, a.Tenant, d)
	if news {
		s.d.Logger.ErrorContext(ctx, "the payment provider has another usage than the ledger, and can not be told; invoices follow the ledger",
			"tenant", a.Tenant, "meter", d.Meter, "hour", d.Hour, "ours", d.Ours, "theirs", d.Theirs, "reason", d.Reason)
	}
	return err
}
