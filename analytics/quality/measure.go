package quality

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Weeks is how many past weeks volume is compared with.
const Weeks = 8

// Trends answers questions about events: analytics.Service.
type Trends interface {
	// Trends returns a measure per bucket. Errors: analytics.ErrTooExpensive, and those of kind Unavailable.
	Trends(ctx context.Context, tenant tenants.ID, q analytics.TrendsQuery) (analytics.TrendsResult, error)
}

// Books know what became of events. Every error means that it is not known now.
type Books interface {
	// Newest is when the newest of the stored events with this name ("" is any) was received; zero when there is none.
	Newest(ctx context.Context, tenant tenants.ID, event string) (time.Time, error)
	// UnbalancedHours are the starts of the hours, from since on, in which the conservation ledger does not balance.
	UnbalancedHours(ctx context.Context, tenant tenants.ID, since time.Time) ([]time.Time, error)
}

// measurer measures what a check is about.
type measurer struct {
	trends Trends
	books  Books
	now    func() time.Time
}

// measure makes a check for a tick. zone is the tenant's. Errors of kind Unavailable mean that it has to be tried again.
func (m measurer) measure(ctx context.Context, tenant tenants.ID, zone *time.Location, d Definition, tick time.Time) (r Result, err error) {
	now := m.now()
	span := Span{From: tick.Add(-d.span()).In(zone), To: tick.In(zone)}
	switch d.Kind {
	case Volume:
		r, err = m.volume(ctx, tenant, d, span)
	case Nulls:
		r, err = m.nulls(ctx, tenant, d, span)
	case Freshness:
		newest, unknown := m.books.Newest(ctx, tenant, d.Event)
		r, err = JudgeFreshness(d, now.In(zone), newest), unknown
	case Ledger:
		unbalanced, unknown := m.books.UnbalancedHours(ctx, tenant, span.From)
		r, err = JudgeLedger(span, unbalanced), unknown
	default:
		err = fmt.Errorf("there is no kind of check %q", d.Kind)
	}
	if errors.Is(err, analytics.ErrTooExpensive) {
		r, err = tooMuch(fault.From(err).Message), nil
	}
	r.Tick, r.MeasuredAt = tick, now.UTC()
	return r, err
}

// volume counts the span, and the same hours of past weeks by the clock on the wall. Weeks before the first event are no samples.
func (m measurer) volume(ctx context.Context, tenant tenants.ID, d Definition, span Span) (Result, error) {
	from := earlier(span, Weeks).From
	answer, err := m.count(ctx, tenant, d, Span{From: from, To: span.To}, nil)
	if err != nil {
		return Result{}, err
	}
	if until := answer.Explanation.FreshUntil; until != nil && until.Before(span.To) {
		return notYet(span, *until), nil
	}
	hours := answer.Series[0].Points
	begun := firstEvent(hours)
	var samples []Sample
	for week := 1; week <= Weeks; week++ {
		past := earlier(span, week)
		if begun.IsZero() || past.From.Before(begun) {
			break
		}
		samples = append(samples, Sample{From: past.From, Value: sum(hours, past)})
	}
	return JudgeVolume(d, span, sum(hours, span), samples), nil
}

// nulls counts the events of the span, and those without the property.
func (m measurer) nulls(ctx context.Context, tenant tenants.ID, d Definition, span Span) (Result, error) {
	missing, err := m.count(ctx, tenant, d, span, &analytics.Filter{Property: d.Property, Operator: analytics.OperatorIsNotSet})
	if err != nil {
		return Result{}, err
	}
	if until := missing.Explanation.FreshUntil; until != nil && until.Before(span.To) {
		return notYet(span, *until), nil
	}
	all, err := m.count(ctx, tenant, d, span, nil)
	if err != nil {
		return Result{}, err
	}
	return JudgeNulls(d, span, sum(missing.Series[0].Points, span), sum(all.Series[0].Points, span)), nil
}

// count counts events by the hour.
func (m measurer) count(ctx context.Context, tenant tenants.ID, d Definition, span Span, filter *analytics.Filter) (analytics.TrendsResult, error) {
	return m.trends.Trends(ctx, tenant, analytics.TrendsQuery{
		Event: d.Event, Measure: analytics.MeasureCount, Interval: analytics.IntervalHour, Filter: filter,
		From: span.From, To: span.To, Timezone: "UTC", // ticks are on whole hours of UTC
	})
}

// earlier is the same time of so many weeks before, by the clock on the wall. It begins on a whole hour of UTC, also where that clock was
// set by half an hour in between (Lord Howe Island).
func earlier(span Span, weeks int) Span {
	from := span.From.AddDate(0, 0, -7*weeks).Truncate(time.Hour)
	return Span{From: from, To: from.Add(span.To.Sub(span.From))}
}

// firstEvent is the start of the first hour with an event; zero when there is none.
func firstEvent(hours []analytics.Point) time.Time {
	for _, p := range hours {
		if p.Value != nil && *p.Value > 0 {
			return p.Time
		}
	}
	return time.Time{}
}

// sum adds up the hours that begin within a span.
func sum(hours []analytics.Point, span Span) (n float64) {
	for _, p := range hours {
		if p.Value != nil && !p.Time.Before(span.From) && p.Time.Before(span.To) {
			n += *p.Value
		}
	}
	return n
}
