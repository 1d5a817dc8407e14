package analyticsch_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// What is measured between cuts is what a trend over the same stretch of time has as its total, wherever the cuts are, with rollups and without.
func TestWindowsAreTrends(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	random := rand.New(rand.NewPCG(1, 2))
	begin := now().Add(-30 * time.Hour)
	var events []analytics.Event
	for range 400 {
		e := analytics.Event{
			Time: begin.Add(time.Duration(random.Int64N(int64(30 * time.Hour)))).Truncate(time.Millisecond), UserID: strconv.Itoa(random.IntN(20)), SessionID: strconv.Itoa(random.IntN(30)),
			Name: []string{"sale", "visit"}[random.IntN(2)], Properties: object("amount", random.IntN(50)),
		}
		events = append(events, e)
	}
	b.store(t, tenant, events...)
	b.store(t, tenants.NewID(), events...)
	cuts := []time.Time{begin, begin.Add(17 * time.Minute), begin.Add(2 * time.Hour), now().Truncate(time.Hour).Add(-20 * time.Hour), now().Truncate(time.Hour).Add(-10 * time.Hour), now().Add(-time.Second), now(), now().Add(time.Hour)}
	big := &analytics.Filter{Property: "properties.amount", Operator: analytics.OperatorGreater, Value: 30.0}
	questions := []analytics.TrendsQuery{
		{Measure: analytics.MeasureCount},
		{Measure: analytics.MeasureUniqueUsers, Event: "sale"},
		{Measure: analytics.MeasureSum, Property: "properties.amount", Event: "sale"},
		{Measure: analytics.MeasureP95, Property: "properties.amount"},
		{Measure: analytics.MeasureCount, Event: "visit", Filter: big},
		{Measure: analytics.MeasureSessions},
	}
	var without [][]*float64
	for _, q := range questions {
		values, err := b.service.Windows(t.Context(), tenant, q, cuts)
		require.NoError(t, err)
		require.Len(t, values, len(cuts)-1)
		without = append(without, values)
		for i := range values {
			whole := q
			whole.Interval, whole.Timezone, whole.From, whole.To = analytics.IntervalDay, "UTC", cuts[i], cuts[i+1]
			trend, err := b.service.Trends(t.Context(), tenant, whole)
			require.NoError(t, err)
			require.Equal(t, trend.Series[0].Total, values[i], "%s of %q from %s to %s", q.Measure, q.Event, cuts[i], cuts[i+1])
		}
	}
	var hours []time.Time
	for hour := begin.Truncate(time.Hour); hour.Before(now()); hour = hour.Add(time.Hour) {
		b.mark(t, tenant, uuid.UUID{1}, hour, 1, 1)
		hours = append(hours, hour)
	}
	_, err := b.rollups().Recompute(t.Context(), tenant, hours, nil)
	require.NoError(t, err)
	require.NoError(t, b.conn.Exec(t.Context(), "DELETE FROM events WHERE toStartOfHour(time) = {hour:DateTime('UTC')}", clickhouse.Named("hour", now().Truncate(time.Hour).Add(-15*time.Hour).Format(time.DateTime))))
	for i, q := range questions {
		values, err := b.service.Windows(t.Context(), tenant, q, cuts)
		require.NoError(t, err)
		if q.Filter == nil { // which only events can answer
			require.Equal(t, without[i], values, q.Measure)
		}
	}
	_, err = b.service.Windows(t.Context(), tenant, analytics.TrendsQuery{Measure: "sum"}, cuts)
	require.ErrorContains(t, err, "property_invalid")
}
