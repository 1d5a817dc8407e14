package avroformat_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/schema"
	avroformat "github.com/observatory/observatory/ingest/schema/avro"
	"github.com/observatory/observatory/internal/fault"
)

func parseText(text string) (*avroformat.Parsed, error) {
	p, err := avroformat.Format{}.Parse(schema.Text{Type: schema.Avro, Schema: text})
	if err != nil {
		return nil, err
	}
	return p.(*avroformat.Parsed), nil
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`"int"`, `["null",{"type":"array","items":"string"}]`, `{"type":"fixed","name":"a.F","size":3}`,
		`{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"],"default":null},{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]},"default":"A"}]}`,
		`{"type":"record","name":"R","fields":[{"name":"i","type":{"type":"record","name":"I","fields":[{"name":"b","type":"bytes","default":"\u00ff"}]},"default":{}}]}`,
		`{"type":{"type":"map","values":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}}}`,
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
		require.Equal(t, p.Canonical(), again.Canonical())
		require.Equal(t, p.Fingerprints(), again.Fingerprints())
		require.Empty(t, p.Incompatibilities(again))
	})
}

func FuzzIncompatibilities(f *testing.F) {
	f.Add(`"int"`, `["null","long"]`)
	f.Add(`{"type":"enum","name":"E","symbols":["A"]}`, `{"type":"enum","name":"E","symbols":["B"],"default":"B"}`)
	f.Add(`{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"]}]}`, `{"type":"record","name":"R","fields":[{"name":"r","type":["R","null"]},{"name":"x","type":"int"}]}`)
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
