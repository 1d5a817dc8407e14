package analytics

import (
	"slices"
	"strings"
)

// Measure is what a trend counts or computes.
type Measure string

// The measures. Those from Sum to P99 are taken of a property, and only of its JSON numbers.
//
// Percentiles are exact: the value at rank p*(n-1), interpolated linearly between its two neighbours (as PERCENTILE.INC
// does), so p50 is the usual median.
const (
	MeasureCount       Measure = "count"
	MeasureUniqueUsers Measure = "unique_users" // exact number of distinct people: by user_id, else anonymous_id, a person of several IDs (see package people) once; events with neither are not counted
	MeasureSum         Measure = "sum"
	MeasureAvg         Measure = "avg"
	MeasureMin         Measure = "min"
	MeasureMax         Measure = "max"
	MeasureP50         Measure = "p50"
	MeasureP95         Measure = "p95"
	MeasureP99         Measure = "p99"
)

// The measures of sessions. A session is what the events that match, and that have its session_id, come to together; it
// counts where its first one lies, whole, also when others lie in later buckets or behind the period's end.
//
// A session lasts 24 hours by the clock in UTC at most: the hour of its first event and the 23 that follow. An ID that is used on
// and on begins no other session until 24 hours went by without it.
const (
	MeasureSessions        Measure = "sessions"
	MeasureBounceRate      Measure = "bounce_rate"      // share of the sessions that have one event only, 0 to 1
	MeasureSessionDuration Measure = "session_duration" // seconds from the first event of a session to its last, on average
)

// MaxSessionHours is how many hours by the clock one session may have.
const MaxSessionHours = 24

// Measures are all of them.
func Measures() []Measure {
	return []Measure{
		MeasureCount, MeasureUniqueUsers, MeasureSum, MeasureAvg, MeasureMin, MeasureMax, MeasureP50, MeasureP95, MeasureP99,
		MeasureSessions, MeasureBounceRate, MeasureSessionDuration,
	}
}

// OfProperty tells whether the measure needs a property.
func (m Measure) OfProperty() bool {
	switch m {
	case MeasureSum, MeasureAvg, MeasureMin, MeasureMax, MeasureP50, MeasureP95, MeasureP99:
		return true
	default:
		return false
	}
}

// OfSessions tells whether the measure is taken of sessions and not of events.
func (m Measure) OfSessions() bool {
	return m == MeasureSessions || m == MeasureBounceRate || m == MeasureSessionDuration
}

// OfNothing is the measure of no events: 0 for what adds up, nil for what does not exist without a value.
func (m Measure) OfNothing() *float64 {
	switch m {
	case MeasureCount, MeasureUniqueUsers, MeasureSum, MeasureSessions:
		return new(float64)
	default:
		return nil
	}
}

func (m Measure) validate() error {
	if !slices.Contains(Measures(), m) {
		var names []string
		for _, known := range Measures() {
			names = append(names, string(known))
		}
		return invalid(CodeMeasureUnknown, "The measure must be one of %s.", strings.Join(names, ", "))
	}
	return nil
}
