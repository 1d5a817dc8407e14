package conform_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract/conform"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/ingest/schema"
	avroformat "github.com/observatory/observatory/ingest/schema/avro"
)

func avroSchema(t require.TestingT, text string) avro.Schema {
	p, err := avroformat.Format{}.Parse(schema.Text{Type: schema.Avro, Schema: text})
	require.NoError(t, err, text)
	s, ok := p.Native().(avro.Schema)
	require.True(t, ok)
	return s
}

// decoded is what became of a payload.
type decoded struct {
	outcome
	rejection *ingest.Rejection
}

func decode(t require.TestingT, writer, reader any, data []byte, unknown conform.Unknown) decoded {
	d, ok := conform.NewDecoder(writer, reader)
	require.True(t, ok)
	return decodeWith(t, d, data, unknown)
}

func decodeWith(_ require.TestingT, d *conform.Decoder, data []byte, unknown conform.Unknown) decoded {
	var document doc.Doc
	n := document.Empty()
	var f conform.Findings
	var w conform.Decoding
	f.Reset(n, 0, 20)
	rejection := d.Decode(&w, &f, data, n, unknown)
	list, total := f.Violations()
	return decoded{outcome: outcome{text: string(n.Append(nil)), violations: append([]ingest.Violation(nil), list...), total: total}, rejection: rejection}
}

func encode(t require.TestingT, s avro.Schema, value any) []byte {
	b, err := avro.Marshal(s, value)
	require.NoError(t, err)
	return b
}

const everyAvro = `{"type":"record","name":"Every","namespace":"test","fields":[
	{"name":"n","type":"null"},{"name":"b","type":"boolean"},{"name":"i","type":"int"},{"name":"l","type":"long"},{"name":"f","type":"float"},{"name":"d","type":"double"},
	{"name":"y","type":"bytes"},{"name":"s","type":"string"},{"name":"x","type":{"type":"fixed","name":"Four","size":4}},
	{"name":"e","type":{"type":"enum","name":"Colour","symbols":["RED","GREEN"]}},
	{"name":"a","type":{"type":"array","items":"int"}},{"name":"m","type":{"type":"map","values":"string"}},
	{"name":"u","type":["null","string",{"type":"record","name":"Inner","fields":[{"name":"k","type":"int"}]}]},
	{"name":"uuid","type":{"type":"string","logicalType":"uuid"}},
	{"name":"date","type":{"type":"int","logicalType":"date"}},
	{"name":"tm","type":{"type":"int","logicalType":"time-millis"}},{"name":"tu","type":{"type":"long","logicalType":"time-micros"}},
	{"name":"tsm","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"tsu","type":{"type":"long","logicalType":"timestamp-micros"}},
	{"name":"lts","type":{"type":"long","logicalType":"local-timestamp-millis"}},
	{"name":"dec","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":2}},
	{"name":"fdec","type":{"type":"fixed","name":"Dec","size":8,"logicalType":"decimal","precision":10,"scale":3}},
	{"name":"dur","type":{"type":"fixed","name":"Dur","size":12,"logicalType":"duration"}}
]}`

const everyAvroJSON = `{"n":null,"b":true,"i":-7,"l":9007199254740993,"f":1.5,"d":0.1,"y":"AP8=","s":"say \"hi\"","x":"AQIDBA==","e":"GREEN","a":[1,2],"m":{"k":"v"},"u":{"k":3},` +
	`"uuid":"0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee","date":"2026-11-21","tm":"10:00:00.001","tu":"10:00:00.000001","tsm":"2026-11-21T10:00:00.123Z","tsu":"2026-11-21T10:00:00.123456Z",` +
	`"lts":"2026-11-21T10:00:00","dec":-12345678901234567.89,"fdec":1.500,"dur":"P1M2DT3.004S"}`

func everyAvroValue() map[string]any {
	at := time.Date(2026, 11, 21, 10, 0, 0, 123456000, time.UTC)
	dec, _ := new(big.Rat).SetString("-12345678901234567.89")
	return map[string]any{
		"n": nil, "b": true, "i": -7, "l": int64(9007199254740993), "f": float32(1.5), "d": 0.1, "y": []byte{0, 255}, "s": `say "hi"`, "x": [4]byte{1, 2, 3, 4}, "e": "GREEN",
		"a": []any{1, 2}, "m": map[string]any{"k": "v"}, "u": map[string]any{"test.Inner": map[string]any{"k": 3}}, "uuid": "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee",
		"date": at.Truncate(24 * time.Hour), "tm": 10*time.Hour + time.Millisecond, "tu": 10*time.Hour + time.Microsecond,
		"tsm": at.Truncate(time.Millisecond), "tsu": at, "lts": at.Truncate(time.Second), "dec": dec, "fdec": big.NewRat(3, 2),
		"dur": avro.LogicalDuration{Months: 1, Days: 2, Milliseconds: 3004},
	}
}

