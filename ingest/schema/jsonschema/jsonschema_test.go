package jsonformat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/schema"
	jsonformat "github.com/observatory/observatory/ingest/schema/jsonschema"
	"github.com/observatory/observatory/internal/fault"
)

func parse(t testing.TB, text string, dependencies ...schema.Dependency) *jsonformat.Parsed {
	t.Helper()
	p, err := jsonformat.Format{}.Parse(schema.Text{Type: schema.JSON, Schema: text, Dependencies: dependencies})
	require.NoError(t, err, text)
	return p.(*jsonformat.Parsed)
}

func TestCanonicalForm(t *testing.T) {
	t.Parallel()
	p := parse(t, ` { "type":"object", "properties": {"b":{"maximum":1.50,"const":"\u00e9\u000a"}, "a":{"minimum":10, "multipleOf":1e0}}, "$schema":"https://json-schema.org/draft/2020-12/schema", "required":["b","a"]}`)
	//nolint:testifylint // the text itself counts, not what it means
	require.Equal(t, `{"$schema":"https://json-schema.org/draft/2020-12/schema","properties":{"a":{"minimum":10,"multipleOf":1},"b":{"const":"é\n","maximum":1.5}},"required":["b","a"],"type":"object"}`, p.Canonical())
	require.Equal(t, p.Fingerprints(), parse(t, p.Canonical()).Fingerprints())
	require.False(t, p.Fingerprints().HasRabin)
	require.Equal(t, "true", parse(t, "true").Canonical())
}

func TestReferences(t *testing.T) {
	t.Parallel()
	money := schema.Dependency{Name: "money.json", Schema: `{"$defs":{"cents":{"type":"integer"}},"type":"object","properties":{"net":{"$ref":"#/$defs/cents"}}}`}
	tax := schema.Dependency{Name: "https://example.com/tax.json", Schema: `{"$anchor":"t","properties":{"m":{"$ref":"money.json"}}}`}
	own := schema.Dependency{Name: "whatever", Schema: `{"$id":"https://example.com/own.json","type":"string"}`}
	for _, head := range []string{``, `"$id":"https://example.com/schemas/order.json",`, `"$id":"order.json",`, `"$schema":"http://json-schema.org/draft-07/schema#",`} {
		p := parse(t, `{`+head+`"type":"object","properties":{"a":{"$ref":"money.json"},"b":{"$ref":"https://example.com/tax.json"},"c":{"$ref":"https://example.com/own.json"},"d":{"$ref":"money.json#/$defs/cents"}}}`, money, tax, own)
		require.NoError(t, p.Schema().Validate(map[string]any{"a": map[string]any{"net": 5}, "c": "x", "d": 5}))
		require.Error(t, p.Schema().Validate(map[string]any{"a": map[string]any{"net": "5"}}))
		require.Error(t, p.Schema().Validate(map[string]any{"b": map[string]any{"m": map[string]any{"net": "5"}}}))
		require.Error(t, p.Schema().Validate(map[string]any{"c": 5}))
		require.Error(t, p.Schema().Validate(map[string]any{"d": "x"}))
	}
}

