package analyticsch_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/tenants"
)

// Two tenants have the same events, down to the IDs, but for a word in each. Whatever one asks, it sees its own and never the
// other's word.
func TestTenantsSeeNothingOfEachOther(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	words := map[tenants.ID]string{tenants.NewID(): "albatross", tenants.NewID(): "bittern"}
	for tenant, word := range words {
		for _, id := range []string{"1", "2", "3"} {
			b.store(t, tenant, analytics.Event{ID: id, Name: "look", UserID: "ada", SessionID: word, Properties: object("word", word), Context: object("word", word)})
		}
		b.store(t, tenant, analytics.Event{ID: "own", Name: word, UserID: word, Properties: object(word, 1)})
		b.quarantine(t, tenant, "look", now().Add(-time.Hour), len(word))
	}
	for tenant, word := range words {
		var answers []any
		keep := func(answer any, err error) {
			require.NoError(t, err)
			answers = append(answers, answer)
		}
		for _, breakdown := range []string{"properties.word", "context.word", "session_id", "event", "user_id"} {
			q := analytics.TrendsQuery{
				Measure: analytics.MeasureCount, Interval: analytics.IntervalDay, From: now().AddDate(0, 0, -2), To: now(), Timezone: "UTC", Breakdown: breakdown,
				Compare: analytics.ComparePreviousPeriod,
				// Everything that would let more through, if it stood anywhere but behind the tenant.
				Filter: &analytics.Filter{Or: []analytics.Filter{where("user_id", analytics.OperatorIsSet, nil), where("user_id", analytics.OperatorIsNotSet, nil)}},
			}
			result, err := b.service.Trends(t.Context(), tenant, q)
			keep(result, err)
			require.Equal(t, int64(len(word)), result.Explanation.Quarantined)
			sum := 0.0
			for _, s := range result.Series {
				sum += *s.Total
			}
			require.InDelta(t, 4, sum, 0)
		}
		require.Len(t, b.all(t, tenant, analytics.EventsQuery{Limit: 2}), 4)
		page, err := b.service.Events(t.Context(), tenant, analytics.EventsQuery{})
		keep(page, err)
		event, err := b.service.Event(t.Context(), tenant, "1")
		keep(event, err)
		catalog, err := b.service.Catalog(t.Context(), tenant, time.Time{}, time.Time{})
		keep(catalog, err)

		text, err := json.Marshal(answers)
		require.NoError(t, err)
		require.Contains(t, string(text), word)
		for _, other := range words {
			if other != word {
				require.NotContains(t, string(text), other)
			}
		}
	}
	// A cursor of one tenant is no key to the other.
	for tenant := range words {
		page, err := b.service.Events(t.Context(), tenant, analytics.EventsQuery{Limit: 1})
		require.NoError(t, err)
		for other, word := range words {
			page, err := b.service.Events(t.Context(), other, analytics.EventsQuery{Cursor: page.NextCursor})
			require.NoError(t, err)
			for _, e := range page.Events {
				require.True(t, e.SessionID == word || e.Name == word)
			}
		}
	}
}

// What is stored should be JSON objects that ClickHouse can read. Should it ever not be, an event has no properties, and
// nothing else changes.
func TestUnreadableJSONBreaksNothing(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	broken := []string{
		``, `not JSON`, `{"x": `, `[1, 2]`, `"x"`, `5`, `null`, `{"x": 123456789012345678901234567890}`, `{"x": 1e400}`, `{"x": "\ud800"}`, `{"x": NaN}`,
		`{"x": {"y": {"y": {"y": {"y": {"y": {"y": 1}}}}}}}`, `{"x": "` + "\xff\xfe" + `"}`,
	}
	for _, text := range broken {
		b.store(t, tenant, analytics.Event{Properties: properties(text), Context: properties(text)})
	}
	b.store(t, tenant, analytics.Event{Properties: properties(`{"x": 5}`)})
	for _, m := range analytics.Measures() {
		q := analytics.TrendsQuery{Measure: m, Interval: analytics.IntervalDay, From: now().AddDate(0, 0, -1), To: now(), Timezone: "UTC", Breakdown: "properties.x", BreakdownLimit: 100}
		if m.OfProperty() {
			q.Property = "properties.x"
		}
		result, err := b.service.Trends(t.Context(), tenant, q)
		require.NoError(t, err)
		if m.OfProperty() {
			require.InDelta(t, 5, *result.Series[0].Total, 0)
			require.Equal(t, int64(len(broken)), result.Explanation.WithoutNumber)
		}
	}
	for _, operator := range analytics.Operators() {
		value := map[analytics.Operator]any{
			analytics.OperatorEquals: "5", analytics.OperatorIn: []any{"5"}, analytics.OperatorContains: "5", analytics.OperatorStartsWith: "5", analytics.OperatorEndsWith: "5",
			analytics.OperatorGreater: 4.0, analytics.OperatorGreaterOrEqual: 5.0, analytics.OperatorLess: 6.0, analytics.OperatorLessOrEqual: 5.0,
		}
		positive, _ := operator.Opposite()
		b.ids(t, tenant, where("properties.x", operator, value[positive]))
	}
	page, err := b.service.Events(t.Context(), tenant, analytics.EventsQuery{})
	require.NoError(t, err)
	_, err = json.Marshal(page)
	require.NoError(t, err)
	catalog, err := b.service.Catalog(t.Context(), tenant, time.Time{}, time.Time{})
	require.NoError(t, err)
	require.Equal(t, int64(len(broken)+1), catalog.Events[0].Count)
}

// freshness is a time, or when it is the zero time an error.
type freshness time.Time

func (f freshness) FreshUntil(context.Context, tenants.ID) (time.Time, error) {
	if time.Time(f).IsZero() {
		return time.Time{}, errors.New("not known")
	}
	return time.Time(f), nil
}

func TestExplanationSaysHowFresh(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, f := range []freshness{{}, freshness(now())} {
		service := analytics.New(analytics.Deps{Store: analyticsch.New(analyticsch.Config{Conn: b.conn, Now: now}), Now: now, Freshness: f})
		result, err := service.Trends(t.Context(), tenants.NewID(), daily(t, analytics.MeasureCount, ""))
		require.NoError(t, err)
		if time.Time(f).IsZero() {
			require.Nil(t, result.Explanation.FreshUntil)
		} else {
			require.Equal(t, now(), *result.Explanation.FreshUntil)
		}
	}
}