func TestAvroDecodesEveryType(t *testing.T) {
	t.Parallel()
	s := avroSchema(t, everyAvro)
	o := decode(t, s, s, encode(t, s, everyAvroValue()), conform.Keep)
	require.Nil(t, o.rejection)
	require.Empty(t, o.violations)
	exactly(t, everyAvroJSON, o.text)
	exactly(t, everyAvroJSON, decode(t, s, nil, encode(t, s, everyAvroValue()), conform.Refuse).text, "without a reader")

	again := fit(t, s, o.text, conform.Refuse)
	require.Empty(t, again.violations, "what was decoded conforms")
	require.False(t, again.changed)
}

func TestAvroResolves(t *testing.T) {
	t.Parallel()
	record := func(fields string) string { return `{"type":"record","name":"R","fields":[` + fields + `]}` }
	for _, c := range []struct {
		name, writer, reader string
		value                map[string]any
		out                  string
	}{
		{
			"promotes", record(`{"name":"a","type":"int"},{"name":"b","type":"long"},{"name":"c","type":"float"},{"name":"d","type":"string"},{"name":"e","type":"bytes"}`),
			record(`{"name":"a","type":"long"},{"name":"b","type":"double"},{"name":"c","type":"double"},{"name":"d","type":"bytes"},{"name":"e","type":"string"}`),
			map[string]any{"a": 1, "b": int64(2), "c": float32(0.5), "d": "x", "e": []byte("y")},
			`{"a":1,"b":2,"c":0.5,"d":"eA==","e":"y"}`,
		},
		{
			"drops what is gone, fills in what is new", record(`{"name":"a","type":"int"},{"name":"old","type":{"type":"array","items":"string"}}`),
			record(`{"name":"new","type":"string","default":"x"},{"name":"a","type":"int"},{"name":"when","type":{"type":"long","logicalType":"timestamp-millis"},"default":0},{"name":"y","type":"bytes","default":"\u00ff"},{"name":"r","type":{"type":"record","name":"I","fields":[{"name":"k","type":"int","default":3}]},"default":{}}`),
			map[string]any{"a": 1, "old": []any{"p", "q"}},
			`{"a":1,"new":"x","when":"1970-01-01T00:00:00Z","y":"/w==","r":{"k":3}}`,
		},
		{"knows aliases", record(`{"name":"price","type":"int"}`), `{"type":"record","name":"S","aliases":["R"],"fields":[{"name":"amount","aliases":["price"],"type":"int"}]}`, map[string]any{"price": 5}, `{"amount":5}`},
		{
			"enums", record(`{"name":"a","type":{"type":"enum","name":"E","symbols":["A","B"]}},{"name":"b","type":"E"}`), record(`{"name":"a","type":{"type":"enum","name":"E","symbols":["U","B"],"default":"U"}},{"name":"b","type":"E"}`),
			map[string]any{"a": "A", "b": "B"},
			`{"a":"U","b":"B"}`,
		},
		{"a value into a union", record(`{"name":"a","type":"int"}`), record(`{"name":"a","type":["null","string","long"]}`), map[string]any{"a": 5}, `{"a":5}`},
		{"a union into a value", record(`{"name":"a","type":["null","int"]}`), record(`{"name":"a","type":"long"}`), map[string]any{"a": 5}, `{"a":5}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, r := avroSchema(t, c.writer), avroSchema(t, c.reader)
			o := decode(t, w, r, encode(t, w, c.value), conform.Drop)
			require.Nil(t, o.rejection)
			require.Equal(t, c.out, o.text)
		})
	}
	for _, c := range []struct {
		name, writer, reader string
		value                map[string]any
		path                 string
	}{
		{"a missing field", record(`{"name":"a","type":"int"}`), record(`{"name":"b","type":"int"}`), map[string]any{"a": 1}, "properties"},
		{"another type", record(`{"name":"a","type":"string"}`), record(`{"name":"a","type":"int"}`), map[string]any{"a": "x"}, "properties.a"},
		{"a demotion", record(`{"name":"a","type":"long"}`), record(`{"name":"a","type":"int"}`), map[string]any{"a": int64(1)}, "properties.a"},
		{"an element of a list", record(`{"name":"a","type":{"type":"array","items":["null","string"]}}`), record(`{"name":"a","type":{"type":"array","items":"null"}}`), map[string]any{"a": []any{nil, "x"}}, "properties.a[1]"},
		{"a symbol", record(`{"name":"a","type":{"type":"enum","name":"E","symbols":["A"]}}`), record(`{"name":"a","type":{"type":"enum","name":"E","symbols":["B"]}}`), map[string]any{"a": "A"}, "properties.a"},
		{"another name", record(`{"name":"a","type":"int"}`), `{"type":"record","name":"Q","fields":[{"name":"a","type":"int"}]}`, map[string]any{"a": 1}, "properties"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, r := avroSchema(t, c.writer), avroSchema(t, c.reader)
			o := decode(t, w, r, encode(t, w, c.value), conform.Drop)
			require.NotNil(t, o.rejection)
			require.Equal(t, ingest.CodeSchemaIncompatible, o.rejection.Code)
			require.Equal(t, c.path, o.rejection.Path)
		})
	}
}

func TestAvroUnknownProperties(t *testing.T) {
	t.Parallel()
	w := avroSchema(t, `{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"old","type":{"type":"map","values":["null",{"type":"array","items":"double"}]}}]}`)
	r := avroSchema(t, `{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}`)
	data := encode(t, w, map[string]any{"a": 1, "old": map[string]any{"k": []any{0.5}}})
	exactly(t, `{"a":1,"old":{"k":[0.5]}}`, decode(t, w, r, data, conform.Keep).text)
	exactly(t, `{"a":1}`, decode(t, w, r, data, conform.Drop).text)
	o := decode(t, w, r, data, conform.Refuse)
	require.Equal(t, []string{"properties.old: not described by the schema"}, o.lines())
	exactly(t, `{"a":1,"old":{"k":[0.5]}}`, o.text)
}

// What JSON cannot say is a violation, and not made up.
func TestAvroWithoutAPlaceInJSON(t *testing.T) {
	t.Parallel()
	s := avroSchema(t, `{"type":"record","name":"R","fields":[{"name":"a","type":"double"},{"name":"l","type":{"type":"array","items":"float"}},{"name":"t","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"u","type":{"type":"string","logicalType":"uuid"}}]}`)
	data := binary.LittleEndian.AppendUint64(nil, math.Float64bits(math.NaN()))
	data = append(data, 2)
	data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(math.Inf(1))))
	data = append(data, 0)
	data = binary.AppendVarint(data, math.MaxInt64)
	data = append(data, 2, 'x')
	o := decode(t, s, s, data, conform.Keep)
	require.Nil(t, o.rejection)
	exactly(t, `{"a":null,"l":[null],"t":null,"u":null}`, o.text)
	require.Equal(t, []string{
		"properties.a: must be a finite number", "properties.l[0]: must be a finite number",
		"properties.t: must be a time in RFC 3339, or seconds or milliseconds since 1970", "properties.u: must be a UUID",
	}, o.lines())
}

// Whatever the bytes say, memory and time are bounded.
func TestAvroBombs(t *testing.T) { //nolint:paralleltest // memory is measured
	huge := binary.AppendVarint(nil, 1<<60)
	record := func(typ string) avro.Schema {
		return avroSchema(t, `{"type":"record","name":"R","fields":[{"name":"a","type":`+typ+`}]}`)
	}
	empty := avroSchema(t, `{"type":"record","name":"R","fields":[]}`)
	for _, c := range []struct { //nolint:paralleltest // as above
		name, typ string
		data      []byte
		code      string
	}{
		{"a text of 2^60 bytes", `"string"`, huge, ingest.CodePayloadInvalid},
		{"a text of a negative length", `"string"`, []byte{1}, ingest.CodePayloadInvalid},
		{"bytes of 2^60", `"bytes"`, huge, ingest.CodePayloadInvalid},
		{"2^60 nulls", `{"type":"array","items":"null"}`, huge, ingest.CodeEventTooLarge},
		{"2^60 empty records", `{"type":"array","items":{"type":"record","name":"E","fields":[]}}`, huge, ingest.CodeEventTooLarge},
		{"2^60 nulls in a block of a size", `{"type":"array","items":"null"}`, append(binary.AppendVarint(nil, -1<<60), 0), ingest.CodeEventTooLarge},
		{"the least number of nulls", `{"type":"array","items":"null"}`, append(binary.AppendVarint(nil, math.MinInt64), 0), ingest.CodePayloadInvalid},
		{"2^60 entries", `{"type":"map","values":"null"}`, huge, ingest.CodePayloadInvalid},
		{"the same key twice", `{"type":"map","values":"null"}`, []byte{4, 2, 'k', 2, 'k', 0}, ingest.CodePayloadInvalid},
		{"a number without end", `"long"`, bytes.Repeat([]byte{0xff}, 100), ingest.CodePayloadInvalid},
		{"an int of 64 bits", `"int"`, huge, ingest.CodePayloadInvalid},
		{"a boolean of 7", `"boolean"`, []byte{7}, ingest.CodePayloadInvalid},
		{"a type that the union lacks", `["null","int"]`, []byte{8}, ingest.CodePayloadInvalid},
		{"a negative type", `["null","int"]`, []byte{1}, ingest.CodePayloadInvalid},
		{"a symbol that the enum lacks", `{"type":"enum","name":"E","symbols":["A"]}`, []byte{2}, ingest.CodePayloadInvalid},
		{"a text that is not UTF-8", `"string"`, []byte{2, 0xff}, ingest.CodePayloadInvalid},
		{"nothing", `"double"`, nil, ingest.CodePayloadInvalid},
		{"something left over", `"null"`, []byte{0}, ingest.CodePayloadInvalid},
		{"a decimal of 30 kB", `{"type":"bytes","logicalType":"decimal","precision":99999,"scale":2}`, append(binary.AppendVarint(nil, 30_000), bytes.Repeat([]byte{0x7f}, 30_000)...), ingest.CodeEventTooLarge},
		{"bytes that grow", `{"type":"array","items":"bytes"}`, append(append(binary.AppendVarint(nil, 1), binary.AppendVarint(nil, 30_000)...), make([]byte, 30_001)...), ingest.CodeEventTooLarge},
		{"records without end", `["null","R"]`, bytes.Repeat([]byte{2}, 30_000), ingest.CodeTooDeep},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := record(c.typ)
			for _, reader := range []avro.Schema{s, empty} {
				var o decoded
				require.Less(t, allocated(func() { o = decode(t, s, reader, c.data, conform.Drop) }), uint64(2<<20))
				if o.rejection == nil { // skipped
					require.Equal(t, "{}", o.text)
				}
			}
			require.Equal(t, c.code, decode(t, s, s, c.data, conform.Drop).rejection.Code)
		})
	}
}

