package conform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract/conform"
)

func protoFile(t require.TestingT, text string) protoreflect.FileDescriptor {
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
		Accessor: protocompile.SourceAccessorFromMap(map[string]string{"test.proto": text}),
	})}
	files, err := c.Compile(context.Background(), "test.proto")
	require.NoError(t, err, text)
	return files[0]
}

// marshal makes a payload of a file's message from protojson, with its message index.
func marshal(t require.TestingT, file protoreflect.FileDescriptor, text string) []byte {
	m := dynamicpb.NewMessage(file.Messages().Get(0))
	require.NoError(t, protojson.Unmarshal([]byte(text), m), text)
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	require.NoError(t, err)
	return append([]byte{0}, b...)
}

const everyProto = `syntax = "proto3"; package test;
import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto"; import "google/protobuf/struct.proto"; import "google/protobuf/wrappers.proto";
import "google/protobuf/field_mask.proto"; import "google/protobuf/any.proto"; import "google/protobuf/empty.proto";
message Every {
	double d = 1; float f = 2; int32 i32 = 3; int64 i64 = 4; uint32 u32 = 5; uint64 u64 = 6; sint32 s32 = 7; sint64 s64 = 8; fixed32 f32 = 9; fixed64 f64 = 10;
	sfixed32 sf32 = 11; sfixed64 sf64 = 12; bool b = 13; string s = 14; bytes y = 15; Colour colour = 16; optional int32 may_be = 17; Inner inner_message = 18;
	repeated int32 list = 19; repeated Inner inners = 20; map<string, int64> by_name = 21; map<int32, Inner> by_number = 22; map<bool, Colour> by_flag = 23;
	oneof pick { string left = 24; Inner right = 25; }
	google.protobuf.Timestamp at = 26; google.protobuf.Duration took = 27; google.protobuf.Struct free = 28; google.protobuf.Int64Value wrapped = 29; google.protobuf.FieldMask mask = 30;
	google.protobuf.Any any = 31; google.protobuf.Empty nothing = 32; google.protobuf.Value value = 33; google.protobuf.ListValue values = 34; repeated string texts = 35;
	google.protobuf.StringValue text_value = 36; repeated Colour colours = 37;
	message Inner { int32 k = 1; Every every = 2; }
	enum Colour { NONE = 0; RED = 1; GREEN = 2; }
}`

const everyProtoJSON = `{"d":0.1,"f":1.5,"i32":-7,"i64":"-9007199254740993","u32":4000000000,"u64":"18446744073709551615","s32":-1,"s64":"-2","f32":3,"f64":"4","sf32":-5,"sf64":"-6","b":true,"s":"say \"hi\"","y":"AP8=",` +
	`"colour":"GREEN","mayBe":0,"innerMessage":{"k":3},"list":[1,-2],"inners":[{"k":1},{}],"byName":{"a":"1"},"byNumber":{"-1":{"k":2}},"byFlag":{"true":"RED"},"right":{"k":9},` +
	`"at":"2026-11-21T10:00:00.123456789Z","took":"-1.5s","free":{"x":[1,null,{"y":true}],"z":"t"},"wrapped":"5","mask":"a,bC","nothing":{},"value":[1.5],"values":["x"],"texts":["p",""],"textValue":"w","colours":["RED",7]}`

const everyProtoForm = `{"d":0.1,"f":1.5,"i32":-7,"i64":-9007199254740993,"u32":4000000000,"u64":18446744073709551615,"s32":-1,"s64":-2,"f32":3,"f64":4,"sf32":-5,"sf64":-6,"b":true,"s":"say \"hi\"","y":"AP8=",` +
	`"colour":"GREEN","may_be":0,"inner_message":{"k":3},"list":[1,-2],"inners":[{"k":1},{"k":0}],"by_name":{"a":1},"by_number":{"-1":{"k":2}},"by_flag":{"true":"RED"},"right":{"k":9},` +
	`"at":"2026-11-21T10:00:00.123456789Z","took":"-1.5s","free":{"x":[1,null,{"y":true}],"z":"t"},"wrapped":5,"mask":"a,b_c","nothing":{},"value":[1.5],"values":["x"],"texts":["p",""],"text_value":"w","colours":["RED",7]}`

func TestProtobufDecodesEveryType(t *testing.T) {
	t.Parallel()
	file := protoFile(t, everyProto)
	data := marshal(t, file, everyProtoJSON)
	o := decode(t, file, file, data, conform.Refuse)
	require.Nil(t, o.rejection)
	require.Empty(t, o.lines())
	require.JSONEq(t, everyProtoForm, o.text)
	require.Contains(t, o.text, `"u64":18446744073709551615`, "exactly")
	require.JSONEq(t, everyProtoForm, decode(t, file, nil, data, conform.Refuse).text, "without a reader")

	again := fit(t, file, o.text, conform.Refuse)
	require.Empty(t, again.lines(), "what was decoded conforms")
	require.False(t, again.changed)
}

