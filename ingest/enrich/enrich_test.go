package enrich_test

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/ingest/enrich"
	"github.com/observatory/observatory/tenants"
)

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.85 Safari/537.36"

var noon = time.Date(2026, time.March, 31, 12, 0, 0, 0, time.UTC)

// input is an event with this context and these properties.
func input(t testing.TB, context, properties string) enrich.Input {
	t.Helper()
	var c, p doc.Doc
	contextNode, err := c.Parse([]byte(context))
	require.NoError(t, err)
	propertiesNode, err := p.Parse([]byte(properties))
	require.NoError(t, err)
	return enrich.Input{
		Client:     &ingest.Client{},
		Event:      &ingest.Event{Type: ingest.Track, Name: []byte("e"), ID: []byte("id"), Time: noon},
		Context:    contextNode,
		Properties: propertiesNode,
	}
}

func enricher(t testing.TB, policy string, r enrich.Resources) *enrich.Enricher {
	t.Helper()
	p, err := enrich.Parse([]byte(policy))
	require.NoError(t, err)
	return p.Compile(r)
}

// factsOf applies the default policy.
func factsOf(t testing.TB, in enrich.Input) map[string]any {
	t.Helper()
	enrich.Default().Compile(enrich.Resources{}).Apply(in, nil)
	return facts(t, in.Event)
}

func facts(t testing.TB, e *ingest.Event) map[string]any {
	t.Helper()
	found := map[string]any{}
	if len(e.Facts) > 0 {
		require.NoError(t, json.Unmarshal(e.Facts, &found), "%s", e.Facts)
	}
	return found
}

