package analyticsch_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// point is an analytics.Point that is easy to write down.
type point struct {
	time    string // by the wall's clock
	value   any    // nil, or a float64
	partial bool
}

func points(s analytics.Series) []point {
	var list []point
	for _, p := range s.Points {
		list = append(list, point{p.Time.Format("01-02 15:04"), value(p.Value), p.Partial})
	}
	return list
}

func value(f *float64) any {
	if f == nil {
		return nil
	}
	return *f
}

func properties(s string) json.RawMessage { return json.RawMessage(s) }

// shop is a small history: four events on 17 May, one on the 19th; and things that must not count.
func shop(t *testing.T) (bench, tenants.ID) {
	t.Helper()
	b, tenant := newBench(t), tenants.NewID()
	b.store(t, tenant,
		analytics.Event{Name: "buy", Time: at(t, "2024-05-17 10:00"), UserID: "ada", Properties: properties(`{"price": 10, "plan": "pro"}`)},
		analytics.Event{Name: "buy", Time: at(t, "2024-05-17 11:00"), UserID: "ada", AnonymousID: "a1", Properties: properties(`{"price": 20.5, "plan": "pro"}`)},
		analytics.Event{Name: "buy", Time: at(t, "2024-05-17 23:59"), AnonymousID: "a2", Properties: properties(`{"price": "30", "plan": "free"}`)},
		analytics.Event{Name: "buy", Time: at(t, "2024-05-17 00:00"), Properties: properties(`{"price": {"amount": 3}}`)},
		analytics.Event{Name: "buy", Time: at(t, "2024-05-19 12:00"), UserID: "ada", Properties: properties(`{"price": 5, "plan": 7}`)},
		analytics.Event{Name: "look", Time: at(t, "2024-05-17 12:00"), UserID: "bob", Properties: properties(`{"price": 1000}`)},
		analytics.Event{Name: "buy", Time: at(t, "2024-05-16 23:59"), UserID: "before"},
		analytics.Event{Name: "buy", Time: at(t, "2024-05-21 00:00"), UserID: "after"},
	)
	b.store(t, tenants.NewID(), analytics.Event{Name: "buy", Time: at(t, "2024-05-17 10:00"), UserID: "eve", Properties: properties(`{"price": 1}`)})
	return b, tenant
}

func daily(t *testing.T, m analytics.Measure, property string) analytics.TrendsQuery {
	t.Helper()
	return analytics.TrendsQuery{
		Event: "buy", Measure: m, Property: property, Interval: analytics.IntervalDay,
		From: at(t, "2024-05-17 00:00"), To: at(t, "2024-05-21 00:00"), Timezone: "UTC",
	}
}

func TestTrendsMeasures(t *testing.T) {
	t.Parallel()
	b, tenant := shop(t)
	cases := []struct {
		measure                   analytics.Measure
		property                  string
		day17, day18, day19, days any
		withoutNumber             int64
	}{
		{analytics.MeasureCount, "", 4.0, 0.0, 1.0, 5.0, 0},
		{analytics.MeasureUniqueUsers, "", 2.0, 0.0, 1.0, 2.0, 0},
		{analytics.MeasureSum, "properties.price", 30.5, 0.0, 5.0, 35.5, 2},
		{analytics.MeasureAvg, "properties.price", 15.25, nil, 5.0, 35.5 / 3, 2},
		{analytics.MeasureMin, "properties.price", 10.0, nil, 5.0, 5.0, 2},
		{analytics.MeasureMax, "properties.price", 20.5, nil, 5.0, 20.5, 2},
		{analytics.MeasureP50, "properties.price", 15.25, nil, 5.0, 10.0, 2},
		{analytics.MeasureP95, "properties.price.amount", 3.0, nil, nil, 3.0, 4},
		{analytics.MeasureSum, "context.nothing", 0.0, 0.0, 0.0, 0.0, 5},
		{analytics.MeasureMax, "context.nothing", nil, nil, nil, nil, 5},
	}
	for _, c := range cases {
		t.Run(string(c.measure)+" "+c.property, func(t *testing.T) {
			t.Parallel()
			result, err := b.service.Trends(t.Context(), tenant, daily(t, c.measure, c.property))
			require.NoError(t, err)
			require.Len(t, result.Series, 1)
			require.Equal(t, []point{
				{"05-17 00:00", c.day17, false},
				{"05-18 00:00", c.day18, false},
				{"05-19 00:00", c.day19, false},
				{"05-20 00:00", value(c.measure.OfNothing()), true},
			}, points(result.Series[0]))
			require.Equal(t, c.days, value(result.Series[0].Total))
			require.Nil(t, result.Series[0].Breakdown)
			require.Nil(t, result.Other)
			require.Nil(t, result.Compare)
			require.Equal(t, c.withoutNumber, result.Explanation.WithoutNumber)
		})
	}
}

