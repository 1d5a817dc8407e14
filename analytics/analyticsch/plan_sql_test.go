package analyticsch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
)

func where(property string, operator analytics.Operator, value any) analytics.Filter {
	return analytics.Filter{Property: property, Operator: operator, Value: value}
}

// What rollups can answer, and from where.
func TestStock(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*analytics.MeasureInput)
		want   stock // the zero stock: events only
	}{
		{"count", func(*analytics.MeasureInput) {}, stock{table: rollupEvents}},
		{"by event", func(in *analytics.MeasureInput) { in.Breakdown = "event" }, stock{table: rollupEvents}},
		{"by a path", func(in *analytics.MeasureInput) { in.Breakdown = "facts.country" }, stock{table: rollupValues, path: "facts.country"}},
		{"without bots", func(in *analytics.MeasureInput) {
			in.Filter = &analytics.Filter{And: []analytics.Filter{where("bot", analytics.OperatorIsNotSet, nil), where("event", analytics.OperatorIn, []any{"a", "b"})}}
		}, stock{table: rollupValues, path: "bot"}},
		{"without bots by event", func(in *analytics.MeasureInput) {
			in.Breakdown, in.Filter = "event", new(where("bot", analytics.OperatorIsNotSet, nil))
		}, stock{table: rollupValues, path: "bot"}},
		{"without bots by country", func(in *analytics.MeasureInput) {
			in.Breakdown, in.Filter = "facts.country", new(where("bot", analytics.OperatorIsNotSet, nil))
		}, stock{}},
		{"of a number", func(in *analytics.MeasureInput) {
			in.Filter = new(where("properties.x", analytics.OperatorEquals, 5.0))
		}, stock{}},
		{"of one text of several", func(in *analytics.MeasureInput) {
			in.Filter = &analytics.Filter{Not: new(where("properties.x", analytics.OperatorIn, []any{"5", true}))}
		}, stock{}},
		{"sum", func(in *analytics.MeasureInput) { in.Measure, in.Property = analytics.MeasureSum, `properties.a\.b` }, stock{table: rollupNumbers, property: "a.b"}},
		{"sum of a nested property", func(in *analytics.MeasureInput) { in.Measure, in.Property = analytics.MeasureSum, "properties.a.b" }, stock{}},
		{"sum of something else", func(in *analytics.MeasureInput) { in.Measure, in.Property = analytics.MeasureSum, "context.x" }, stock{}},
		{"sum by a path", func(in *analytics.MeasureInput) {
			in.Measure, in.Property, in.Breakdown = analytics.MeasureSum, "properties.x", "bot"
		}, stock{}},
		{"sessions", func(in *analytics.MeasureInput) { in.Measure = analytics.MeasureBounceRate }, stock{table: rollupSessions}},
		{"sessions of an event", func(in *analytics.MeasureInput) { in.Measure, in.Event = analytics.MeasureSessions, "buy" }, stock{}},
		{"events only", func(in *analytics.MeasureInput) { in.Source = analytics.SourceEvents }, stock{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := trend(analytics.MeasureCount, "")
			c.change(&in)
			st, ok := stockFor(in)
			require.Equal(t, c.want != stock{}, ok)
			if ok {
				require.Equal(t, c.want, st)
			}
		})
	}
}

// Two days, of which all hours are settled, cut in different ways.
func TestPlan(t *testing.T) {
	t.Parallel()
	var all []settledHour
	for hour := may(1).Add(-48 * time.Hour); hour.Before(may(5)); hour = hour.Add(time.Hour) {
		all = append(all, settledHour{hour, uint64(hour.Unix())}) //nolint:gosec // not negative
	}
	cases := []struct {
		name            string
		change          func(*analytics.MeasureInput)
		settled         []settledHour
		rollups, events int64
	}{
		{"all", func(*analytics.MeasureInput) {}, all, 48, 0},
		{"none", func(*analytics.MeasureInput) {}, nil, 0, 48},
		{"but for two", func(*analytics.MeasureInput) {}, append(append([]settledHour{}, all[:60]...), all[62:]...), 46, 2},
		{"cut by the period", func(in *analytics.MeasureInput) {
			in.Period = analytics.Period{From: may(1).Add(time.Second), To: may(2).Add(90 * time.Minute)}
		}, all, 24, 2},
		{"within one hour", func(in *analytics.MeasureInput) {
			in.Period = analytics.Period{From: may(1).Add(time.Minute), To: may(1).Add(2 * time.Minute)}
		}, all, 0, 1},
		{"cut by buckets", func(in *analytics.MeasureInput) {
			in.Buckets = analytics.Buckets{Starts: []time.Time{may(1).Add(-5 * time.Hour), may(1).Add(18*time.Hour + 30*time.Minute), may(2).Add(18*time.Hour + 30*time.Minute)}, End: may(3)}
		}, all, 46, 2},
		{"sessions, a day around", func(in *analytics.MeasureInput) { in.Measure = analytics.MeasureSessions }, all, 96, 0},
		{"sessions at the beginning of time", func(in *analytics.MeasureInput) {
			in.Measure, in.Period.From = analytics.MeasureSessions, analytics.EarliestTime()
		}, nil, 0, hoursBetween(analytics.EarliestTime(), may(4))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := trend(analytics.MeasureCount, "")
			c.change(&in)
			var settled []settledHour
			for _, hour := range c.settled { // as the statement finds them
				period := readPeriod(in)
				if !hour.Hour.Before(period.From.Truncate(time.Hour)) && hour.Hour.Before(period.To) {
					settled = append(settled, hour)
				}
			}
			p := newPlan(in, stock{table: rollupEvents}, settled)
			require.Equal(t, []int64{c.rollups, c.events}, []int64{p.rollups, p.events})
			var answered int64
			for i, version := range p.versions {
				if version != 0 {
					answered++
					require.Equal(t, p.first.Unix()+int64(i)*3600, int64(version)) //nolint:gosec // a time
				}
			}
			require.Equal(t, c.rollups, answered)
			require.Len(t, p.between(), len(p.versions)-int(answered))
		})
	}
}

