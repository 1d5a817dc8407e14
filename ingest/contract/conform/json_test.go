package conform_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract/conform"
)

func TestJSONConverts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, schema, in, out string }{
		{"a number in a text", `{"properties":{"a":{"type":"number"}}}`, `{"a":"19.90"}`, `{"a":19.90}`},
		{"a whole number in a text", `{"properties":{"a":{"type":"integer"}}}`, `{"a":"-3"}`, `{"a":-3}`},
		{"a number where text is allowed stays", `{"properties":{"a":{"type":["number","string"]}}}`, `{"a":"19.9"}`, `{"a":"19.9"}`},
		{"booleans", `{"properties":{"a":{"type":"boolean"},"b":{"type":"boolean"}}}`, `{"a":"true","b":"False"}`, `{"a":true,"b":false}`},
		{"seconds", `{"properties":{"a":{"type":"string","format":"date-time"}}}`, `{"a":1700000000}`, `{"a":"2023-11-14T22:13:20Z"}`},
		{"milliseconds", `{"properties":{"a":{"type":"string","format":"date-time"}}}`, `{"a":1700000000123}`, `{"a":"2023-11-14T22:13:20.123Z"}`},
		{"seconds in a text", `{"properties":{"a":{"type":"string","format":"date-time"}}}`, `{"a":"1700000000.5"}`, `{"a":"2023-11-14T22:13:20.5Z"}`},
		{"a time without a zone", `{"properties":{"a":{"type":"string","format":"date-time"}}}`, `{"a":"2026-11-21 10:00:00"}`, `{"a":"2026-11-21T10:00:00Z"}`},
		{"a time with a zone keeps it", `{"properties":{"a":{"format":"date-time"}}}`, `{"a":"2026-11-21 10:00:00+01:00"}`, `{"a":"2026-11-21T10:00:00+01:00"}`},
		{"a time of HTTP", `{"properties":{"a":{"format":"date-time"}}}`, `{"a":"Sat, 21 Nov 2026 10:00:00 GMT"}`, `{"a":"2026-11-21T10:00:00Z"}`},
		{"a date for a time", `{"properties":{"a":{"format":"date-time"}}}`, `{"a":"2026-11-21"}`, `{"a":"2026-11-21T00:00:00Z"}`},
		{"a date", `{"properties":{"a":{"format":"date"}}}`, `{"a":"2026/11/21"}`, `{"a":"2026-11-21"}`},
		{"a midnight for a date", `{"properties":{"a":{"format":"date"}}}`, `{"a":"2026-11-21T00:00:00Z"}`, `{"a":"2026-11-21"}`},
		{"a right time stays as it was", `{"properties":{"a":{"format":"date-time"}}}`, `{"a":"2026-11-21T10:00:00.1000+01:00"}`, `{"a":"2026-11-21T10:00:00.1000+01:00"}`},
		{"the case of an enum", `{"properties":{"a":{"enum":["EUR","USD"]}}}`, `{"a":"eur"}`, `{"a":"EUR"}`},
		{"a number of an enum", `{"properties":{"a":{"enum":[1,2]}}}`, `{"a":"2"}`, `{"a":2}`},
		{"a text from a number", `{"properties":{"a":{"type":"string"}}}`, `{"a":12345}`, `{"a":"12345"}`},
		{"a text from a boolean", `{"properties":{"a":{"type":"string"}}}`, `{"a":true}`, `{"a":"true"}`},
		{"inside of lists and objects", `{"properties":{"a":{"items":{"properties":{"b":{"type":"integer"}}}}}}`, `{"a":[{"b":"1"},{"b":2}]}`, `{"a":[{"b":1},{"b":2}]}`},
		{"defaults", `{"properties":{"a":{"default":"x"},"b":{"properties":{"c":{"default":{"d":[1]}}}}}}`, `{"b":{}}`, `{"b":{"c":{"d":[1]}},"a":"x"}`},
		{"defaults of defaults", `{"properties":{"a":{"default":{},"properties":{"b":{"default":1}}}}}`, `{}`, `{"a":{"b":1}}`},
		{"through references", `{"$defs":{"n":{"type":"number"}},"properties":{"a":{"$ref":"#/$defs/n"}}}`, `{"a":"1"}`, `{"a":1}`},
		{"through allOf", `{"allOf":[{"properties":{"a":{"type":"number"}}},{"properties":{"a":{"minimum":0},"b":{"default":2}}}]}`, `{"a":"1"}`, `{"a":1,"b":2}`},
		{"to the first alternative that fits", `{"properties":{"a":{"anyOf":[{"type":"null"},{"type":"integer"},{"format":"date","type":"string"}]}}}`, `{"a":"2026/11/21"}`, `{"a":"2026-11-21"}`},
		{"to a nullable", `{"properties":{"a":{"oneOf":[{"type":"null"},{"type":"integer"}]}}}`, `{"a":"12"}`, `{"a":12}`},
		{"patterns of names", `{"patternProperties":{"^n_":{"type":"number"}}}`, `{"n_a":"1","a":"1"}`, `{"n_a":1,"a":"1"}`},
		{"any other property", `{"additionalProperties":{"type":"number"}}`, `{"a":"1"}`, `{"a":1}`},
		{"the first elements", `{"properties":{"a":{"prefixItems":[{"type":"string"},{"type":"number"}],"items":{"type":"boolean"}}}}`, `{"a":["1","1","true"]}`, `{"a":["1",1,true]}`},
		{"draft-07", `{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"n":{"type":"number"}},"properties":{"a":{"items":[{"$ref":"#/definitions/n"}],"additionalItems":{"type":"boolean"}}}}`, `{"a":["1","true"]}`, `{"a":[1,true]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := fit(t, jsonSchema(t, c.schema), c.in, conform.Keep)
			require.Empty(t, o.violations)
			require.Equal(t, c.out, o.text)
			again := fit(t, jsonSchema(t, c.schema), o.text, conform.Keep)
			require.Equal(t, o.text, again.text, "again")
		})
	}
}

// What could only be converted with loss, or on a guess, stays and is a violation.
func TestJSONNeverLoses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, value string }{
		{`"type":"number"`, `"007"`},
		{`"type":"number"`, `"+1"`},
		{`"type":"number"`, `"1e5"`},
		{`"type":"number"`, `" 1"`},
		{`"type":"number"`, `"1,5"`},
		{`"type":"number"`, `"NaN"`},
		{`"type":"number"`, `"Infinity"`},
		{`"type":"number"`, `"0x10"`},
		{`"type":"number"`, `""`},
		{`"type":"number"`, `"-0"`},
		{`"type":"number"`, `"0.12345678901234567890"`},
		{`"type":"integer"`, `"9007199254740993"`},
		{`"type":"integer"`, `"123456789012345678901234567890"`},
		{`"type":"integer"`, `"1.5"`},
		{`"type":"integer"`, `1.5`},
		{`"type":"integer"`, `"1.0"`},
		{`"type":"integer"`, `true`},
		{`"type":"boolean"`, `1`},
		{`"type":"boolean"`, `"yes"`},
		{`"type":"null"`, `""`},
		{`"type":"string","format":"date-time"`, `"11/12/2026"`},
		{`"type":"string","format":"date-time"`, `"Sat, 21 Nov 2026 10:00:00 CET"`},
		{`"type":"string","format":"date-time"`, `12345`},
		{`"type":"string","format":"date"`, `"2026-11-21T10:00:00Z"`},
		{`"type":"string","format":"date"`, `1700000000`},
		{`"type":"string","format":"email"`, `17`},
		{`"enum":["a","A"]`, `"á"`},
		{`"enum":["ab","AB"]`, `"Ab"`},
		{`"type":"string"`, `{"x":1}`},
	} {
		o := fit(t, jsonSchema(t, `{"properties":{"a":{`+c.kind+`}}}`), `{"a":`+c.value+`}`, conform.Keep)
		require.Equal(t, `{"a":`+c.value+`}`, o.text, c.kind)
		require.Len(t, o.violations, 1, "%s %s", c.kind, c.value)
		require.Equal(t, "properties.a", o.violations[0].Path)
		require.Equal(t, ingest.CodeSchemaViolation, o.violations[0].Code)
	}
}

func TestJSONViolations(t *testing.T) {
	t.Parallel()
	schema := jsonSchema(t, `{"required":["id","items"],"properties":{
		"id":{"type":"string","minLength":3,"maxLength":5,"pattern":"^[a-z]+$"},
		"currency":{"enum":["EUR","USD"]},
		"kind":{"const":"sale"},
		"when":{"format":"date-time"},
		"pick":{"anyOf":[{"type":"integer"},{"type":"boolean"}]},
		"items":{"type":"array","minItems":1,"maxItems":4,"uniqueItems":true,"items":{"required":["price"],"properties":{"price":{"type":"number","minimum":0.5,"exclusiveMaximum":100,"multipleOf":0.25}}}},
		"closed":{"additionalProperties":false,"properties":{"x":{}}},
		"never":false
	}}`)
	o := fit(t, schema, `{"id":"X","currency":"GBP","kind":"other","when":"soon","pick":"x","items":[{"price":0.1},{},{"price":"free"},{"price":100},{"price":100}],"closed":{"y":1,"ana@example.com":2},"never":1}`, conform.Keep)
	require.Equal(t, []string{
		`properties.closed.*: not allowed: the schema is closed`,
		`properties.closed.y: not allowed: the schema is closed`,
		`properties.currency: must be one of "EUR", "USD"`,
		`properties.id: must have at least 3 characters`,
		`properties.id: must match the pattern of the schema`,
		`properties.items: must have at most 4 elements`,
		`properties.items: must not have an element twice`,
		`properties.items[0].price: must be at least 0.5`,
		`properties.items[0].price: must be a multiple of 0.25`,
		`properties.items[1].price: required, and missing`,
		`properties.items[2].price: must be a number`,
		`properties.items[3].price: must be less than 100`,
		`properties.items[4].price: must be less than 100`,
		`properties.kind: must be "sale"`,
		`properties.never: not allowed by the schema`,
		`properties.pick: must fit one of the alternatives of the schema`,
		`properties.when: must be in the format date-time`,
	}, o.lines())
}

func TestJSONUnknownProperties(t *testing.T) {
	t.Parallel()
	const in = `{"a":1,"b":2,"n_c":3,"o":{"x":1,"y":2},"free":{"z":1},"ref":{"k":1,"l":2}}`
	schema := jsonSchema(t, `{"$defs":{"r":{"properties":{"k":{}}}},"properties":{"a":{},"o":{"properties":{"x":{}}},"free":{"type":"object"},"ref":{"$ref":"#/$defs/r"}},"patternProperties":{"^n_":{}}}`)

	exactly(t, in, fit(t, schema, in, conform.Keep).text)
	exactly(t, `{"a":1,"n_c":3,"o":{"x":1},"free":{"z":1},"ref":{"k":1}}`, fit(t, schema, in, conform.Drop).text)

	o := fit(t, schema, in, conform.Refuse)
	exactly(t, in, o.text)
	require.Equal(t, []string{"properties.b: not described by the schema", "properties.o.y: not described by the schema", "properties.ref.l: not described by the schema"}, o.lines())
	require.Equal(t, ingest.CodeUnknownProperty, o.violations[0].Code)

	t.Run("an alternative describes its own", func(t *testing.T) {
		t.Parallel()
		schema := jsonSchema(t, `{"properties":{"kind":{}},"oneOf":[{"properties":{"kind":{"const":"a"},"x":{"type":"integer"}}},{"properties":{"kind":{"const":"b"},"y":{"default":1}}}]}`)
		exactly(t, `{"kind":"a","x":1}`, fit(t, schema, `{"kind":"a","x":"1","z":1}`, conform.Drop).text)
		exactly(t, `{"kind":"b","y":1}`, fit(t, schema, `{"kind":"b"}`, conform.Drop).text)
	})
	t.Run("a closed schema is not told twice", func(t *testing.T) {
		t.Parallel()
		o := fit(t, jsonSchema(t, `{"properties":{"a":{}},"additionalProperties":false}`), `{"b":1}`, conform.Refuse)
		require.Len(t, o.violations, 1)
	})
}

// Schemas that would make an event large, deep or slow are stopped.
func TestJSONIsBounded(t *testing.T) {
	t.Parallel()
	t.Run("defaults", func(t *testing.T) {
		t.Parallel()
		schema := jsonSchema(t, `{"properties":{"a":{"items":{"properties":{"b":{"default":"`+strings.Repeat("x", 1000)+`"}}}}}}`)
		o := fit(t, schema, `{"a":[`+strings.Repeat(`{},`, 500)+`{}]}`, conform.Keep)
		require.NotNil(t, o.over)
		require.Equal(t, ingest.CodeEventTooLarge, o.over.Code)
		require.Less(t, len(o.text), 2*ingest.MaxEventBytes)
	})
	t.Run("defaults that hold themselves", func(t *testing.T) {
		t.Parallel()
		o := fit(t, jsonSchema(t, `{"properties":{"a":{"$ref":"#","default":{}}}}`), `{}`, conform.Keep)
		require.Nil(t, o.over)
		require.Less(t, strings.Count(o.text, "{"), ingest.MaxDepth)
	})
	t.Run("conversions", func(t *testing.T) {
		t.Parallel()
		schema := jsonSchema(t, `{"properties":{"a":{"items":{"type":"string","format":"date-time"}}}}`)
		o := fit(t, schema, `{"a":[`+strings.Repeat(`1700000000,`, 2900)+`1700000000]}`, conform.Keep)
		require.NotNil(t, o.over)
		require.Equal(t, ingest.CodeEventTooLarge, o.over.Code)
	})
	t.Run("schemas that are compiled", func(t *testing.T) {
		t.Parallel()
		refs, properties := []string{}, []string{}
		for i := range 3000 {
			refs = append(refs, fmt.Sprintf(`{"maxLength":%d}`, i+1))
		}
		for i := range 200 {
			properties = append(properties, fmt.Sprintf(`"p%d":{"title":"%d","allOf":[{"$ref":"#/$defs/all"}]}`, i, i))
		}
		schema := jsonSchema(t, `{"$defs":{"all":{"allOf":[`+strings.Join(refs, ",")+`]}},"properties":{`+strings.Join(properties, ",")+`}}`)
		begun := time.Now()
		require.Empty(t, fit(t, schema, `{"p1":"x"}`, conform.Keep).lines())
		require.NotEmpty(t, fit(t, schema, `{"p1":"xx"}`, conform.Keep).lines())
		require.Less(t, time.Since(begun), 5*time.Second)
	})
	t.Run("alternatives of alternatives", func(t *testing.T) {
		t.Parallel()
		schema := jsonSchema(t, `{"$ref":"#/$defs/n","$defs":{"n":{"properties":{"x":{"anyOf":[{"$ref":"#/$defs/n"},{"$ref":"#/$defs/n","title":"again"}]},"y":{"const":1}}}}}`)
		o := fit(t, schema, strings.Repeat(`{"x":`, 29)+`{"y":2}`+strings.Repeat(`}`, 29), conform.Keep)
		require.NotNil(t, o.over)
	})
	t.Run("alternatives of alternatives that the library decides", func(t *testing.T) {
		t.Parallel()
		schema := jsonSchema(t, `{"$ref":"#/$defs/n","$defs":{"n":{"properties":{"x":{"if":{"$ref":"#/$defs/n"},"then":{"$ref":"#/$defs/n"},"else":{"$ref":"#/$defs/n"}},"y":{"const":1}}}}}`)
		o := fit(t, schema, strings.Repeat(`{"x":`, 29)+`{"y":2}`+strings.Repeat(`}`, 29), conform.Keep)
		require.NotNil(t, o.over)
	})
	t.Run("laughs", func(t *testing.T) {
		t.Parallel()
		defs := `"n0":{"const":{}}`
		for i := range 40 {
			defs += fmt.Sprintf(`,"n%d":{"allOf":[{"$ref":"#/$defs/n%d"},{"$ref":"#/$defs/n%d","title":"again"}]}`, i+1, i, i)
		}
		o := fit(t, jsonSchema(t, `{"$ref":"#/$defs/n40","$defs":{`+defs+`}}`), `{"a":1}`, conform.Keep)
		require.NotNil(t, o.over)
	})
	t.Run("numbers that are too small to be read", func(t *testing.T) {
		t.Parallel()
		schema := jsonSchema(t, `{"properties":{"a":{"minimum":0,"multipleOf":0.5}}}`)
		require.Empty(t, fit(t, schema, `{"a":1e-9999999}`, conform.Keep).violations)
	})
	t.Run("many violations", func(t *testing.T) {
		t.Parallel()
		o := fit(t, jsonSchema(t, `{"properties":{"a":{"items":{"type":"number"}}}}`), `{"a":[`+strings.Repeat(`"x",`, 500)+`"x"]}`, conform.Keep)
		require.Len(t, o.violations, 20)
		require.Equal(t, 501, o.total)
	})
}

// anySchema draws a JSON Schema. Every keyword is one that has an effect on conforming.
func anySchema(depth int) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		s := map[string]any{}
		kinds := []string{"string", "number", "integer", "boolean", "null"}
		if depth > 0 {
			kinds = append(kinds, "object", "array", "object")
		}
		switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
		case "string":
			s["type"] = "string"
			switch rapid.IntRange(0, 6).Draw(t, "text") {
			case 0:
				s["format"] = rapid.SampledFrom([]string{"date-time", "date", "uuid", "email"}).Draw(t, "format")
			case 1:
				s["enum"] = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "B", "c", "1", "true", "EUR"}), 1, 4, rapid.ID).Draw(t, "enum")
			case 2:
				s["maxLength"] = rapid.IntRange(0, 4).Draw(t, "length")
			case 3:
				s["pattern"] = "^[a-z]*$"
			}
		case "number", "integer":
			s["type"] = kind
			if rapid.Bool().Draw(t, "bounded") {
				s["minimum"] = rapid.SampledFrom([]float64{-1, 0, 0.5, 1}).Draw(t, "minimum")
				s["exclusiveMaximum"] = rapid.SampledFrom([]float64{1, 2.5, 100}).Draw(t, "maximum")
			}
		case "object":
			s["type"] = "object"
			properties := map[string]any{}
			for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4, rapid.ID).Draw(t, "names") {
				properties[name] = anySchema(depth-1).Draw(t, name)
				if rapid.IntRange(0, 3).Draw(t, "need") == 0 {
					required, _ := s["required"].([]any)
					s["required"] = append(required, name)
				}
			}
			s["properties"] = properties
			if rapid.IntRange(0, 3).Draw(t, "closed") == 0 {
				s["additionalProperties"] = rapid.SampledFrom([]any{false, true, map[string]any{"type": "integer"}}).Draw(t, "additional")
			}
		case "array":
			s["type"], s["items"] = "array", anySchema(depth-1).Draw(t, "items")
			if rapid.IntRange(0, 3).Draw(t, "unique") == 0 {
				s["uniqueItems"] = true
			}
		default:
			s["type"] = kind
		}
		if depth > 0 && rapid.IntRange(0, 4).Draw(t, "alternatives") == 0 {
			key := rapid.SampledFrom([]string{"anyOf", "oneOf", "allOf"}).Draw(t, "combine")
			return map[string]any{key: []any{s, anySchema(depth-1).Draw(t, "other")}}
		}
		return s
	})
}

// anyValue draws JSON text that has some chance to fit.
func anyValue(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		most := 8
		if depth > 0 {
			most = 12
		}
		switch k := rapid.IntRange(0, most).Draw(t, "value"); k {
		case 0:
			return "null"
		case 1:
			return rapid.SampledFrom([]string{"true", "false"}).Draw(t, "boolean")
		case 2, 3:
			return rapid.SampledFrom([]string{"0", "1", "-1", "1.0", "2.5", "99.99", "1e2", "1700000000", "123456789012345678901"}).Draw(t, "number")
		case 4, 5, 6, 7, 8:
			return rapid.SampledFrom([]string{`""`, `"a"`, `"b"`, `"eur"`, `"1"`, `"007"`, `"2.50"`, `"true"`, `"TRUE"`, `"2026-11-21"`, `"2026-11-21T10:00:00Z"`, `"2026-11-21 10:00"`, `"a@b.example"`, `"0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"`}).Draw(t, "text")
		case 9, 10:
			return "[" + strings.Join(rapid.SliceOfN(anyValue(depth-1), 0, 3).Draw(t, "elements"), ",") + "]"
		default:
			var members []string
			for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), 0, 4, rapid.ID).Draw(t, "members") {
				members = append(members, `"`+name+`":`+anyValue(depth-1).Draw(t, name))
			}
			return "{" + strings.Join(members, ",") + "}"
		}
	})
}

// What the library calls valid stays as it is, byte by byte, whatever the schema; what is conformed without a violation
// is valid, and stays as it is when it is conformed again; what the library still refuses has a violation.
func TestJSONProperties(t *testing.T) {
	t.Parallel()
	valid, converted := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(anySchema(3).Draw(t, "schema"))
		require.NoError(t, err)
		schema := jsonSchema(t, string(text))
		c, ok := conform.New(schema)
		require.True(t, ok)
		for range 10 {
			in := anyValue(3).Draw(t, "properties")
			o := fitTo(t, c, in, conform.Keep)
			require.Nil(t, o.over)
			if schema.Validate(value(t, in)) == nil {
				valid++
				exactly(t, in, o.text, "%s", text)
				require.Empty(t, o.violations, "%s", text)
				require.False(t, o.changed)
				continue
			}
			require.Equal(t, schema.Validate(value(t, o.text)) == nil, o.total == 0, "%s: %s became %s", text, in, o.text)
			if o.total == 0 {
				converted++
				require.Equal(t, o.text, fitTo(t, c, o.text, conform.Keep).text)
			}
		}
	})
	require.Positive(t, valid)
	require.Positive(t, converted)
}

func value(t require.TestingT, text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v))
	return v
}
