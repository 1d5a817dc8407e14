package avroformat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"

	avroformat "github.com/observatory/observatory/ingest/schema/avro"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/fault"
)

func parse(t testing.TB, text string, dependencies ...schema.Dependency) *avroformat.Parsed {
	t.Helper()
	p, err := avroformat.Format{}.Parse(schema.Text{Type: schema.Avro, Schema: text, Dependencies: dependencies})
	require.NoError(t, err, text)
	return p.(*avroformat.Parsed)
}

// The fingerprints of the primitive types are published with the specification's test data.
func TestFingerprintsArePublishedOnes(t *testing.T) {
	t.Parallel()
	for typ, rabin := range map[string]int64{
		`"null"`: 7195948357588979594, `"boolean"`: -6970731678124411036, `"int"`: 8247732601305521295,
		`"long"`: -3434872931120570953, `"float"`: 5583340709985441680, `"double"`: -8181574048448539266,
		`"bytes"`: 5746618253357095269, `"string"`: -8142146995180207161,
	} {
		f := parse(t, typ).Fingerprints()
		require.True(t, f.HasRabin)
		require.Equal(t, uint64(rabin), f.Rabin, typ)
		require.Equal(t, f, parse(t, `{"type":`+typ+`}`).Fingerprints())
	}
	want, err := avro.MustParse(`"int"`).FingerprintUsing(avro.SHA256)
	require.NoError(t, err)
	got := parse(t, `"int"`).Fingerprints().SHA256
	require.Equal(t, want, got[:])
}

func TestFormsOfASchema(t *testing.T) {
	t.Parallel()
	text := `{ "type" : "record", "namespace":"shop", "name":"Order", "doc":"An order\u002e", "owner":"b", "aliases":["Purchase"],
	  "fields":[ {"default":1.0, "type":{"type":"double"},"name":"amount"},
	             {"name":"at","type":{"logicalType":"timestamp-millis","type":"long"},"order":"ascending"},
	             {"name":"state","type":{"type":"enum","name":"State","symbols":["NEW","PAID"],"default":"NEW"},"default":"PAID"},
	             {"name":"previous","type":["null","Order"],"default":null},
	             {"name":"hash","type":{"type":"fixed","name":"other.Hash","size":16},"order":"ignore"},
	             {"name":"tags","type":{"type":"map","values":{"type":"array","items":"string"}}}]}`
	p := parse(t, text)
	//nolint:testifylint // the text itself counts, not what it means
	require.Equal(t, `{"name":"shop.Order","type":"record","fields":[{"name":"amount","type":"double"},{"name":"at","type":"long"},`+
		`{"name":"state","type":{"name":"shop.State","type":"enum","symbols":["NEW","PAID"]}},{"name":"previous","type":["null","shop.Order"]},`+
		`{"name":"hash","type":{"name":"other.Hash","type":"fixed","size":16}},`+
		`{"name":"tags","type":{"type":"map","values":{"type":"array","items":"string"}}}]}`, p.ParsingCanonicalForm())
	//nolint:testifylint // the text itself counts, not what it means
	require.Equal(t, `{"name":"shop.Order","type":"record","doc":"An order.","aliases":["shop.Purchase"],"fields":[`+
		`{"name":"amount","type":"double","default":1},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},`+
		`{"name":"state","type":{"name":"shop.State","type":"enum","symbols":["NEW","PAID"],"default":"NEW"},"default":"PAID"},`+
		`{"name":"previous","type":["null","shop.Order"],"default":null},`+
		`{"name":"hash","type":{"name":"other.Hash","type":"fixed","size":16},"order":"ignore"},`+
		`{"name":"tags","type":{"type":"map","values":{"type":"array","items":"string"}}}],"owner":"b"}`, p.Canonical())
	again := parse(t, p.Canonical())
	require.Equal(t, p.Canonical(), again.Canonical())
	require.Equal(t, p.Fingerprints(), again.Fingerprints())
	require.Empty(t, p.Incompatibilities(again))
}

