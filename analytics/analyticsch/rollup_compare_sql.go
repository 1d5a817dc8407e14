package analyticsch

import (
	"strconv"
	"strings"
	"time"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/tenants"
)

// compare writes the query for rows of a table that are not what they come to now, for hours whose rollup is in force. Sums of floats may
// differ by 1e-9 of themselves.
func (t rollupTable) compare(s *statement, hours []time.Time) error {
	computed, err := t.compute(s, hours)
	if err != nil {
		return err
	}
	ofHours := "hour IN " + s.hours(hours)
	conditions := []string{ofHours, "(hour, version) IN (SELECT hour, max(version) " + strings.ReplaceAll(s.from("rollup_hours", ofHours), "\n", " ") + " GROUP BY hour)"}
	if len(t.paths) > 0 {
		conditions = append(conditions, "path IN "+s.bind("paths", "Array(String)", t.paths))
	}
	s.sql = `SELECT
    hour,
    shown,
    ` + side("stored") + ` AS stored_text,
    ` + side("NOT stored") + ` AS computed_text
FROM
(
` + indent(t.comparable("true", s.from(t.name, conditions...))) + `
    UNION ALL
` + indent(t.comparable("false", "FROM\n(\n"+indent(computed)+"\n)")) + `
)
GROUP BY hour, shown, hidden
HAVING countIf(stored) != 1
    OR countIf(NOT stored) != 1
    OR uniqExact(exact) != 1
    OR arrayExists((a, b) -> abs(a - b) > 1e-9 * greatest(abs(a), abs(b)), anyIf(rounded, stored), anyIf(rounded, NOT stored))
ORDER BY hour, shown
LIMIT ` + strconv.Itoa(rollup.MaxDifferences)
	return nil
}

// side is the text of a row on one of the two sides: empty where there is none, and with a word about it where there are several.
func side(is string) string {
	return "if(countIf(" + is + ") = 0, '', concat(if(countIf(" + is + ") = 1, '', 'more than once: '), anyIf(exact, " + is + "), ' ', toString(anyIf(rounded, " + is + "))))"
}

// comparable selects rows in the form in which they are compared. What a row is about is shown only as far as it is no person's.
func (t rollupTable) comparable(stored, from string) string {
	var exact, rounded []string
	for _, f := range t.figures {
		value := f.final
		if value == "" {
			value = f.column
		}
		if f.rounded {
			rounded = append(rounded, value)
		} else {
			exact = append(exact, value)
		}
	}
	return `SELECT
    hour,
    toString(tuple(` + strings.Join(append(t.shown, "''"), ", ") + `)) AS shown,
    sipHash128(toString(tuple(` + strings.Join(t.key, ", ") + `))) AS hidden,
    toBool(` + stored + `) AS stored,
    toString(tuple(` + strings.Join(exact, ", ") + `)) AS exact,
    CAST([` + strings.Join(rounded, ", ") + `], 'Array(Float64)') AS rounded
` + from
}

// servedHours writes the query for hours whose rollup is in force: the marks of its newest version are the marks that there are.
func servedHours(tenant tenants.ID, from, to time.Time) *statement {
	s := newStatement(tenant)
	during := s.during("hour", analytics.Period{From: from, To: to})
	s.sql = `SELECT
    hour,
    version,
    events,
    breakdowns,
    gaps
FROM
(
    SELECT
        hour,
        max(rollup_hours.version) AS version,
        argMax(rollup_hours.marks, rollup_hours.version) AS served,
        argMax(rollup_hours.events, rollup_hours.version) AS events,
        argMax(rollup_hours.breakdowns, rollup_hours.version) AS breakdowns,
        argMax(rollup_hours.gaps, rollup_hours.version) AS gaps
` + indent(s.from("rollup_hours", during...)) + `
    GROUP BY hour
) AS computed
LEFT JOIN
(
    SELECT
        hour,
        ` + marksSQL + ` AS marks
    FROM
    (
        SELECT
            hour,
            log_id,
            max(marks.begun) AS begun
` + indent(indent(s.from("marks", during...))) + `
        GROUP BY hour, log_id
    )
    GROUP BY hour
) AS marked USING (hour)
WHERE marks = served
ORDER BY hour`
	return s
}

func eventExtent(tenant tenants.ID) *statement {
	s := newStatement(tenant)
	s.sql = "SELECT\n    count() AS events,\n    min(time) AS first,\n    max(time) AS last\n" + s.from("events")
	return s
}

func computedSince(tenant tenants.ID, since time.Time) *statement {
	s := newStatement(tenant)
	s.sql = "SELECT count()\n" + s.from("rollup_hours", "computed_at >= "+s.bindTime("since", since))
	return s
}

// tenantsSince writes the query for whom there is something to look back at. It stands for all tenants and reads no event.
func tenantsSince(since time.Time) *statement {
	s := &statement{}
	at := s.bindTime("since", since)
	s.sql = "SELECT DISTINCT tenant_id\nFROM\n(\n    SELECT tenant_id FROM marks WHERE hour >= " + at + "\n    UNION ALL\n    SELECT tenant_id FROM rollup_hours WHERE hour >= " + at + "\n)\nORDER BY tenant_id"
	return s
}

// superseded is a condition for rows of versions that were not in force any more when the version since was given out: there is one that was
// given out between. Rows of a run that was cut short go the same way once there is one; where none ever comes, because the hour takes too
// much each time, they go once they are a day older than since: nobody puts them in force any more.
func superseded(table string, since uint64) string {
	const day = 24 * 3600 * 1_000_000 // versions are in microseconds
	return `(tenant_id, hour, version) IN
(
    SELECT tenant_id, hour, version
    FROM (SELECT DISTINCT tenant_id, hour, version FROM ` + table + `) AS there
    LEFT JOIN
    (
        SELECT tenant_id, hour, max(version) AS newest, maxIf(version, version < ` + strconv.FormatUint(since, 10) + `) AS kept
        FROM rollup_hours
        GROUP BY tenant_id, hour
    ) AS computed USING (tenant_id, hour)
    WHERE version < kept OR version > newest AND version < ` + strconv.FormatUint(since-min(since, day), 10) + `
)`
}
