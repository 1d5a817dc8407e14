package analyticsch

import (
	"strconv"
	"time"

	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/tenants"
)

// marksSQL are the marks of an hour as rollup_hours keeps them, made of rows that each are a log's.
const marksSQL = "arraySort(groupArrayIf((log_id, begun), begun > 0))"

// hourStates writes the query for what is known of hours: their marks by log, whether a batch is under way, and the newest version. Hours
// without marks are among the answers: an empty list of marks is theirs.
func hourStates(tenant tenants.ID, hours []time.Time) *statement {
	s := newStatement(tenant)
	in := "hour IN " + s.hours(hours)
	s.sql = `SELECT
    hour,
    tupleElement(` + marksSQL + `, 1) AS logs,
    tupleElement(` + marksSQL + `, 2) AS offsets,
    toBool(max(begun > stored)) AS undecided,
    max(version) AS newest
FROM
(
    SELECT
        hour,
        log_id,
        max(begun) AS begun,
        max(stored) AS stored,
        toUInt64(0) AS version
` + indent(s.from("marks", in)) + `
    GROUP BY hour, log_id
    UNION ALL
    SELECT
        hour,
        toUUID('00000000-0000-0000-0000-000000000000'),
        0,
        0,
        max(version)
` + indent(s.from("rollup_hours", in)) + `
    GROUP BY hour
    UNION ALL
    SELECT
        arrayJoin(` + s.hours(hours) + `),
        toUUID('00000000-0000-0000-0000-000000000000'),
        0,
        0,
        0
)
GROUP BY hour
ORDER BY hour`
	return s
}

func hourSizes(tenant tenants.ID, hours []time.Time) *statement {
	s := newStatement(tenant)
	during := s.eventsOf(hours)
	s.sql = "SELECT\n    toStartOfHour(time) AS hour,\n    count() AS events\n" + during + "\nGROUP BY hour"
	return s
}

// filledHours writes the query for what a version holds of hours: how many events, and what it lacks because there was too much of it.
func filledHours(tenant tenants.ID, hours []time.Time, version uint64) *statement {
	s := newStatement(tenant)
	of := []string{"hour IN " + s.hours(hours), "version = " + s.bind("version", "UInt64", version)}
	s.sql = `SELECT
    hour,
    sum(events) AS events,
    arraySort(groupUniqArrayIf(gap, gap != '')) AS gaps
FROM
(
    SELECT
        hour,
        events,
        '' AS gap
` + indent(s.from("rollup_events", of...)) + `
    UNION ALL
    SELECT
        hour,
        0,
        '` + rollup.GapNumbers + `'
` + indent(s.from("rollup_numbers", of...)) + `
    GROUP BY event, hour
    HAVING count() > ` + strconv.Itoa(rollup.MaxNumbers) + `
    UNION ALL
    SELECT
        hour,
        0,
        concat('` + rollup.GapValues("") + `', path)
` + indent(s.from("rollup_values", of...)) + `
    GROUP BY event, path, hour
    HAVING count() > ` + strconv.Itoa(rollup.MaxValues) + `
)
GROUP BY hour`
	return s
}