func TestReferences(t *testing.T) {
	t.Parallel()
	money := schema.Dependency{Name: "anything", Schema: `{"type":"record","name":"shop.Money","fields":[{"name":"cents","type":"long"}]}`}
	price := schema.Dependency{Name: "more", Schema: `{"type":"record","name":"shop.Price","fields":[{"name":"net","type":"shop.Money"},{"name":"gross","type":"Money"}]}`}
	p := parse(t, `{"type":"record","name":"shop.Order","fields":[{"name":"price","type":"Price"},{"name":"tip","type":["null","Money"],"default":null}]}`, money, price)
	//nolint:testifylint // the text itself counts, not what it means
	require.Equal(t, `{"name":"shop.Order","type":"record","fields":[{"name":"price","type":"shop.Price"},{"name":"tip","type":["null","shop.Money"],"default":null}]}`, p.Canonical())
	inlined := parse(t, p.ParsingCanonicalForm())
	require.Equal(t, inlined.Fingerprints(), p.Fingerprints())
	require.Empty(t, inlined.Incompatibilities(p))

	type moneyData struct {
		Cents int64 `avro:"cents"`
	}
	data, err := avro.Marshal(p.Schema(), map[string]any{"price": map[string]any{"net": map[string]any{"cents": int64(5)}, "gross": map[string]any{"cents": int64(6)}}, "tip": nil})
	require.NoError(t, err)
	var out struct {
		Price struct {
			Net   moneyData `avro:"net"`
			Gross moneyData `avro:"gross"`
		} `avro:"price"`
	}
	require.NoError(t, avro.Unmarshal(p.Schema(), data, &out))
	require.Equal(t, int64(6), out.Price.Gross.Cents)
}

// Large defaults keep their digits, and those of inner records are filled in.
func TestDefaultsReachTheLibrary(t *testing.T) {
	t.Parallel()
	p := parse(t, `{"type":"record","name":"R","fields":[
	  {"name":"big","type":"long","default":9223372036854775807},
	  {"name":"inner","type":{"type":"record","name":"I","fields":[{"name":"n","type":"null","default":null},{"name":"b","type":"bytes","default":"\u00ff"},{"name":"i","type":"int"}]},"default":{"i":-1}}]}`)
	fields := p.Schema().(*avro.RecordSchema).Fields()
	require.Equal(t, int64(9223372036854775807), fields[0].Default())
	inner := fields[1].Default().(map[string]any)
	require.Equal(t, -1, inner["i"])
	require.Equal(t, []byte{255}, inner["b"])
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	record := func(fields string) string { return `{"type":"record","name":"R","fields":[` + fields + `]}` }
	for name, c := range map[string]struct{ text, says string }{
		"empty":                    {"", "ends too early"},
		"no JSON":                  {`{"type":"record",}`, "not valid JSON at byte"},
		"two values":               {`"int" "long"`, "JSON"},
		"a name twice":             {`{"type":"int","type":"long"}`, "same name twice"},
		"not UTF-8":                {"\"\xff\"", "not valid JSON"},
		"a number":                 {`5`, "At /: a type is"},
		"an unknown type":          {record(`{"name":"a","type":"b.Gone"}`), `At /fields/0/type: there is no type "b.Gone"`},
		"no type":                  {`{"name":"R"}`, `no "type"`},
		"no name":                  {`{"type":"record","fields":[]}`, "/name"},
		"a bad name":               {`{"type":"record","name":"a..b","fields":[]}`, "/name"},
		"a primitive's name":       {`{"type":"enum","name":"int","symbols":["A"]}`, "primitive"},
		"a field without type":     {record(`{"name":"a"}`), "At /fields/0"},
		"a field twice":            {record(`{"name":"a","type":"int"},{"name":"a","type":"int"}`), "two fields"},
		"a definition twice":       {`[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"F","size":1}]`, "defined twice"},
		"an empty union":           {`[]`, "between 1 and"},
		"a union in a union":       {`["null",["int"]]`, "cannot hold another union"},
		"a type twice in a union":  {`["int",{"type":"int","logicalType":"date"}]`, "twice"},
		"no symbols":               {`{"type":"enum","name":"E","symbols":[]}`, "symbols"},
		"a symbol twice":           {`{"type":"enum","name":"E","symbols":["A","A"]}`, "/symbols/1"},
		"a default that is none":   {`{"type":"enum","name":"E","symbols":["A"],"default":"B"}`, "/default"},
		"a fixed of no size":       {`{"type":"fixed","name":"F"}`, "size"},
		"a huge fixed":             {`{"type":"fixed","name":"F","size":4611686018427387904}`, "size"},
		"a negative fixed":         {`{"type":"fixed","name":"F","size":-1}`, "size"},
		"an int too large":         {record(`{"name":"a","type":"int","default":2147483648}`), "/fields/0/default"},
		"half an int":              {record(`{"name":"a","type":"int","default":1.5}`), "does not fit"},
		"a union's second type":    {record(`{"name":"a","type":["null","int"],"default":1}`), "first type"},
		"bytes beyond 255":         {record(`{"name":"a","type":"bytes","default":"\u0100"}`), "0 to 255"},
		"too short a fixed":        {record(`{"name":"a","type":{"type":"fixed","name":"F","size":2},"default":"a"}`), "1 bytes"},
		"a default of itself":      {record(`{"name":"a","type":{"type":"array","items":"R"},"default":[{}]}`), "still being defined"},
		"itself without end":       {record(`{"name":"a","type":"R"}`), "without end"},
		"each other without end":   {record(`{"name":"a","type":{"type":"record","name":"S","fields":[{"name":"r","type":["R"]}]}}`), "without end"},
		"an order that is none":    {record(`{"name":"a","type":"int","order":"up"}`), "/order"},
		"a type in a type":         {`{"type":{"type":"int"},"doc":"x"}`, "must be a name"},
		"a namespace that is none": {`{"type":"fixed","name":"F","size":1,"namespace":5}`, "/namespace"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireRefused(t, schema.Text{Schema: c.text}, c.says)
		})
	}
}

