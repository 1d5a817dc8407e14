package analyticsch

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/tenants"
)

const tenantText = "01983f5e-7c1a-7b5e-9d56-0f2f1a6e4c11"

func tenantID(t *testing.T) tenants.ID {
	t.Helper()
	id, err := tenants.ParseID(tenantText)
	require.NoError(t, err)
	return id
}

func may(day int) time.Time { return time.Date(2024, time.May, day, 0, 0, 0, 0, time.UTC) }

func period() analytics.Period { return analytics.Period{From: may(1), To: may(3)} }

func trend(m analytics.Measure, property string) analytics.MeasureInput {
	return analytics.MeasureInput{
		Measure: m, Property: property, Period: period(),
		Buckets: analytics.Buckets{Starts: []time.Time{may(1), may(2)}, End: may(3)}, Limit: 10,
	}
}

func (s *statement) byName() map[string]any {
	values := map[string]any{}
	for _, p := range s.parameters {
		values[p.name] = p.value
	}
	return values
}

func TestSQL(t *testing.T) {
	t.Parallel()
	common := map[string]any{"tenant": tenantText, "from": "2024-05-01 00:00:00.000", "to": "2024-05-03 00:00:00.000"}
	buckets := []int64{1714521600, 1714608000}
	cases := []struct {
		name      string
		build     func(tenants.ID) (*statement, error)
		sql       string
		arguments map[string]any // besides the common ones
	}{
		{
			name:  "count",
			build: func(id tenants.ID) (*statement, error) { return unplanned(id, trend(analytics.MeasureCount, "")) },
			sql: `
SELECT
    toBool(grouping(bucket)) AS whole,
    true AS shown,
    CAST(NULL, 'Nullable(String)') AS value,
    bucket,
    toFloat64(count()) AS measure,
    toUInt64(0) AS distinct_values,
    toUInt64(0) AS without_number
FROM
(
    SELECT
        roundDown(toUnixTimestamp64Second(time), {buckets:Array(Int64)}) AS bucket
    FROM events FINAL
    WHERE tenant_id = {tenant:UUID}
      AND time >= {from:DateTime64(3, 'UTC')}
      AND time < {to:DateTime64(3, 'UTC')}
)
GROUP BY GROUPING SETS ((bucket), ())
ORDER BY whole DESC`,
			arguments: map[string]any{"buckets": buckets},
		},
		{
			name: "percentile of a property, filtered",
			build: func(id tenants.ID) (*statement, error) {
				in := trend(analytics.MeasureP95, "properties.load.ms")
				in.Event = "page'view"
				in.Filter = &analytics.Filter{And: []analytics.Filter{
					{Property: "properties.load.ms", Operator: analytics.OperatorGreater, Value: 5.5},
					{Or: []analytics.Filter{
						{Property: "context.locale", Operator: analytics.OperatorIn, Value: []any{"de", "fr", true}},
						{Property: "user_id", Operator: analytics.OperatorNotContains, Value: "x"},
					}},
				}}
				return measure(id, in, eventsOnly(in))
			},
			sql: `
SELECT
    toBool(grouping(bucket)) AS whole,
    true AS shown,
    CAST(NULL, 'Nullable(String)') AS value,
    bucket,
    quantileExactInclusive(0.95)(number) AS measure,
    toUInt64(0) AS distinct_values,
    toUInt64(count() - count(number)) AS without_number
FROM
(
    SELECT
        roundDown(toUnixTimestamp64Second(time), {buckets:Array(Int64)}) AS bucket,
        if(JSONType(properties, {path1_1:String}, {path1_2:String}) IN ('Int64', 'UInt64', 'Double'), JSONExtractFloat(properties, {path1_1:String}, {path1_2:String}), NULL) AS number
    FROM events FINAL
    WHERE tenant_id = {tenant:UUID}
      AND time >= {from:DateTime64(3, 'UTC')}
      AND time < {to:DateTime64(3, 'UTC')}
      AND event = {event:String}
      AND ((ifNull(if(JSONType(properties, {path1_1:String}, {path1_2:String}) IN ('Int64', 'UInt64', 'Double'), JSONExtractFloat(properties, {path1_1:String}, {path1_2:String}), NULL) > {value1:Float64}, false)) AND ((ifNull(JSONExtract(context, {path2_1:String}, 'Nullable(String)') IN {value2:Array(String)}, false) OR (JSONType(context, {path2_1:String}) = 'Bool' AND JSONExtractBool(context, {path2_1:String}) = true)) OR NOT (position(lowerUTF8(user_id), lowerUTF8({value3:String})) > 0)))
)
GROUP BY GROUPING SETS ((bucket), ())
ORDER BY whole DESC`,
			arguments: map[string]any{
				"buckets": buckets, "event": "page'view", "path1_1": "load", "path1_2": "ms", "path2_1": "locale",
				"value1": 5.5, "value2": []string{"de", "fr"}, "value3": "x",
			},
		},
		{
			name: "users by a property",
			build: func(id tenants.ID) (*statement, error) {
				in := trend(analytics.MeasureUniqueUsers, "")
				in.Breakdown = `properties.a\.b`
				return measure(id, in, eventsOnly(in))
			},
			sql: `
WITH
    matched AS
    (
        SELECT
            JSONExtract(properties, {path1_1:String}, 'Nullable(String)') AS breakdown,
            roundDown(toUnixTimestamp64Second(time), {buckets:Array(Int64)}) AS bucket_start,
            if(links.known_as != '', links.known_as, if(user_id != '', user_id, anonymous_id)) AS person
        FROM events FINAL
        LEFT JOIN
        (
            SELECT id, person AS known_as
            FROM identities FINAL
            WHERE tenant_id = {tenant:UUID}
        ) AS links ON links.id = if(user_id != '', user_id, anonymous_id)
        WHERE tenant_id = {tenant:UUID}
          AND time >= {from:DateTime64(3, 'UTC')}
          AND time < {to:DateTime64(3, 'UTC')}
    ),
    top AS
    (
        SELECT breakdown
        FROM matched
        GROUP BY breakdown
        ORDER BY toFloat64(uniqExactIf(person, person != '')) DESC NULLS LAST, breakdown ASC NULLS LAST
        LIMIT {limit:UInt32}
    ),
    labelled AS
    (
        SELECT
            breakdown IN (SELECT breakdown FROM top) AS shown,
            if(shown, breakdown, NULL) AS value,
            if(shown, bucket_start, 0) AS bucket,
            person,
            breakdown
        FROM matched
    )
SELECT
    toBool(grouping(bucket)) AS whole,
    shown,
    value,
    bucket,
    toFloat64(uniqExactIf(person, person != '')) AS measure,
    uniqExact(breakdown) + max(isNull(breakdown)) AS distinct_values,
    toUInt64(0) AS without_number
FROM labelled
GROUP BY GROUPING SETS ((shown, value, bucket), (shown, value))
ORDER BY whole DESC, measure DESC NULLS LAST, value ASC NULLS LAST`,
			arguments: map[string]any{"buckets": buckets, "path1_1": "a.b", "limit": 10},
		},
		{
			name: "count by a field, for given values",
			build: func(id tenants.ID) (*statement, error) {
				in := trend(analytics.MeasureCount, "")
				value := "web"
				in.Breakdown, in.Values = "type", []*string{&value, nil}
				return measure(id, in, eventsOnly(in))
			},
			sql: `
WITH
    matched AS
    (
        SELECT
            CAST(nullIf(toString(type), ''), 'Nullable(String)') AS breakdown,
            roundDown(toUnixTimestamp64Second(time), {buckets:Array(Int64)}) AS bucket_start
        FROM events FINAL
        WHERE tenant_id = {tenant:UUID}
          AND time >= {from:DateTime64(3, 'UTC')}
          AND time < {to:DateTime64(3, 'UTC')}
    ),
    labelled AS
    (
        SELECT
            (isNull(breakdown) OR ifNull(breakdown IN {shown:Array(String)}, false)) AS shown,
            if(shown, breakdown, NULL) AS value,
            if(shown, bucket_start, 0) AS bucket,
            breakdown
        FROM matched
    )
SELECT
    toBool(grouping(bucket)) AS whole,
    shown,
    value,
    bucket,
    toFloat64(count()) AS measure,
    uniqExact(breakdown) + max(isNull(breakdown)) AS distinct_values,
    toUInt64(0) AS without_number
FROM labelled
GROUP BY GROUPING SETS ((shown, value, bucket), (shown, value))
ORDER BY whole DESC, measure DESC NULLS LAST, value ASC NULLS LAST`,
			arguments: map[string]any{"buckets": buckets, "shown": []string{"web"}},
		},
		{
			name:  "quarantined",
			build: func(id tenants.ID) (*statement, error) { return quarantined(id, "buy", period()) },
			sql: `
SELECT count() AS events
FROM dead_letters
WHERE tenant_id = {tenant:UUID}
  AND received_at >= {from:DateTime64(3, 'UTC')}
  AND received_at < {to:DateTime64(3, 'UTC')}
  AND event = {event:String}`,
			arguments: map[string]any{"event": "buy"},
		},
		{
			name: "a window of events after a cursor",
			build: func(id tenants.ID) (*statement, error) {
				return listEvents(id, analytics.EventsInput{
					Filter: &analytics.Filter{Not: &analytics.Filter{Property: "session_id", Operator: analytics.OperatorIsSet}},
					After:  &analytics.Position{Time: may(2), ReceivedAt: may(2).Add(1500 * time.Millisecond), Index: 3, Tie: 1 << 63},
				}, period(), 51)
			},
			sql: eventColumns + `FROM events FINAL
WHERE tenant_id = {tenant:UUID}
  AND time >= {from:DateTime64(3, 'UTC')}
  AND time < {to:DateTime64(3, 'UTC')}
  AND NOT (session_id != '')
  AND (time, received_at, receipt_index, sipHash64(event, event_id)) < ({after_time:DateTime64(3, 'UTC')}, {after_received:DateTime64(3, 'UTC')}, {after_index:UInt16}, {after_tie:UInt64})
ORDER BY time DESC, received_at DESC, receipt_index DESC, tie DESC
LIMIT {limit:UInt32}`,
			arguments: map[string]any{
				"after_time": "2024-05-02 00:00:00.000", "after_received": "2024-05-02 00:00:01.500", "after_index": uint16(3), "after_tie": uint64(1 << 63), "limit": 51,
			},
		},
		{
			name: "names", build: func(id tenants.ID) (*statement, error) { return listNames(id, period()), nil },
			sql: `
SELECT
    event,
    argMax(type, time) AS newest_type,
    count() AS events,
    min(time) AS first_seen,
    max(time) AS last_seen
FROM events FINAL
WHERE tenant_id = {tenant:UUID}
  AND time >= {from:DateTime64(3, 'UTC')}
  AND time < {to:DateTime64(3, 'UTC')}
GROUP BY event
ORDER BY events DESC, event ASC
LIMIT {limit:UInt32}`,
			arguments: map[string]any{"limit": 1000},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := c.build(tenantID(t))
			require.NoError(t, err)
			require.Equal(t, strings.TrimPrefix(c.sql, "\n"), s.sql)
			for name, value := range common {
				c.arguments[name] = value
			}
			require.Equal(t, c.arguments, s.byName())
		})
	}
}

