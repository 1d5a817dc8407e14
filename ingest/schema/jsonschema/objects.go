package jsonformat

import (
	"fmt"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/observatory/observatory/ingest/schema"
)

// The rules about members of objects. A content model is open when members that are not described are accepted as they
// are, closed when they are not accepted, and partially open when they must fit additionalProperties or a pattern.
const (
	RuleRequiredAdded     = "REQUIRED_ATTRIBUTE_ADDED"
	RulePropertyAdded     = "PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"
	RulePropertyUncovered = "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
	RulePropertyRemoved   = "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"
	RulePropertyLeft      = "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
	RuleAdditionalRemoved = "ADDITIONAL_PROPERTIES_REMOVED"
	RuleAdditionalNarrow  = "ADDITIONAL_PROPERTIES_NARROWED"
	RulePatternProperties = "PATTERN_PROPERTIES_NARROWED"
	RulePropertyNames     = "PROPERTY_NAMES_CHANGED"
	RuleDependencyAdded   = "DEPENDENCY_ARRAY_ADDED"
)

// objects: number, names and types of members.
func (c *checker) objects(path string, r *jsonschema.Schema, w known) bool {
	if w.kinds&object == 0 {
		return true
	}
	required := w.required()
	least := w.largest(func(s *jsonschema.Schema) *int { return s.MinProperties })
	if n := len(required); n > 0 && (least == nil || *least < n) {
		least = &n
	}
	ok := c.limits(path, "Properties", r.MinProperties, r.MaxProperties, least, w.smallest(func(s *jsonschema.Schema) *int { return s.MaxProperties }))
	ok = c.required(path, r, required) && ok
	ok = c.properties(path, r, w) && ok
	ok = c.propertyNames(path, r, w) && ok
	return c.dependencies(path, r, w, required) && ok
}

// required are the names of members that are surely there.
func (w known) required() map[string]bool {
	names := make(map[string]bool)
	for _, s := range w.all {
		for _, name := range s.Required {
			names[name] = true
		}
	}
	return names
}

func (c *checker) required(path string, r *jsonschema.Schema, had map[string]bool) bool {
	ok := true
	for i, name := range r.Required {
		if had[name] || c.hasDefault(r, name) {
			continue
		}
		ok = c.report(RuleRequiredAdded, at(path, "required", i), fmt.Sprintf("The property %q is required now, and could be left out before.", schema.Shorten(name)),
			"Give the property a default, or do not require it.")
	}
	return ok
}

func (c *checker) hasDefault(r *jsonschema.Schema, name string) bool {
	for _, s := range c.known(r.Properties[name]).all {
		if s.Default != nil {
			return true
		}
	}
	return false
}

// parts are those of a schema that count when it is asked whether a member is evaluated.
type parts func(*jsonschema.Schema) []*jsonschema.Schema

// said is what a schema says of a member of that name. unevaluatedProperties is about members that no part describes: for
// the writer any part counts (inPlace), for the reader only those that surely apply, so that neither gets too much credit.
func (c *checker) said(s *jsonschema.Schema, name string, of parts) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	if p := s.Properties[name]; p != nil {
		out = append(out, p)
	}
	for pattern, p := range s.PatternProperties {
		if pattern.MatchString(name) {
			out = append(out, p)
		}
	}
	if len(out) > 0 {
		return out
	}
	if s.AdditionalProperties != nil {
		return list(c.schemaOf(s.AdditionalProperties))
	}
	if s.UnevaluatedProperties != nil && !describes(s, name, of) {
		return list(s.UnevaluatedProperties)
	}
	return nil
}

// describes tells whether a part of a schema describes a member.
func describes(s *jsonschema.Schema, name string, of parts) bool {
	for _, part := range of(s) {
		if part.AdditionalProperties != nil || part.UnevaluatedProperties != nil || part.Properties[name] != nil || describes(part, name, of) {
			return true
		}
		for pattern := range part.PatternProperties {
			if pattern.MatchString(name) {
				return true
			}
		}
	}
	return false
}

// surely are the parts of a schema that a value always has to fit.
func surely(s *jsonschema.Schema) []*jsonschema.Schema {
	return append(list(s.Ref, s.RecursiveRef), s.AllOf...)
}

