package analyticsch

import (
	"fmt"
	"strings"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// measure writes the query of a trend. The whole period is a grouping set of its own, since neither the users of a day nor its
// percentiles add up.
func measure(tenant tenants.ID, in analytics.MeasureInput) (*statement, error) {
	s := newStatement(tenant)
	a, err := s.aggregate(in.Measure, in.Property)
	if err != nil {
		return nil, err
	}
	if in.Breakdown == "" {
		matched, err := s.matched(in, a, "bucket")
		s.sql = fmt.Sprintf(measureSQL, a.measure, a.withoutNumber, indent(matched))
		return s, err
	}
	o, err := s.operand(in.Breakdown)
	if err != nil {
		return nil, err
	}
	matched, err := s.matched(in, a, "bucket_start", o.value()+" AS breakdown")
	if err != nil {
		return nil, err
	}
	subqueries := []string{"matched", matched}
	shown := "breakdown IN (SELECT breakdown FROM top)"
	if in.Values == nil {
		subqueries = append(subqueries, "top", s.top(in, a))
	} else {
		shown = s.shown(in.Values)
	}
	passed := ""
	if a.name != "" {
		passed = "\n    " + a.name + ","
	}
	subqueries = append(subqueries, "labelled", fmt.Sprintf(labelledSQL, shown, passed))
	s.sql = fmt.Sprintf(breakdownSQL, with(subqueries...), a.measure, a.withoutNumber)
	return s, nil
}

const measureSQL = `SELECT
    toBool(grouping(bucket)) AS whole,
    true AS shown,
    CAST(NULL, 'Nullable(String)') AS value,
    bucket,
    %s AS measure,
    toUInt64(0) AS distinct_values,
    %s AS without_number
FROM
(
%s
)
GROUP BY GROUPING SETS ((bucket), ())
ORDER BY whole DESC`

// In breakdownSQL the values that have no series go together, as shown = false, in one bucket: only their total is told.
const (
	breakdownSQL = `%s
SELECT
    toBool(grouping(bucket)) AS whole,
    shown,
    value,
    bucket,
    %s AS measure,
    uniqExact(breakdown) + max(isNull(breakdown)) AS distinct_values,
    %s AS without_number
FROM labelled
GROUP BY GROUPING SETS ((shown, value, bucket), (shown, value))
ORDER BY whole DESC, measure DESC NULLS LAST, value ASC NULLS LAST`

	labelledSQL = `SELECT
    %s AS shown,
    if(shown, breakdown, NULL) AS value,
    if(shown, bucket_start, 0) AS bucket,%s
    breakdown
FROM matched`
)

// aggregate is a measure as SQL: an aggregate function of a column that is taken from the events.
type aggregate struct {
	measure       string // Nullable(Float64) or Float64
	withoutNumber string // UInt64, how many events have nothing to measure
	name          string // of the column; "" for none
	column        string // its expression
}

func (s *statement) aggregate(m analytics.Measure, property string) (aggregate, error) {
	switch m {
	case analytics.MeasureCount:
		return aggregate{measure: "toFloat64(count())", withoutNumber: "toUInt64(0)"}, nil
	case analytics.MeasureUniqueUsers:
		return aggregate{
			measure: "toFloat64(uniqExactIf(person, person != ''))", withoutNumber: "toUInt64(0)",
			name: "person", column: s.person(),
		}, nil
	default:
	}
	functions := map[analytics.Measure]string{
		analytics.MeasureSum: "ifNull(sumKahan(number), 0)", // of no number is 0, and sorts as such
		analytics.MeasureAvg: "avg(number)", analytics.MeasureMin: "min(number)", analytics.MeasureMax: "max(number)",
		analytics.MeasureP50: "quantileExactInclusive(0.5)(number)", analytics.MeasureP95: "quantileExactInclusive(0.95)(number)", analytics.MeasureP99: "quantileExactInclusive(0.99)(number)",
	}
	o, err := s.operand(property)
	if err != nil {
		return aggregate{}, err
	}
	if functions[m] == "" || !o.path.IsJSON() {
		return aggregate{}, fmt.Errorf("measure %q of %q was not validated", m, property)
	}
	return aggregate{
		measure: functions[m], withoutNumber: "toUInt64(count() - count(number))",
		name: "number", column: o.number(),
	}, nil
}

// matched selects the events of a trend, each with the start of its bucket and what is measured. The starts come from the
// only calendar there is, in package analytics: ClickHouse looks an event's time up among them and knows no time zones.
func (s *statement) matched(in analytics.MeasureInput, a aggregate, bucket string, columns ...string) (string, error) {
	starts := make([]int64, 0, len(in.Buckets.Starts))
	for _, start := range in.Buckets.Starts {
		starts = append(starts, start.Unix())
	}
	columns = append(columns, "roundDown(toUnixTimestamp64Second(time), "+s.bind("buckets", "Array(Int64)", starts)+") AS "+bucket)
	if a.name != "" {
		columns = append(columns, a.column+" AS "+a.name)
	}
	conditions := s.during("time", in.Period)
	matching, err := s.matching(in.Event, in.Filter)
	return "SELECT\n    " + strings.Join(columns, ",\n    ") + "\n" + s.from(eventsTable, append(conditions, matching...)...), err
}

// top selects the breakdown values that get a series.
func (s *statement) top(in analytics.MeasureInput, a aggregate) string {
	return "SELECT breakdown\nFROM matched\nGROUP BY breakdown\n" +
		"ORDER BY " + a.measure + " DESC NULLS LAST, breakdown ASC NULLS LAST\nLIMIT " + s.bind("limit", "UInt32", in.Limit)
}

// shown tells whether an event's breakdown value is one of these; a nil stands for a missing one.
func (s *statement) shown(values []*string) string {
	texts, missing := []string{}, false
	for _, value := range values {
		if value == nil {
			missing = true
		} else {
			texts = append(texts, *value)
		}
	}
	shown := "ifNull(breakdown IN " + s.bind("shown", "Array(String)", texts) + ", false)"
	if missing {
		shown = "(isNull(breakdown) OR " + shown + ")"
	}
	return shown
}