func TestFindEventSQL(t *testing.T) {
	t.Parallel()
	s := findEvent(tenantID(t), "it's")
	require.Equal(t, detailColumns+`FROM events FINAL
PREWHERE tenant_id = {tenant:UUID}
  AND event_id = {event_id:String}
ORDER BY time DESC, received_at DESC, receipt_index DESC, tie DESC
LIMIT 1`, s.sql)
	require.Equal(t, map[string]any{"tenant": tenantText, "event_id": "it's"}, s.byName())
}

// Whatever is asked: each table is read with the tenant first, and every placeholder has its parameter.
func TestEveryStatementNamesItsTenant(t *testing.T) {
	t.Parallel()
	id := tenantID(t)
	statements := []*statement{listNames(id, period()), findEvent(id, "x"), listProperties(id, period(), []string{"x", "y"})}
	for _, m := range analytics.Measures() {
		for _, breakdown := range []string{"", "properties.a", "user_id"} {
			property := ""
			if m.OfProperty() {
				property = "properties.n"
			}
			in := trend(m, property)
			in.Breakdown = breakdown
			st, _ := stockFor(in)
			statements = append(statements, settled(id, st, in.Period))
			for _, p := range []plan{
				eventsOnly(in),
				newPlan(in, st, []settledHour{{may(1), 7}}),
				newPlan(in, st, []settledHour{{may(1).Add(time.Hour), 7}, {may(1).Add(3 * time.Hour), 8}}),
			} {
				s, err := measure(id, in, p)
				require.NoError(t, err)
				statements = append(statements, s)
			}
		}
	}
	for _, table := range rollupTables([]string{"properties.a", "user_id"}) {
		s := newStatement(id)
		require.NoError(t, table.fill(s, []time.Time{may(1), may(2)}, 1))
		statements = append(statements, s)
	}
	hours := []time.Time{may(1), may(2)}
	whoIsWho := regexp.MustCompile(`\n *LEFT JOIN\n *\(\n *SELECT id, person AS known_as\n *FROM identities FINAL\n *WHERE tenant_id = \{tenant:UUID\}\n *\) AS links ON [^\n]*`)
	statements = append(statements, hourStates(id, hours), hourSizes(id, hours), filledHours(id, hours, 1))
	all := analytics.MeasureInput{Period: until(may(3))}
	some := newPlan(all, stock{table: rollupPeople}, []settledHour{{Hour: may(1), Version: 1}})
	for _, p := range []plan{eventsOnly(all), some} {
		statements = append(statements, sightings(id, p, []string{"x"}), recent(id, p, &people.Place{}, 2), aliasesOfUsers(id, p), ownersAndLinks(id, p, people.Links{"x": "y"}),
			changedHours(id, p, 1), timelineKeys(id, p, []string{"x"}, personHours{hours: []string{"2024-05-01 10:00:00"}}, people.TimelineInput{}))
	}
	statements = append(statements, saidOf(id, []string{"x"}, may(3)), newestIdentifies(id, []string{"x"}), timelinePage(id, pageKeys{}, people.TimelineInput{}))
	for _, s := range statements {
		sql := whoIsWho.ReplaceAllString(s.sql, "")
		tables := regexp.MustCompile(`(?i)(from|join)\s+(events|dead_letters|receipts|ledger|marks|rollup_|identities|system)`).FindAllString(sql, -1)
		scoped := regexp.MustCompile(`FROM (events|events FINAL|dead_letters|marks|identities|identities FINAL|rollup_[a-z]+|rollup_hours FINAL)\n +(PRE)?WHERE tenant_id = \{tenant:UUID\}`)
		require.NotEmpty(t, tables)
		require.Len(t, scoped.FindAllString(regexp.MustCompile(`\n(PRE)?WHERE`).ReplaceAllString(sql, "\n ${1}WHERE"), -1), len(tables), s.sql)

		bound := map[string]bool{}
		for _, p := range s.parameters {
			require.False(t, bound[p.name], "%s is bound twice", p.name)
			bound[p.name] = true
			require.Contains(t, s.sql, "{"+p.name+":"+p.kind+"}")
		}
		for _, placeholder := range regexp.MustCompile(`\{([a-z_0-9]+):`).FindAllStringSubmatch(s.sql, -1) {
			require.True(t, bound[placeholder[1]], "%s is not bound", placeholder[0])
		}
	}
}

