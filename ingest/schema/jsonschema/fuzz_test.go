package jsonformat_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/schema"
	jsonformat "github.com/observatory/observatory/ingest/schema/jsonschema"
	"github.com/observatory/observatory/internal/fault"
)

func parseText(text string) (*jsonformat.Parsed, error) {
	p, err := jsonformat.Format{}.Parse(schema.Text{Type: schema.JSON, Schema: text})
	if err != nil {
		return nil, err
	}
	return p.(*jsonformat.Parsed), nil
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`true`, `{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}],"additionalItems":false}`,
		`{"type":"object","properties":{"a":{"$ref":"#/$defs/b"}},"$defs":{"b":{"pattern":"^a{2,3}$"}}}`,
		`{"$id":"https://example.com/a","$anchor":"x","allOf":[{"$ref":"#x2"}],"$defs":{"y":{"$anchor":"x2","$dynamicAnchor":"z"}},"not":{"$dynamicRef":"#z"}}`,
		`{"if":{"minimum":1e3},"then":{"multipleOf":0.1},"dependentSchemas":{"a":{"unevaluatedProperties":false}}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseText(text)
		if err != nil {
			require.Equal(t, schema.CodeInvalid, fault.From(err).Code)
			return
		}
		again, err := parseText(p.Canonical())
		require.NoError(t, err, p.Canonical())
		require.Equal(t, p.Fingerprints(), again.Fingerprints())
		require.Empty(t, p.Incompatibilities(again))
	})
}

func FuzzIncompatibilities(f *testing.F) {
	f.Add(`{"type":"string"}`, `{"oneOf":[{"type":"null"},{"maxLength":3}]}`)
	f.Add(`{"properties":{"a":{"$ref":"#"}},"unevaluatedProperties":false}`, `{"additionalProperties":{"$ref":"#"}}`)
	f.Add(`{"$schema":"http://json-schema.org/draft-07/schema#","items":[true]}`, `{"prefixItems":[{"enum":[1,1.0]}]}`)
	f.Fuzz(func(t *testing.T, writerText, readerText string) {
		writer, err := parseText(writerText)
		if err != nil {
			return
		}
		reader, err := parseText(readerText)
		if err != nil {
			return
		}
		for _, i := range reader.Incompatibilities(writer) {
			require.NotEmpty(t, i.Rule)
			require.Equal(t, byte('/'), i.Path[0])
		}
	})
}
