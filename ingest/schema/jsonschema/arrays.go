package jsonformat

import (
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The rules about elements of arrays.
const (
	RuleUniqueAdded     = "UNIQUE_ITEMS_ADDED"
	RuleItemAdded       = "ITEM_ADDED_TO_OPEN_CONTENT_MODEL"
	RuleItemRemoved     = "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL"
	RuleItemsNarrowed   = "ADDITIONAL_ITEMS_NARROWED"
	RuleItemsRemoved    = "ADDITIONAL_ITEMS_REMOVED"
	RuleContains        = "CONTAINS_CHANGED"
	RuleUnevaluatedItem = "UNEVALUATED_ITEMS_CHANGED"
)

// tuple is what a schema says of elements: of the first ones each, of the others together. Nil says nothing.
type tuple struct {
	first         []*jsonschema.Schema
	rest          *jsonschema.Schema
	prefix, other string // the keywords
}

func (c *checker) tuple(s *jsonschema.Schema) tuple {
	t := tuple{first: s.PrefixItems, rest: s.Items2020, prefix: "prefixItems", other: "items"}
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		t.rest = items
	case []*jsonschema.Schema:
		t = tuple{first: items, rest: c.schemaOf(s.AdditionalItems), prefix: "items", other: "additionalItems"}
	}
	if t.rest == nil && s.UnevaluatedItems != nil && alone(s) {
		t.rest, t.other = s.UnevaluatedItems, "unevaluatedItems"
	}
	return t
}

// alone tells whether unevaluatedItems means no more than items would: no other part of the schema describes elements.
func alone(s *jsonschema.Schema) bool {
	return s.Contains == nil && s.Items == nil && s.Items2020 == nil && len(inPlace(s)) == 0
}

// schemaOf is a keyword that is a boolean or a schema as a schema; nil when it says nothing.
func (c *checker) schemaOf(v any) *jsonschema.Schema {
	switch v := v.(type) {
	case *jsonschema.Schema:
		return v
	case bool:
		if !v {
			return c.never
		}
	}
	return nil
}

func (t tuple) at(i int) *jsonschema.Schema {
	if i < len(t.first) {
		return t.first[i]
	}
	return t.rest
}

// arrays: number, uniqueness and types of elements.
func (c *checker) arrays(path string, r *jsonschema.Schema, w known) bool {
	if w.kinds&array == 0 {
		return true
	}
	most := w.smallest(func(s *jsonschema.Schema) *int { return s.MaxItems })
	ok := c.limits(path, "Items", r.MinItems, r.MaxItems, w.largest(func(s *jsonschema.Schema) *int { return s.MinItems }), most)
	if r.UniqueItems && (most == nil || *most > 1) {
		unique := false
		for _, s := range w.all {
			unique = unique || s.UniqueItems
		}
		if !unique {
			ok = c.report(RuleUniqueAdded, at(path, "uniqueItems"), "Elements must differ now, and needed not before.", adviceWiden)
		}
	}
	ok = c.elements(path, r, w, most) && ok
	ok = c.contains(path, r, w) && ok
	if u := r.UnevaluatedItems; u != nil && !alone(r) && (u.Bool == nil || !*u.Bool) {
		ok = c.report(RuleUnevaluatedItem, at(path, "unevaluatedItems"), "What unevaluatedItems accepts may have changed.",
			"Keep this part of the schema as it was, or use items instead.") && ok
	}
	return ok
}

func (c *checker) elements(path string, r *jsonschema.Schema, w known, most *int) bool {
	reader := c.tuple(r)
	if len(reader.first) == 0 && reader.rest == nil {
		return true
	}
	writers := make([]tuple, len(w.all))
	positions := len(reader.first)
	for i, s := range w.all {
		writers[i] = c.tuple(s)
		positions = max(positions, len(writers[i].first))
	}
	ok := true
	for i := 0; i <= positions; i++ {
		var said []*jsonschema.Schema
		for _, t := range writers {
			said = append(said, list(t.at(i))...)
		}
		before := c.known(said...)
		if most != nil && i >= *most || before.nothing() {
			break // there are no such elements
		}
		s := reader.at(i)
		if s == nil {
			continue
		}
		where := at(path, reader.other)
		if i < len(reader.first) {
			where = at(path, reader.prefix, i)
		}
		ok = c.element(where, s, before, i, i == positions) && ok
	}
	return ok
}

func (c *checker) element(where string, s *jsonschema.Schema, w known, i int, rest bool) bool {
	check := func() bool { return c.inside(func() bool { return c.check(where, s, w) }) }
	closed := s.Bool != nil && !*s.Bool
	if len(w.all) > 0 && !closed {
		return check()
	}
	if c.try(check) {
		return true
	}
	switch {
	case rest && closed:
		return c.report(RuleItemsRemoved, where, "Further elements are not accepted any more.", "Keep the array open, or keep what elements it had.")
	case closed:
		return c.report(RuleItemRemoved, where, fmt.Sprintf("Element %d is not accepted any more.", i), "Keep it in the schema, or allow further elements.")
	case rest:
		return c.report(RuleItemsNarrowed, where, "Elements are described now, and anything was accepted before.", "Leave the description away, or close the array before describing it.")
	default:
		return c.report(RuleItemAdded, where, fmt.Sprintf("Element %d is described now, and anything was accepted there before.", i), "Leave the description away, or accept anything there.")
	}
}

// contains: at least and at most so many elements of a kind.
func (c *checker) contains(path string, r *jsonschema.Schema, w known) bool {
	least := 1
	if r.MinContains != nil {
		least = *r.MinContains
	}
	if r.Contains == nil || least == 0 && r.MaxContains == nil {
		return true
	}
	for _, s := range w.all {
		if s.Contains == nil {
			continue
		}
		had := 1
		if s.MinContains != nil {
			had = *s.MinContains
		}
		enough := had >= least && c.try(func() bool {
			return c.inside(func() bool { return c.check(path, r.Contains, c.known(s.Contains)) })
		})
		notTooMany := r.MaxContains == nil || s.MaxContains != nil && *s.MaxContains <= *r.MaxContains && c.try(func() bool {
			return c.inside(func() bool { return c.check(path, s.Contains, c.known(r.Contains)) })
		})
		if (enough || least == 0) && notTooMany {
			return true
		}
	}
	return c.report(RuleContains, at(path, "contains"), "contains asks for elements that were not asked for before.", adviceWiden)
}
