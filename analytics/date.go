package analytics

import "time"

// date is a day of the calendar, kept as its midnight in UTC.
type date struct{ midnight time.Time }

func newDate(year int, month time.Month, day int) date {
	return date{time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
}

// dateOf is the day that holds t in t's time zone. It can be later than the date on the wall: where the clock is set back
// over midnight, the first of the two evenings' ends already belongs to the new day, and so does all that follows.
func dateOf(t time.Time) date {
	d := newDate(t.Date())
	for next := d.addDays(1); !next.start(t.Location()).After(t); next = d.addDays(1) {
		d = next
	}
	return d
}

// start is the first instant at which the wall in the zone shows this date or a later one.
func (d date) start(zone *time.Location) time.Time {
	// No zone is ever more than 16 hours away from UTC: at first the wall shows an earlier date, at last a later one.
	t, end := d.midnight.Add(-36*time.Hour).In(zone), d.midnight.Add(36*time.Hour).In(zone)
	for {
		change, changes := clockChange(t, end)
		start := d.midnight.Add(-offsetOf(t)).In(zone)
		if start.Before(t) { // the clock was set, at t, from an earlier date to this one or a later one
			return t
		}
		if !changes || start.Before(change) {
			return start
		}
		t = change
	}
}

func (d date) addDays(n int) date { return date{d.midnight.AddDate(0, 0, n)} }

// addMonths keeps the day of the month, or takes the last one of a month that is too short.
func (d date) addMonths(n int) date {
	first := d.firstOfMonth().midnight.AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1)
	return newDate(first.Year(), first.Month(), min(d.midnight.Day(), last.Day()))
}

func (d date) firstOfMonth() date { return newDate(d.midnight.Year(), d.midnight.Month(), 1) }

func (d date) daysSinceMonday() int { return (int(d.midnight.Weekday()) + 6) % 7 }

// daysSince counts days of the calendar, whatever their length.
func (d date) daysSince(e date) int { return int(d.midnight.Sub(e.midnight) / (24 * time.Hour)) }

func (d date) monthsSince(e date) int {
	return (d.midnight.Year()-e.midnight.Year())*12 + int(d.midnight.Month()) - int(e.midnight.Month())
}
