package jsonformat

import (
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The rules about sums of schemas.
const (
	RuleSumNarrowed = "SUM_TYPE_NARROWED"
	RuleOverlap     = "COMBINED_TYPE_SUBSCHEMAS_CHANGED"
	RuleNot         = "NOT_TYPE_EXTENDED"
)

// sums: one of the alternatives must accept the value; of oneOf, no other may.
func (c *checker) sums(path string, r *jsonschema.Schema, w known) bool {
	ok := true
	if len(r.AnyOf) > 0 {
		ok = c.anyOf(path, "anyOf", r.AnyOf, w) >= 0
	}
	if len(r.OneOf) > 0 {
		ok = c.oneOf(path, r.OneOf, w) && ok
	}
	if r.Not != nil && !c.disjoint(r.Not, w) {
		ok = c.report(RuleNot, at(path, "not"), "Values are excluded that may have been accepted.", adviceWiden)
	}
	return ok
}

// anyOf finds the alternative that accepts every value, -1 when none does.
func (c *checker) anyOf(path, keyword string, alternatives []*jsonschema.Schema, w known) int {
	for i, s := range alternatives {
		if c.try(func() bool { return c.check(at(path, keyword, i), s, w) }) {
			return i
		}
	}
	// Where there is one alternative only, what is wrong with it says more than that it does not fit.
	if len(alternatives) == 1 {
		c.check(at(path, keyword, 0), alternatives[0], w)
		return -1
	}
	c.report(RuleSumNarrowed, at(path, keyword), fmt.Sprintf("None of the alternatives accepts every %s that was accepted before.", w.kinds),
		"Keep the alternatives that there were; further ones may be added.")
	return -1
}

func (c *checker) oneOf(path string, alternatives []*jsonschema.Schema, w known) bool {
	chosen := c.anyOf(path, "oneOf", alternatives, w)
	if chosen < 0 {
		return false
	}
	for i, s := range alternatives {
		if i != chosen && !c.disjoint(s, w) {
			return c.report(RuleOverlap, at(path, "oneOf", i), "A value that an alternative accepts may fit this one too, and then oneOf accepts neither.",
				"Use anyOf, or tell the alternatives apart by a required property with a const of its own in each.")
		}
	}
	return true
}

// conditions: if, then, else.
func (c *checker) conditions(path string, r *jsonschema.Schema, w known) bool {
	if r.If == nil {
		return true
	}
	ok := true
	if r.Then != nil && !c.disjoint(r.If, w) {
		ok = c.check(at(path, "then"), r.Then, w.with(r.If))
	}
	if r.Else != nil && !c.try(func() bool { return c.check(at(path, "if"), r.If, w) }) {
		otherwise := w.with(nil)
		otherwise.not = append(otherwise.not, r.If)
		ok = c.check(at(path, "else"), r.Else, otherwise) && ok
	}
	return ok
}

// disjoint tells whether it is certain that no value of which w is known fits s.
func (c *checker) disjoint(s *jsonschema.Schema, w known) bool {
	both := w.with(s)
	if both.nothing() {
		return true
	}
	// It would fit something that it is known not to fit.
	for _, no := range both.not {
		if c.try(func() bool { return c.check("", no, both) }) {
			return true
		}
	}
	if values, finite := both.values(); finite && len(values) == 0 {
		return true
	}
	if both.kinds == object {
		// A member that must be there cannot be there, be it that it would have to have two values at once.
		for name := range both.required() {
			var had []*jsonschema.Schema
			for _, each := range both.all {
				had = append(had, c.said(each, name, inPlace)...)
			}
			member := c.known(had...)
			if member.nothing() {
				return true
			}
			if values, finite := member.values(); finite && len(values) == 0 {
				return true
			}
		}
	}
	return false
}