// properties compares members by name, then those that match a pattern, then all others.
func (c *checker) properties(path string, r *jsonschema.Schema, w known) bool {
	names := make(map[string]bool)
	for name := range r.Properties {
		names[name] = true
	}
	for _, s := range w.all {
		for name := range s.Properties {
			names[name] = true
		}
	}
	ok := true
	for _, name := range slices.Sorted(maps.Keys(names)) {
		ok = c.property(path, name, r, w) && ok
	}
	patterns := byPattern(r)
	for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
		where, s, had := at(path, "patternProperties", pattern), patterns[pattern], c.matching(w, pattern)
		ok = c.member(where, s, had, RulePatternProperties,
			fmt.Sprintf("Members that match %q are described now, and anything was accepted before.", schema.Shorten(pattern))) && ok
	}
	if s := c.schemaOf(r.AdditionalProperties); s != nil {
		ok = c.others(at(path, "additionalProperties"), s, w, func(pattern string) bool { return patterns[pattern] != nil }) && ok
	}
	if s := r.UnevaluatedProperties; s != nil && r.AdditionalProperties == nil {
		ok = c.others(at(path, "unevaluatedProperties"), s, w, func(pattern string) bool {
			return evaluates(r, pattern)
		}) && ok
	}
	return ok
}

// evaluates tells whether a schema surely describes members that match a pattern; with an empty pattern, all members.
func evaluates(s *jsonschema.Schema, pattern string) bool {
	if pattern != "" && byPattern(s)[pattern] != nil {
		return true
	}
	for _, part := range surely(s) {
		if part.AdditionalProperties != nil || part.UnevaluatedProperties != nil || evaluates(part, pattern) {
			return true
		}
	}
	return false
}

func (c *checker) property(path, name string, r *jsonschema.Schema, w known) bool {
	if c.steps -= cost(w); c.steps <= 0 {
		return false
	}
	var had []*jsonschema.Schema
	described := false
	for _, s := range w.all {
		had = append(had, c.said(s, name, inPlace)...)
		described = described || s.Properties[name] != nil
	}
	before := c.known(had...)
	where := at(path, "properties", name)
	ok := true
	for _, s := range c.said(r, name, surely) {
		check := func() bool { return c.inside(func() bool { return c.check(where, s, before) }) }
		if described && r.Properties[name] == s {
			ok = check() && ok
			continue
		}
		if c.try(check) {
			continue
		}
		quoted := fmt.Sprintf("%q", schema.Shorten(name))
		switch {
		case described && s.Bool != nil:
			ok = c.report(RulePropertyRemoved, where, "The property "+quoted+" is not accepted any more.",
				"Keep the property in the schema, or allow additional properties.")
		case described:
			ok = c.report(RulePropertyLeft, where, "The property "+quoted+" is not described any more, and does not fit what is said of the others.",
				"Keep the property in the schema.")
		case len(before.all) == 0:
			ok = c.report(RulePropertyAdded, where, "The property "+quoted+" is described now; anything could be sent under that name before.",
				"Add it without any restriction, or close the object with additionalProperties: false before adding properties.")
		default:
			ok = c.report(RulePropertyUncovered, where, "The property "+quoted+" is described now, in another way than additional properties were before.",
				"Describe it as additional properties are.")
		}
	}
	return ok
}

// matching is what is known of members that match a pattern and have no description of their own.
func (c *checker) matching(w known, pattern string) known {
	var had []*jsonschema.Schema
	for _, s := range w.all {
		if pattern != "" {
			if p := byPattern(s)[pattern]; p != nil {
				had = append(had, p)
				continue
			}
			if len(s.PatternProperties) > 0 {
				continue // it may match another pattern, or none
			}
		}
		had = append(had, list(c.unnamed(s))...)
	}
	return c.known(had...)
}

// unnamed is what a schema says of members that match nothing of it, nor of the parts that surely apply.
func (c *checker) unnamed(s *jsonschema.Schema) *jsonschema.Schema {
	if s.AdditionalProperties != nil {
		return c.schemaOf(s.AdditionalProperties)
	}
	if s.UnevaluatedProperties != nil && !mayDescribe(s) {
		return s.UnevaluatedProperties
	}
	return nil
}

// mayDescribe tells whether a part may describe members that are not named by the schema and the parts that surely apply.
func mayDescribe(s *jsonschema.Schema) bool {
	certain := surely(s)
	for _, part := range inPlace(s) {
		if part.AdditionalProperties != nil || part.UnevaluatedProperties != nil || len(part.PatternProperties) > 0 || mayDescribe(part) ||
			len(part.Properties) > 0 && !slices.Contains(certain, part) {
			return true
		}
	}
	return false
}

