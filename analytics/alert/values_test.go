package alert_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/tenants"
)

// sale is an event in a list that is counted by hand.
type sale struct {
	at   time.Time
	user int
}

type sales []sale

// Windows implements alert.Trends for counts and users. It takes no cuts that make no sense.
func (s sales) Windows(_ context.Context, _ tenants.ID, q analytics.TrendsQuery, cuts []time.Time) ([]*float64, error) {
	if len(cuts) < 2 || len(cuts) > analytics.MaxBuckets+1 || !slices.IsSortedFunc(cuts, time.Time.Compare) {
		return nil, fmt.Errorf("cuts %v", cuts)
	}
	values := make([]*float64, len(cuts)-1)
	for i := range values {
		values[i] = s.measure(q.Measure, cuts[i], cuts[i+1])
	}
	return values, nil
}

func (s sales) measure(m analytics.Measure, from, to time.Time) *float64 {
	users, count := map[int]bool{}, 0
	for _, e := range s {
		if !e.at.Before(from) && e.at.Before(to) {
			users[e.user] = true
			count++
		}
	}
	if m == analytics.MeasureUniqueUsers {
		return number(float64(len(users)))
	}
	return number(float64(count))
}

// However windows overlap or lie apart, the value of a tick is that of its window, and what a preview says of it is what live evaluation comes to.
func TestPreviewIsWhatWouldHaveHappened(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 20, 10, 7, 30, 0, time.UTC)
		var events sales
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			events = append(events, sale{
				at:   now.Add(-time.Duration(rapid.IntRange(0, 80*24*60).Draw(t, "age")) * time.Minute),
				user: rapid.IntRange(1, 4).Draw(t, "user"),
			})
		}
		d := few(rapid.SampledFrom([]int{0, 15, 600}).Draw(t, "for"))
		d.Interval = rapid.SampledFrom([]time.Duration{15 * time.Minute, time.Hour, 8 * time.Hour, 24 * time.Hour}).Draw(t, "interval")
		d.Measure.Window = time.Duration(rapid.IntRange(1, 100).Draw(t, "window")) * time.Minute
		if d.Measure.Measure = analytics.MeasureCount; rapid.Bool().Draw(t, "users") {
			d.Measure.Measure = analytics.MeasureUniqueUsers
		}
		d.Condition = rapid.SampledFrom([]alert.Condition{
			{Kind: alert.Threshold, Direction: alert.Above, Value: 0},
			{Kind: alert.NoDataKnown},
			{Kind: alert.Change, Direction: alert.Either, Value: 50, Against: alert.AgainstPrevious},
			{Kind: alert.Change, Direction: alert.Above, Value: 50, Against: alert.AgainstDay},
			{Kind: alert.Anomaly, Direction: alert.Either, Deviations: 1},
		}).Draw(t, "condition")
		days := rapid.IntRange(1, 4).Draw(t, "days")
		values := &alert.Values{Trends: events}
		p, err := alert.NewRules(nil, values, func() time.Time { return now }).Preview(context.Background(), tenants.NewID(), d, days)
		if err != nil {
			t.Fatal(err)
		}
		if p.TicksPerPoint != 1 || p.Ticks != days*int(24*time.Hour/d.Interval) || len(p.Points) != p.Ticks {
			t.Fatalf("%d ticks, %d points", p.Ticks, len(p.Points))
		}

		var state alert.State
		firings := 0
		for i, tick := 0, p.From; !tick.After(p.To); i, tick = i+1, tick.Add(d.Interval) {
			at := func(end time.Time) *float64 {
				return events.measure(d.Measure.Measure, end.Add(-d.Measure.Window), end)
			}
			sample := alert.Sample{Value: at(tick)}
			switch {
			case d.Condition.Kind == alert.Anomaly:
				for week := 1; week <= 8; week++ {
					sample.Past = append(sample.Past, at(tick.AddDate(0, 0, -7*week)))
				}
			case d.Condition.Against == alert.AgainstDay:
				sample.Past = []*float64{at(tick.AddDate(0, 0, -1))}
			case d.Condition.Kind == alert.Change:
				sample.Past = []*float64{at(tick.Add(-d.Measure.Window))}
			}
			before := state.Status
			var e alert.Evaluation
			state, e = alert.Evaluate(d, state, sample, tick)
			if before != alert.Firing && e.Status == alert.Firing {
				if f := p.Firings[firings]; !f.From.Equal(tick) {
					t.Fatalf("fired at %s, and the preview says %s", tick, f.From)
				}
				firings++
			}
			if got := p.Points[i]; got.Status != e.Status || !got.Tick.Equal(tick) || *got.Value != *e.Value || *got.Low != *e.Value {
				t.Fatalf("at %s: %s of %v, and the preview says %s of %v", tick, e.Status, *e.Value, got.Status, *got.Value)
			}
		}
		if firings != len(p.Firings) {
			t.Fatalf("fired %d times, and the preview says %d", firings, len(p.Firings))
		}
	})
}