func TestProtobufConformsJSON(t *testing.T) {
	t.Parallel()
	file := protoFile(t, everyProto)
	o := fit(t, file, everyProtoJSON, conform.Refuse)
	require.Empty(t, o.lines())
	var form, got map[string]any
	require.NoError(t, json.Unmarshal([]byte(everyProtoForm), &form))
	require.NoError(t, json.Unmarshal([]byte(o.text), &got))
	form["mask"] = "a,bC" // a text as it was sent
	require.Equal(t, form, got)

	o = fit(t, file, `{}`, conform.Keep)
	exactly(t, `{"d":0,"f":0,"i32":0,"i64":0,"u32":0,"u64":0,"s32":0,"s64":0,"f32":0,"f64":0,"sf32":0,"sf64":0,"b":false,"s":"","y":"","colour":"NONE"}`, o.text)
	require.Equal(t, o.text, decode(t, file, file, []byte{0}, conform.Keep).text)

	o = fit(t, file, `{"colour":2,"may_be":null,"i64":"12","u64":12.0,"y":"_-8","at":1795255200,"colours":[1,7]}`, conform.Refuse)
	require.Empty(t, o.lines())
	for _, part := range []string{`"colour":"GREEN"`, `"i64":12,`, `"u64":12,`, `"y":"/+8="`, `"at":"2026-11-21T10:00:00Z"`, `"colours":["RED",7]`} {
		require.Contains(t, o.text, part)
	}
	require.NotContains(t, o.text, "may_be")

	o = fit(t, file, `{"i32":3000000000,"i64":"1.5","u32":-1,"b":"yes","y":"?","colour":"PINK","innerMessage":[],"list":[1,"x"],"byNumber":{"x":{}},"left":"a","right":{},"at":"soon","took":"long","left2":1,"may_be":1,"mayBe":2}`, conform.Refuse)
	require.Equal(t, []string{
		"properties.i32: must be a whole number from -2147483648 to 2147483647", "properties.i64: must be a whole number from -9223372036854775808 to 9223372036854775807",
		"properties.u32: must be a whole number from 0 to 4294967295", "properties.b: must be a boolean", "properties.y: must be bytes in base64",
		`properties.colour: must be one of "NONE", "RED", "GREEN"`, "properties.inner_message: must be an object", "properties.list[1]: must be a whole number from -2147483648 to 2147483647",
		"properties.by_number.x: the key must be a whole number from -2147483648 to 2147483647", "properties.at: must be a time in RFC 3339, or seconds or milliseconds since 1970",
		"properties.took: must be a duration in seconds, as in 1.5s", "properties.left2: not described by the schema", "properties.mayBe: another name of a property that is there too",
		"properties.right: excluded by left: only one of them may be there",
	}, o.lines())
}