func TestDrafts(t *testing.T) {
	t.Parallel()
	list := `"type":"array","items":[{"type":"string"}],"additionalItems":false}`
	old := parse(t, `{"$schema":"http://json-schema.org/draft-07/schema#",`+list)
	require.Error(t, old.Schema().Validate([]any{"a", "b"}))
	_, err := jsonformat.Format{}.Parse(schema.Text{Schema: "{" + list})
	require.Error(t, err, "a list of items is not a schema in 2020-12")
	for _, address := range []string{"http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-07/schema", "https://json-schema.org/draft-07/schema#"} {
		require.Equal(t, 7, parse(t, `{"$schema":"`+address+`"}`).Schema().DraftVersion)
	}
	for _, address := range []string{"https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2020-12/schema#", "http://json-schema.org/draft/2020-12/schema"} {
		require.Equal(t, 2020, parse(t, `{"$schema":"`+address+`"}`).Schema().DraftVersion)
	}
	tree := parse(t, `{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"children":{"items":{"$ref":"#/$defs/node"}}},"required":["children"]}}}`)
	require.NoError(t, tree.Schema().Validate(map[string]any{"children": []any{map[string]any{"children": []any{}}}}))
	require.Error(t, tree.Schema().Validate(map[string]any{"children": []any{map[string]any{}}}))
	require.Error(t, parse(t, `{"format":"email"}`).Schema().Validate("nobody"))
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	combine := func(keyword string) string { // each level is checked twice by the one above
		var defs strings.Builder
		for i := range 40 {
			fmt.Fprintf(&defs, `"d%d":{"%s":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, keyword, i+1, i+1)
		}
		return `{"$ref":"#/$defs/d0","$defs":{` + defs.String() + `"d40":{"type":"string"}}}`
	}
	var patterns strings.Builder
	for i := range 900 {
		fmt.Fprintf(&patterns, `"%da{900}":true,`, i)
	}
	var names, alternatives []string
	for i := range 4000 {
		names = append(names, fmt.Sprintf(`"%x":{}`, i))
	}
	for i := range 10 {
		alternatives = append(alternatives, fmt.Sprintf(`{"pattern":"(?:.?){900}%d$"}`, i))
	}
	long := strings.Repeat("n", 1900)
	for name, c := range map[string]struct{ text, says string }{
		"empty":                    {"", "ends too early"},
		"a number":                 {"5", "A JSON schema is an object"},
		"no JSON":                  {`{"type":}`, "not valid JSON at byte"},
		"a name twice":             {`{"type":"string","type":"object"}`, "same name twice"},
		"no such type":             {`{"properties":{"a":{"type":"money"}}}`, "At /properties/a/type: not a valid JSON schema"},
		"another draft":            {`{"$schema":"http://json-schema.org/draft-04/schema#"}`, "draft-07"},
		"another draft inside":     {`{"properties":{"a":{"$id":"a","$schema":"https://example.com/mine"}}}`, "draft-07"},
		"a reference to nothing":   {`{"$ref":"#/$defs/gone"}`, "where there is nothing"},
		"an anchor that is gone":   {`{"$ref":"#gone"}`, "anchor"},
		"a reference elsewhere":    {`{"properties":{"a":{"$ref":"http://127.0.0.1:1/steal"}}}`, "nothing is loaded"},
		"a reference to a file":    {`{"$ref":"file:///etc/hostname"}`, "nothing is loaded"},
		"a relative reference":     {`{"$ref":"other.json"}`, `"other.json"`},
		"itself":                   {`{"$ref":"#"}`, "would never end"},
		"itself through others":    {`{"anyOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"not":{"$ref":"#"}}}}`, "would never end"},
		"itself if":                {`{"properties":{"x":{"if":{"$ref":"#/properties/x"}}}}`, "would never end"},
		"sums that double":         {combine("anyOf"), "more than 10000 subschemas"},
		"products that double":     {combine("allOf"), "more than 10000 subschemas"},
		"a pattern with look-back": {`{"pattern":"(?<=a)b"}`, "look-around"},
		"a pattern of names":       {`{"patternProperties":{"(a)\\1":true}}`, "look-around"},
		"a long pattern":           {`{"pattern":"` + strings.Repeat("a", 2000) + `"}`, "bytes long"},
		"a large pattern":          {`{"pattern":"` + strings.Repeat("[a-z]{1000}", 50) + `"}`, "too large"},
		"many large patterns":      {`{"patternProperties":{` + patterns.String() + `"x":true}}`, "too large"},
		"a number without bounds":  {`{"maximum":1e1000000000}`, "At /maximum"},
		"a number of a million":    {`{"const":` + strings.Repeat("9", 900_000) + `}`, "digits"},
		"1 MiB of brackets":        {strings.Repeat(`{"not":`, 140_000), "deeper"},
		"more than 1 MiB":          {`"` + strings.Repeat("a", schema.MaxSchemaBytes) + `"`, "bytes long"},
		"many subschemas":          {`{"allOf":[` + strings.Repeat(`{},`, jsonformat.MaxObjects) + `{}]}`, "objects and booleans"},
		"a long path":              {`{"properties":{"` + strings.Repeat("a", 3000) + `":{"properties":{"b":true}}}}`, "longer than 2000 bytes"},
		"many long paths":          {`{"$defs":{"` + long + `":{"properties":{` + strings.Join(names, ",") + `}}}}`, "longer than 1048576 bytes together"},
		"one text, many patterns":  {`{"properties":{"a":{"anyOf":[` + strings.Join(alternatives, ",") + `]}}}`, "At /properties/a: one text would be matched"},
		"one pattern many times":   {`{"allOf":[` + strings.Repeat(`{"$ref":"#/$defs/p"},`, 9) + `true],"$defs":{"p":` + alternatives[0] + `}}`, "one text would be matched"},
		"names and their patterns": {`{"patternProperties":{"(?:.?){900}a$":true,"(?:.?){900}b$":true},"propertyNames":` + alternatives[0] + `}`, "one text would be matched"},
		"a long identifier":        {`{"$id":"https://example.com/` + strings.Repeat("a", 3000) + `"}`, "$id is 3020 bytes long"},
		"an identifier twice":      {`{"$defs":{"a":{"$id":"x"},"b":{"$id":"x"}}}`, "cannot be compiled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireRefused(t, schema.Text{Schema: c.text}, c.says)
		})
	}
	requireRefused(t, schema.Text{Schema: `{"$ref":"a.json"}`, Dependencies: []schema.Dependency{{Name: "a.json", Schema: `{`}}}, `referenced schema "a.json"`)
}

func requireRefused(t *testing.T, text schema.Text, says string) {
	t.Helper()
	start := time.Now()
	_, err := jsonformat.Format{}.Parse(text)
	require.Error(t, err)
	f := fault.From(err)
	require.Equal(t, fault.Invalid, f.Kind)
	require.Equal(t, schema.CodeInvalid, f.Code)
	require.Contains(t, f.Message, says)
	require.Less(t, len(f.Message), 600)
	require.Less(t, time.Since(start), 3*time.Second)
}

// The largest schemas that are allowed are compiled in reasonable time.
func TestLargeSchema(t *testing.T) {
	t.Parallel()
	for name, definition := range map[string]string{"$defs": `{"$ref":"#/$defs/d%d"}`, "elsewhere": `{"$ref":"#/elsewhere/d%d"}`} {
		var properties, defs strings.Builder
		for i := range jsonformat.MaxObjects/2 - 5 {
			fmt.Fprintf(&properties, `"p%d":`+definition+`,`, i, i)
			fmt.Fprintf(&defs, `"d%d":{"type":"string","maxLength":%d},`, i, i)
		}
		start := time.Now()
		parse(t, `{"properties":{`+properties.String()+`"x":{}},"`+name+`":{`+defs.String()+`"x":{}}}`)
		require.Less(t, time.Since(start), time.Minute)
		t.Log(name, time.Since(start))
	}
}