func marshal(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

func TestApplyKeepsTheOrderOfFacts(t *testing.T) {
	t.Parallel()
	in := input(t, `{"page":{"url":"https://shop.example/?utm_source=google&utm_medium=cpc&gclid=secret"},"app":{"name":"Shop"}}`, `{}`)
	in.Client = &ingest.Client{Browser: true, UserAgent: chrome, Address: netip.MustParseAddr("203.0.113.9")}
	in.Event.AnonymousID = []byte("a")
	e := enricher(t, `{"steps":["service","session","campaign","bot","user_agent"]}`, enrich.Resources{Sessions: enrich.NewSessions(10)})
	memory := e.Apply(in, []byte("before"))
	//nolint:testifylint // the order is what matters
	require.Equal(t, `{"browser":"Chrome","browser_version":"131","os":"Windows","os_version":"10","device":"desktop",`+
		`"utm_source":"google","utm_medium":"cpc","click_id":"google ads","channel":"paid search",`+
		`"session_new":true,"service":"Shop"}`, string(in.Event.Facts))
	require.Len(t, in.Event.SessionID, 24)
	require.Equal(t, "before"+string(in.Event.Facts)+string(in.Event.SessionID), string(memory))
}

func TestApplyFindsNothing(t *testing.T) {
	t.Parallel()
	in := input(t, `{}`, `{}`)
	in.Context, in.Properties, in.Client = nil, nil, nil
	require.Empty(t, enrich.Default().Compile(enrich.Resources{}).Apply(in, nil))
	require.Nil(t, in.Event.Facts)
	require.Nil(t, in.Event.Bot)
	require.Nil(t, in.Event.SessionID)
	require.Zero(t, in.Event.Client)
}

// An event that is done again comes without its connection.
func TestApplyAgain(t *testing.T) {
	t.Parallel()
	in := input(t, `{"page":{"url":"https://shop.example/?utm_source=a"},"app":{"name":"Shop"}}`, `{}`)
	in.Client = &ingest.Client{Browser: true, UserAgent: "curl/8.0", Address: netip.MustParseAddr("203.0.113.9")}
	in.Event.AnonymousID = []byte("a")
	r := enrich.Resources{Sessions: enrich.NewSessions(10), Geo: openGeo(t, geoPath(t))}
	enrich.Default().Compile(r).Apply(in, nil)
	first := facts(t, in.Event)
	require.Equal(t, map[string]any{
		"device": "bot", "country": "DE", "region": "North Rhine-Westphalia", "city": "Cologne", "utm_source": "a", "channel": "other", "session_new": true, "service": "Shop",
	}, first)

	in.Client = &ingest.Client{}
	enrich.Default().Compile(enrich.Resources{}).Apply(in, nil)
	require.Equal(t, first, facts(t, in.Event))
	require.Equal(t, "library: curl", string(in.Event.Bot))

	in.Context = nil
	enricher(t, `{"steps":["geo","campaign","bot"]}`, enrich.Resources{}).Apply(in, nil)
	require.Equal(t, map[string]any{
		"country": "DE", "region": "North Rhine-Westphalia", "city": "Cologne",
	}, facts(t, in.Event), "steps that are no longer chosen leave nothing, nor do those whose part of the event is gone")
}

func TestApplyDoesNoStepThatWasNotChosen(t *testing.T) {
	t.Parallel()
	in := input(t, `{"page":{"url":"https://shop.example/?utm_source=a"},"app":{"name":"Shop"},"bot":true}`, `{}`)
	in.Event.UserID = []byte("u")
	enricher(t, `{"steps":[]}`, enrich.Resources{Sessions: enrich.NewSessions(10)}).Apply(in, nil)
	require.Nil(t, in.Event.Facts)
	require.Nil(t, in.Event.Bot)
	require.Nil(t, in.Event.SessionID)
}

// What Apply writes about one event must outlive the next one's.
func TestApplyManyIntoOneMemory(t *testing.T) {
	t.Parallel()
	e := enrich.Default().Compile(enrich.Resources{Sessions: enrich.NewSessions(1000)})
	memory := make([]byte, 0, 64)
	events := make([]*ingest.Event, 50)
	for i := range events {
		in := input(t, `{"service":{"name":"s`+string(rune('a'+i%26))+`"}}`, `{}`)
		in.Tenant = tenants.NewID()
		in.Event.UserID = []byte{byte('a' + i)}
		memory = e.Apply(in, memory)
		events[i] = in.Event
	}
	sessions := map[string]bool{}
	for i, event := range events {
		require.Equal(t, map[string]any{"service": "s" + string(rune('a'+i%26)), "session_new": true}, facts(t, event))
		sessions[string(event.SessionID)] = true
	}
	require.Len(t, sessions, len(events))
}

func BenchmarkApply(b *testing.B) {
	for name, context := range map[string]string{
		"click": `{"library":{"name":"analytics.js","version":"4.1.0"},"userAgent":"` + chrome + `","locale":"de-DE"}`,
		"arrival": `{"library":{"name":"analytics.js","version":"4.1.0"},"ip":"203.0.113.0","userAgent":"` + chrome + `","locale":"de-DE",
			"page":{"path":"/shoes","url":"https://www.shop.example/shoes?utm_source=newsletter&utm_medium=email","referrer":"https://www.google.de/"}}`,
	} {
		b.Run(name, func(b *testing.B) {
			in := input(b, context, `{}`)
			in.Event.AnonymousID = []byte("0a1b2c3d-anonymous")
			in.Client = &ingest.Client{Browser: true, UserAgent: chrome, Address: netip.MustParseAddr("203.0.113.9")}
			e := enrich.Default().Compile(enrich.Resources{Sessions: enrich.NewSessions(1000), Geo: openGeo(b, geoPath(b))})
			memory := make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				in.Event.SessionID, in.Event.Facts = nil, nil
				e.Apply(in, memory)
			}
		})
	}
}

func BenchmarkApplyNewAgents(b *testing.B) {
	in := input(b, `{}`, `{}`)
	e := enrich.Default().Compile(enrich.Resources{})
	memory := make([]byte, 0, 4096)
	agent := []byte(chrome + " 00000000")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		for at, n := len(agent)-1, i; n > 0; at, n = at-1, n/10 {
			agent[at] = byte('0' + n%10)
		}
		in.Client, in.Event.Facts = &ingest.Client{Browser: true, UserAgent: string(agent)}, nil
		e.Apply(in, memory)
	}
}
