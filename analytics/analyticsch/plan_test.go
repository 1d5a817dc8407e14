package analyticsch_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// rolledUpDay is a day of ten events an hour, rolled up.
func rolledUpDay(t *testing.T) (bench, tenants.ID) {
	t.Helper()
	b, tenant := newBench(t), tenants.NewID()
	var events []analytics.Event
	var hours []time.Time
	for hour := range 24 {
		hours = append(hours, at(t, "2024-05-17 00:00").Add(time.Duration(hour)*time.Hour))
		for minute := range 10 {
			events = append(events, analytics.Event{Name: "buy", Time: hours[hour].Add(time.Duration(minute) * time.Minute), UserID: "ada", SessionID: "s1", Properties: properties(`{"price": 2, "path": "/"}`)})
		}
	}
	b.store(t, tenant, events...)
	for _, hour := range hours {
		b.mark(t, tenant, uuid.UUID{1}, hour, 1, 1)
	}
	_, err := b.rollups().Recompute(t.Context(), tenant, hours, []string{"properties.path"})
	require.NoError(t, err)
	return b, tenant
}

// To see that rollups answer, the events are taken away without a word.
func TestRollupsAnswer(t *testing.T) {
	t.Parallel()
	b, tenant := rolledUpDay(t)
	require.NoError(t, b.conn.Exec(t.Context(), "TRUNCATE TABLE events"))
	q := daily(t, analytics.MeasureCount, "")
	q.From, q.To = at(t, "2024-05-17 00:00"), at(t, "2024-05-18 00:00")
	result, err := b.service.Trends(t.Context(), tenant, q)
	require.NoError(t, err)
	require.Equal(t, int64(24), result.Explanation.RollupHours)
	require.Equal(t, int64(0), result.Explanation.EventHours)
	require.InDelta(t, 240, *result.Series[0].Total, 0)
}

// A later version of an event may be in a part of the table that has no event in the period, but it is in the same hour.
func TestTrendsSeeTheNewestVersionOnly(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	require.NoError(t, b.conn.Exec(t.Context(), "SYSTEM STOP MERGES events"))
	event := analytics.Event{ID: "1", Name: "buy", Time: at(t, "2024-05-17 10:20")}
	b.store(t, tenant, event)
	event.Time = at(t, "2024-05-17 10:40")
	b.store(t, tenant, event)
	q := daily(t, analytics.MeasureCount, "")
	q.From, q.To = at(t, "2024-05-17 10:10"), at(t, "2024-05-17 10:30")
	result, err := b.service.Trends(t.Context(), tenant, q)
	require.NoError(t, err)
	require.InDelta(t, 0, *result.Series[0].Total, 0)
}
