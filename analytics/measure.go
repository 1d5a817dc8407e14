package analytics

import "slices"

// Measure is what a trend counts or computes.
type Measure string

// The measures. Those after UniqueUsers are taken of a property, and only of its JSON numbers.
//
// Percentiles are exact: the value at rank p*(n-1), interpolated linearly between its two neighbours (as PERCENTILE.INC
// does), so p50 is the usual median.
const (
	MeasureCount       Measure = "count"
	MeasureUniqueUsers Measure = "unique_users" // exact number of distinct people: user_id, else anonymous_id; events with neither are not counted
	MeasureSum         Measure = "sum"
	MeasureAvg         Measure = "avg"
	MeasureMin         Measure = "min"
	MeasureMax         Measure = "max"
	MeasureP50         Measure = "p50"
	MeasureP95         Measure = "p95"
	MeasureP99         Measure = "p99"
)

// Measures are all of them.
func Measures() []Measure {
	return []Measure{MeasureCount, MeasureUniqueUsers, MeasureSum, MeasureAvg, MeasureMin, MeasureMax, MeasureP50, MeasureP95, MeasureP99}
}

// OfProperty tells whether the measure needs a property.
func (m Measure) OfProperty() bool { return m != MeasureCount && m != MeasureUniqueUsers }

// OfNothing is the measure of no events: 0 for what adds up, nil for what does not exist without a value.
func (m Measure) OfNothing() *float64 {
	switch m {
	case MeasureCount, MeasureUniqueUsers, MeasureSum:
		return new(float64)
	default:
		return nil
	}
}

func (m Measure) validate() error {
	if !slices.Contains(Measures(), m) {
		return invalid(CodeMeasureUnknown, "The measure must be one of count, unique_users, sum, avg, min, max, p50, p95 and p99.")
	}
	return nil
}