// Senders of other versions are read by the numbers of fields.
func TestProtobufResolves(t *testing.T) {
	t.Parallel()
	v1 := protoFile(t, `syntax = "proto3"; package shop; message Checkout { string id = 1; int32 cents = 2; string note = 3; repeated int32 codes = 4; bytes raw = 7; int64 big = 8; int32 colour = 9; int32 one = 10; repeated int32 many = 11; }`)
	v3 := protoFile(t, `syntax = "proto3"; package shop; enum Colour { NONE = 0; RED = 1; } message Checkout { string order_id = 1; int64 cents = 2; string currency = 5; optional string coupon = 6; string raw = 7; int32 big = 8; Colour colour = 9; repeated int32 one = 10; int32 many = 11; string codes = 12; }`)
	data := marshal(t, v1, `{"id":"a","cents":-5,"note":"n","codes":[1,2],"raw":"eA==","big":"7","colour":1,"one":4,"many":[5,6]}`)
	o := decode(t, v1, v3, data, conform.Drop)
	require.Nil(t, o.rejection)
	exactly(t, `{"order_id":"a","cents":-5,"raw":"x","big":7,"colour":"RED","one":[4],"many":6,"currency":"","codes":""}`, o.text)

	o = decode(t, v1, v3, data, conform.Keep)
	require.Contains(t, o.text, `"note":"n"`)
	require.Contains(t, o.text, `"codes_4":[1,2]`, "the name belongs to another field now")

	require.Equal(t, []string{"properties.note: not described by the schema", "properties.codes_4: not described by the schema"}, decode(t, v1, v3, data, conform.Refuse).lines())

	o = decode(t, v1, v3, marshal(t, v1, `{"big":"3000000000"}`), conform.Drop)
	require.Equal(t, []string{"properties.big: must be a whole number from -2147483648 to 2147483647"}, o.lines(), "not cut off")

	for _, c := range []struct{ name, writer, reader, text, path string }{
		{"a number that became a text", `int32 a = 1;`, `string a = 1;`, `{"a":1}`, "properties.a"},
		{"a message that became a number", `M a = 1; message M { int32 k = 1; }`, `int32 a = 1;`, `{"a":{}}`, "properties.a"},
		{"a map that became a list", `map<string, int32> a = 1;`, `repeated string a = 1;`, `{"a":{"k":1}}`, "properties.a"},
		{"within lists", `repeated M a = 1; message M { int32 k = 1; }`, `repeated M a = 1; message M { double k = 1; }`, `{"a":[{},{"k":1}]}`, "properties.a[1].k"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := protoFile(t, `syntax = "proto3"; message Q { `+c.writer+` }`)
			r := protoFile(t, `syntax = "proto3"; message Q { `+c.reader+` }`)
			o := decode(t, w, r, marshal(t, w, c.text), conform.Keep)
			require.NotNil(t, o.rejection)
			require.Equal(t, ingest.CodeSchemaIncompatible, o.rejection.Code)
			require.Equal(t, c.path, o.rejection.Path)
			require.Nil(t, decode(t, w, r, []byte{0}, conform.Keep).rejection, "nothing of it is there")
		})
	}
}

// The wire allows fields in any order, repeatedly, packed or not, and messages in pieces.
func TestProtobufWire(t *testing.T) {
	t.Parallel()
	file := protoFile(t, `syntax = "proto3"; message M { int32 a = 1; M m = 2; repeated int32 list = 3; map<string, int32> by = 4; oneof o { int32 x = 5; int32 y = 6; } }`)
	tag := func(b []byte, n protowire.Number, typ protowire.Type) []byte { return protowire.AppendTag(b, n, typ) }
	varint := func(b []byte, n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(tag(b, n, protowire.VarintType), v)
	}
	text := func(b []byte, n protowire.Number, v []byte) []byte {
		return protowire.AppendBytes(tag(b, n, protowire.BytesType), v)
	}

	b := text(nil, 2, varint(nil, 1, 7))
	b = varint(b, 3, 1)
	b = text(b, 3, []byte{2, 3})
	b = varint(b, 1, 1)
	b = text(b, 2, text(nil, 2, varint(nil, 1, 8)))
	b = varint(b, 1, 2)
	b = text(b, 4, append(text(nil, 1, []byte("k")), varint(nil, 2, 1)...))
	b = text(b, 4, append(varint(nil, 2, 2), text(nil, 1, []byte("k"))...))
	b = text(b, 4, nil)
	b = varint(b, 6, 5)
	b = varint(b, 5, 6)
	b = varint(b, 99, 1)
	o := decode(t, file, file, append([]byte{0}, b...), conform.Drop)
	require.Nil(t, o.rejection)
	exactly(t, `{"a":2,"m":{"a":7,"m":{"a":8}},"list":[1,2,3],"by":{"k":2,"":0},"x":6}`, o.text)
	require.Equal(t, []string{"properties.*: not described by the schema"}, decode(t, file, file, append([]byte{0}, b...), conform.Refuse).lines())
}

func TestProtobufProto2(t *testing.T) {
	t.Parallel()
	file := protoFile(t, `syntax = "proto2"; message M { required string id = 1; optional int32 n = 2 [default = -3]; optional E e = 3 [default = B]; optional bytes y = 4 [default = "\001"]; optional string none = 5; optional group G = 6 { optional int32 k = 1; } enum E { A = 0; B = 1; } }`)
	o := decode(t, file, file, []byte{0}, conform.Keep)
	require.Equal(t, []string{"properties.id: required, and missing"}, o.lines())
	exactly(t, `{"n":-3,"e":"B","y":"AQ=="}`, o.text)
	exactly(t, `{"id":"x","e":"B","n":-3,"y":"AQ=="}`, fit(t, file, `{"id":"x","e":1}`, conform.Keep).text)
	require.Equal(t, []string{"properties.id: required, and missing"}, fit(t, file, `{}`, conform.Keep).lines())

	b := protowire.AppendBytes(protowire.AppendTag([]byte{0}, 1, protowire.BytesType), []byte("x"))
	b = protowire.AppendTag(b, 6, protowire.StartGroupType)
	b = protowire.AppendVarint(protowire.AppendTag(b, 1, protowire.VarintType), 4)
	b = protowire.AppendTag(b, 6, protowire.EndGroupType)
	require.Contains(t, decode(t, file, file, b, conform.Keep).text, `"g":{"k":4}`)

	b = protowire.AppendVarint(protowire.AppendTag([]byte{0}, 3, protowire.VarintType), 9)
	require.Contains(t, decode(t, file, file, b, conform.Keep).lines(), `properties.e: must be one of "A", "B"`, "a closed enum")
}

