package analyticsch

import (
	"time"

	"github.com/observatory/observatory/tenants"
)

// recentMarks is how far back the search for dirty hours looks every few seconds. Hours that were marked before and are dirty still are
// found by the search over all.
const recentMarks = "INTERVAL 2 HOUR"

// Where dirty hours are looked for. Only these two conditions stand for all tenants' hours; what they find is handed to work that is one
// tenant's.
const (
	everybodysHours = "true"
	// Hours that have just ended are among the recent ones, since what they hold may have been sent long before, by clocks that are ahead.
	everybodysRecentHours = `(tenant_id, hour) IN
        (
            SELECT tenant_id, hour FROM marks WHERE marked_at >= now64(3) - ` + recentMarks + `
            UNION DISTINCT
            SELECT tenant_id, hour FROM marks WHERE hour >= toStartOfHour(now()) - ` + recentMarks + ` AND hour < toStartOfHour(now())
        )`
)

// dirtyHours writes the search for hours that are over and whose marks are not those of their rollup. The condition is one of the above.
func dirtyHours(condition string) *statement {
	return dirty(&statement{keys: map[string]string{}}, "WHERE "+condition)
}

// dirtyHoursOf is dirtyHours for one tenant.
func dirtyHoursOf(tenant tenants.ID) *statement {
	return dirty(newStatement(tenant), "WHERE tenant_id = {tenant:UUID}")
}

func dirty(s *statement, where string) *statement {
	where += "\n      AND hour < toStartOfHour(now() - INTERVAL 1 MINUTE)"
	s.sql = `SELECT
    tenant_id,
    hour,
    undecided,
    marked_at,
    computed_at,
    now64(3) AS now
FROM
(
    SELECT
        tenant_id,
        hour,
        ` + marksSQL + ` AS marks,
        toBool(max(begun > stored)) AS undecided,
        max(marked_at) AS marked_at
    FROM
    (
        SELECT
            tenant_id,
            hour,
            log_id,
            max(begun) AS begun,
            max(stored) AS stored,
            max(marked_at) AS marked_at
        FROM marks
` + indent(indent(where)) + `
        GROUP BY tenant_id, hour, log_id
    )
    GROUP BY tenant_id, hour
) AS marked
LEFT JOIN
(
    SELECT
        tenant_id,
        hour,
        argMax(marks, version) AS served,
        max(computed_at) AS computed_at
    FROM rollup_hours
` + indent(where) + `
    GROUP BY tenant_id, hour
) AS computed USING (tenant_id, hour)
WHERE marks != served
ORDER BY hour DESC, tenant_id
LIMIT 100000`
	return s
}

// markHours writes the mark of a change that came by no log. It is larger than the one before, whatever the clock says.
func markHours(tenant tenants.ID, hours []time.Time) *statement {
	s := newStatement(tenant)
	s.sql = `INSERT INTO marks (tenant_id, hour, log_id, begun, stored, marked_at)
SELECT
    {tenant:UUID},
    hour,
    toUUID('00000000-0000-0000-0000-000000000000'),
    greatest(toUInt64(toUnixTimestamp64Micro(now64(6))), max(mark) + 1) AS next,
    next,
    now64(3)
FROM
(
    SELECT
        hour,
        begun AS mark
` + indent(s.from("marks", "log_id = toUUID('00000000-0000-0000-0000-000000000000')", "hour IN "+s.hours(hours))) + `
    UNION ALL
    SELECT
        arrayJoin(` + s.hours(hours) + `),
        0
)
GROUP BY hour`
	return s
}
