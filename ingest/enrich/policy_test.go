package enrich_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/enrich"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

const aSource = "01983f5e-7c1a-7b5e-9d56-0f2f1a6e4c11"

func TestParse(t *testing.T) {
	t.Parallel()
	p, err := enrich.Parse([]byte(`{"steps":["geo","session"],"session":{"timeout_minutes":45},"sources":{"` + aSource + `":{"service":"shop","stage":"production"}}}`))
	require.NoError(t, err)
	id, err := tenants.ParseSourceID(aSource)
	require.NoError(t, err)
	require.Equal(t, enrich.Policy{
		Steps: []string{"geo", "session"}, Timeout: 45 * time.Minute,
		Sources: map[tenants.SourceID]enrich.Service{id: {Name: "shop", Stage: "production"}},
	}, p)
}

func TestParseReadsWhatMarshalWrites(t *testing.T) {
	t.Parallel()
	require.JSONEq(t, `{"steps":["user_agent","bot","geo","campaign","session","service"],"session":{"timeout_minutes":30},"sources":{}}`, marshal(t, enrich.Default()))
	for _, document := range []string{
		`{"steps":[],"session":{"timeout_minutes":1440},"sources":{}}`,
		`{"steps":["bot"],"session":{"timeout_minutes":1},"sources":{"` + aSource + `":{"service":"shop","stage":"production","version":"1","host":"h"}}}`,
	} {
		p, err := enrich.Parse([]byte(document))
		require.NoError(t, err)
		require.JSONEq(t, document, marshal(t, p))
	}
}

func TestParseFillsInTheDefault(t *testing.T) {
	t.Parallel()
	p, err := enrich.Parse([]byte(`{}`))
	require.NoError(t, err)
	require.Equal(t, enrich.Default(), p)
	require.Equal(t, []string{"user_agent", "bot", "geo", "campaign", "session", "service"}, p.Steps)
	require.Equal(t, 30*time.Minute, p.Timeout)

	p, err = enrich.Parse([]byte(`{"steps":[],"session":{}}`))
	require.NoError(t, err)
	require.Empty(t, p.Steps, "no steps is not the same as none given")
	require.Equal(t, 30*time.Minute, p.Timeout)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range enrich.MaxSources + 1 {
		many = append(many, fmt.Sprintf(`"01983f5e-7c1a-7b5e-9d56-%012x":{}`, i))
	}
	for document, message := range map[string]string{
		``:                                     `the document is not JSON: send one JSON object.`,
		`{`:                                    `the document is not JSON: send one JSON object.`,
		`{}{}`:                                 `the document is not JSON: send one JSON object.`,
		"\"\xff\"":                             `the document is not UTF-8: save it as UTF-8.`,
		`[]`:                                   `the document must be an object.`,
		`{"step":[]}`:                          `step is not known here: remove it, or use one of session, sources, steps.`,
		`{"%d%s":1}`:                           `%d%s is not known here: remove it, or use one of session, sources, steps.`,
		`{"steps":["geo"],"steps":[]}`:         `steps stands twice: remove one.`,
		`{"steps":"geo"}`:                      `steps must be a list of steps.`,
		`{"steps":["geo","secret"]}`:           `steps has something that is not a step: use user_agent, bot, geo, campaign, session, service.`,
		`{"steps":[["geo"]]}`:                  `steps has something that is not a step: use user_agent, bot, geo, campaign, session, service.`,
		`{"steps":["geo","bot","geo"]}`:        `steps has geo twice: remove one.`,
		`{"session":null}`:                     `session must be an object.`,
		`{"session":{"timeout":1}}`:            `session.timeout is not known here: remove it, or use one of timeout_minutes.`,
		`{"session":{"timeout_minutes":0}}`:    `session.timeout_minutes must be a whole number from 1 to 1440.`,
		`{"session":{"timeout_minutes":1441}}`: `session.timeout_minutes must be a whole number from 1 to 1440.`,
		`{"session":{"timeout_minutes":1.5}}`:  `session.timeout_minutes must be a whole number from 1 to 1440.`,
		`{"session":{"timeout_minutes":"5"}}`:  `session.timeout_minutes must be a whole number from 1 to 1440.`,
		`{"sources":[]}`:                       `sources must be an object whose keys are the IDs of sources.`,
		`{"sources":{"shop":{}}}`:              `sources has a key that is not the ID of a source: expected a UUID.`,
		`{"sources":{"` + aSource + `":{},"` + strings.ToUpper(aSource) + `":{}}}`: `sources.` + aSource + ` stands twice: remove one.`,
		`{"sources":{"` + aSource + `":{"service":""}}}`:                           `sources.` + aSource + `.service must be a text of 1 to 200 bytes.`,
		`{"sources":{"` + aSource + `":{"stage":7}}}`:                              `sources.` + aSource + `.stage must be a text of 1 to 200 bytes.`,
		`{"sources":{"` + aSource + `":{"name":"x"}}}`:                             `sources.` + aSource + `.name is not known here: remove it, or use one of host, service, stage, version.`,
		`{"sources":{` + strings.Join(many, ",") + `}}`:                            `sources has more than 1000 sources: remove some.`,
		`{"` + strings.Repeat("x", enrich.MaxPolicyBytes) + `":1}`:                 `the document is larger than 256 KB: declare fewer sources.`,
	} {
		_, err := enrich.Parse([]byte(document))
		require.Error(t, err, "%.100s", document)
		f := fault.From(err)
		require.Equal(t, fault.Invalid, f.Kind)
		require.Equal(t, fault.Code("invalid_policy"), f.Code)
		require.Equal(t, message, f.Message, "%.100s", document)
	}
}

// Whatever is sent, Parse answers with a policy that can be compiled, or with a fault that can be shown.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"steps":["user_agent","bot","geo","campaign","session","service"],"session":{"timeout_minutes":30},"sources":{"` + aSource + `":{"service":"shop"}}}`))
	f.Add([]byte(`{"steps":["bot","bot"]}`))
	f.Add([]byte(`{"session":{"timeout_minutes":1e3}}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, document []byte) {
		p, err := enrich.Parse(document)
		if err != nil {
			require.Equal(t, fault.Code("invalid_policy"), fault.From(err).Code)
			require.Less(t, len(fault.From(err).Message), 600)
			return
		}
		require.True(t, p.Timeout >= time.Minute && p.Timeout <= 24*time.Hour)
		in := input(t, `{}`, `{}`)
		in.Event.UserID = []byte("u")
		p.Compile(enrich.Resources{Sessions: enrich.NewSessions(1)}).Apply(in, nil)
	})
}