func TestProtobufMessageIndexes(t *testing.T) {
	t.Parallel()
	file := protoFile(t, `syntax = "proto3"; message A { int32 a = 1; message B { int32 b = 1; message C { int32 c = 1; } } } message D { int32 d = 1; }`)
	one := []byte{8, 7}
	for want, index := range map[string][]byte{`{"a":7}`: {0}, `{"b":7}`: {4, 0, 0}, `{"c":7}`: {6, 0, 0, 0}, `{"d":7}`: {2, 2}} {
		require.Equal(t, want, decode(t, file, file, append(slices.Clone(index), one...), conform.Keep).text)
	}
	exactly(t, `{"a":7}`, decode(t, file, file, append([]byte{2, 0}, one...), conform.Keep).text, "the long form of the first")
	for _, index := range [][]byte{nil, {2}, {1}, {2, 4}, {4, 0, 2}, {0xff}, {200, 200, 200}, bytes.Repeat([]byte{0xff}, 10), {6, 0, 0}} {
		require.Equal(t, ingest.CodePayloadInvalid, decode(t, file, file, index, conform.Keep).rejection.Code, index)
	}
	other := protoFile(t, `syntax = "proto3"; package renamed; message A { int32 a2 = 1; } message X {}`)
	exactly(t, `{"a2":7}`, decode(t, file, other, append([]byte{0}, one...), conform.Keep).text, "of another package, at the same place")
	require.Equal(t, ingest.CodeSchemaIncompatible, decode(t, file, other, append([]byte{2, 2}, one...), conform.Keep).rejection.Code)
}

func TestProtobufBombs(t *testing.T) { //nolint:paralleltest // memory is measured
	file := protoFile(t, everyProto)
	inner := func(depth int) []byte {
		var b []byte
		for range depth {
			b = protowire.AppendBytes(protowire.AppendTag(nil, 18, protowire.BytesType), protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), b))
		}
		return b
	}
	field := func(n protowire.Number, data []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), data)
	}
	lists := []byte{}
	for range 1000 {
		lists = field(1, field(6, lists))
	}
	for _, c := range []struct { //nolint:paralleltest // as above
		name string
		data []byte
		code string
	}{
		{"a length of 2^60", protowire.AppendVarint(protowire.AppendTag(nil, 14, protowire.BytesType), 1<<60), ingest.CodePayloadInvalid},
		{"messages within messages", inner(2000), ingest.CodeTooDeep},
		{"groups within groups", bytes.Repeat(protowire.AppendTag(nil, 1000, protowire.StartGroupType), 10_000), ingest.CodePayloadInvalid},
		{"lists within lists", field(34, lists), ingest.CodeTooDeep},
		{"empty messages", bytes.Repeat(field(20, nil), 10_000), ingest.CodeTooManyKeys},
		{"empty texts", bytes.Repeat(field(35, nil), 10_000), ""},
		{"packed numbers", field(19, bytes.Repeat([]byte{1}, 30_000)), ingest.CodeEventTooLarge},
		{"a packed list that is cut short", field(19, []byte{0xff}), ingest.CodePayloadInvalid},
		{"the number 0", []byte{0, 1}, ingest.CodePayloadInvalid},
		{"an end without a beginning", protowire.AppendTag(nil, 5, protowire.EndGroupType), ingest.CodePayloadInvalid},
		{"a text that is not UTF-8", field(14, []byte{0xff}), ingest.CodePayloadInvalid},
		{"a key that is not UTF-8", field(21, field(1, []byte{0xff})), ingest.CodePayloadInvalid},
		{"many keys", func() (b []byte) {
			for i := range 2000 {
				b = append(b, field(22, protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(i)))...)
			}
			return b
		}(), ingest.CodeTooManyKeys},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o decoded
			require.Less(t, allocated(func() { o = decode(t, file, file, append([]byte{0}, c.data...), conform.Keep) }), uint64(8<<20))
			if c.code == "" {
				require.Nil(t, o.rejection)
				return
			}
			require.NotNil(t, o.rejection)
			require.Equal(t, c.code, o.rejection.Code)
		})
	}
	nan := protowire.AppendFixed64(protowire.AppendTag([]byte{0}, 1, protowire.Fixed64Type), math.Float64bits(math.NaN()))
	require.Equal(t, []string{"properties.d: must be a finite number"}, decode(t, file, file, nan, conform.Keep).lines())
}

