package analyticsch

import (
	"fmt"
	"strings"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// measure writes the query of a trend. The whole period is a grouping set of its own, since neither the users of a day nor its
// percentiles add up.
func measure(tenant tenants.ID, in analytics.MeasureInput, p plan) (*statement, error) {
	s := newStatement(tenant)
	s.unlinked = p.unlinked
	a, matched, err := s.matched(in, p)
	if err != nil {
		return nil, err
	}
	if in.Breakdown == "" {
		s.sql = fmt.Sprintf(measureSQL, a.measure, a.withoutNumber, indent(matched))
		return s, nil
	}
	subqueries := []string{"matched", matched}
	shown := "breakdown IN (SELECT breakdown FROM top)"
	if in.Values == nil {
		subqueries = append(subqueries, "top", s.top(in, a))
	} else {
		shown = s.shown(in.Values)
	}
	passed := ""
	for _, c := range a.columns {
		passed += "\n    " + c.name + ","
	}
	subqueries = append(subqueries, "labelled", fmt.Sprintf(labelledSQL, shown, passed))
	s.sql = fmt.Sprintf(breakdownSQL, with(subqueries...), a.measure, a.withoutNumber)
	return s, nil
}

// matched selects what a trend is computed from: rows that have the start of their bucket, with a breakdown its value, and the columns of
// the aggregate.
func (s *statement) matched(in analytics.MeasureInput, p plan) (aggregate, string, error) {
	if in.Measure.OfSessions() {
		return s.sessions(in, p)
	}
	a, err := s.ofEvents(in.Measure, in.Property)
	if err != nil {
		return aggregate{}, "", err
	}
	if p.rollups > 0 {
		return s.merged(in, p, a)
	}
	events, err := s.events(in, p, a)
	return a, events, err
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

// aggregate is a measure as SQL: an aggregate function of columns.
type aggregate struct {
	measure       string // Nullable(Float64) or Float64
	withoutNumber string // UInt64, how many events have nothing to measure
	columns       []term
}

// term is a column of a subquery: a name and what it stands for, "" for a column of the same name.
type term struct{ name, expression string }

func (t term) String() string {
	if t.expression == "" || t.expression == t.name {
		return t.name
	}
	return t.expression + " AS " + t.name
}

// ofEvents is a measure of rows that are one event each.
func (s *statement) ofEvents(m analytics.Measure, property string) (aggregate, error) {
	switch m {
	case analytics.MeasureCount:
		return aggregate{measure: "toFloat64(count())", withoutNumber: "toUInt64(0)"}, nil
	case analytics.MeasureUniqueUsers:
		return aggregate{
			measure: "toFloat64(uniqExactIf(person, person != ''))", withoutNumber: "toUInt64(0)",
			columns: []term{{"person", s.person()}},
		}, nil
	default:
	}
	functions := map[analytics.Measure]string{
		analytics.MeasureSum: "ifNull(sumKahan(number), 0)", // of no number is 0, and sorts as such
		analytics.MeasureAvg: "sumKahan(number) / count(number)", analytics.MeasureMin: "min(number)", analytics.MeasureMax: "max(number)",
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
		measure: functions[m], withoutNumber: "toUInt64(count() - count(number))", columns: []term{{"number", o.number()}},
	}, nil
}

// events selects the events of a trend, one row each.
func (s *statement) events(in analytics.MeasureInput, p plan, a aggregate) (string, error) {
	columns, err := s.grouped(in, "toUnixTimestamp64Second(time)")
	if err != nil {
		return "", err
	}
	conditions := s.eventsDuring(p.period)
	if open, _ := s.open(p); open != "" {
		conditions = append(conditions, open)
	}
	matching, err := s.matching(in.Event, in.Filter)
	return selected(append(columns, a.columns...)) + s.from(eventsTable, append(conditions, matching...)...), err
}

// grouped are the columns that a trend is grouped by: the breakdown's value, where there is one, and the bucket that holds an instant, in
// Unix seconds. The starts come from the only calendar there is, in package analytics: ClickHouse looks an instant up among them and
// knows no time zones.
func (s *statement) grouped(in analytics.MeasureInput, instant string) ([]term, error) {
	bucket := term{"bucket", "roundDown(" + instant + ", " + s.bindBuckets(in.Buckets) + ")"}
	if in.Breakdown == "" {
		return []term{bucket}, nil
	}
	bucket.name = "bucket_start"
	o, err := s.operand(in.Breakdown)
	return []term{{"breakdown", o.value()}, bucket}, err
}

// selected writes the SELECT clause, and the line's end.
func selected(columns []term) string {
	list := make([]string, 0, len(columns))
	for _, c := range columns {
		list = append(list, c.String())
	}
	return "SELECT\n    " + strings.Join(list, ",\n    ") + "\n"
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
