package infer_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest/contract/infer"
	"github.com/observatory/observatory/ingest/schema"
	jsonformat "github.com/observatory/observatory/ingest/schema/jsonschema"
)

func propose(t require.TestingT, samples ...string) *infer.Proposal {
	in := infer.New()
	for _, s := range samples {
		in.Add([]byte(s))
	}
	p, err := in.Proposal("checkout")
	require.NoError(t, err)
	return p
}

func TestProposal(t *testing.T) {
	t.Parallel()
	var samples []string
	for i := range 40 {
		coupon := ""
		if i%4 == 0 {
			coupon = `,"coupon":null`
		}
		samples = append(samples, fmt.Sprintf(`{"total":%d.5,"items":%d,"currency":%q,"at":"2026-11-21T10:00:%02dZ","id":"0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeee%02d","mail":"u%d@shop.example","lines":[{"sku":"s%d","price":%d}],"mixed":%s%s}`,
			i, i, []string{"EUR", "USD"}[i%2], i, i, i, i, i, []string{`1`, `"x"`}[i%2], coupon))
	}
	p := propose(t, samples...)
	require.JSONEq(t, `{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"checkout","type":"object",
		"required":["at","currency","id","items","lines","mail","mixed","total"],
		"properties":{"total":{"type":"number"},"items":{"type":"integer"},"currency":{"enum":["EUR","USD"]},"at":{"type":"string","format":"date-time"},"id":{"type":"string","format":"uuid"},
			"mail":{"type":"string","format":"email"},"mixed":{"type":["integer","string"]},"coupon":{"type":"null"},
			"lines":{"type":"array","items":{"type":"object","required":["price","sku"],"properties":{"sku":{"type":"string"},"price":{"type":"integer"}}}}}}`, p.Schema)
	require.Equal(t, 40, p.Events)
	require.True(t, p.Complete)

	byPath := map[string]infer.Property{}
	for _, each := range p.Properties {
		byPath[each.Path] = each
	}
	require.Len(t, byPath, 12)
	require.Equal(t, infer.Property{
		Path: "properties.coupon", Seen: 10, Share: 0.25, Types: []infer.TypeShare{{Type: "null", Share: 1}},
	}, byPath["properties.coupon"])
	require.Equal(t, "integer and string are mixed", byPath["properties.mixed"].Conflict)
	require.Equal(t, []string{"EUR", "USD"}, byPath["properties.currency"].Values)
	require.Equal(t, 40, byPath["properties.lines[*].sku"].Distinct)
	require.InDelta(t, 0.5, byPath["properties.mixed"].Types[0].Share, 0)
}

func TestNothingSeen(t *testing.T) {
	t.Parallel()
	p := propose(t, ``, `[]`, `{`)
	require.JSONEq(t, `{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"checkout","type":"object","properties":{}}`, p.Schema)
	require.Equal(t, 1, p.Events)
}

// An object with ever new keys is a map, and costs no more memory however many come.
func TestMaps(t *testing.T) {
	t.Parallel()
	in := infer.New()
	for i := range 5_000 {
		in.Add(fmt.Appendf(nil, `{"by_user":{"u%d":{"n":%d}},"k%d":1}`, i, i, i%90))
	}
	p, err := in.Proposal("x")
	require.NoError(t, err)
	require.Less(t, len(p.Schema), 10_000)
	require.Contains(t, strings.Join(strings.Fields(p.Schema), ""), `"by_user":{"additionalProperties":{"properties":{"n":{"type":"integer"}},"required":["n"],"type":"object"},"type":"object"}`)
}

// Whatever was seen, the registry takes the proposal, and all that was seen fits it.
func TestSamplesFit(t *testing.T) {
	t.Parallel()
	texts := rapid.SampledFrom([]string{"", "a", "b", "2026-11-21", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00,5Z", "10.0.0.1", "::1", "a@b.example", "http://x.example/?q=1", "http://x.example/ ", "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"})
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		kinds := []*rapid.Generator[any]{texts.AsAny(), rapid.String().AsAny(), rapid.Int().AsAny(), rapid.Float64().AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil)}
		if depth > 0 {
			kinds = append(kinds, rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[any] { return value(depth - 1) }), 0, 3).AsAny(),
				rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "é\""}), rapid.Deferred(func() *rapid.Generator[any] { return value(depth - 1) }), 0, 3).AsAny())
		}
		return rapid.OneOf(kinds...)
	}
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c"}), value(2)), 1, 30).Draw(t, "events")
		var samples []string
		for _, e := range events {
			text, err := json.Marshal(e)
			require.NoError(t, err)
			samples = append(samples, string(text))
		}
		p := propose(t, samples...)
		parsed, err := jsonformat.Format{}.Parse(schema.Text{Type: schema.JSON, Schema: p.Schema})
		require.NoError(t, err)
		compiled, ok := parsed.Native().(*jsonschema.Schema)
		require.True(t, ok)
		for _, s := range samples {
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(s))
			require.NoError(t, err)
			require.NoError(t, compiled.Validate(v), "%s", p.Schema)
		}
	})
}