// However long the period, the parameters stay short.
func TestPlanIsBounded(t *testing.T) {
	t.Parallel()
	in := trend(analytics.MeasureCount, "")
	in.Period = analytics.Period{From: analytics.EarliestTime(), To: analytics.LatestTime()}
	p := newPlan(in, stock{table: rollupEvents}, []settledHour{{may(1).AddDate(-20, 0, 0), 1}, {may(1), 2}})
	require.Len(t, p.versions, maxPlanned)
	require.Equal(t, int64(1), p.rollups)
	require.Equal(t, may(1).Add(time.Hour), p.end())
}

func TestPlannedSQL(t *testing.T) {
	t.Parallel()
	in := trend(analytics.MeasureCount, "")
	in.Event = "buy"
	in.Filter = new(where("facts.country", analytics.OperatorEquals, "DE"))
	st, ok := stockFor(in)
	require.True(t, ok)
	p := newPlan(in, st, []settledHour{{may(1).Add(time.Hour), 7}, {may(1).Add(3 * time.Hour), 8}})
	s, err := measure(tenantID(t), in, p)
	require.NoError(t, err)
	require.Equal(t, `SELECT
    toBool(grouping(bucket)) AS whole,
    true AS shown,
    CAST(NULL, 'Nullable(String)') AS value,
    bucket,
    toFloat64(sum(events)) AS measure,
    toUInt64(0) AS distinct_values,
    toUInt64(0) AS without_number
FROM
(
    SELECT
        roundDown(toInt64(toUnixTimestamp(hour)), {buckets:Array(Int64)}) AS bucket,
        events
    FROM rollup_values
    WHERE tenant_id = {tenant:UUID}
      AND hour >= {rollups_from:DateTime('UTC')}
      AND hour < {rollups_to:DateTime('UTC')}
      AND version = {versions:Array(UInt64)}[dateDiff('hour', {rollups_from:DateTime('UTC')}, hour) + 1]
      AND event = {event:String}
      AND (ifNull(value = {value2:String}, false))
      AND path = {path:String}
    UNION ALL
    SELECT
        bucket,
        count() AS events
    FROM
    (
        SELECT
            roundDown(toUnixTimestamp64Second(time), {buckets:Array(Int64)}) AS bucket
        FROM events FINAL
        WHERE tenant_id = {tenant:UUID}
          AND time >= {from:DateTime64(3, 'UTC')}
          AND time < {to:DateTime64(3, 'UTC')}
          AND (time < {rollups_from:DateTime('UTC')} OR time >= {rollups_to:DateTime('UTC')} OR toStartOfHour(time) IN {open_hours:Array(DateTime('UTC'))})
          AND event = {event:String}
          AND (ifNull(JSONExtract(facts, {path1_1:String}, 'Nullable(String)') = {value1:String}, false))
    )
    GROUP BY bucket
)
GROUP BY GROUPING SETS ((bucket), ())
ORDER BY whole DESC`, s.sql)
	require.Equal(t, map[string]any{
		"tenant": tenantText, "from": "2024-05-01 00:00:00.000", "to": "2024-05-03 00:00:00.000", "buckets": []int64{1714521600, 1714608000},
		"rollups_from": "2024-05-01 01:00:00", "rollups_to": "2024-05-01 04:00:00", "versions": []uint64{7, 0, 8}, "open_hours": []int64{1714528800},
		"event": "buy", "path": "facts.country", "path1_1": "country", "value1": "DE", "value2": "DE",
	}, s.byName())
}
