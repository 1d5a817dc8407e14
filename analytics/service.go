package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/observatory/observatory/tenants"
)

// Deps are what a Service needs.
type Deps struct {
	Store     Store
	Freshness Freshness        // may be nil: then no answer says how fresh it is
	Now       func() time.Time // decides which buckets are not over yet
}

// Service answers questions about events.
type Service struct {
	store     Store
	freshness Freshness
	now       func() time.Time
}

// New makes a Service. It panics when Store or Now is missing, which is a mistake in the wiring.
func New(d Deps) *Service {
	if d.Store == nil || d.Now == nil {
		panic("analytics: Deps needs Store and Now")
	}
	return &Service{store: d.Store, freshness: d.Freshness, now: d.Now}
}

// Trends returns a measure per bucket. Besides the faults of TrendsQuery.Validate it returns those of Store.
func (s *Service) Trends(ctx context.Context, tenant tenants.ID, q TrendsQuery) (TrendsResult, error) {
	p, err := q.plan()
	if err != nil {
		return TrendsResult{}, err
	}
	// Read before the events, so that it is not too late an answer for them.
	fresh := s.freshUntil(ctx, tenant)
	now := s.now()
	measured, err := s.store.Measure(ctx, tenant, p.input(p.main))
	if err != nil {
		return TrendsResult{}, fmt.Errorf("measure the trend: %w", err)
	}
	quarantined, err := s.store.Quarantined(ctx, tenant, q.Event, p.main.Period)
	if err != nil {
		return TrendsResult{}, fmt.Errorf("count quarantined events: %w", err)
	}
	result := TrendsResult{
		Series:   p.series(p.main, measured, now),
		Other:    measured.Other,
		Timezone: q.Timezone,
		Explanation: Explanation{
			Query: measured.Cost.Query, Parameters: measured.Cost.Parameters, ComputedAt: now, FreshUntil: fresh,
			Elapsed:     measured.Cost.Elapsed + quarantined.Cost.Elapsed,
			RowsRead:    measured.Cost.RowsRead + quarantined.Cost.RowsRead,
			RollupHours: measured.RollupHours, EventHours: measured.EventHours,
			Quarantined: quarantined.Events, WithoutNumber: measured.WithoutNumber,
		},
	}
	if p.other == nil {
		return result, nil
	}
	earlier, err := s.compare(ctx, tenant, p, result.Series)
	if err != nil {
		return TrendsResult{}, fmt.Errorf("measure the trend to compare with: %w", err)
	}
	result.Compare = &ComparedSeries{Period: p.other.Period, Series: p.seriesOf(values(result.Series), *p.other, earlier, now)}
	result.Explanation.Elapsed += earlier.Cost.Elapsed
	result.Explanation.RowsRead += earlier.Cost.RowsRead
	result.Explanation.RollupHours += earlier.RollupHours
	result.Explanation.EventHours += earlier.EventHours
	return result, nil
}

// compare measures the earlier period for the values that the main one has series of, and asks nothing when it has none.
func (s *Service) compare(ctx context.Context, tenant tenants.ID, p plan, main []Series) (Measured, error) {
	if len(main) == 0 {
		return Measured{}, nil
	}
	in := p.input(*p.other)
	if in.Breakdown != "" {
		in.Values = values(main)
	}
	return s.store.Measure(ctx, tenant, in)
}

func (s *Service) freshUntil(ctx context.Context, tenant tenants.ID) *time.Time {
	if s.freshness == nil {
		return nil
	}
	t, err := s.freshness.FreshUntil(ctx, tenant)
	if err != nil || t.IsZero() {
		return nil
	}
	return &t
}

// Events returns a page of events, newest first. Besides the faults of EventsQuery.Validate it returns those of Store.
func (s *Service) Events(ctx context.Context, tenant tenants.ID, q EventsQuery) (EventsPage, error) {
	in, err := q.input()
	if err != nil {
		return EventsPage{}, err
	}
	events, next, err := s.store.Events(ctx, tenant, in)
	if err != nil {
		return EventsPage{}, fmt.Errorf("list events: %w", err)
	}
	page := EventsPage{Events: events}
	if next != nil {
		page.NextCursor = next.Cursor()
	}
	return page, nil
}

// Event returns one event by its ID, or ErrEventNotFound.
func (s *Service) Event(ctx context.Context, tenant tenants.ID, eventID string) (EventDetail, error) {
	if eventID == "" || !validName(eventID, MaxEventIDLength) {
		return EventDetail{}, ErrEventNotFound
	}
	event, err := s.store.Event(ctx, tenant, eventID)
	if err != nil {
		return EventDetail{}, fmt.Errorf("find the event: %w", err)
	}
	return event, nil
}

// Catalog describes the events from from, inclusive, to to, exclusive; the zero time is open. It returns a fault with the
// code period_invalid, or those of Store.
func (s *Service) Catalog(ctx context.Context, tenant tenants.ID, from, to time.Time) (Catalog, error) {
	period, err := openPeriod(from, to)
	if err != nil {
		return Catalog{}, err
	}
	catalog, err := s.store.Catalog(ctx, tenant, period)
	if err != nil {
		return Catalog{}, fmt.Errorf("describe the events: %w", err)
	}
	return catalog, nil
}
