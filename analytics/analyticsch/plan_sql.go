package analyticsch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// plan asks what has to be known before a trend can be asked: which hours are settled, and whether people go by several IDs. It says what the
// first of these cost.
func (s *Store) plan(ctx context.Context, tenant tenants.ID, in analytics.MeasureInput) (p plan, cost analytics.Cost, err error) {
	p = eventsOnly(in)
	if st, ok := stockFor(in); ok {
		var hours []settledHour
		cost, err = s.query(ctx, settled(tenant, st, p.period), func(rows driver.Rows) error {
			var hour settledHour
			defer func() { hours = append(hours, hour) }()
			return rows.ScanStruct(&hour)
		})
		if err != nil {
			return plan{}, cost, fmt.Errorf("find the settled hours: %w", err)
		}
		p = newPlan(in, st, hours)
	}
	if in.Measure == analytics.MeasureUniqueUsers && p.events > 0 {
		p.unlinked, err = s.unlinked(ctx, tenant)
	}
	return p, cost, err
}

// settled writes the query for the hours of a period whose rollups have the stock and are made of all that was ever begun to be stored.
func settled(tenant tenants.ID, st stock, period analytics.Period) *statement {
	s := newStatement(tenant)
	during := []string{
		"hour >= " + s.bindHour("from", period.From.Truncate(time.Hour)),
		"hour < " + s.bindHour("to", hourAfter(period.To)),
	}
	whole := slices.Clone(during)
	if st.path != "" {
		whole = append(whole, "has(breakdowns, "+s.bind("path", "String", st.path)+")")
	}
	if gap := st.gap(); gap != "" {
		whole = append(whole, "NOT has(gaps, "+s.bind("gap", "String", gap)+")")
	}
	s.sql = with(
		"by_log", "SELECT\n    hour,\n    log_id,\n    max(begun) AS begun\n"+s.from(marksTable, during...)+"\nGROUP BY hour, log_id",
		"marked", "SELECT\n    hour,\n    "+marksSQL+" AS marks\nFROM by_log\nGROUP BY hour",
		"rolled_up", "SELECT\n    hour,\n    version,\n    marks\n"+s.from(rollupHours, whole...),
	) + settledSQL
	return s
}

// Both lists of marks are in the order of logs; an hour without marks has an empty one.
const settledSQL = `
SELECT
    hour,
    version
FROM rolled_up
LEFT JOIN marked USING (hour)
WHERE rolled_up.marks = marked.marks
ORDER BY hour`

// rolledUp writes the FROM clause for the rows of a table of rollups that a plan counts on.
func (s *statement) rolledUp(table string, p plan, conditions ...string) string {
	from := s.bindHour("rollups_from", p.first)
	conditions = append([]string{
		"hour >= " + from,
		"hour < " + s.bindHour("rollups_to", p.end()),
		"version = " + s.bind("versions", "Array(UInt64)", p.versions) + "[dateDiff('hour', " + from + ", hour) + 1]",
	}, conditions...)
	if table == rollupValues {
		conditions = append(conditions, "path = "+s.bind("path", "String", p.stock.path))
	}
	if table == rollupNumbers {
		conditions = append(conditions, "property = "+s.bind("property", "String", p.stock.property))
	}
	return s.from(table, conditions...)
}

// open are the conditions for the hours that the rollups of a plan do not answer for; it returns false when there is none. They are on the
// sorting key, so that little else is read.
func (s *statement) open(p plan) (string, bool) {
	if len(p.versions) == 0 {
		return "", true
	}
	var conditions []string
	if p.period.From.Before(p.first) {
		conditions = append(conditions, "time < "+s.bindHour("rollups_from", p.first))
	}
	if p.period.To.After(p.end()) {
		conditions = append(conditions, "time >= "+s.bindHour("rollups_to", p.end()))
	}
	if between := p.between(); len(between) > 0 {
		conditions = append(conditions, "toStartOfHour(time) IN "+s.bind("open_hours", "Array(DateTime('UTC'))", between))
	}
	return "(" + strings.Join(conditions, " OR ") + ")", len(conditions) > 0
}

// eventsDuring are the conditions for the events of a period.
//
// The table is partitioned by time, so ClickHouse knows from when to when each part's events are, and reads no part that lies outside of a
// condition on time, with FINAL neither. Another version of an event may be in such a part, of another instant in the same hour. So
// ClickHouse is shown whole hours, and where the period cuts one the instant in a way that it does not look through.
func (s *statement) eventsDuring(p analytics.Period) []string {
	from, to := p.From.Truncate(time.Hour), hourAfter(p.To)
	if from.Equal(p.From) && to.Equal(p.To) {
		return s.during("time", p)
	}
	return append(s.during("identity(time)", p), "time >= "+s.bindHour("from_hour", from), "time < "+s.bindHour("to_hour", to))
}
