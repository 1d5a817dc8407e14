package analyticsch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

func TestEvent(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	stored := analytics.Event{
		ID: "e-1", Name: "page_view", Type: "page", Time: at(t, "2024-05-17 10:00").Add(123 * time.Millisecond), ReceivedAt: at(t, "2024-05-17 10:01"),
		UserID: "ada", AnonymousID: "a-1", SessionID: "s-1", SourceID: tenants.NewSourceID(),
		Properties: properties(`{"path": "/pricing", "n": 1.50}`), Context: properties(`{"page": {"url": "x"}}`),
		CorrelationID: "c-1", ReceiptID: uuid.New(), ReceiptIndex: 7,
		SDKName: "analytics.js", SDKVersion: "4.1", Bot: "crawler: Googlebot", Facts: properties(`{"country": "DE"}`),
	}
	b.store(t, tenant, stored, analytics.Event{ID: "e-2"})
	b.store(t, tenants.NewID(), analytics.Event{ID: "e-3"})

	e, err := b.service.Event(t.Context(), tenant, "e-1")
	require.NoError(t, err)
	require.Equal(t, analytics.EventDetail{Event: stored, Redactions: []string{}}, e)
	page, err := b.service.Events(t.Context(), tenant, analytics.EventsQuery{Event: "page_view", To: at(t, "2024-05-18 00:00")})
	require.NoError(t, err)
	require.Equal(t, analytics.EventsPage{Events: []analytics.Event{stored}}, page)

	for _, id := range []string{"e-3", "E-1", "", "none"} {
		_, err := b.service.Event(t.Context(), tenant, id)
		require.ErrorIs(t, err, analytics.ErrEventNotFound, id)
	}
}

// What a tenant's rules made of an event is told with it.
func TestEventDetail(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	require.NoError(t, b.conn.Exec(t.Context(), `INSERT INTO events (tenant_id, event_id, event, type, time, received_at, schema_id, policy_version, redactions, violations_code, violations_path, violations_message)
		VALUES (?, 'e-1', 'order', 'track', ?, ?, 7, 3, ['emails', 'ip addresses'], ['schema_violation', 'unknown_property'], ['properties.price', 'properties.x'], ['expected a number', 'not known'])`,
		uuid.UUID(tenant), now(), now()))
	e, err := b.service.Event(t.Context(), tenant, "e-1")
	require.NoError(t, err)
	require.Equal(t, uint32(7), e.SchemaID)
	require.Equal(t, uint32(3), e.PolicyVersion)
	require.Equal(t, []string{"emails", "ip addresses"}, e.Redactions)
	require.Equal(t, []analytics.Violation{
		{Code: "schema_violation", Path: "properties.price", Message: "expected a number"},
		{Code: "unknown_property", Path: "properties.x", Message: "not known"},
	}, e.Violations)
	require.JSONEq(t, `{}`, string(e.Facts), "an event from before enrichment has no facts")
}

// Facts and bots are asked for like anything else.
func TestAskByFacts(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	b.store(t, tenant,
		analytics.Event{ID: "anna", Facts: properties(`{"country": "DE", "session_new": true}`), SDKName: "analytics.js"},
		analytics.Event{ID: "bill", Facts: properties(`{"country": "GB"}`)},
		analytics.Event{ID: "googlebot", Facts: properties(`{"country": "US", "device": "bot"}`), Bot: "crawler: Googlebot"},
		analytics.Event{ID: "gptbot", Facts: properties(`{"device": "bot"}`), Bot: "crawler: GPTBot"},
		analytics.Event{ID: "plain", Properties: properties(`{"country": "DE"}`)},
	)
	require.Equal(t, []string{"anna"}, b.ids(t, tenant, where("facts.country", analytics.OperatorEquals, "DE")))
	require.Equal(t, []string{"anna"}, b.ids(t, tenant, where("facts.session_new", analytics.OperatorEquals, true)))
	require.Equal(t, []string{"anna", "bill", "plain"}, b.ids(t, tenant, where("bot", analytics.OperatorIsNotSet, nil)), "without bots")
	require.Equal(t, []string{"googlebot", "gptbot"}, b.ids(t, tenant, where("bot", analytics.OperatorStartsWith, "crawler:")))
	require.Equal(t, []string{"anna"}, b.ids(t, tenant, where("sdk_name", analytics.OperatorEquals, "analytics.js")))

	for breakdown, want := range map[string]map[string]float64{
		"facts.country": {"DE": 1, "GB": 1, "US": 1, "": 2},
		"bot":           {"crawler: Googlebot": 1, "crawler: GPTBot": 1, "": 3},
	} {
		result, err := b.service.Trends(t.Context(), tenant, analytics.TrendsQuery{
			Measure: analytics.MeasureCount, Interval: analytics.IntervalDay, Timezone: "UTC", From: now().AddDate(0, 0, -1), To: now(), Breakdown: breakdown,
		})
		require.NoError(t, err)
		got := map[string]float64{}
		for _, s := range result.Series {
			name := ""
			if s.Breakdown != nil {
				name = *s.Breakdown
			}
			got[name] = *s.Total
		}
		require.Equal(t, want, got)
	}
	catalog, err := b.service.Catalog(t.Context(), tenant, now().AddDate(-1, 0, 0), now())
	require.NoError(t, err)
	var names []string
	for _, p := range catalog.Events[0].Properties {
		names = append(names, p.Name)
	}
	require.Equal(t, []string{"facts.country", "facts.device", "facts.session_new", "properties.country"}, names)
}

