package jsonformat_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type tree = map[string]any

var (
	kinds    = []string{"null", "boolean", "integer", "number", "string", "array", "object"}
	names    = []string{"a", "b", "ab", "x-a"}
	texts    = []any{"", "a", "ab", "abc", "2026-11-21"}
	scalars  = append([]any{nil, true, false, 0, 1, 2, 3, -1, 0.5}, texts...)
	patterns = []string{"^x-", "a", "b$"}
)

// drawSchema draws a schema over a small world of values, so that random values meet it.
func drawSchema(t *rapid.T, depth int) any {
	if depth == 0 {
		return rapid.SampledFrom([]any{true, false, tree{}, tree{"type": "string"}, tree{"type": "integer"}, tree{"type": []any{"number", "null"}}, tree{"const": 1}, tree{"$ref": "#"}}).Draw(t, "leaf")
	}
	s := tree{}
	if rapid.IntRange(0, 3).Draw(t, "typed") > 0 {
		s["type"] = rapid.SampledFrom(kinds).Draw(t, "type")
		if rapid.IntRange(0, 3).Draw(t, "more") == 0 {
			other := rapid.SampledFrom(kinds).Draw(t, "other")
			if other != s["type"] {
				s["type"] = []any{s["type"], other}
			}
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "keywords") {
		drawKeyword(t, s, depth)
	}
	return s
}

func drawKeyword(t *rapid.T, s tree, depth int) {
	small := rapid.IntRange(0, 3)
	sub := func() any { return drawSchema(t, depth-1) }
	some := func(of []string) any {
		out := tree{}
		for range rapid.IntRange(1, 3).Draw(t, "members") {
			out[rapid.SampledFrom(of).Draw(t, "member")] = sub()
		}
		return out
	}
	many := func() any {
		out := []any{}
		for range rapid.IntRange(1, 3).Draw(t, "alternatives") {
			out = append(out, sub())
		}
		return out
	}
	keyword := rapid.SampledFrom([]string{
		"enum", "const", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
		"minItems", "maxItems", "uniqueItems", "items", "prefixItems", "contains", "minContains", "maxContains", "minProperties", "maxProperties", "required",
		"properties", "properties", "properties", "patternProperties", "additionalProperties", "additionalProperties", "unevaluatedProperties", "unevaluatedItems",
		"propertyNames", "dependentRequired", "dependentSchemas", "anyOf", "oneOf", "allOf", "not", "if",
	}).Draw(t, "keyword")
	switch keyword {
	case "enum":
		s[keyword] = rapid.SliceOfNDistinct(rapid.SampledFrom(scalars), 1, 4, func(v any) string { return fmt.Sprint(v) }).Draw(t, "values")
	case "const":
		s[keyword] = rapid.SampledFrom(scalars).Draw(t, "value")
	case "pattern":
		s[keyword] = rapid.SampledFrom(patterns).Draw(t, "pattern")
	case "format":
		s[keyword] = rapid.SampledFrom([]string{"date", "email"}).Draw(t, "format")
	case "multipleOf":
		s[keyword] = rapid.SampledFrom([]any{0.5, 1, 2, 3}).Draw(t, "multiple")
	case "uniqueItems":
		s[keyword] = true
	case "minContains", "maxContains":
		s["contains"], s[keyword] = sub(), small.Draw(t, "count")
	case "items", "contains", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "propertyNames", "not":
		s[keyword] = sub()
	case "prefixItems", "anyOf", "oneOf", "allOf":
		s[keyword] = many()
	case "required":
		s[keyword] = []any{rapid.SampledFrom(names).Draw(t, "name")}
	case "properties", "dependentSchemas":
		s[keyword] = some(names)
	case "patternProperties":
		s[keyword] = some(patterns)
	case "dependentRequired":
		s[keyword] = tree{rapid.SampledFrom(names).Draw(t, "with"): []any{rapid.SampledFrom(names).Draw(t, "needs")}}
	case "if":
		s["if"], s["then"], s["else"] = sub(), sub(), sub()
	default:
		s[keyword] = small.Draw(t, "limit")
	}
}

// evolve changes a schema here and there.
func evolve(t *rapid.T, v any, depth int) any {
	if rapid.IntRange(0, 15).Draw(t, "change") == 0 && depth > 0 {
		return drawSchema(t, 1)
	}
	s, ok := v.(tree)
	if !ok {
		return v
	}
	out := tree{}
	for key, value := range s {
		out[key] = value
	}
	switch rapid.IntRange(0, 6).Draw(t, "keywords") {
	case 0:
		drawKeyword(t, out, 1)
	case 1:
		delete(out, rapid.SampledFrom([]string{"type", "required", "properties", "additionalProperties", "enum", "maxLength", "items", "anyOf", "not"}).Draw(t, "without"))
	case 2:
		return tree{"anyOf": []any{out, drawSchema(t, 1)}}
	case 3:
		return tree{"oneOf": []any{out, drawSchema(t, 1)}}
	}
	for _, key := range []string{"properties", "patternProperties"} {
		if members, ok := out[key].(tree); ok {
			changed := tree{}
			for name, member := range members {
				changed[name] = evolve(t, member, depth)
			}
			out[key] = changed
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner, ok := out[key]; ok {
			out[key] = evolve(t, inner, depth)
		}
	}
	return out
}

// drawValue draws any value of the small world, with keywords' values in it.
func drawValue(t *rapid.T, depth int) any {
	switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
	case depth > 0 && kind < 4:
		out := tree{}
		for range rapid.IntRange(0, 3).Draw(t, "members") {
			out[rapid.SampledFrom(names).Draw(t, "name")] = drawValue(t, depth-1)
		}
		return out
	case depth > 0 && kind < 6:
		out := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			out = append(out, drawValue(t, depth-1))
		}
		return out
	default:
		return rapid.SampledFrom(scalars).Draw(t, "scalar")
	}
}

// When the checker says that a reader accepts what a writer accepts, it does, whatever the schemas say.
func TestCompatibleMeansAccepted(t *testing.T) {
	t.Parallel()
	tried := 0
	rapid.Check(t, func(t *rapid.T) {
		before := drawSchema(t, 3)
		writerText, err := json.Marshal(before)
		require.NoError(t, err)
		readerText, err := json.Marshal(evolve(t, before, 2))
		require.NoError(t, err)
		writer, err1 := parseText(string(writerText))
		reader, err2 := parseText(string(readerText))
		if err1 != nil || err2 != nil { // it refers to itself without end
			return
		}
		again, err := parseText(writer.Canonical())
		require.NoError(t, err)
		require.Empty(t, writer.Incompatibilities(again), "%s", writerText)
		if len(reader.Incompatibilities(writer)) > 0 {
			return
		}
		for range 25 {
			v := drawValue(t, 3)
			if writer.Schema().Validate(v) != nil {
				continue
			}
			tried++
			require.NoError(t, reader.Schema().Validate(v), "writer %s\nreader %s\nvalue %v", writerText, readerText, v)
		}
	})
	require.Positive(t, tried)
	t.Logf("%d values were tried", tried)
}
