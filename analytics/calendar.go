package analytics

import (
	"slices"
	"time"
)

// MaxBuckets is how many buckets one trend may have.
const MaxBuckets = 10_000

// Interval is the length of a trend's buckets, by the calendar and clock of a time zone.
type Interval string

// The intervals. Weeks begin on Monday.
const (
	IntervalMinute Interval = "minute"
	IntervalHour   Interval = "hour"
	IntervalDay    Interval = "day"
	IntervalWeek   Interval = "week"
	IntervalMonth  Interval = "month"
)

// Intervals are all of them, shortest first.
func Intervals() []Interval {
	return []Interval{IntervalMinute, IntervalHour, IntervalDay, IntervalWeek, IntervalMonth}
}

func (i Interval) validate() error {
	if !slices.Contains(Intervals(), i) {
		return invalid(CodeIntervalUnknown, "The interval must be one of minute, hour, day, week and month.")
	}
	return nil
}

// Buckets cut a period. Bucket n goes from Starts[n], inclusive, to Starts[n+1], exclusive; the last one ends at End.
// All are instants in the query's time zone and on whole seconds.
type Buckets struct {
	Starts []time.Time
	End    time.Time
}

// NewBuckets returns the buckets that hold the instants from from, inclusive, to to, exclusive; the first begins at or
// before from, the last ends at or after to. More than MaxBuckets are ErrTooManyBuckets.
//
// This is the only calendar of Observatory: the store is handed the starts and does not know about time zones. The rules:
//
//   - A minute or an hour is what a clock on the wall shows as one, under one offset. An hour that the clock shows twice
//     in autumn is two buckets, and a change of the clock within an hour (Lord Howe Island) cuts it in two.
//   - A day begins at the first instant at which the wall shows its date or a later one. So it begins at 01:00
//     where midnight is skipped, has 23 or 25 hours around a change, and does not exist where a date was skipped (Samoa, 30 December 2011).
//   - Weeks and months begin with the first of their days.
func NewBuckets(interval Interval, zone *time.Location, from, to time.Time) (Buckets, error) {
	var b Buckets
	next := bucketAt(interval, from.In(zone))
	for start := next(); start.Before(to); start = b.End {
		if len(b.Starts) == MaxBuckets {
			return Buckets{}, ErrTooManyBuckets
		}
		b.Starts = append(b.Starts, start)
		b.End = next()
	}
	return b, nil
}

// bucketAt returns a function that gives the start of the bucket that holds t, then the starts of those that follow.
func bucketAt(interval Interval, t time.Time) (next func() time.Time) {
	switch interval {
	case IntervalMinute:
		return clockBuckets(t, time.Minute)
	case IntervalHour:
		return clockBuckets(t, time.Hour)
	case IntervalWeek:
		monday := dateOf(t)
		monday = monday.addDays(-monday.daysSinceMonday())
		return dateBuckets(t.Location(), monday, func(d date) date { return d.addDays(7) })
	case IntervalMonth:
		return dateBuckets(t.Location(), dateOf(t).firstOfMonth(), func(d date) date { return d.addMonths(1) })
	default:
		return dateBuckets(t.Location(), dateOf(t), func(d date) date { return d.addDays(1) })
	}
}

// clockBuckets cuts at the multiples of step on the wall's clock, and wherever that clock is changed.
func clockBuckets(t time.Time, step time.Duration) func() time.Time {
	start := t.Add(-sinceStep(t, step))
	if changed, ok := clockChange(start, t); ok {
		start = changed
	}
	return func() time.Time {
		current := start
		end := current.Add(step - sinceStep(current, step))
		if changed, ok := clockChange(current, end); ok {
			end = changed
		}
		start = end
		return current
	}
}

// dateBuckets begin with the dates first, advance(first) and so on; dates that were skipped have no bucket.
func dateBuckets(zone *time.Location, first date, advance func(date) date) func() time.Time {
	start := first.start(zone)
	return func() time.Time {
		current := start
		for !start.After(current) {
			first = advance(first)
			start = first.start(zone)
		}
		return current
	}
}