func TestAvroConformsJSON(t *testing.T) {
	t.Parallel()
	s := avroSchema(t, everyAvro)
	in := `{"n":null,"b":"true","i":"-7","l":"9007199254740993","f":"1.5","d":0.1,"y":"AP8","s":12,"x":"AQIDBA","e":"green","a":["1",2.0],"m":{"k":"v"},"u":{"Inner":{"k":"3"}},` +
		`"uuid":"0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee","date":20778,"tm":36000001,"tu":"10:00:00.000001","tsm":1795255200123,"tsu":1795255200123456,` +
		`"lts":"2026-11-21 10:00","dec":"-12345678901234567.89","fdec":1.500,"dur":"P1M2DT3.004S"}`
	o := fit(t, s, in, conform.Refuse)
	require.Empty(t, o.lines())
	exactly(t, strings.Replace(everyAvroJSON, `"say \"hi\""`, `"12"`, 1), o.text)

	o = fit(t, s, `{"n":1,"b":1,"i":3000000000,"l":"9223372036854775808","f":1e39,"d":"NaN","y":"?","s":[],"x":"AQ==","e":"BLUE","a":{},"m":{"k":{}},"u":5,"uuid":"x","date":"2026-11-21T10:00:00Z","tm":"noon","tu":-1,`+
		`"tsm":"soon","tsu":true,"lts":"2026-11-21T10:00:00+01:00","dec":1.234,"fdec":12345678.5,"extra":1}`, conform.Refuse)
	require.Equal(t, 23, len(o.lines())+o.total-len(o.violations))
	require.Equal(t, "properties.n: must be null", o.lines()[0])
	require.Equal(t, "properties.i: must be a whole number from -2147483648 to 2147483647", o.lines()[2])
	require.Equal(t, `properties.e: must be one of "RED", "GREEN"`, o.lines()[9])

	t.Run("fills in defaults, and knows aliases", func(t *testing.T) {
		t.Parallel()
		s := avroSchema(t, `{"type":"record","name":"R","fields":[{"name":"amount","aliases":["price"],"type":"int"},{"name":"e","type":{"type":"enum","name":"E","symbols":["U","A"],"default":"U"},"default":"A"},{"name":"o","type":["null","string"],"default":null}]}`)
		exactly(t, `{"amount":5,"e":"U","o":null}`, fit(t, s, `{"price":"5","e":"new"}`, conform.Keep).text)
		exactly(t, `{"amount":5,"e":"A","o":"x"}`, fit(t, s, `{"amount":5,"o":{"string":"x"},"e":"A"}`, conform.Keep).text[:len(`{"amount":5,`)]+`"e":"A","o":"x"}`)
		require.Equal(t, []string{"properties.amount: required, and missing"}, fit(t, s, `{}`, conform.Keep).lines())
	})
}