// Any message reads as protojson writes it, but for the form of whole numbers, names and enums, and conforms unchanged.
func TestProtobufReadsAsTheLibrary(t *testing.T) {
	t.Parallel()
	file := protoFile(t, `syntax = "proto3"; message M { double d = 1; sint32 s = 2; uint32 u = 3; bool b = 4; string t = 5; bytes y = 6; E e = 7; optional int32 o = 8; M m = 9; repeated sint32 list = 10; map<string, M> by = 11; enum E { A = 0; B = 1; } }`)
	rapid.Check(t, func(t *rapid.T) {
		m := dynamicpb.NewMessage(file.Messages().Get(0))
		fill(t, m, 3)
		b, err := proto.Marshal(m)
		require.NoError(t, err)
		o := decode(t, file, file, append([]byte{0}, b...), conform.Refuse)
		require.Nil(t, o.rejection)
		require.Empty(t, o.lines())
		theirs, err := protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}.Marshal(m)
		require.NoError(t, err)
		theirs = []byte(strings.NewReplacer(`"list":[],`, "", `"by":{},`, "", `, "list":[]`, "", `, "by":{}`, "", `,"list":[]`, "", `,"by":{}`, "").Replace(string(theirs)))
		require.JSONEq(t, string(theirs), o.text)
		again := fit(t, file, o.text, conform.Refuse)
		require.Empty(t, again.lines())
		require.False(t, again.changed)
	})
}

// fill draws the fields of a message.
func fill(t *rapid.T, m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if rapid.Bool().Draw(t, "leave out") || depth == 0 && f.Message() != nil {
			continue
		}
		switch {
		case f.IsMap():
			v := m.NewField(f).Map().NewValue()
			fill(t, v.Message(), depth-1)
			m.Mutable(f).Map().Set(protoreflect.ValueOfString(rapid.String().Draw(t, "key")).MapKey(), v)
		case f.IsList():
			for _, v := range rapid.SliceOfN(rapid.Int32(), 0, 4).Draw(t, "list") {
				m.Mutable(f).List().Append(protoreflect.ValueOfInt32(v))
			}
		default:
			switch f.Kind() {
			case protoreflect.DoubleKind:
				m.Set(f, protoreflect.ValueOfFloat64(rapid.Float64().Draw(t, "d")))
			case protoreflect.Sint32Kind, protoreflect.Int32Kind:
				m.Set(f, protoreflect.ValueOfInt32(rapid.Int32().Draw(t, "i")))
			case protoreflect.Uint32Kind:
				m.Set(f, protoreflect.ValueOfUint32(rapid.Uint32().Draw(t, "u")))
			case protoreflect.BoolKind:
				m.Set(f, protoreflect.ValueOfBool(rapid.Bool().Draw(t, "b")))
			case protoreflect.StringKind:
				m.Set(f, protoreflect.ValueOfString(rapid.String().Draw(t, "t")))
			case protoreflect.BytesKind:
				m.Set(f, protoreflect.ValueOfBytes(rapid.SliceOf(rapid.Byte()).Draw(t, "y")))
			case protoreflect.EnumKind:
				m.Set(f, protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.Int32Range(0, 1).Draw(t, "e"))))
			default:
				fill(t, m.Mutable(f).Message(), depth-1)
			}
		}
	}
}

func FuzzProtobuf(f *testing.F) {
	every := protoFile(f, everyProto)
	slim := protoFile(f, `syntax = "proto3"; package test; message Every { int64 i32 = 3; string y = 15; repeated bytes s = 14; Every inner_message = 18; sint64 u64 = 6; }`)
	f.Add(marshal(f, every, everyProtoJSON))
	f.Add([]byte{0, 0x92, 1, 2, 8, 1})
	f.Add([]byte{4, 0, 0, 8, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > ingest.MaxEventBytes {
			return
		}
		for _, pair := range [][2]any{{every, every}, {every, slim}, {slim, every}, {every, nil}} {
			o := decode(t, pair[0], pair[1], data, conform.Keep)
			if len(data) > 0 && data[0] != 0 {
				pair[1] = nil // not the first message
			}
			check(t, o, pair[1])
		}
	})
}
