package analyticsch_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// What is measured between cuts is what a trend over the same stretch of time has as its total, wherever the cuts are.
func TestWindowsAreTrends(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	random := rand.New(rand.NewPCG(1, 2))
	begin := now().Add(-50 * time.Hour)
	var events []analytics.Event
	for range 400 {
		e := analytics.Event{
			Time: begin.Add(time.Duration(random.Int64N(int64(50 * time.Hour)))).Truncate(time.Millisecond), UserID: strconv.Itoa(random.IntN(20)),
			Name: []string{"sale", "visit"}[random.IntN(2)], Properties: object("amount", random.IntN(50)),
		}
		events = append(events, e)
	}
	b.store(t, tenant, events...)
	b.store(t, tenants.NewID(), events...)
	cuts := []time.Time{begin, begin.Add(17 * time.Minute), begin.Add(2 * time.Hour), now().Truncate(time.Hour).Add(-20 * time.Hour), now().Truncate(time.Hour).Add(-10 * time.Hour), now().Add(-time.Second), now(), now().Add(time.Hour)}
	big := &analytics.Filter{Property: "properties.amount", Operator: analytics.OperatorGreater, Value: 30.0}
	for _, q := range []analytics.TrendsQuery{
		{Measure: analytics.MeasureCount},
		{Measure: analytics.MeasureUniqueUsers, Event: "sale"},
		{Measure: analytics.MeasureSum, Property: "properties.amount", Event: "sale"},
		{Measure: analytics.MeasureP95, Property: "properties.amount"},
		{Measure: analytics.MeasureCount, Event: "visit", Filter: big},
	} {
		values, err := b.service.Windows(t.Context(), tenant, q, cuts)
		require.NoError(t, err)
		require.Len(t, values, len(cuts)-1)
		for i := range values {
			whole := q
			whole.Interval, whole.Timezone, whole.From, whole.To = analytics.IntervalDay, "UTC", cuts[i], cuts[i+1]
			trend, err := b.service.Trends(t.Context(), tenant, whole)
			require.NoError(t, err)
			require.Equal(t, trend.Series[0].Total, values[i], "%s of %q from %s to %s", q.Measure, q.Event, cuts[i], cuts[i+1])
		}
	}
	_, err := b.service.Windows(t.Context(), tenant, analytics.TrendsQuery{Measure: "sum"}, cuts)
	require.ErrorContains(t, err, "property_invalid")
}