// A long preview of short intervals has few points, and none of them hides that a rule fired.
func TestPreviewIsThinned(t *testing.T) {
	t.Parallel()
	now := epoch.AddDate(0, 0, 30)
	values := &alert.Values{Trends: series(func(_ string, end time.Time) *float64 {
		if end.Equal(epoch.AddDate(0, 0, 3)) {
			return number(-7)
		}
		return number(100)
	})}
	p, err := alert.NewRules(nil, values, func() time.Time { return now }).Preview(t.Context(), tenants.NewID(), few(0), 30)
	require.NoError(t, err)
	require.Equal(t, 43_200, p.Ticks)
	require.Equal(t, 22, p.TicksPerPoint)
	require.Len(t, p.Points, 1964)
	low, fired := 0, 0
	for _, point := range p.Points {
		if *point.Low < 0 {
			low++
		}
		if point.Status == alert.Firing {
			fired++
		}
	}
	require.Equal(t, []int{1, 1}, []int{low, fired})
	require.Equal(t, []alert.PreviewFiring{{From: epoch.AddDate(0, 0, 3), To: new(epoch.AddDate(0, 0, 3).Add(time.Minute))}}, p.Firings)
}

// books are books with hours and receipts of a test's own.
type books struct {
	hours    []alert.Hour
	received map[time.Time]alert.Outcomes
}

func (b books) Hours(_ context.Context, _ tenants.ID, from, to time.Time) (all []alert.Hour, err error) {
	for _, h := range b.hours {
		if h.Start.Add(time.Hour).After(from) && h.Start.Before(to) {
			all = append(all, h)
		}
	}
	return all, nil
}

func (b books) Outcomes(_ context.Context, _ tenants.ID, cuts []time.Time) ([]alert.Outcomes, error) {
	found := make([]alert.Outcomes, len(cuts)-1)
	for at, o := range b.received {
		for i := range found {
			if !at.Before(cuts[i]) && at.Before(cuts[i+1]) {
				found[i].Received += o.Received
				found[i].Quarantined += o.Quarantined
			}
		}
	}
	return found, nil
}

func (b books) Newest(_ context.Context, _ tenants.ID, _ string, cuts []time.Time) ([]time.Time, error) {
	found := make([]time.Time, len(cuts)-1)
	for at := range b.received {
		for i := range found {
			if !at.Before(cuts[i]) && at.Before(cuts[i+1]) && at.After(found[i]) {
				found[i] = at
			}
		}
	}
	return found, nil
}

// What comes from the books is counted as of each tick, and no later.
func TestMeasuresOfTheBooks(t *testing.T) {
	t.Parallel()
	month := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	b := books{
		hours: []alert.Hour{
			{Start: month.Add(-2 * time.Hour), Stored: 40, Balanced: true},
			{Start: month.Add(-time.Hour), Stored: 20, Balanced: false},
			{Start: month, Stored: 10, Balanced: true},
			{Start: month.Add(2 * time.Hour), Stored: 30, Balanced: true},
		},
		received: map[time.Time]alert.Outcomes{
			month.Add(-90 * time.Minute): {Received: 10, Quarantined: 5}, month.Add(-30 * time.Minute): {Received: 10, Quarantined: 1},
			month.Add(150 * time.Minute): {Received: 5},
		},
	}
	watch := func(m alert.Measure) (values []any) {
		d := few(0)
		d.Interval, d.Measure = time.Hour, m
		p, err := alert.NewRules(nil, &alert.Values{Trends: sales{}, Books: b}, func() time.Time { return month.Add(3 * time.Hour) }).Preview(t.Context(), tenants.NewID(), d, 1)
		require.NoError(t, err)
		for _, point := range p.Points[len(p.Points)-6:] { // from 22:00 to 03:00
			if point.Value == nil {
				values = append(values, nil)
			} else {
				values = append(values, *point.Value)
			}
		}
		return values
	}
	require.Equal(t, []any{nil, 0.5, 0.1, nil, nil, 0.0}, watch(alert.Measure{Kind: alert.QuarantineRate, Window: time.Hour}))
	require.Equal(t, []any{nil, 0.5, 0.3, 0.1, nil, 0.0}, watch(alert.Measure{Kind: alert.QuarantineRate, Window: 2 * time.Hour}))
	require.Equal(t, []any{nil, 1800.0, 1800.0, 5400.0, 9000.0, 1800.0}, watch(alert.Measure{Kind: alert.Freshness}))
	require.Equal(t, []any{0.0, 0.4, 0.6, 0.1, 0.1, 0.4}, watch(alert.Measure{Kind: alert.QuotaUse, Amount: 100}))
	require.Equal(t, []any{0.0, 0.0, 1.0, 1.0, 0.0, 0.0}, watch(alert.Measure{Kind: alert.LedgerBalance, Window: 2 * time.Hour}))
}