func TestBindTimeRoundsUp(t *testing.T) {
	t.Parallel()
	s := newStatement(tenantID(t))
	s.bindTime("a", may(1).Add(time.Microsecond))
	s.bindTime("b", may(1).Add(time.Millisecond))
	s.bindTime("c", may(1).In(time.FixedZone("", 3600)))
	require.Equal(t, "2024-05-01 00:00:00.001", s.byName()["a"])
	require.Equal(t, "2024-05-01 00:00:00.001", s.byName()["b"])
	require.Equal(t, "2024-05-01 00:00:00.000", s.byName()["c"])
}

func TestLongListsAreCutShortForPeople(t *testing.T) {
	t.Parallel()
	require.Equal(t, `["a", "b\"c"]`, parameter{value: []string{"a", `b"c`}}.text())
	require.Equal(t, `[0.5, 1e+300]`, parameter{value: []float64{0.5, 1e300}}.text())
	require.Regexp(t, `^\[0, 0, .*, 0, and 950 more\]$`, parameter{value: make([]int64, 1000)}.text())
}

func TestWindowsCoverThePeriodOnce(t *testing.T) {
	t.Parallel()
	now := may(20)
	for _, p := range []analytics.Period{
		{From: analytics.EarliestTime(), To: analytics.LatestTime()},
		{From: may(1), To: may(19)},
		{From: may(21), To: may(22)},
		{From: may(20), To: may(20).Add(time.Millisecond)},
	} {
		to := p.To
		n := 0
		for w := range windows(p, now) {
			require.Equal(t, to, w.To)
			require.True(t, w.From.Before(w.To))
			to = w.From
			n++
		}
		require.Equal(t, p.From, to)
		require.LessOrEqual(t, n, 6)
	}
}

func unplanned(id tenants.ID, in analytics.MeasureInput) (*statement, error) {
	return measure(id, in, eventsOnly(in))
}
