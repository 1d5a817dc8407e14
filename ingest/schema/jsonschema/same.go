package jsonformat

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/big"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

type twins struct{ a, b *jsonschema.Schema }

// same tells whether two schemas say the same, keyword by keyword. Schemas that hold themselves are compared until they
// repeat. It is what keeps an unchanged schema compatible, whatever it says.
func (c *checker) same(a, b *jsonschema.Schema) bool {
	if c.equal[twins{a, b}] {
		return true
	}
	assumed := make(map[twins]bool)
	if !c.twins(a, b, assumed) {
		return false
	}
	maps.Copy(c.equal, assumed)
	return true
}

// twins assumes of every pair that is being compared that it is the same, which holds if all of them turn out so.
func (c *checker) twins(a, b *jsonschema.Schema, assumed map[twins]bool) bool {
	if a == nil || b == nil || a == b {
		return a == b
	}
	pair := twins{a, b}
	if assumed[pair] || c.equal[pair] {
		return true
	}
	if c.steps--; c.steps <= 0 || c.differ[pair] {
		return false
	}
	assumed[pair] = true
	if !sameWords(a, b) || !c.sameParts(a, b, assumed) {
		c.differ[pair] = true
		return false
	}
	return true
}

// sameParts compares the keywords that hold schemas.
func (c *checker) sameParts(a, b *jsonschema.Schema, assumed map[twins]bool) bool {
	one := func(a, b *jsonschema.Schema) bool { return c.twins(a, b, assumed) }
	many := func(a, b []*jsonschema.Schema) bool { return slices.EqualFunc(a, b, one) }
	mixed := func(a, b any) bool {
		switch a := a.(type) {
		case *jsonschema.Schema:
			b, ok := b.(*jsonschema.Schema)
			return ok && one(a, b)
		case []*jsonschema.Schema:
			b, ok := b.([]*jsonschema.Schema)
			return ok && many(a, b)
		case []string:
			b, ok := b.([]string)
			return ok && sameSet(a, b)
		case bool:
			return a == b
		default:
			return a == nil && b == nil
		}
	}
	if (a.DynamicRef == nil) != (b.DynamicRef == nil) || a.DynamicRef != nil && !one(a.DynamicRef.Ref, b.DynamicRef.Ref) {
		return false
	}
	return one(a.Ref, b.Ref) && one(a.RecursiveRef, b.RecursiveRef) && one(a.Not, b.Not) &&
		many(a.AllOf, b.AllOf) && many(a.AnyOf, b.AnyOf) && many(a.OneOf, b.OneOf) &&
		one(a.If, b.If) && one(a.Then, b.Then) && one(a.Else, b.Else) &&
		one(a.PropertyNames, b.PropertyNames) && one(a.UnevaluatedProperties, b.UnevaluatedProperties) &&
		sameMap(a.Properties, b.Properties, one) && sameMap(byPattern(a), byPattern(b), one) &&
		sameMap(a.DependentSchemas, b.DependentSchemas, one) && sameMap(a.Dependencies, b.Dependencies, mixed) &&
		sameMap(a.DependentRequired, b.DependentRequired, sameSet) && mixed(a.AdditionalProperties, b.AdditionalProperties) &&
		one(a.Contains, b.Contains) && mixed(a.Items, b.Items) && mixed(a.AdditionalItems, b.AdditionalItems) &&
		many(a.PrefixItems, b.PrefixItems) && one(a.Items2020, b.Items2020) && one(a.UnevaluatedItems, b.UnevaluatedItems)
}

// sameWords compares the keywords that hold no schemas.
func sameWords(a, b *jsonschema.Schema) bool {
	return kindsOf(a.Types) == kindsOf(b.Types) && (a.Bool == nil) == (b.Bool == nil) && (a.Bool == nil || *a.Bool == *b.Bool) &&
		(a.Enum == nil) == (b.Enum == nil) && (a.Enum == nil || sameJSON(a.Enum.Values, b.Enum.Values)) &&
		(a.Const == nil) == (b.Const == nil) && (a.Const == nil || sameJSON(*a.Const, *b.Const)) &&
		formatOf(a) == formatOf(b) && patternOf(a) == patternOf(b) &&
		sameInt(a.MaxProperties, b.MaxProperties) && sameInt(a.MinProperties, b.MinProperties) && sameSet(a.Required, b.Required) &&
		sameInt(a.MaxItems, b.MaxItems) && sameInt(a.MinItems, b.MinItems) && a.UniqueItems == b.UniqueItems &&
		sameInt(a.MinContains, b.MinContains) && sameInt(a.MaxContains, b.MaxContains) &&
		sameInt(a.MinLength, b.MinLength) && sameInt(a.MaxLength, b.MaxLength) &&
		sameRat(a.Maximum, b.Maximum) && sameRat(a.Minimum, b.Minimum) && sameRat(a.MultipleOf, b.MultipleOf) &&
		sameRat(a.ExclusiveMaximum, b.ExclusiveMaximum) && sameRat(a.ExclusiveMinimum, b.ExclusiveMinimum)
}

func sameInt(a, b *int) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

func sameRat(a, b *big.Rat) bool { return (a == nil) == (b == nil) && (a == nil || a.Cmp(b) == 0) }

func sameSet(a, b []string) bool {
	return len(a) == len(b) && slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func sameMap[V any](a, b map[string]V, same func(a, b V) bool) bool {
	if len(a) != len(b) {
		return false
	}
	for key, v := range a {
		if other, ok := b[key]; !ok || !same(v, other) {
			return false
		}
	}
	return true
}

func sameJSON(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

// byPattern are the patternProperties by their expressions.
func byPattern(s *jsonschema.Schema) map[string]*jsonschema.Schema {
	if len(s.PatternProperties) == 0 {
		return nil
	}
	out := make(map[string]*jsonschema.Schema, len(s.PatternProperties))
	for pattern, sub := range s.PatternProperties {
		out[pattern.String()] = sub
	}
	return out
}

func patternOf(s *jsonschema.Schema) string {
	if s.Pattern == nil {
		return ""
	}
	return s.Pattern.String()
}

func formatOf(s *jsonschema.Schema) string {
	if s.Format == nil {
		return ""
	}
	return s.Format.Name
}
