package usage

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// Deps are what a Service works with.
type Deps struct {
	Books       Books
	Counter     Counter
	Consumption Consumption // nil: query time and exports are not metered
	Jobs        jobs.Enqueuer
	Now         func() time.Time
	Logger      *slog.Logger
}

// Service meters.
type Service struct {
	books       Books
	counter     Counter
	consumption Consumption
	jobs        jobs.Enqueuer
	now         func() time.Time
	logger      *slog.Logger
	changes     looks
	consumed    looks
}

// New makes a Service. It panics when a dependency is missing, which is a mistake in the wiring.
func New(d Deps) *Service {
	if d.Books == nil || d.Counter == nil || d.Jobs == nil || d.Now == nil || d.Logger == nil {
		panic("usage: Deps is incomplete")
	}
	return &Service{
		books: d.Books, counter: d.Counter, consumption: d.Consumption, jobs: d.Jobs, now: d.Now, logger: d.Logger,
		changes: looks{lately: lookLately, far: lookFar}, consumed: looks{lately: consumedLately, far: consumedFar},
	}
}

// Month is what a tenant used in a month, by the ledger.
func (s *Service) Month(ctx context.Context, tenant tenants.ID, period billing.Period) (Month, error) {
	meters, err := s.Meters(ctx, tenant, period)
	if err != nil {
		return Month{}, err
	}
	month := Month{Period: period, Meters: meters}
	if month.State, err = s.books.State(ctx, tenant, period); err != nil {
		return Month{}, fmt.Errorf("read how far the counting is: %w", err)
	}
	if month.Free, err = s.counter.Free(ctx, tenant, period.From, period.To); err != nil {
		return Month{}, fmt.Errorf("count what is free: %w", err)
	}
	return month, nil
}

// Meters is what every meter came to in a month. It asks the ledger and nothing else.
func (s *Service) Meters(ctx context.Context, tenant tenants.ID, period billing.Period) (map[billing.MeterName]Meter, error) {
	entries, err := s.books.Newest(ctx, tenant, period.From, period.To)
	if err != nil {
		return nil, fmt.Errorf("read the usage ledger: %w", err)
	}
	all := map[billing.MeterName]Meter{}
	for _, m := range billing.Meters() {
		all[m.Name] = Meter{}
	}
	corrected, err := s.books.Corrections(ctx, tenant, period.From, period.To)
	if err != nil {
		return nil, fmt.Errorf("read the usage ledger: %w", err)
	}
	for _, e := range entries {
		m := all[e.Meter]
		m.Corrected = corrected[e.Meter]
		m.Quantity += e.Quantity
		m.Hours = append(m.Hours, billing.HourUse{Hour: e.Hour, Quantity: e.Quantity})
		all[e.Meter] = m
	}
	return all, nil
}

// Use is Meters in the words of prices: hours by meter, oldest first.
func (s *Service) Use(ctx context.Context, tenant tenants.ID, period billing.Period) (map[billing.MeterName][]billing.HourUse, error) {
	meters, err := s.Meters(ctx, tenant, period)
	if err != nil {
		return nil, err
	}
	use := make(map[billing.MeterName][]billing.HourUse, len(meters))
	for name, m := range meters {
		use[name] = m.Hours
	}
	return use, nil
}

// State tells how far the counting of a month is: an invoice waits until it is complete.
func (s *Service) State(ctx context.Context, tenant tenants.ID, period billing.Period) (State, error) {
	return s.books.State(ctx, tenant, period)
}

// Revisions are all lines of the ledger about a meter's hours, by hour and revision. Errors: ErrHoursInvalid, ErrMeterUnknown.
func (s *Service) Revisions(ctx context.Context, tenant tenants.ID, meter billing.MeterName, from, to time.Time) ([]billing.Entry, error) {
	const longest = 31 * 24 * time.Hour
	if _, ok := billing.MeterOf(meter); !ok {
		return nil, ErrMeterUnknown
	}
	from, to = from.UTC().Truncate(time.Hour), to.UTC()
	if !from.Before(to) || to.Sub(from) > longest {
		return nil, ErrHoursInvalid
	}
	return s.books.Revisions(ctx, tenant, meter, from, to)
}

// Free counts what came in a stretch of hours and is not billed, because it was not stored.
func (s *Service) Free(ctx context.Context, tenant tenants.ID, from, to time.Time) (Free, error) {
	return s.counter.Free(ctx, tenant, from, to)
}

// Sample returns some of the events that a meter counted in an hour, and how many are in the store now. Errors: ErrMeterUnknown, ErrNoSample.
func (s *Service) Sample(ctx context.Context, tenant tenants.ID, meter billing.MeterName, hour time.Time, limit int) ([]Event, int64, error) {
	if _, ok := billing.MeterOf(meter); !ok {
		return nil, 0, ErrMeterUnknown
	}
	switch meter {
	case billing.Events, billing.BotEvents, billing.SyntheticEvents, billing.TrackedUsers:
	default:
		return nil, 0, ErrNoSample
	}
	return s.counter.Sample(ctx, tenant, meter, hour.UTC().Truncate(time.Hour), limit)
}
