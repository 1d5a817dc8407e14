package jsonformat

import (
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/observatory/observatory/ingest/schema"
)

// maxWork bounds how many subschemas one value is checked against, besides those of its members and elements. A schema
// that combines itself twice at every level doubles that number with each.
const maxWork = 10_000

// maxMatching bounds the steps of all patterns that one text, or one name, is matched with, for each of its bytes. 32 KB take
// some seconds at that.
const maxMatching = 5_000

// checkEnds refuses schemas that check the same value against themselves without end, or too many times.
func checkEnds(root *jsonschema.Schema) error {
	w := work{of: make(map[*jsonschema.Schema]int), matching: make(map[*jsonschema.Schema]int)}
	queue, seen := []*jsonschema.Schema{root}, map[*jsonschema.Schema]bool{root: true}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if err := w.visit(s); err != nil {
			return err
		}
		for _, children := range [][]*jsonschema.Schema{inPlace(s), below(s)} {
			for _, child := range children {
				if !seen[child] {
					seen[child] = true
					queue = append(queue, child)
				}
			}
		}
	}
	return nil
}

type work struct {
	of       map[*jsonschema.Schema]int // subschemas; -1: being looked at
	matching map[*jsonschema.Schema]int // steps of patterns
}

func (w *work) visit(s *jsonschema.Schema) error {
	switch n := w.of[s]; {
	case n > 0:
		return nil
	case n < 0:
		return schema.Invalid("At %s: the schema refers to itself without going into a member or element, so checking would never end.", location(s))
	}
	w.of[s] = -1
	total, matching := 1, 0
	if s.Pattern != nil {
		matching += stepsOf(s.Pattern)
	}
	for name := range s.PatternProperties {
		matching += stepsOf(name)
	}
	for _, child := range inPlace(s) {
		if err := w.visit(child); err != nil {
			return err
		}
		total += w.of[child]
		matching += w.matching[child]
	}
	if s.PropertyNames != nil { // each name once more
		if err := w.visit(s.PropertyNames); err != nil {
			return err
		}
		matching += w.matching[s.PropertyNames]
	}
	if total > maxWork {
		return schema.Invalid("At %s: one value would be checked against more than %d subschemas. Combine fewer with allOf, anyOf and oneOf.", location(s), maxWork)
	}
	if matching > maxMatching {
		return schema.Invalid("At %s: one text would be matched with patterns of more than %d steps together. Use smaller repetitions, or fewer patterns.", location(s), maxMatching)
	}
	w.of[s], w.matching[s] = total, matching
	return nil
}

func location(s *jsonschema.Schema) string {
	if _, fragment, _ := strings.Cut(s.Location, "#"); fragment != "" {
		return schema.Shorten(fragment)
	}
	return "/"
}

// inPlace are the subschemas that apply to the same value.
func inPlace(s *jsonschema.Schema) []*jsonschema.Schema {
	out := list(s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else)
	if s.DynamicRef != nil {
		out = append(out, list(s.DynamicRef.Ref)...)
	}
	for _, each := range [][]*jsonschema.Schema{s.AllOf, s.AnyOf, s.OneOf} {
		out = append(out, each...)
	}
	for _, d := range s.DependentSchemas {
		out = append(out, d)
	}
	for _, d := range s.Dependencies {
		if sub, ok := d.(*jsonschema.Schema); ok {
			out = append(out, sub)
		}
	}
	return out
}

// below are the subschemas that apply to members, names and elements.
func below(s *jsonschema.Schema) []*jsonschema.Schema {
	out := list(s.PropertyNames, s.UnevaluatedProperties, s.Contains, s.Items2020, s.UnevaluatedItems)
	for _, p := range s.Properties {
		out = append(out, p)
	}
	for _, p := range s.PatternProperties {
		out = append(out, p)
	}
	out = append(out, s.PrefixItems...)
	for _, v := range []any{s.AdditionalProperties, s.Items, s.AdditionalItems} {
		switch v := v.(type) {
		case *jsonschema.Schema:
			out = append(out, v)
		case []*jsonschema.Schema:
			out = append(out, v...)
		}
	}
	return out
}

func list(schemas ...*jsonschema.Schema) []*jsonschema.Schema {
	out := schemas[:0]
	for _, s := range schemas {
		if s != nil {
			out = append(out, s)
		}
	}
	return out
}
