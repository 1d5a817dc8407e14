package enrich_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/enrich"
	"github.com/observatory/observatory/tenants"
)

func TestService(t *testing.T) {
	t.Parallel()
	for context, want := range map[string]map[string]any{
		`{"service":{"name":"shop","stage":"production","version":"1.4.2","host":"web-3"}}`:                                           {"service": "shop", "stage": "production", "service_version": "1.4.2", "host": "web-3"},
		`{"app":{"name":"Shop","version":"1.4","build":"7"}}`:                                                                         {"service": "Shop", "service_version": "1.4"},
		`{"resource":{"service.name":"shop","service.version":"2","deployment.environment.name":"staging","host.name":"h"}}`:          {"service": "shop", "stage": "staging", "service_version": "2", "host": "h"},
		`{"resource":{"attributes":{"service":{"name":"shop"},"deployment":{"environment":{"name":"staging"}},"host":{"name":"h"}}}}`: {"service": "shop", "stage": "staging", "host": "h"},
		`{"resource":{"deployment.environment":"old"}}`:                                                                               {"stage": "old"},
		`{"service":{"name":"own"},"app":{"name":"app","version":"2"}}`:                                                               {"service": "own", "service_version": "2"},
		`{"service":"shop","app":7,"resource":[]}`:                                                                                    {},
	} {
		require.Equal(t, want, factsOf(t, input(t, context, `{}`)), context)
	}
}

func TestServiceOfASource(t *testing.T) {
	t.Parallel()
	id, err := tenants.ParseSourceID(aSource)
	require.NoError(t, err)
	e := enricher(t, `{"sources":{"`+aSource+`":{"service":"shop","stage":"production"}}}`, enrich.Resources{})

	in := input(t, `{"service":{"name":"said"}}`, `{}`)
	in.Source = id
	e.Apply(in, nil)
	require.Equal(t, map[string]any{"service": "said", "stage": "production"}, facts(t, in.Event), "the sender's word goes first, and the source's fills in")

	in = input(t, `{}`, `{}`)
	in.Source = tenants.NewSourceID()
	e.Apply(in, nil)
	require.Empty(t, facts(t, in.Event), "another source")
}

func TestSDK(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ context, agent, name, version string }{
		{`{"library":{"name":"analytics.js","version":"4.1.0-beta"}}`, "analytics-go/1.0", "analytics.js", "4.1.0-beta"},
		{`{"library":{"name":"analytics.js"}}`, "", "analytics.js", ""},
		{`{"library":"analytics.js"}`, "analytics-python/2.3.4 more", "analytics-python", "2.3.4"},
		{`{}`, "Go-http-client/2.0", "go", "2"},
		{`{}`, "grpc-go/1.65.0", "grpc-go", "1.65"},
		{`{}`, "someone/1.0", "", ""},
		{`{}`, "", "", ""},
	} {
		in := input(t, c.context, `{}`)
		in.Client = &ingest.Client{UserAgent: c.agent}
		factsOf(t, in)
		require.Equal(t, c.name+" "+c.version, string(in.Event.Client.Name)+" "+string(in.Event.Client.Version), c)
	}
}
