package contract_test

import (
	"encoding/json"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/ingest/schema"
	avroformat "github.com/observatory/observatory/ingest/schema/avro"
	jsonformat "github.com/observatory/observatory/ingest/schema/jsonschema"
	protoformat "github.com/observatory/observatory/ingest/schema/protobuf"
)

const benchJSON = `{"type":"object","required":["order_id","total","currency","items"],"properties":{
	"order_id":{"type":"string","minLength":1,"maxLength":64},"total":{"type":"number","minimum":0},"currency":{"enum":["EUR","USD","GBP"]},"quantity":{"type":"integer","minimum":1},
	"coupon":{"type":["string","null"]},"paid_at":{"type":"string","format":"date-time"},"express":{"type":"boolean"},"referrer":{"type":"string"},
	"items":{"type":"array","items":{"type":"object","required":["sku"],"properties":{"sku":{"type":"string"},"price":{"type":"number"}}}}}}`

const benchAvro = `{"type":"record","name":"Checkout","fields":[
	{"name":"order_id","type":"string"},{"name":"total","type":"double"},{"name":"currency","type":{"type":"enum","name":"Currency","symbols":["EUR","USD","GBP"]}},{"name":"quantity","type":"int"},
	{"name":"coupon","type":["null","string"],"default":null},{"name":"paid_at","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"express","type":"boolean"},{"name":"referrer","type":"string"},
	{"name":"items","type":{"type":"array","items":{"type":"record","name":"Item","fields":[{"name":"sku","type":"string"},{"name":"price","type":"double"}]}}}]}`

const benchProto = `syntax = "proto3"; import "google/protobuf/timestamp.proto";
message Checkout { string order_id = 1; double total = 2; Currency currency = 3; int32 quantity = 4; optional string coupon = 5; google.protobuf.Timestamp paid_at = 6; bool express = 7; string referrer = 8; repeated Item items = 9;
	enum Currency { EUR = 0; USD = 1; GBP = 2; } message Item { string sku = 1; double price = 2; } }`

const benchEvent = `{"order_id":"o-1001","total":42.5,"currency":"USD","quantity":2,"coupon":"SUMMER","paid_at":"2026-11-21T10:00:00.123Z","express":true,"referrer":"https://www.example.com/search?q=shoes","items":[{"sku":"s-1","price":20.5},{"sku":"s-2","price":22}]}`

// BenchmarkConform is what a contract adds for one event: reading its properties as a document, conforming, and writing
// them out where they changed. "unchecked" is reading them, which redaction and enrichment need in any case.
func BenchmarkConform(b *testing.B) {
	r := newRegistry()
	jsonID, avroID, protoID := r.add("json", parse(b, schema.JSON, benchJSON)), r.add("avro", parse(b, schema.Avro, benchAvro)), r.add("proto", parse(b, schema.Protobuf, benchProto))
	policy := contract.Default()
	for _, subject := range []string{"json", "avro", "proto"} {
		policy.Events = append(policy.Events, contract.Binding{Event: subject, Subject: subject, Mode: contract.Enforce, UnknownProperties: contract.Quarantine})
	}
	c, err := contract.Compile(policy, r)
	require.NoError(b, err)
	var value map[string]any
	require.NoError(b, json.Unmarshal([]byte(benchEvent), &value))

	for _, each := range []struct {
		name, event string
		properties  string
		payload     []byte
	}{
		{"unchecked", "free", benchEvent, nil},
		{"json", "json", benchEvent, nil},
		{"json converted", "json", `{"order_id":"o-1001","total":"42.5","currency":"usd","quantity":"2","coupon":"SUMMER","paid_at":1795255200,"express":"true","referrer":"x","items":[{"sku":"s-1","price":20.5}]}`, nil},
		{"avro from json", "avro", benchEvent, nil},
		{"proto from json", "proto", benchEvent, nil},
		{"json framed", "json", "", framed(jsonID, benchEvent)},
		{"avro framed", "avro", "", framed(avroID, string(avroOf(b, r, avroID)))},
		{"proto framed", "proto", "", framed(protoID, string(protoOf(b, r, protoID)))},
	} {
		b.Run(each.name, func(b *testing.B) {
			var w contract.Workspace
			var d doc.Doc
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				e := ingest.Event{Name: []byte(each.event), Properties: []byte(each.properties), Payload: each.payload}
				n, err := d.Parse(e.Properties)
				if err != nil {
					b.Fatal(err)
				}
				if rejection := c.Conform(&w, &e, n); rejection != nil {
					b.Fatal(rejection)
				}
				if d.Changed() {
					out = n.Append(out[:0])
				}
			}
		})
	}
}

func parse(t require.TestingT, typ schema.Type, text string) schema.Parsed {
	formats := map[schema.Type]schema.Format{schema.JSON: jsonformat.Format{}, schema.Avro: avroformat.Format{}, schema.Protobuf: protoformat.Format{}}
	p, err := formats[typ].Parse(schema.Text{Type: typ, Schema: text})
	require.NoError(t, err, text)
	return p
}

func avroOf(b testing.TB, r *registry, id int32) []byte {
	b.Helper()
	s, ok := r.parsed[id].Native().(avro.Schema)
	require.True(b, ok)
	data, err := avro.Marshal(s, map[string]any{
		"order_id": "o-1001", "total": 42.5, "currency": "USD", "quantity": 2, "coupon": map[string]any{"string": "SUMMER"}, "paid_at": int64(1795255200123), "express": true,
		"referrer": "https://www.example.com/search?q=shoes", "items": []any{map[string]any{"sku": "s-1", "price": 20.5}, map[string]any{"sku": "s-2", "price": 22.}},
	})
	require.NoError(b, err)
	return data
}

func protoOf(b testing.TB, r *registry, id int32) []byte {
	b.Helper()
	file, ok := r.parsed[id].Native().(protoreflect.FileDescriptor)
	require.True(b, ok)
	m := dynamicpb.NewMessage(file.Messages().Get(0))
	require.NoError(b, protojson.Unmarshal([]byte(benchEvent), m))
	data, err := proto.Marshal(m)
	require.NoError(b, err)
	return append([]byte{0}, data...)
}
