package contract_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/schema"
)

// sender writes payloads with one version of a schema.
type sender struct {
	id    int32
	write func(t require.TestingT, value map[string]any) []byte
}

func avroSender(t require.TestingT, r *registry, subject, text string) sender {
	p := parse(t, schema.Avro, text)
	id := r.add(subject, p)
	s, ok := p.Native().(avro.Schema)
	require.True(t, ok)
	return sender{id, func(t require.TestingT, value map[string]any) []byte {
		data, err := avro.Marshal(s, value)
		require.NoError(t, err)
		if id%2 == 0 { // both framings are as good
			return append(binary.LittleEndian.AppendUint64([]byte{0xc3, 0x01}, p.Fingerprints().Rabin), data...)
		}
		return framed(id, string(data))
	}}
}

func protoSender(t require.TestingT, r *registry, subject, text string) sender {
	p := parse(t, schema.Protobuf, text)
	id := r.add(subject, p)
	file, ok := p.Native().(protoreflect.FileDescriptor)
	require.True(t, ok)
	return sender{id, func(t require.TestingT, value map[string]any) []byte {
		m := dynamicpb.NewMessage(file.Messages().Get(0))
		text, err := json.Marshal(value)
		require.NoError(t, err)
		require.NoError(t, protojson.Unmarshal(text, m))
		data, err := proto.Marshal(m)
		require.NoError(t, err)
		return framed(id, "\x00"+string(data))
	}}
}

// Senders of three versions at once, in either format, all land under the newest schema, with its defaults.
func TestSendersOfEveryVersion(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	senders := map[string][]sender{
		"avro": {
			avroSender(t, r, "avro", `{"type":"record","name":"Checkout","fields":[{"name":"id","type":"string"},{"name":"total","type":"int"}]}`),
			avroSender(t, r, "avro", `{"type":"record","name":"Checkout","fields":[{"name":"id","type":"string"},{"name":"total","type":"long"},{"name":"currency","type":"string","default":"EUR"}]}`),
			avroSender(t, r, "avro", `{"type":"record","name":"Checkout","fields":[{"name":"id","type":"string"},{"name":"total","type":"double"},{"name":"currency","type":"string","default":"EUR"},{"name":"coupon","type":["null","string"],"default":null}]}`),
		},
		"proto": {
			protoSender(t, r, "proto", `syntax = "proto3"; message Checkout { string id = 1; int32 total = 2; }`),
			protoSender(t, r, "proto", `syntax = "proto3"; message Checkout { string id = 1; int64 total = 2; string currency = 3; }`),
			protoSender(t, r, "proto", `syntax = "proto3"; message Checkout { string id = 1; int64 total = 2; string currency = 3; bool gift = 4; }`),
		},
	}
	c := compile(t, r, `{"unknown_events":"quarantine","events":[{"event":"avro","subject":"avro","mode":"enforce","unknown_properties":"quarantine"},{"event":"proto","subject":"proto","mode":"enforce","unknown_properties":"quarantine"}]}`)
	rapid.Check(t, func(t *rapid.T) {
		format := rapid.SampledFrom([]string{"avro", "proto"}).Draw(t, "format")
		version := rapid.IntRange(0, 2).Draw(t, "version")
		id, total := rapid.String().Draw(t, "id"), rapid.Int32().Draw(t, "total")
		value := map[string]any{"id": id}
		want := map[string]any{"id": id, "total": float64(total), "currency": "EUR", "coupon": nil}
		switch format {
		case "avro":
			value["total"] = []any{int(total), int64(total), float64(total)}[version]
			if version > 0 {
				value["currency"], want["currency"] = "USD", "USD"
			}
			if version > 1 {
				value["coupon"], want["coupon"] = map[string]any{"string": "X"}, "X"
			}
		default:
			value["total"] = total
			want["currency"], want["gift"] = "", false
			delete(want, "coupon")
			if version > 0 {
				value["currency"], want["currency"] = "USD", "USD"
			}
			if version > 1 {
				value["gift"], want["gift"] = true, true
			}
		}
		s := senders[format][version]
		o := conform(t, c, format, "", s.write(t, value))
		require.Nil(t, o.rejection)
		require.Equal(t, senders[format][2].id, o.Schema, "the newest")
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(o.properties), &got))
		require.Equal(t, want, got)

		again := conform(t, c, format, o.properties, nil)
		require.Nil(t, again.rejection)
		require.Equal(t, o.properties, again.properties, "as JSON it is the same event")
	})
}

// A sender of JSON, one of Avro and one of Protobuf publish to one event, whatever format its subject is in.
func TestSendersOfEveryFormat(t *testing.T) {
	t.Parallel()
	for _, newest := range []schema.Type{schema.JSON, schema.Avro, schema.Protobuf} {
		r := newRegistry()
		jsons := r.add("json", parse(t, schema.JSON, `{"required":["id","total"],"properties":{"id":{"type":"string"},"total":{"type":"number"}}}`))
		avros := avroSender(t, r, "avro", `{"type":"record","name":"Checkout","fields":[{"name":"id","type":"string"},{"name":"total","type":"double"}]}`)
		protos := protoSender(t, r, "proto", `syntax = "proto3"; message Checkout { string id = 1; double total = 2; }`)
		subject := strings.ToLower(string(newest))
		if newest == schema.Protobuf {
			subject = "proto"
		}
		c := compile(t, r, fmt.Sprintf(`{"events":[{"event":"checkout","subject":%q,"mode":"enforce","unknown_properties":"quarantine"}]}`, subject))
		value := map[string]any{"id": "a", "total": 1.5}
		for _, o := range []conformed{
			conform(t, c, "checkout", `{"id":"a","total":"1.5"}`, nil), conform(t, c, "checkout", "", framed(jsons, `{"id":"a","total":1.5}`)),
			conform(t, c, "checkout", "", avros.write(t, value)), conform(t, c, "checkout", "", protos.write(t, value)),
		} {
			require.Nil(t, o.rejection)
			exactly(t, `{"id":"a","total":1.5}`, o.properties)
			id, _, _, _ := r.Newest(subject)
			require.Equal(t, id, o.Schema)
		}
	}
}