func TestEventsOrder(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	same := at(t, "2024-05-17 10:00")
	b.store(t, tenant, analytics.Event{ID: "first of a batch", Time: same, ReceivedAt: now()}, analytics.Event{ID: "second of a batch", Time: same, ReceivedAt: now()})
	b.store(t, tenant, analytics.Event{ID: "sooner received", Time: same, ReceivedAt: now().Add(-time.Second)})
	b.store(t, tenant, analytics.Event{ID: "of the future", Time: now().Add(20 * time.Hour)})
	b.store(t, tenant, analytics.Event{ID: "old", Time: at(t, "2001-01-01 00:00")})
	for _, limit := range []int{1, 2, 50} {
		require.Equal(t, []string{"of the future", "second of a batch", "first of a batch", "sooner received", "old"}, b.all(t, tenant, analytics.EventsQuery{Limit: limit}))
	}
	require.Equal(t, []string{"second of a batch", "first of a batch", "sooner received"}, b.all(t, tenant, analytics.EventsQuery{From: same, To: same.Add(time.Millisecond), Limit: 2}))
	require.Empty(t, b.all(t, tenant, analytics.EventsQuery{From: same.Add(1), To: same.Add(time.Millisecond)}))
	require.Empty(t, b.all(t, tenants.NewID(), analytics.EventsQuery{}))
}

// all reads a list to its end, page by page.
func (b bench) all(t tester, tenant tenants.ID, q analytics.EventsQuery) []string {
	t.Helper()
	var ids []string
	for {
		page, err := b.service.Events(t.Context(), tenant, q)
		require.NoError(t, err)
		for _, e := range page.Events {
			ids = append(ids, e.ID)
		}
		if page.NextCursor == "" {
			return ids
		}
		require.Len(t, page.Events, q.Limit)
		require.Less(t, len(ids), 1000, "the list does not end")
		require.LessOrEqual(t, len(page.NextCursor), 512)
		q.Cursor = page.NextCursor
	}
}

// While pages are read, events arrive at all times, before and behind the reader. What was there at the beginning is read
// once, in order; what arrives is read once or not at all.
func TestEventsPagesWhileEventsArrive(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	rapid.Check(t, func(t *rapid.T) {
		tenant := tenants.NewID()
		n := 0
		arrive := func(count int, label string) (ids []string) {
			var events []analytics.Event
			for range count {
				n++
				// Few instants, so that many events share one.
				age := time.Duration(rapid.IntRange(0, 20).Draw(t, label)) * rapid.SampledFrom([]time.Duration{time.Millisecond, time.Hour, 24 * time.Hour}).Draw(t, "scale")
				e := analytics.Event{ID: fmt.Sprint(n), Name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"), Time: now().Add(-age), ReceivedAt: now()}
				ids, events = append(ids, e.ID), append(events, e)
			}
			b.store(t, tenant, events...)
			return ids
		}
		there := arrive(rapid.IntRange(1, 40).Draw(t, "there"), "age")
		q := analytics.EventsQuery{From: now().AddDate(0, 0, -30), Limit: rapid.IntRange(4, 15).Draw(t, "limit")}
		seen := map[string]bool{}
		last := analytics.LatestTime()
		for {
			page, err := b.service.Events(t.Context(), tenant, q)
			require.NoError(t, err)
			for _, e := range page.Events {
				require.False(t, seen[e.ID], "%s twice", e.ID)
				seen[e.ID] = true
				require.False(t, e.Time.After(last))
				last = e.Time
			}
			if page.NextCursor == "" {
				break
			}
			q.Cursor = page.NextCursor
			arrive(rapid.IntRange(0, 3).Draw(t, "arriving"), "age")
		}
		for _, id := range there {
			require.True(t, seen[id], "%s is missing", id)
		}
	})
}
