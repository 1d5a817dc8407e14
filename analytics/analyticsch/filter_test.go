package analyticsch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// ids lists the events that a filter lets through.
func (b bench) ids(t tester, tenant tenants.ID, filter analytics.Filter) []string {
	t.Helper()
	page, err := b.service.Events(t.Context(), tenant, analytics.EventsQuery{Filter: &filter, From: now().Add(-time.Hour), Limit: analytics.MaxEventsLimit})
	require.NoError(t, err)
	ids := []string{}
	for _, e := range page.Events {
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	return ids
}

func where(property string, operator analytics.Operator, value any) analytics.Filter {
	return analytics.Filter{Property: property, Operator: operator, Value: value}
}

// The event with the ID "five" has 5 at properties.x, and so on.
func values(t *testing.T) (bench, tenants.ID, []string) {
	t.Helper()
	b, tenant := newBench(t), tenants.NewID()
	json := map[string]string{
		"five":      `{"x": 5}`,
		"five.0":    `{"x": 5.0}`,
		"text five": `{"x": "5"}`,
		"minus":     `{"x": -2.5}`,
		"huge":      `{"x": 18446744073709551615}`,
		"true":      `{"x": true}`,
		"text true": `{"x": "true"}`,
		"false":     `{"x": false}`,
		"empty":     `{"x": ""}`,
		"ärger":     `{"x": "Großer ÄRGER"}`,
		"null":      `{"x": null}`,
		"missing":   `{"y": 5}`,
		"array":     `{"x": ["a", 5]}`,
		"object":    `{"x": {"y": "Z"}}`,
		"quotes":    `{"x": "it's \"\\ {x:String} \t\n"}`,
	}
	var ids []string
	for id, p := range json {
		ids = append(ids, id)
		b.store(t, tenant, analytics.Event{ID: id, Properties: properties(p)})
	}
	slices.Sort(ids)
	return b, tenant, ids
}

func TestFilterOperators(t *testing.T) {
	t.Parallel()
	b, tenant, all := values(t)
	cases := []struct {
		operator analytics.Operator
		value    any
		want     string // IDs, joined by commas
	}{
		{analytics.OperatorEquals, "5", "five,five.0,text five"},
		{analytics.OperatorEquals, 5.0, "five,five.0"},
		{analytics.OperatorEquals, -2.5, "minus"},
		{analytics.OperatorEquals, "true", "text true,true"},
		{analytics.OperatorEquals, true, "true"},
		{analytics.OperatorEquals, false, "false"},
		{analytics.OperatorEquals, "", "empty"},
		{analytics.OperatorEquals, "großer ärger", ""},
		{analytics.OperatorEquals, "Großer ÄRGER", "ärger"},
		{analytics.OperatorEquals, `["a",5]`, "array"},
		{analytics.OperatorEquals, "it's \"\\ {x:String} \t\n", "quotes"},
		{analytics.OperatorIn, []any{"5", false}, "false,five,five.0,text five"},
		{analytics.OperatorIn, []any{5.0, -2.5, true, "", "it's \"\\ {x:String} \t\n"}, "empty,five,five.0,minus,quotes,true"},
		{analytics.OperatorContains, "ÄRG", "ärger"},
		{analytics.OperatorContains, "ärg", "ärger"},
		{analytics.OperatorContains, "5", "array,five,five.0,huge,minus,text five"},
		{analytics.OperatorContains, `"\`, "quotes"},
		{analytics.OperatorContains, "%", ""},
		{analytics.OperatorContains, "", strings.Join(slices.DeleteFunc(slices.Clone(all), func(id string) bool { return id == "null" || id == "missing" }), ",")},
		{analytics.OperatorStartsWith, "GROSS", ""},
		{analytics.OperatorStartsWith, "gROß", "ärger"},
		{analytics.OperatorEndsWith, "RUE", "text true,true"},
		{analytics.OperatorGreater, 5.0, "huge"},
		{analytics.OperatorGreaterOrEqual, 5.0, "five,five.0,huge"},
		{analytics.OperatorLess, 5.0, "minus"},
		{analytics.OperatorLessOrEqual, 5.0, "five,five.0,minus"},
		{analytics.OperatorIsSet, nil, "array,empty,false,five,five.0,huge,minus,object,quotes,text five,text true,true,ärger"},
	}
	for _, c := range cases {
		t.Run(string(c.operator), func(t *testing.T) {
			t.Parallel()
			want := strings.Split(c.want, ",")
			if c.want == "" {
				want = []string{}
			}
			slices.Sort(want)
			require.Equal(t, want, b.ids(t, tenant, where("properties.x", c.operator, c.value)), "%v", c.value)
			rest := slices.DeleteFunc(slices.Clone(all), func(id string) bool { return slices.Contains(want, id) })
			condition := where("properties.x", c.operator, c.value)
			require.Equal(t, rest, b.ids(t, tenant, analytics.Filter{Not: &condition}), "not %v", c.value)
			for _, operator := range analytics.Operators() {
				if opposite, negative := operator.Opposite(); negative && opposite == c.operator {
					require.Equal(t, rest, b.ids(t, tenant, where("properties.x", operator, c.value)), "%s %v", operator, c.value)
				}
			}
		})
	}
}

func TestFilterPaths(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	b.store(t, tenant,
		analytics.Event{ID: "plain", Properties: properties(`{"a": {"b": "yes"}, "0": "zero"}`)},
		analytics.Event{ID: "dotted", Properties: properties(`{"a.b": "yes", "back\\slash": "yes", "it's": "yes"}`)},
		analytics.Event{ID: "context", Context: properties(`{"page": {"url": "https://example.org/?a=1"}}`)},
		analytics.Event{ID: "array", Properties: properties(`{"a": ["b"]}`)},
	)
	require.Equal(t, []string{"plain"}, b.ids(t, tenant, where("properties.a.b", analytics.OperatorEquals, "yes")))
	require.Equal(t, []string{"dotted"}, b.ids(t, tenant, where(`properties.a\.b`, analytics.OperatorEquals, "yes")))
	require.Equal(t, []string{"dotted"}, b.ids(t, tenant, where(`properties.back\\slash`, analytics.OperatorIsSet, nil)))
	require.Equal(t, []string{"dotted"}, b.ids(t, tenant, where(`properties.it's`, analytics.OperatorIsSet, nil)))
	require.Equal(t, []string{"context"}, b.ids(t, tenant, where("context.page.url", analytics.OperatorStartsWith, "HTTPS://example")))
	require.Equal(t, []string{"plain"}, b.ids(t, tenant, where("properties.0", analytics.OperatorEquals, "zero")))
	require.Equal(t, []string{"array", "plain"}, b.ids(t, tenant, where("properties.a", analytics.OperatorIsSet, nil)))
}

func TestFilterFields(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	source := tenants.NewSourceID()
	b.store(t, tenant,
		analytics.Event{ID: "one", Name: "look", Type: "page", UserID: "Ada", AnonymousID: "a", SessionID: "s", SourceID: source, CorrelationID: "c"},
		analytics.Event{ID: "two", Name: "buy", UserID: "5"},
		analytics.Event{ID: "three", Name: "buy"},
	)
	cases := []struct {
		filter analytics.Filter
		want   []string
	}{
		{where("event", analytics.OperatorEquals, "buy"), []string{"three", "two"}},
		{where("event", analytics.OperatorNotIn, []any{"buy", "x"}), []string{"one"}},
		{where("type", analytics.OperatorEquals, "page"), []string{"one"}},
		{where("type", analytics.OperatorEquals, "no such type"), []string{}},
		{where("type", analytics.OperatorContains, "RACK"), []string{"three", "two"}},
		{where("user_id", analytics.OperatorEquals, "ada"), []string{}},
		{where("user_id", analytics.OperatorStartsWith, "ada"), []string{"one"}},
		{where("user_id", analytics.OperatorIsSet, nil), []string{"one", "two"}},
		{where("user_id", analytics.OperatorIsNotSet, nil), []string{"three"}},
		{where("user_id", analytics.OperatorEquals, ""), []string{}},
		{where("user_id", analytics.OperatorIn, []any{"", "5"}), []string{"two"}},
		{where("user_id", analytics.OperatorNotEquals, ""), []string{"one", "three", "two"}},
		{where("user_id", analytics.OperatorContains, ""), []string{"one", "two"}},
		{where("user_id", analytics.OperatorNotEquals, "5"), []string{"one", "three"}},
		{where("anonymous_id", analytics.OperatorIsSet, nil), []string{"one"}},
		{where("session_id", analytics.OperatorEquals, "s"), []string{"one"}},
		{where("source_id", analytics.OperatorEquals, source.String()), []string{"one"}},
		{where("source_id", analytics.OperatorEquals, "not a UUID"), []string{}},
		{where("event_id", analytics.OperatorIn, []any{"one", "three"}), []string{"one", "three"}},
		{where("correlation_id", analytics.OperatorEquals, "c"), []string{"one"}},
		{analytics.Filter{And: []analytics.Filter{}}, []string{"one", "three", "two"}},
		{analytics.Filter{Or: []analytics.Filter{}}, []string{"one", "three", "two"}},
		{analytics.Filter{Or: []analytics.Filter{where("event_id", analytics.OperatorEquals, "one"), where("user_id", analytics.OperatorEquals, "5")}}, []string{"one", "two"}},
		{analytics.Filter{And: []analytics.Filter{
			where("event", analytics.OperatorEquals, "buy"),
			{Not: &analytics.Filter{Or: []analytics.Filter{where("user_id", analytics.OperatorEquals, "5"), where("properties.x", analytics.OperatorGreater, 1.0)}}},
		}}, []string{"three"}},
	}
	for _, c := range cases {
		require.Equal(t, c.want, b.ids(t, tenant, c.filter), "%+v", c.filter)
	}
}

// Texts that would do harm, or not arrive as they are, if they ever were part of SQL or badly escaped on the way.
func hostile() []string {
	return []string{
		`'`, `"`, "`", `\`, `\'`, `\\'`, `' OR 1=1 --`, `'; DROP TABLE events; --`, `') UNION ALL SELECT 1 --`, `{tenant:UUID}`, `{value1:String}`, `}{`,
		`\N`, `NULL`, `%`, `_`, `/* */`, "--", "\x00", "a\x00b", "\t", "\n", "\r\n", "\b", "\x1b", "☃", "\U0001F600", `']`, `','`, `[`, `$1`, `?`, `@p1`, `:x`,
	}
}

func TestHostileTexts(t *testing.T) {
	t.Parallel()
	b, tenant, other := newBench(t), tenants.NewID(), tenants.NewID()
	b.store(t, other, analytics.Event{ID: "foreign"})
	for _, text := range hostile() {
		key := strings.NewReplacer(`\`, `\\`, `.`, `\.`).Replace(text)
		b.store(t, tenant, analytics.Event{
			ID: text, Name: text, UserID: text, SessionID: text,
			Properties: object(text, object("x", text)), Context: object("x", text),
		})
		for _, filter := range []analytics.Filter{
			where("event", analytics.OperatorEquals, text),
			where("user_id", analytics.OperatorIn, []any{text, "nobody"}),
			where("session_id", analytics.OperatorEquals, text),
			where("context.x", analytics.OperatorEquals, text),
			where("context.x", analytics.OperatorIn, []any{text, "'", text + "'"}),
			where("properties."+key+".x", analytics.OperatorEquals, text),
			where("properties."+key, analytics.OperatorIsSet, nil),
		} {
			ids := b.ids(t, tenant, filter)
			require.Contains(t, ids, text, "%q %+v", text, filter)
			require.Subset(t, hostile(), ids)
		}
		require.Equal(t, []string{text}, b.ids(t, tenant, where("event", analytics.OperatorEquals, text)))

		e, err := b.service.Event(t.Context(), tenant, text)
		require.NoError(t, err)
		require.Equal(t, text, e.Name)

		result, err := b.service.Trends(t.Context(), tenant, analytics.TrendsQuery{
			Event: text, Measure: analytics.MeasureMax, Property: "properties." + key + ".x", Breakdown: "context.x",
			Interval: analytics.IntervalDay, Timezone: "UTC", From: now().AddDate(0, 0, -1), To: now(), Compare: analytics.ComparePreviousPeriod,
		})
		require.NoError(t, err)
		require.Equal(t, []*string{&text}, breakdowns(result.Series))
	}
	catalog, err := b.service.Catalog(t.Context(), tenant, now().AddDate(-1, 0, 0), now())
	require.NoError(t, err)
	require.Len(t, catalog.Events, len(hostile()))
}
