package analyticsch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

func TestCatalog(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	b.store(t, tenant,
		analytics.Event{Name: "buy", Time: at(t, "2024-05-17 10:00"), Properties: properties(`{"price": 10, "plan": "pro", "a.b": {"c\\d": true}, "": 1}`)},
		analytics.Event{Name: "buy", Time: at(t, "2024-05-17 11:00"), Properties: properties(`{"price": "ten", "plan": "pro", "tags": ["x", 1]}`)},
		analytics.Event{Name: "buy", Time: at(t, "2024-05-18 11:00"), Properties: properties(`{"price": null, "plan": "free"}`), Context: properties(`{"page": {"url": "u"}}`)},
		analytics.Event{Name: "buy", Type: "page", Time: at(t, "2024-05-19 11:00"), Properties: properties(`{"plan": "pro"}`)},
		analytics.Event{Name: "look", Type: "screen", Time: at(t, "2024-05-01 00:00")},
	)
	b.store(t, tenants.NewID(), analytics.Event{Name: "foreign", Properties: properties(`{"secret": 1}`)})
	got, err := b.service.Catalog(t.Context(), tenant, time.Time{}, time.Time{})
	require.NoError(t, err)
	want := analytics.Catalog{Events: []analytics.CatalogEvent{
		{
			Name: "buy", Type: "page", Count: 4, FirstSeen: at(t, "2024-05-17 10:00"), LastSeen: at(t, "2024-05-19 11:00"),
			Properties: []analytics.CatalogProperty{
				{Name: "properties.plan", Types: []string{"string"}, Share: 1, Examples: []string{"pro", "free"}},
				{Name: "properties.price", Types: []string{"string", "number", "null"}, Share: 0.5, Examples: []string{"10", "ten"}},
				{Name: "context.page", Types: []string{"object"}, Share: 0.25, Examples: []string{}},
				{Name: "context.page.url", Types: []string{"string"}, Share: 0.25, Examples: []string{"u"}},
				{Name: `properties.a\.b`, Types: []string{"object"}, Share: 0.25, Examples: []string{}},
				{Name: `properties.a\.b.c\\d`, Types: []string{"boolean"}, Share: 0.25, Examples: []string{"true"}},
				{Name: "properties.tags", Types: []string{"array"}, Share: 0.25, Examples: []string{`["x",1]`}},
			},
		},
		{Name: "look", Type: "screen", Count: 1, FirstSeen: at(t, "2024-05-01 00:00"), LastSeen: at(t, "2024-05-01 00:00"), Properties: []analytics.CatalogProperty{}},
	}}
	require.Len(t, got.Events, 2)
	require.ElementsMatch(t, want.Events[0].Properties[1].Examples, got.Events[0].Properties[1].Examples) // equally frequent
	want.Events[0].Properties[1].Examples = got.Events[0].Properties[1].Examples
	require.Equal(t, want, got)
	for _, p := range got.Events[0].Properties {
		_, err := analytics.ParsePath(p.Name)
		require.NoError(t, err)
	}

	got, err = b.service.Catalog(t.Context(), tenant, at(t, "2024-05-19 00:00"), at(t, "2024-05-20 00:00"))
	require.NoError(t, err)
	require.Len(t, got.Events, 1)
	require.Equal(t, int64(1), got.Events[0].Count)
	require.Len(t, got.Events[0].Properties, 1)

	got, err = b.service.Catalog(t.Context(), tenants.NewID(), time.Time{}, time.Time{})
	require.NoError(t, err)
	require.Equal(t, analytics.Catalog{Events: []analytics.CatalogEvent{}}, got)
}

// Only the newest events of a name are looked at, also when they are in many different hours, and examples are short.
func TestCatalogLooksAtTheNewestEvents(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	require.NoError(t, b.conn.Exec(t.Context(), `
INSERT INTO events (tenant_id, event, type, time, event_id, properties, context)
SELECT {tenant:UUID}, 'tick', 'track', toDateTime64(1715904000, 3, 'UTC') - toIntervalMinute(number), toString(number),
    if(number < 9999, concat('{"new":"', repeat('ä', 200), '"}'), '{"old":1}'), '{}'
FROM numbers(20000)`, clickhouse.Named("tenant", tenant.String())))
	catalog, err := b.service.Catalog(t.Context(), tenant, time.Time{}, time.Time{})
	require.NoError(t, err)
	require.Len(t, catalog.Events, 1)
	require.Equal(t, int64(20_000), catalog.Events[0].Count)
	require.Len(t, catalog.Events[0].Properties, 2)
	require.Equal(t, "properties.new", catalog.Events[0].Properties[0].Name)
	require.InDelta(t, 0.9999, catalog.Events[0].Properties[0].Share, 1e-9)
	require.Equal(t, "properties.old", catalog.Events[0].Properties[1].Name)
	require.InDelta(t, 0.0001, catalog.Events[0].Properties[1].Share, 1e-9)
	require.Len(t, []rune(catalog.Events[0].Properties[0].Examples[0]), analytics.MaxCatalogExample)
}

func TestCatalogOfManyNamesAndKeys(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	many := map[string]int{}
	for i := range 500 {
		many[fmt.Sprintf("key%03d", i)] = i
	}
	events := []analytics.Event{{Name: "a keyed one", Properties: object("keys", many)}}
	for i := range analytics.MaxCatalogEvents + 20 {
		events = append(events, analytics.Event{Name: fmt.Sprintf("event %04d", i), Properties: properties(`{"a": 1}`)})
	}
	b.store(t, tenant, events...)
	catalog, err := b.service.Catalog(t.Context(), tenant, time.Time{}, time.Time{})
	require.NoError(t, err)
	require.Len(t, catalog.Events, analytics.MaxCatalogEvents)
	require.Equal(t, "a keyed one", catalog.Events[0].Name)
	require.Len(t, catalog.Events[0].Properties, analytics.CatalogProperties(analytics.MaxCatalogEvents))
	for _, e := range catalog.Events[1:] {
		require.Len(t, e.Properties, 1, e.Name)
	}
}