// flat draws a record of scalars, lists and maps, and a value of it.
func flat(t *rapid.T) (string, map[string]any) {
	var fields []string
	value := map[string]any{}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), 0, 5, rapid.ID).Draw(t, "names") {
		typ, v := "", any(nil)
		switch rapid.IntRange(0, 7).Draw(t, "type") {
		case 0:
			typ, v = `"int"`, int(rapid.Int32().Draw(t, "v"))
		case 1:
			typ, v = `"long"`, rapid.Int64().Draw(t, "v")
		case 2:
			typ, v = `"double"`, rapid.Float64().Draw(t, "v")
		case 3:
			typ, v = `"string"`, rapid.String().Draw(t, "v")
		case 4:
			typ, v = `["null","boolean"]`, nil
			if rapid.Bool().Draw(t, "null") {
				v = rapid.Bool().Draw(t, "v")
			}
		case 5:
			typ, v = `{"type":"array","items":"int"}`, []any{1, 2, int(rapid.Int32().Draw(t, "v"))}
		case 6:
			typ, v = `{"type":"map","values":"string"}`, map[string]any{rapid.String().Draw(t, "k"): "v"}
		default:
			typ, v = `"float"`, rapid.Float32().Draw(t, "v")
		}
		fields = append(fields, `{"name":"`+name+`","type":`+typ+`}`)
		value[name] = v
	}
	return `{"type":"record","name":"R","fields":[` + strings.Join(fields, ",") + `]}`, value
}