func TestTrendsOfNoEvents(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, m := range analytics.Measures() {
		q := daily(t, m, "")
		if m.OfProperty() {
			q.Property = "properties.price"
		}
		result, err := b.service.Trends(t.Context(), tenants.NewID(), q)
		require.NoError(t, err)
		require.Len(t, result.Series, 1)
		require.Len(t, result.Series[0].Points, 4)
		require.Equal(t, m.OfNothing(), result.Series[0].Total)

		q.Breakdown = "properties.plan"
		result, err = b.service.Trends(t.Context(), tenants.NewID(), q)
		require.NoError(t, err)
		require.Empty(t, result.Series)
		require.Nil(t, result.Other)
	}
}

func TestTrendsBreakdown(t *testing.T) {
	t.Parallel()
	b, tenant := shop(t)
	q := daily(t, analytics.MeasureSum, "properties.price")
	q.Breakdown = "properties.plan"
	result, err := b.service.Trends(t.Context(), tenant, q)
	require.NoError(t, err)
	require.Equal(t, []*string{ptr("pro"), ptr("7"), ptr("free"), nil}, breakdowns(result.Series))
	require.Equal(t, []any{30.5, 5.0, 0.0, 0.0}, totals(result.Series))
	require.Equal(t, int64(2), result.Explanation.WithoutNumber)
	require.Nil(t, result.Other)
	require.Equal(t, []point{
		{"05-17 00:00", 0.0, false}, {"05-18 00:00", 0.0, false}, {"05-19 00:00", 5.0, false}, {"05-20 00:00", 0.0, true},
	}, points(result.Series[1]))

	q.Measure, q.Property, q.BreakdownLimit = analytics.MeasureUniqueUsers, "", 1
	q.Event = ""
	result, err = b.service.Trends(t.Context(), tenant, q)
	require.NoError(t, err)
	// "7", "free", "pro" and missing have one user each; the smallest text comes first, what is missing last.
	require.Equal(t, []*string{ptr("7")}, breakdowns(result.Series))
	require.Equal(t, &analytics.OtherValues{Values: 3, Total: ptr(3.0)}, result.Other)

	q.Breakdown = "user_id"
	q.Measure, q.BreakdownLimit = analytics.MeasureCount, 2
	result, err = b.service.Trends(t.Context(), tenant, q)
	require.NoError(t, err)
	require.Equal(t, []*string{ptr("ada"), nil}, breakdowns(result.Series))
	require.Equal(t, []any{3.0, 2.0}, totals(result.Series))
	require.Equal(t, &analytics.OtherValues{Values: 1, Total: ptr(1.0)}, result.Other)
}

func breakdowns(series []analytics.Series) []*string {
	var list []*string
	for _, s := range series {
		list = append(list, s.Breakdown)
	}
	return list
}

func totals(series []analytics.Series) []any {
	var list []any
	for _, s := range series {
		list = append(list, value(s.Total))
	}
	return list
}

func TestTrendsCompare(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	b.store(t, tenant,
		analytics.Event{Time: at(t, "2024-05-02 00:00"), UserID: "ada"},
		analytics.Event{Time: at(t, "2024-05-03 00:00"), UserID: "bob"},
		analytics.Event{Time: at(t, "2024-05-03 00:00"), UserID: "bob"},
		analytics.Event{Time: at(t, "2024-04-30 21:59"), UserID: "ada"},
		analytics.Event{Time: at(t, "2024-04-30 22:00"), UserID: "bob"}, // 1 May in Berlin
		analytics.Event{Time: at(t, "2024-04-02 00:00"), UserID: "only in April"},
		analytics.Event{Time: at(t, "2024-03-31 21:59"), UserID: "ada"},
		analytics.Event{Time: at(t, "2023-05-30 21:59"), UserID: "ada"},
	)
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	q := analytics.TrendsQuery{
		Measure: analytics.MeasureCount, Interval: analytics.IntervalDay, Timezone: "Europe/Berlin", Breakdown: "user_id",
		From: time.Date(2024, 5, 1, 0, 0, 0, 0, berlin), To: time.Date(2024, 6, 1, 0, 0, 0, 0, berlin),
		Compare: analytics.ComparePreviousPeriod,
	}
	result, err := b.service.Trends(t.Context(), tenant, q)
	require.NoError(t, err)
	require.Equal(t, []*string{ptr("bob"), ptr("ada")}, breakdowns(result.Series))
	require.Equal(t, []any{3.0, 1.0}, totals(result.Series))
	require.Equal(t, []*string{ptr("bob"), ptr("ada")}, breakdowns(result.Compare.Series))
	require.Equal(t, []any{0.0, 1.0}, totals(result.Compare.Series))
	require.Len(t, result.Compare.Series[0].Points, 30)
	require.Equal(t, "2024-04-01T00:00:00+02:00", result.Compare.From.Format(time.RFC3339))
	require.Equal(t, "2024-05-01T00:00:00+02:00", result.Compare.To.Format(time.RFC3339))

	q.Compare, q.Breakdown = analytics.ComparePreviousYear, ""
	result, err = b.service.Trends(t.Context(), tenant, q)
	require.NoError(t, err)
	require.Equal(t, []any{4.0}, totals(result.Series))
	require.Equal(t, []any{1.0}, totals(result.Compare.Series))
	require.Equal(t, "2023-05-01T00:00:00+02:00", result.Compare.From.Format(time.RFC3339))
}

