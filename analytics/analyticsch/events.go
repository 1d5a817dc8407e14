package analyticsch

import (
	"context"
	"iter"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// A list of events looks back an hour at first; each further look is windowGrowth times as far, and one behind a window longer
// than longWindow sees all the rest. The sorting key is not by time alone, so to sort the events of a window they must
// all be read.
const (
	firstWindow  = time.Hour
	windowGrowth = 24
	longWindow   = 365 * 24 * time.Hour
)

// Events implements analytics.Store.
func (s *Store) Events(ctx context.Context, tenant tenants.ID, in analytics.EventsInput) ([]analytics.Event, *analytics.Position, error) {
	if in.After != nil && in.After.Time.Before(in.Period.To) {
		in.Period.To = in.After.Time.Add(time.Millisecond)
	}
	if !in.Period.From.Before(in.Period.To) { // a cursor from before the period
		return nil, nil, nil
	}
	var found []eventRow
	for window := range windows(in.Period, s.now()) {
		st, err := listEvents(tenant, in, window, in.Limit+1-len(found))
		if err != nil {
			return nil, nil, err
		}
		if _, err := s.query(ctx, st, func(rows driver.Rows) error {
			var r eventRow
			defer func() { found = append(found, r) }()
			return rows.ScanStruct(&r)
		}); err != nil {
			return nil, nil, err
		}
		if len(found) > in.Limit {
			break
		}
	}
	var next *analytics.Position
	if len(found) > in.Limit {
		found = found[:in.Limit]
		next = found[in.Limit-1].position()
	}
	events := make([]analytics.Event, 0, len(found))
	for _, r := range found {
		events = append(events, r.event())
	}
	return events, next, nil
}

// windows cuts a period into windows, newest first. The first reaches from the period's end to an hour ago, the others get longer.
func windows(p analytics.Period, now time.Time) iter.Seq[analytics.Period] {
	return func(yield func(analytics.Period) bool) {
		to, from, length := p.To, p.To, firstWindow
		if now.Before(from) {
			from = now
		}
		for p.From.Before(to) {
			from = from.Add(-length)
			if from.Before(p.From) || length > longWindow {
				from = p.From
			}
			if !yield(analytics.Period{From: from, To: to}) {
				return
			}
			to = from
			length *= windowGrowth
		}
	}
}

// Event implements analytics.Store.
func (s *Store) Event(ctx context.Context, tenant tenants.ID, id string) (analytics.EventDetail, error) {
	var found []detailRow
	_, err := s.query(ctx, findEvent(tenant, id), func(rows driver.Rows) error {
		var r detailRow
		defer func() { found = append(found, r) }()
		return rows.ScanStruct(&r)
	})
	if err != nil {
		return analytics.EventDetail{}, err
	}
	if len(found) == 0 {
		return analytics.EventDetail{}, analytics.ErrEventNotFound
	}
	return found[0].detail(), nil
}
