package protoformat_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/schema"
	protoformat "github.com/observatory/observatory/ingest/schema/protobuf"
	"github.com/observatory/observatory/internal/fault"
)

func parseText(text string) (*protoformat.Parsed, error) {
	p, err := protoformat.Format{}.Parse(schema.Text{Type: schema.Protobuf, Schema: text})
	if err != nil {
		return nil, err
	}
	return p.(*protoformat.Parsed), nil
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`syntax = "proto3"; package a; message M { map<string, M> m = 1; oneof o { bytes b = 2; } reserved 5 to 7; enum E { Z = 0; } }`,
		`syntax = "proto2"; message M { required group G = 1 { optional int32 i = 1 [default = 5]; } extensions 100 to max; } extend M { optional bool x = 100; }`,
		`edition = "2023"; import "google/protobuf/any.proto"; message M { google.protobuf.Any a = 1 [features.field_presence = LEGACY_REQUIRED]; }`,
		`syntax = "proto3"; import "google/protobuf/descriptor.proto"; extend google.protobuf.FileOptions { string s = 50000; } option (s) = 'a' "b\x01"; service S { rpc R(M) returns (stream M) { option deprecated = true; } } message M {}`,
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
	f.Add(`syntax = "proto3"; message M { int32 a = 1; M m = 2; }`, `syntax = "proto3"; message M { oneof o { int64 a = 1; M m = 2; } }`)
	f.Add(`syntax = "proto2"; message M { optional group G = 1 {} enum E { A = 1; } }`, `syntax = "proto2"; message M { required M g = 1; enum E { option allow_alias = true; A = 1; B = 1; } }`)
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