// others compares what is said of all members that are not described, once for each pattern that the writer knows and once
// for those that match none.
func (c *checker) others(where string, s *jsonschema.Schema, w known, covered func(pattern string) bool) bool {
	patterns := map[string]bool{"": true}
	for _, each := range w.all {
		for pattern := range byPattern(each) {
			patterns[pattern] = true
		}
	}
	ok := true
	for _, pattern := range slices.Sorted(maps.Keys(patterns)) {
		if covered(pattern) {
			continue
		}
		rule, message := RuleAdditionalNarrow, "Additional properties are described now, and anything was accepted before."
		if s.Bool != nil {
			rule, message = RuleAdditionalRemoved, "Additional properties are not accepted any more."
		}
		ok = c.member(where, s, c.matching(w, pattern), rule, message) && ok
	}
	return ok
}

func (c *checker) member(where string, s *jsonschema.Schema, had known, rule, message string) bool {
	check := func() bool { return c.inside(func() bool { return c.check(where, s, had) }) }
	if len(had.all) > 0 && s.Bool == nil {
		return check()
	}
	return c.try(check) || c.report(rule, where, message, "Keep accepting what was accepted, or use another subject.")
}

func (c *checker) propertyNames(path string, r *jsonschema.Schema, w known) bool {
	if r.PropertyNames == nil {
		return true
	}
	var had []*jsonschema.Schema
	closed := false
	names := make(map[string]bool)
	for _, s := range w.all {
		had = append(had, list(s.PropertyNames)...)
		if rest := c.unnamed(s); len(s.PatternProperties) == 0 && rest != nil && rest.Bool != nil && !*rest.Bool {
			closed = true
			names = make(map[string]bool)
			for name := range s.Properties {
				names[name] = true
			}
		}
	}
	if closed {
		fits := true
		for name := range names {
			fits = fits && r.PropertyNames.Validate(name) == nil
		}
		if fits {
			return true
		}
	}
	before := c.known(had...)
	before.kinds &= text
	where := at(path, "propertyNames")
	if len(had) > 0 {
		return c.inside(func() bool { return c.check(where, r.PropertyNames, before) })
	}
	return c.try(func() bool { return c.inside(func() bool { return c.check(where, r.PropertyNames, before) }) }) ||
		c.report(RulePropertyNames, where, "Names of members are restricted now, and were not before.", "Leave the restriction away.")
}

// dependencies: what must be there, or hold, when a member is there.
func (c *checker) dependencies(path string, r *jsonschema.Schema, w known, required map[string]bool) bool {
	ok := true
	for _, name := range slices.Sorted(maps.Keys(r.DependentRequired)) {
		ok = c.dependentRequired(at(path, "dependentRequired", name), name, r.DependentRequired[name], w, required) && ok
	}
	for _, name := range slices.Sorted(maps.Keys(r.DependentSchemas)) {
		ok = c.dependentSchema(at(path, "dependentSchemas", name), name, r.DependentSchemas[name], w) && ok
	}
	for _, name := range slices.Sorted(maps.Keys(r.Dependencies)) {
		where := at(path, "dependencies", name)
		switch d := r.Dependencies[name].(type) {
		case []string:
			ok = c.dependentRequired(where, name, d, w, required) && ok
		case *jsonschema.Schema:
			ok = c.dependentSchema(where, name, d, w) && ok
		}
	}
	return ok
}

func (c *checker) dependentRequired(where, name string, needs []string, w known, required map[string]bool) bool {
	had := maps.Clone(required)
	for _, s := range w.all {
		for _, each := range s.DependentRequired[name] {
			had[each] = true
		}
		if each, ok := s.Dependencies[name].([]string); ok {
			for _, each := range each {
				had[each] = true
			}
		}
	}
	for _, need := range needs {
		if !had[need] && !c.forbids(w, name) {
			return c.report(RuleDependencyAdded, where, fmt.Sprintf("With %q there must be %q now, and needed not be before.", schema.Shorten(name), schema.Shorten(need)), "Leave the dependency away.")
		}
	}
	return true
}

func (c *checker) dependentSchema(where, name string, s *jsonschema.Schema, w known) bool {
	if c.forbids(w, name) {
		return true
	}
	for _, each := range w.all {
		if d := each.DependentSchemas[name]; d != nil {
			w = w.with(d)
		}
		if d, ok := each.Dependencies[name].(*jsonschema.Schema); ok {
			w = w.with(d)
		}
	}
	return c.check(where, s, w)
}

// forbids tells whether there cannot be a member of that name.
func (c *checker) forbids(w known, name string) bool {
	var had []*jsonschema.Schema
	for _, s := range w.all {
		had = append(had, c.said(s, name, inPlace)...)
	}
	return c.known(had...).nothing()
}