func TestTrendsCountDuplicatesOnce(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	e := analytics.Event{ID: "same", Time: at(t, "2024-05-17 10:00")}
	for range 3 {
		b.store(t, tenant, e)
		e.Time = e.Time.Add(time.Second)
	}
	result, err := b.service.Trends(t.Context(), tenant, analytics.TrendsQuery{
		Measure: analytics.MeasureCount, Interval: analytics.IntervalHour, Timezone: "UTC", From: at(t, "2024-05-17 10:00"), To: at(t, "2024-05-17 11:00"),
	})
	require.NoError(t, err)
	require.Equal(t, []any{1.0}, totals(result.Series))
}

func TestTrendsExplanation(t *testing.T) {
	t.Parallel()
	b, tenant := shop(t)
	b.quarantine(t, tenant, "buy", at(t, "2024-05-17 00:00"), 2)
	b.quarantine(t, tenant, "look", at(t, "2024-05-18 00:00"), 1)
	b.quarantine(t, tenant, "buy", at(t, "2024-05-21 00:00"), 4)
	b.quarantine(t, tenants.NewID(), "buy", at(t, "2024-05-18 00:00"), 8)
	q := daily(t, analytics.MeasureCount, "")
	result, err := b.service.Trends(t.Context(), tenant, q)
	require.NoError(t, err)
	e := result.Explanation
	require.Equal(t, int64(2), e.Quarantined)
	require.Equal(t, now(), e.ComputedAt)
	require.Nil(t, e.FreshUntil)
	require.Positive(t, e.Elapsed)
	require.GreaterOrEqual(t, e.RowsRead, int64(9))
	require.False(t, e.Estimated)
	require.Contains(t, e.Query, "WHERE tenant_id = {tenant:UUID}")
	require.Equal(t, map[string]string{
		"tenant": tenant.String(), "event": "buy", "from": "2024-05-17 00:00:00.000", "to": "2024-05-21 00:00:00.000",
		"buckets": "[1715904000, 1715990400, 1716076800, 1716163200]",
	}, e.Parameters)

	q.Event = ""
	result, err = b.service.Trends(t.Context(), tenant, q)
	require.NoError(t, err)
	require.Equal(t, int64(3), result.Explanation.Quarantined)
}

func TestTrendsOfManyBuckets(t *testing.T) {
	t.Parallel()
	b, tenant := shop(t)
	q := daily(t, analytics.MeasureCount, "")
	q.Interval, q.To = analytics.IntervalMinute, q.From.Add(analytics.MaxBuckets*time.Minute)
	result, err := b.service.Trends(t.Context(), tenant, q)
	require.NoError(t, err)
	require.Len(t, result.Series[0].Points, analytics.MaxBuckets)
	require.Equal(t, []any{6.0}, totals(result.Series))
	require.Less(t, len(result.Explanation.Parameters["buckets"]), 1000)
}

// A sum of finite numbers can be too large for a float64, and JSON has no infinity.
func TestTrendsOverflow(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	for range 2 {
		b.store(t, tenant, analytics.Event{Name: "buy", Time: at(t, "2024-05-17 10:00"), Properties: properties(`{"price": 1.7e308}`)})
	}
	result, err := b.service.Trends(t.Context(), tenant, daily(t, analytics.MeasureSum, "properties.price"))
	require.NoError(t, err)
	_, err = json.Marshal(result)
	require.NoError(t, err)
	require.Equal(t, int64(0), result.Explanation.WithoutNumber)
}

func TestTrendsTooExpensive(t *testing.T) {
	t.Parallel()
	b, tenant := shop(t)
	_, err := b.limited(1).Trends(t.Context(), tenant, daily(t, analytics.MeasureCount, ""))
	require.ErrorIs(t, err, analytics.ErrTooExpensive)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}
