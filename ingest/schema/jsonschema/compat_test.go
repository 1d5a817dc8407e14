package jsonformat_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// compatibility is what can be said of two versions: reader and writer are theirs, rules are "RULE /path" of what breaks.
type compatibility struct {
	name, writer, reader string
	rules                []string
}

func (c compatibility) run(t *testing.T) {
	t.Helper()
	reader, writer := parse(t, c.reader), parse(t, c.writer)
	got := []string{}
	for _, i := range reader.Incompatibilities(writer) {
		require.NotEmpty(t, i.Message)
		require.NotEmpty(t, i.Advice)
		got = append(got, i.Rule+" "+i.Path)
	}
	require.ElementsMatch(t, c.rules, got)
	require.Empty(t, reader.Incompatibilities(parse(t, c.reader)), "a schema reads itself")
	require.Empty(t, writer.Incompatibilities(parse(t, c.writer)), "a schema reads itself")
}

func TestCompatibilityOfScalars(t *testing.T) {
	t.Parallel()
	for _, c := range []compatibility{
		{"nothing to anything", `{"type":"string"}`, `{}`, nil},
		{"anything to something", `{}`, `{"type":"string"}`, []string{"TYPE_NARROWED /type"}},
		{"nothing is left", `{"type":"string"}`, `false`, []string{"TYPE_NARROWED /"}},
		{"another type", `{"type":"string"}`, `{"type":"integer"}`, []string{"TYPE_CHANGED /type"}},
		{"an integer is a number", `{"type":"integer"}`, `{"type":"number"}`, nil},
		{"a number is no integer", `{"type":"number"}`, `{"type":"integer"}`, []string{"TYPE_NARROWED /type"}},
		{"one type more", `{"type":"string"}`, `{"type":["null","string"]}`, nil},
		{"one type less", `{"type":["null","string"]}`, `{"type":"string"}`, []string{"TYPE_NARROWED /type"}},
		{"documentation", `{"type":"string","title":"a","default":"x"}`, `{"type":"string","description":"b","default":"y"}`, nil},
		{"a value more", `{"enum":["a","b"]}`, `{"enum":["c","b","a"]}`, nil},
		{"a value less", `{"enum":["a","b"]}`, `{"enum":["a"]}`, []string{"ENUM_ARRAY_NARROWED /enum"}},
		{"values at all", `{"type":"string"}`, `{"enum":["a"]}`, []string{"ENUM_ARRAY_ADDED /enum"}},
		{"values no more", `{"enum":["a"]}`, `{"type":"string"}`, nil},
		{"values of another type", `{"enum":["a",1]}`, `{"type":"string"}`, []string{"TYPE_NARROWED /type"}},
		{"a value among values", `{"const":1.0}`, `{"enum":[1,2]}`, nil},
		{"another value", `{"const":1}`, `{"const":2}`, []string{"ENUM_ARRAY_NARROWED /const"}},
		{"a value and a list at odds", `{"type":"null"}`, `{"const":null,"enum":[true]}`, []string{"ENUM_ARRAY_NARROWED /enum"}},
		{"two booleans", `{"type":"boolean"}`, `{"enum":[true,false,null]}`, nil},
		{"values that fit", `{"enum":["ab","cd"]}`, `{"type":"string","maxLength":2,"pattern":"^[a-d]+$"}`, nil},
		{"shorter", `{"type":"string","maxLength":5}`, `{"type":"string","maxLength":4}`, []string{"MAX_LENGTH_DECREASED /maxLength"}},
		{"longer", `{"type":"string","maxLength":5}`, `{"type":"string","maxLength":6}`, nil},
		{"a longest", `{"type":"string"}`, `{"type":"string","maxLength":4}`, []string{"MAX_LENGTH_ADDED /maxLength"}},
		{"a shortest", `{"type":"string"}`, `{"type":"string","minLength":4}`, []string{"MIN_LENGTH_ADDED /minLength"}},
		{"a longer shortest", `{"type":"string","minLength":3}`, `{"type":"string","minLength":4}`, []string{"MIN_LENGTH_INCREASED /minLength"}},
		{"no shortest any more", `{"type":"string","minLength":3}`, `{"type":"string"}`, nil},
		{"a length of what is no string", `{"type":"integer"}`, `{"minLength":4}`, nil},
		{"a pattern", `{"type":"string"}`, `{"type":"string","pattern":"a"}`, []string{"PATTERN_ADDED /pattern"}},
		{"another pattern", `{"type":"string","pattern":"b"}`, `{"type":"string","pattern":"a"}`, []string{"PATTERN_CHANGED /pattern"}},
		{"no pattern any more", `{"type":"string","pattern":"b"}`, `{"type":"string"}`, nil},
		{"a format", `{"type":"string"}`, `{"type":"string","format":"email"}`, []string{"FORMAT_ADDED /format"}},
		{"another format", `{"type":"string","format":"date"}`, `{"type":"string","format":"email"}`, []string{"FORMAT_CHANGED /format"}},
		{"a maximum", `{"type":"number"}`, `{"type":"number","maximum":4}`, []string{"MAXIMUM_ADDED /maximum"}},
		{"a lower maximum", `{"type":"number","maximum":5}`, `{"type":"number","maximum":4.5}`, []string{"MAXIMUM_DECREASED /maximum"}},
		{"a higher maximum", `{"type":"number","maximum":5}`, `{"type":"number","maximum":50}`, nil},
		{"the maximum itself", `{"type":"number","maximum":5}`, `{"type":"number","exclusiveMaximum":5}`, []string{"EXCLUSIVE_MAXIMUM_DECREASED /exclusiveMaximum"}},
		{"the maximum allowed", `{"type":"number","exclusiveMaximum":5}`, `{"type":"number","maximum":5}`, nil},
		{"a minimum", `{"type":"number"}`, `{"type":"number","minimum":4}`, []string{"MINIMUM_ADDED /minimum"}},
		{"a higher minimum", `{"type":"number","minimum":4}`, `{"type":"number","minimum":4.5}`, []string{"MINIMUM_INCREASED /minimum"}},
		{"a lower minimum", `{"type":"number","minimum":4}`, `{"type":"number","exclusiveMinimum":3}`, nil},
		{"multiples", `{"type":"integer"}`, `{"type":"integer","multipleOf":2}`, []string{"MULTIPLE_OF_ADDED /multipleOf"}},
		{"multiples of a divisor", `{"type":"integer","multipleOf":10}`, `{"type":"integer","multipleOf":2}`, nil},
		{"multiples of another", `{"type":"integer","multipleOf":10}`, `{"type":"integer","multipleOf":3}`, []string{"MULTIPLE_OF_CHANGED /multipleOf"}},
		{"integers are multiples of halves", `{"type":"integer"}`, `{"type":"number","multipleOf":0.5}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

func TestCompatibilityOfObjects(t *testing.T) {
	t.Parallel()
	open := func(properties string) string { return `{"type":"object","properties":{` + properties + `}}` }
	closed := func(properties string) string {
		return `{"type":"object","additionalProperties":false,"properties":{` + properties + `}}`
	}
	partly := func(properties string) string {
		return `{"type":"object","additionalProperties":{"type":["string","null"]},"properties":{` + properties + `}}`
	}
	a, b := `"a":{"type":"string"}`, `"b":{"type":"integer"}`
	for _, c := range []compatibility{
		{"added to open", open(a), open(a + "," + b), []string{"PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL /properties/b"}},
		{"added to open without restriction", open(a), open(a + `,"b":{}`), nil},
		{"added to closed", closed(a), closed(a + "," + b), nil},
		{"added to partly open, fits", partly(b), partly(b + `,"a":{"type":["string","null","boolean"]}`), nil},
		{"added to partly open, does not fit", partly(""), partly(b), []string{"PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL /properties/b"}},
		{"removed from open", open(a + "," + b), open(a), nil},
		{"removed from closed", closed(a + "," + b), closed(a), []string{"PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL /properties/b"}},
		{"removed from partly open, fits", partly(a + "," + b), partly(b), nil},
		{"removed from partly open, does not fit", partly(a + "," + b), partly(a), []string{"PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL /properties/b"}},
		{"opened", closed(a), open(a), nil},
		{"closed", open(a), closed(a), []string{"ADDITIONAL_PROPERTIES_REMOVED /additionalProperties"}},
		{"partly closed", open(a), partly(a), []string{"ADDITIONAL_PROPERTIES_NARROWED /additionalProperties"}},
		{"partly opened", closed(a), partly(a), nil},
		{"wholly closed", partly(a), closed(a), []string{"ADDITIONAL_PROPERTIES_REMOVED /additionalProperties"}},
		{"partly open to less", `{"type":"object","additionalProperties":{"type":["string","null"]}}`, `{"type":"object","additionalProperties":{"type":"string"}}`, []string{"TYPE_NARROWED /additionalProperties/type"}},
		{"the type of a property", open(a), open(`"a":{"type":"integer"}`), []string{"TYPE_CHANGED /properties/a/type"}},
		{"deep inside", open(`"o":` + open(`"p~/":`+open(a))), open(`"o":` + open(`"p~/":`+open(`"a":{"type":"string","maxLength":3}`))), []string{"MAX_LENGTH_ADDED /properties/o/properties/p~0~1/properties/a/maxLength"}},
		{"required", closed(a), `{"type":"object","additionalProperties":false,"required":["a"],"properties":{` + a + `}}`, []string{"REQUIRED_ATTRIBUTE_ADDED /required/0"}},
		{"required with default", closed(a), `{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string","default":""}}}`, nil},
		{"required no more", `{"type":"object","required":["a"]}`, `{"type":"object"}`, nil},
		{"added and required", closed(a), `{"type":"object","additionalProperties":false,"required":["b"],"properties":{` + a + "," + b + `}}`, []string{"REQUIRED_ATTRIBUTE_ADDED /required/0"}},
		{
			"several at once", open(a + "," + b), `{"type":"object","required":["a"],"properties":{"a":{"type":"null"},"b":{"type":"integer","maximum":3}}}`,
			[]string{"REQUIRED_ATTRIBUTE_ADDED /required/0", "TYPE_CHANGED /properties/a/type", "MAXIMUM_ADDED /properties/b/maximum"},
		},
		{"fewer properties", `{"type":"object","maxProperties":3}`, `{"type":"object","maxProperties":2}`, []string{"MAX_PROPERTIES_DECREASED /maxProperties"}},
		{"at least as many as are required", `{"type":"object","required":["a","b"]}`, `{"type":"object","minProperties":2}`, nil},
		{"at least some", `{"type":"object"}`, `{"type":"object","minProperties":2}`, []string{"MIN_PROPERTIES_ADDED /minProperties"}},
		{"a pattern of names", `{"type":"object"}`, `{"type":"object","patternProperties":{"^x-":{"type":"string"}}}`, []string{"PATTERN_PROPERTIES_NARROWED /patternProperties/^x-"}},
		{"a pattern of names narrowed", `{"type":"object","patternProperties":{"^x-":{"type":["string","null"]}}}`, `{"type":"object","patternProperties":{"^x-":{"type":"string"}}}`, []string{"TYPE_NARROWED /patternProperties/^x-/type"}},
		{"a pattern covers what was named", closed(`"x-a":{"type":"string"}`), `{"type":"object","additionalProperties":false,"patternProperties":{"^x-":{"type":"string"}}}`, nil},
		{"a name that a pattern covered", `{"type":"object","additionalProperties":false,"patternProperties":{"^x-":{"type":"string"}}}`, closed(`"x-a":{"type":"string"}`), []string{"ADDITIONAL_PROPERTIES_REMOVED /additionalProperties"}},
		{"names are restricted", `{"type":"object"}`, `{"type":"object","propertyNames":{"maxLength":5}}`, []string{"PROPERTY_NAMES_CHANGED /propertyNames"}},
		{"names are restricted more", `{"type":"object","propertyNames":{"maxLength":6}}`, `{"type":"object","propertyNames":{"maxLength":5}}`, []string{"MAX_LENGTH_DECREASED /propertyNames/maxLength"}},
		{"names that fit", closed(a), `{"type":"object","propertyNames":{"maxLength":1},"properties":{` + a + `}}`, nil},
		{"a dependency", `{"type":"object"}`, `{"type":"object","dependentRequired":{"a":["b"]}}`, []string{"DEPENDENCY_ARRAY_ADDED /dependentRequired/a"}},
		{"a smaller dependency", `{"type":"object","dependentRequired":{"a":["b","c"]}}`, `{"type":"object","dependentRequired":{"a":["b"]}}`, nil},
		{"a dependent schema", `{"type":"object"}`, `{"type":"object","dependentSchemas":{"a":{"required":["b"]}}}`, []string{"REQUIRED_ATTRIBUTE_ADDED /dependentSchemas/a/required/0"}},
		{"a dependency of draft 7", `{"$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"a":["b"]}}`, `{"type":["object","null","string","number","array","boolean"],"dependentRequired":{"a":["b"]}}`, nil},
		{"unevaluated properties", `{"type":"object","allOf":[{"properties":{` + a + `}}],"unevaluatedProperties":false}`, closed(a + "," + b), nil},
		{"unevaluated properties closed", open(a), `{"type":"object","allOf":[{"properties":{` + a + `}}],"unevaluatedProperties":false}`, []string{"ADDITIONAL_PROPERTIES_REMOVED /unevaluatedProperties"}},
		{"unevaluated properties extended", `{"type":"object","allOf":[{"properties":{` + a + `}}],"unevaluatedProperties":false}`, `{"type":"object","allOf":[{"properties":{` + a + "," + b + `}}],"unevaluatedProperties":false}`, nil},
		{"unevaluated by one alternative", `{"anyOf":[{"type":"object","properties":{` + a + `}}],"unevaluatedProperties":false}`, `{"type":"object","additionalProperties":false}`, []string{"PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL /properties/a", "ADDITIONAL_PROPERTIES_REMOVED /additionalProperties"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

func TestCompatibilityOfArrays(t *testing.T) {
	t.Parallel()
	s, n := `{"type":"string"}`, `{"type":"number"}`
	for _, c := range []compatibility{
		{"elements", `{"type":"array"}`, `{"type":"array","items":` + s + `}`, []string{"ADDITIONAL_ITEMS_NARROWED /items"}},
		{"other elements", `{"type":"array","items":` + n + `}`, `{"type":"array","items":` + s + `}`, []string{"TYPE_CHANGED /items/type"}},
		{"any elements", `{"type":"array","items":` + n + `}`, `{"type":"array"}`, nil},
		{"fewer", `{"type":"array","maxItems":3}`, `{"type":"array","maxItems":2}`, []string{"MAX_ITEMS_DECREASED /maxItems"}},
		{"more at least", `{"type":"array","minItems":1}`, `{"type":"array","minItems":2}`, []string{"MIN_ITEMS_INCREASED /minItems"}},
		{"different ones", `{"type":"array"}`, `{"type":"array","uniqueItems":true}`, []string{"UNIQUE_ITEMS_ADDED /uniqueItems"}},
		{"a single one is different", `{"type":"array","maxItems":1}`, `{"type":"array","uniqueItems":true}`, nil},
		{"a tuple in an open array", `{"type":"array","prefixItems":[` + s + `]}`, `{"type":"array","prefixItems":[` + s + `,` + n + `]}`, []string{"ITEM_ADDED_TO_OPEN_CONTENT_MODEL /prefixItems/1"}},
		{"a tuple in a closed array", `{"type":"array","prefixItems":[` + s + `],"items":false}`, `{"type":"array","prefixItems":[` + s + `,` + n + `],"items":false}`, nil},
		{"a tuple in a partly open array", `{"type":"array","prefixItems":[` + s + `],"items":` + n + `}`, `{"type":"array","prefixItems":[` + s + `,` + s + `],"items":` + n + `}`, []string{"TYPE_CHANGED /prefixItems/1/type"}},
		{"an element less in a closed array", `{"type":"array","prefixItems":[` + s + `,` + n + `],"items":false}`, `{"type":"array","prefixItems":[` + s + `],"items":false}`, []string{"ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL /items"}},
		{"an array is closed", `{"type":"array","prefixItems":[` + s + `]}`, `{"type":"array","prefixItems":[` + s + `],"items":false}`, []string{"ADDITIONAL_ITEMS_REMOVED /items"}},
		{"a tuple of draft 7", `{"$schema":"http://json-schema.org/draft-07/schema#","type":"array","items":[` + s + `],"additionalItems":` + n + `}`, `{"type":"array","prefixItems":[` + s + `],"items":` + n + `}`, nil},
		{"unevaluated elements", `{"type":"array","prefixItems":[` + s + `],"unevaluatedItems":` + n + `}`, `{"type":"array","prefixItems":[` + s + `,` + n + `],"unevaluatedItems":` + n + `}`, nil},
		{"other unevaluated elements", `{"type":"array","unevaluatedItems":` + n + `}`, `{"type":"array","unevaluatedItems":` + s + `}`, []string{"TYPE_CHANGED /unevaluatedItems/type"}},
		{"unevaluated by contains", `{"type":"array"}`, `{"type":"array","contains":true,"minContains":0,"unevaluatedItems":` + s + `}`, []string{"UNEVALUATED_ITEMS_CHANGED /unevaluatedItems"}},
		{"contains", `{"type":"array"}`, `{"type":"array","contains":` + s + `}`, []string{"CONTAINS_CHANGED /contains"}},
		{"contains less", `{"type":"array","contains":{"type":"integer"},"minContains":2}`, `{"type":"array","contains":` + n + `}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

func TestCompatibilityOfSumsAndProducts(t *testing.T) {
	t.Parallel()
	s, n, z := `{"type":"string"}`, `{"type":"number"}`, `{"type":"null"}`
	cat := `{"type":"object","required":["kind"],"properties":{"kind":{"const":"cat"},"lives":{"type":"integer"}}}`
	dog := `{"type":"object","required":["kind"],"properties":{"kind":{"const":"dog"},"barks":{"type":"boolean"}}}`
	bird := `{"type":"object","required":["kind"],"properties":{"kind":{"const":"bird"},"flies":{"type":"boolean"}}}`
	for _, c := range []compatibility{
		{"into a sum", s, `{"anyOf":[` + n + `,` + s + `]}`, nil},
		{"into an exclusive sum", s, `{"oneOf":[` + n + `,` + s + `]}`, nil},
		{"not into a sum", z, `{"oneOf":[` + n + `,` + s + `]}`, []string{"SUM_TYPE_NARROWED /oneOf"}},
		{"a sum extended", `{"oneOf":[` + n + `,` + s + `]}`, `{"oneOf":[` + n + `,` + z + `,` + s + `]}`, nil},
		{"a sum narrowed", `{"oneOf":[` + n + `,` + z + `,` + s + `]}`, `{"oneOf":[` + n + `,` + s + `]}`, []string{"SUM_TYPE_NARROWED /oneOf"}},
		{"types become a sum", `{"type":["string","null"]}`, `{"anyOf":[` + z + `,` + s + `]}`, nil},
		{"a sum becomes types", `{"anyOf":[` + z + `,` + s + `]}`, `{"type":["string","null"]}`, nil},
		{"exclusive becomes any", `{"oneOf":[` + cat + `,` + dog + `]}`, `{"anyOf":[` + cat + `,` + dog + `]}`, nil},
		{"told apart", `{"oneOf":[` + cat + `,` + dog + `]}`, `{"oneOf":[` + dog + `,` + bird + `,` + cat + `]}`, nil},
		{"one gone", `{"oneOf":[` + cat + `,` + dog + `]}`, `{"oneOf":[` + dog + `,` + bird + `]}`, []string{"SUM_TYPE_NARROWED /oneOf"}},
		{"not told apart", `{"oneOf":[` + s + `]}`, `{"oneOf":[` + s + `,{"maxLength":3}]}`, []string{"COMBINED_TYPE_SUBSCHEMAS_CHANGED /oneOf/1"}},
		{"only one, and narrower", `{"anyOf":[{"type":"string"}]}`, `{"anyOf":[{"type":"string","maxLength":3}]}`, []string{"MAX_LENGTH_ADDED /anyOf/0/maxLength"}},
		{"a product narrowed", `{"allOf":[{"type":"string"},{"maxLength":3}]}`, `{"allOf":[{"type":"string"}]}`, nil},
		{"a product extended", `{"allOf":[{"type":"string"}]}`, `{"allOf":[{"type":"string"},{"maxLength":3}]}`, []string{"MAX_LENGTH_ADDED /allOf/1/maxLength"}},
		{"a product written out", `{"allOf":[{"type":"string"},{"maxLength":3}]}`, `{"type":"string","maxLength":4}`, nil},
		{"what is not", `{"type":"string"}`, `{"type":"string","not":{"maxLength":3}}`, []string{"NOT_TYPE_EXTENDED /not"}},
		{"what is not any more", `{"type":"string","not":{"maxLength":3}}`, `{"type":"string"}`, nil},
		{"less is not", `{"type":"string","not":{"maxLength":3}}`, `{"type":"string","not":{"maxLength":2}}`, nil},
		{"what could not be", `{"type":"string"}`, `{"not":{"type":"integer"}}`, nil},
		{"a condition", `{"type":"object"}`, `{"type":"object","if":{"required":["a"]},"then":{"required":["b"]}}`, []string{"REQUIRED_ATTRIBUTE_ADDED /then/required/0"}},
		{"a condition that holds", `{"type":"object","required":["b"]}`, `{"type":"object","if":{"required":["a"]},"then":{"required":["b"]}}`, nil},
		{"a condition that never holds", `{"type":"string"}`, `{"if":{"type":"object"},"then":{"required":["b"]}}`, nil},
		{"otherwise", `{"type":["string","integer"]}`, `{"if":{"type":"string"},"else":{"type":"integer"}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

func TestCompatibilityOfReferences(t *testing.T) {
	t.Parallel()
	tree := func(leaf string) string {
		return `{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","additionalProperties":false,"required":["children"],"properties":{"value":` + leaf + `,"children":{"type":"array","items":{"$ref":"#/$defs/node"}}}}}}`
	}
	list := func(leaf string) string { // the same, two levels at a time
		return `{"type":"object","additionalProperties":false,"required":["children"],"properties":{"value":` + leaf + `,"children":{"type":"array","items":` +
			`{"type":"object","additionalProperties":false,"required":["children"],"properties":{"value":` + leaf + `,"children":{"type":"array","items":{"$ref":"#"}}}}}}}`
	}
	for _, c := range []compatibility{
		{"trees", tree(`{"type":"integer"}`), tree(`{"type":"number"}`), nil},
		{"trees of other leaves", tree(`{"type":"number"}`), tree(`{"type":"integer"}`), []string{"TYPE_NARROWED /properties/value/type"}},
		{"trees written differently", tree(`{"type":"integer"}`), list(`{"type":"number"}`), nil},
		{
			"trees written differently, of other leaves", list(`{"type":"number"}`), tree(`{"type":"integer"}`),
			[]string{"TYPE_NARROWED /properties/value/type", "TYPE_NARROWED /properties/children/items/properties/value/type"},
		},
		{"a definition is moved", `{"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}`, `{"properties":{"a":{"type":"string"}}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}