func TestIncompatiblePayload(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	old := avroSender(t, r, "s", `{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}`)
	newest := avroSender(t, r, "s", `{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}`)
	c := compile(t, r, `{"events":[{"event":"e","subject":"s","mode":"warn"}]}`)
	o := conform(t, c, "e", "", old.write(t, map[string]any{"a": "canary"}))
	require.Equal(t, "schema_incompatible", o.rejection.Code)
	require.Equal(t, "properties.a", o.rejection.Path)
	require.Equal(t, old.id, o.rejection.Schema)
	require.NotContains(t, fmt.Sprint(o.rejection), "canary")
	require.Nil(t, conform(t, c, "free", "", old.write(t, map[string]any{"a": "x"})).rejection, "unbound, it is read as it was written")
	require.Nil(t, conform(t, c, "e", "", newest.write(t, map[string]any{"a": 1})).rejection)
}

// Whatever is sent in the wrong place, nothing of it is in what is said about it.
func TestViolationsTellNothingOfWhatWasSent(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	r.add("json", parse(t, schema.JSON, `{"additionalProperties":false,"properties":{"a":{"type":"integer"},"b":{"enum":["x"]},"c":{"pattern":"^z$","maxLength":2},"d":{"format":"email"},"e":{"items":{"const":1},"uniqueItems":true},"f":{"anyOf":[{"type":"null"},{"minLength":99}]},"g":{"propertyNames":{"maxLength":1}},"h":{"format":"date-time"},"i":{"maximum":1}}}`))
	r.add("avro", parse(t, schema.Avro, `{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":{"type":"enum","name":"E","symbols":["X"]}},{"name":"c","type":["null","int"]},{"name":"d","type":{"type":"map","values":"int"}},{"name":"e","type":{"type":"string","logicalType":"uuid"}},{"name":"h","type":{"type":"long","logicalType":"timestamp-millis"}}]}`))
	r.add("proto", parse(t, schema.Protobuf, `syntax = "proto3"; message M { int32 a = 1; E b = 2; bytes c = 3; map<int32, int32> d = 4; bool e = 5; enum E { X = 0; } }`))
	c := compile(t, r, `{"events":[{"event":"json","subject":"json","mode":"warn","unknown_properties":"quarantine"},{"event":"avro","subject":"avro","mode":"warn","unknown_properties":"quarantine"},{"event":"proto","subject":"proto","mode":"warn","unknown_properties":"quarantine"}]}`)
	rapid.Check(t, func(t *rapid.T) {
		canary := "canary" + rapid.StringMatching(`[a-z0-9@. ]{8,30}`).Draw(t, "canary") + "7261548"
		number := rapid.Int64Range(1<<55, 1<<60).Draw(t, "number")
		values := rapid.SampledFrom([]any{canary, []any{canary, canary}, map[string]any{canary: canary}, number, -number, float64(number) + 0.5})
		properties := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h", "i", canary}), values).Draw(t, "properties")
		text, err := json.Marshal(properties)
		require.NoError(t, err)
		for _, event := range []string{"json", "avro", "proto"} {
			o := conform(t, c, event, string(text), nil)
			require.Nil(t, o.rejection)
			for _, v := range o.Violations {
				require.NotContains(t, fmt.Sprint(v), canary)
				require.NotContains(t, fmt.Sprint(v), fmt.Sprint(number))
			}
		}
	})
}

// FuzzPayload throws bytes at the frame: whatever they say, an event comes out within the limits, or a rejection with a code.
func FuzzPayload(f *testing.F) {
	r := newRegistry()
	avroSender(f, r, "s", benchAvro)
	p := protoSender(f, r, "s", `syntax = "proto3"; message M { string a = 1; repeated M m = 2; }`)
	j := r.add("s", parse(f, schema.JSON, benchJSON))
	c := compile(f, r, `{"events":[{"event":"e","subject":"s","mode":"warn"}]}`)
	f.Add(framed(j, benchEvent))
	f.Add(framed(1, string(avroOf(f, r, 1))))
	f.Add(p.write(f, map[string]any{"a": "x"}))
	f.Add([]byte{0xc3, 1, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, event := range []string{"e", "free"} {
			o := conform(t, c, event, "", payload)
			if o.rejection != nil {
				if o.rejection.Code == "" || o.rejection.Message == "" {
					t.Fatal(o.rejection)
				}
				continue
			}
			if !json.Valid([]byte(o.properties)) || len(o.properties) > 2*ingest.MaxEventBytes {
				t.Fatalf("%.300s", o.properties)
			}
		}
	})
}
