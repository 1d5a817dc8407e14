package analyticsch

import (
	"slices"
	"time"

	"github.com/observatory/observatory/analytics"
)

// plan says which hours of a trend the rollups answer for; the events of all others are read. It is made for one moment: an hour that
// changes afterwards is answered for as it was.
type plan struct {
	stock    stock
	period   analytics.Period // of the events and rollups that are read
	first    time.Time        // the first hour that a rollup answers for
	versions []uint64         // of the rollups of first and the hours after it; 0 where events are read
	rollups  int64            // hours of the period that rollups answer for
	events   int64            // hours of the period whose events are read
	unlinked bool             // nobody among the people that are counted goes by two IDs
}

// maxPlanned bounds the plan, and with it the length of a statement's parameters: rollups answer for the newest hours, almost six years.
const maxPlanned = 50_000

// settledHour is an hour whose rollup is up to date.
type settledHour struct {
	Hour    time.Time `ch:"hour"`
	Version uint64    `ch:"version"`
}

// eventsOnly is the plan without rollups.
func eventsOnly(in analytics.MeasureInput) plan {
	period := readPeriod(in)
	return plan{period: period, events: hoursIn(period)}
}

// newPlan plans a question that the stock can answer, with the hours that are settled, earliest first.
func newPlan(in analytics.MeasureInput, st stock, settled []settledHour) plan {
	p := eventsOnly(in)
	p.stock = st
	usable := make([]settledHour, 0, len(settled))
	for _, hour := range settled {
		if !cuts(in, hour.Hour) {
			usable = append(usable, hour)
		}
	}
	if len(usable) == 0 {
		return p
	}
	last := usable[len(usable)-1].Hour
	p.first = usable[0].Hour
	if bound := last.Add(-(maxPlanned - 1) * time.Hour); p.first.Before(bound) {
		p.first = bound
	}
	p.versions = make([]uint64, hoursBetween(p.first, last)+1)
	for _, hour := range usable {
		if !hour.Hour.Before(p.first) {
			p.versions[hoursBetween(p.first, hour.Hour)] = hour.Version
			p.rollups++
		}
	}
	p.events -= p.rollups
	return p
}

// end is the end of the last hour that a rollup may answer for.
func (p plan) end() time.Time { return p.first.Add(time.Duration(len(p.versions)) * time.Hour) }

// between are the hours from first to end that rollups do not answer for, in Unix seconds.
func (p plan) between() []int64 {
	var hours []int64
	for i, version := range p.versions {
		if version == 0 {
			hours = append(hours, p.first.Unix()+int64(i)*3600)
		}
	}
	return hours
}

// readPeriod is the period whose events must be seen. To tell when a session began and how it ended, whole hours are, as many before and
// after as a session may have.
func readPeriod(in analytics.MeasureInput) analytics.Period {
	if !in.Measure.OfSessions() {
		return in.Period
	}
	const around = analytics.MaxSessionHours * time.Hour
	p := analytics.Period{From: in.Period.From.Truncate(time.Hour).Add(-around), To: hourAfter(in.Period.To).Add(around)}
	if p.From.Before(analytics.EarliestTime()) {
		p.From = analytics.EarliestTime()
	}
	if p.To.After(analytics.LatestTime()) {
		p.To = analytics.LatestTime()
	}
	return p
}

// cuts tells whether only some of an hour's events count, or not all in one bucket. Of sessions the rollups tell each, and when it began.
func cuts(in analytics.MeasureInput, hour time.Time) bool {
	if in.Measure.OfSessions() {
		return false
	}
	end := hour.Add(time.Hour)
	if hour.Before(in.Period.From) || end.After(in.Period.To) {
		return true
	}
	next, _ := slices.BinarySearchFunc(in.Buckets.Starts, hour, func(start, hour time.Time) int {
		if start.After(hour) {
			return 1
		}
		return -1
	})
	return next < len(in.Buckets.Starts) && in.Buckets.Starts[next].Before(end)
}

// hourAfter is the full hour at t or after it.
func hourAfter(t time.Time) time.Time {
	if hour := t.Truncate(time.Hour); hour.Before(t) {
		return hour.Add(time.Hour)
	}
	return t
}

// hoursIn counts the hours that a period touches.
func hoursIn(p analytics.Period) int64 {
	return hoursBetween(p.From.Truncate(time.Hour), hourAfter(p.To))
}

func hoursBetween(from, to time.Time) int64 { return int64(to.Sub(from) / time.Hour) }