func requireRefused(t *testing.T, text schema.Text, says string) {
	t.Helper()
	start := time.Now()
	_, err := avroformat.Format{}.Parse(text)
	require.Error(t, err)
	f := fault.From(err)
	require.Equal(t, fault.Invalid, f.Kind)
	require.Equal(t, schema.CodeInvalid, f.Code)
	require.Contains(t, f.Message, says)
	require.Less(t, len(f.Message), 600)
	require.Less(t, time.Since(start), 2*time.Second)
}

func TestHostileSchemas(t *testing.T) {
	t.Parallel()
	doubling := `{"type":"record","name":"R0","fields":[{"name":"a","type":"string","default":"` + strings.Repeat("x", 100) + `"}]}`
	for i := 1; i < 40; i++ {
		doubling = fmt.Sprintf(`{"type":"record","name":"R%d","fields":[{"name":"a","type":%s,"default":{}},{"name":"b","type":"R%d","default":{}}]}`, i, doubling, i-1)
	}
	var many strings.Builder
	many.WriteString(`{"type":"record","name":"R","fields":[`)
	for i := range 20_000 {
		fmt.Fprintf(&many, `{"name":"f%d","type":"int"},`, i)
	}
	many.WriteString(`{"name":"last","type":"int"}]}`)
	for name, c := range map[string]struct{ text, says string }{
		"a byte more than 1 MiB":    {`"` + strings.Repeat("a", schema.MaxSchemaBytes) + `"`, "bytes long"},
		"1 MiB of brackets":         {strings.Repeat("[", schema.MaxSchemaBytes), "deeper"},
		"1 MiB of arrays in arrays": {strings.Repeat(`{"type":"array","items":`, 40_000) + `"int"` + strings.Repeat("}", 40_000), "deeper"},
		"types in types":            {strings.Repeat(`{"type":"array","items":`, 100) + `"int"` + strings.Repeat("}", 100), "nest deeper"},
		"many fields":               {many.String(), "more than"},
		"many values":               {`[` + strings.Repeat(`1,`, 400_000) + `1]`, "more than"},
		"defaults that double":      {doubling, "too large once"},
		"a message of the whole":    {`{"type":"record","name":"` + strings.Repeat("é", 300_000) + `","fields":[]}`, "/name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireRefused(t, schema.Text{Schema: c.text}, c.says)
		})
	}
	requireRefused(t, schema.Text{Schema: `"int"`, Dependencies: make([]schema.Dependency, schema.MaxDependencies+1)}, "dependencies")
	requireRefused(t, schema.Text{Schema: `"int"`, Dependencies: []schema.Dependency{{Name: "dep", Schema: `{"type":"fixed"}`}}}, `referenced schema "dep"`)
}