// What is decoded is what the library reads from the same bytes; and JSON text of it conforms, unchanged.
func TestAvroReadsAsTheLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, value := flat(t)
		s := avroSchema(t, text)
		data := encode(t, s, value)
		o := decode(t, s, s, data, conform.Refuse)
		require.Nil(t, o.rejection)
		require.Empty(t, o.violations)
		var theirs map[string]any
		require.NoError(t, avro.Unmarshal(s, data, &theirs))
		for name, v := range theirs { // the library names the type of a union's value
			if union, ok := v.(map[string]any); ok && union["boolean"] != nil {
				theirs[name] = union["boolean"]
			}
		}
		plain, err := json.Marshal(theirs)
		require.NoError(t, err)
		require.JSONEq(t, string(plain), o.text)
		again := fit(t, s, o.text, conform.Refuse)
		require.Empty(t, again.violations)
		require.False(t, again.changed)
	})
}

func FuzzAvro(f *testing.F) {
	every := avroSchema(f, everyAvro)
	tree := avroSchema(f, `{"type":"record","name":"R","fields":[{"name":"a","type":["null","R",{"type":"array","items":"R"},{"type":"map","values":["null","bytes","R"]}]},{"name":"n","type":{"type":"array","items":"null"}}]}`)
	slim := avroSchema(f, `{"type":"record","name":"R","fields":[{"name":"z","type":"string","default":"x"}]}`)
	value, err := avro.Marshal(every, everyAvroValue())
	require.NoError(f, err)
	f.Add(value)
	f.Add([]byte{2, 2, 0, 0, 0, 0})
	f.Add([]byte{0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > ingest.MaxEventBytes {
			return
		}
		for _, pair := range [][2]any{{every, every}, {tree, tree}, {tree, slim}, {tree, nil}} {
			o := decode(t, pair[0], pair[1], data, conform.Keep)
			check(t, o, pair[1])
		}
	})
}

// check checks what holds of any payload that was decoded.
func check(t *testing.T, o decoded, reader any) {
	if o.rejection != nil {
		return
	}
	if !json.Valid([]byte(o.text)) || len(o.text) > ingest.MaxEventBytes {
		t.Fatalf("%d bytes: %.200s", len(o.text), o.text)
	}
	if reader == nil || o.total > 0 {
		return
	}
	again := fit(t, reader, o.text, conform.Keep)
	if again.total > 0 || again.over != nil {
		t.Fatalf("%.200s: %v", o.text, again.lines())
	}
}
