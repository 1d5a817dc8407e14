package jsonformat

import (
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// kinds is a set of the kinds of JSON values. An integer is a kind of its own; "number" is integers and fractions.
type kinds uint8

const (
	null kinds = 1 << iota
	boolean
	integer
	fraction
	text
	array
	object
	number   = integer | fraction
	allKinds = null | boolean | number | text | array | object
)

func kindOf(name string) kinds {
	switch name {
	case "null":
		return null
	case "boolean":
		return boolean
	case "integer":
		return integer
	case "number":
		return number
	case "string":
		return text
	case "array":
		return array
	default:
		return object
	}
}

func kindsOf(types *jsonschema.Types) kinds {
	if types == nil {
		return allKinds
	}
	var k kinds
	for _, name := range types.ToStrings() {
		k |= kindOf(name)
	}
	return k
}

// String lists the kinds for people.
func (k kinds) String() string {
	if k == 0 {
		return "nothing"
	}
	var names []string
	for _, name := range []string{"null", "boolean", "number", "integer", "string", "array", "object"} {
		if kind := kindOf(name); k&kind == kind && kind != 0 {
			names = append(names, name)
			k &^= kind
		}
	}
	if k&fraction != 0 {
		names = append(names, "number")
	}
	return strings.Join(names, ", ")
}

// known is what is known about a value that the writer's schema accepted.
type known struct {
	all   []*jsonschema.Schema // accept it, all of them; references and allOf are followed
	not   []*jsonschema.Schema // do not accept it
	sums  []sum                // of which it is one, and no case was made of them yet
	kinds kinds
}

// sum is a list of alternatives.
type sum struct {
	alternatives []*jsonschema.Schema
	exclusive    bool // oneOf
}

// known is what is known about a value that the schemas accept.
func (c *checker) known(schemas ...*jsonschema.Schema) known {
	w := known{kinds: allKinds}
	seen := make(map[*jsonschema.Schema]bool)
	for _, s := range schemas {
		w.add(s, seen)
	}
	return w
}

// with adds a schema to what is known.
func (w known) with(s *jsonschema.Schema) known {
	seen := make(map[*jsonschema.Schema]bool, len(w.all))
	for _, each := range w.all {
		seen[each] = true
	}
	out := known{all: w.all[:len(w.all):len(w.all)], not: w.not[:len(w.not):len(w.not)], sums: w.sums[:len(w.sums):len(w.sums)], kinds: w.kinds}
	out.add(s, seen)
	return out
}

func (w *known) add(s *jsonschema.Schema, seen map[*jsonschema.Schema]bool) {
	if s == nil || seen[s] || s.Bool != nil && *s.Bool {
		return
	}
	seen[s] = true
	w.all = append(w.all, s)
	w.kinds &= kindsOf(s.Types)
	if s.Bool != nil {
		w.kinds = 0
	}
	if s.Not != nil {
		w.not = append(w.not, s.Not)
	}
	if len(s.AnyOf) > 0 {
		w.sums = append(w.sums, sum{alternatives: s.AnyOf})
	}
	if len(s.OneOf) > 0 {
		w.sums = append(w.sums, sum{alternatives: s.OneOf, exclusive: true})
	}
	w.add(s.Ref, seen)
	w.add(s.RecursiveRef, seen)
	if s.DynamicRef != nil {
		w.add(s.DynamicRef.Ref, seen)
	}
	for _, part := range s.AllOf {
		w.add(part, seen)
	}
}

// nothing tells whether there is no such value.
func (w known) nothing() bool { return w.kinds == 0 }

// split makes cases of what is known: one per alternative of a sum, or one per kind of value where the reader's schema is
// a sum or a finite list itself.
func (c *checker) split(w known, r *jsonschema.Schema) ([]known, bool) {
	if len(w.sums) > 0 {
		first := w.sums[0]
		w.sums = w.sums[1:]
		cases := make([]known, 0, len(first.alternatives))
		for i, alternative := range first.alternatives {
			each := w.with(alternative)
			if first.exclusive {
				for j, other := range first.alternatives {
					if j != i {
						each.not = append(each.not, other)
					}
				}
			}
			cases = append(cases, each)
		}
		return cases, true
	}
	if len(r.AnyOf)+len(r.OneOf) == 0 && r.If == nil && r.Ref == nil && len(r.AllOf) == 0 && r.Enum == nil && r.Const == nil {
		return nil, false
	}
	var cases []known
	for k := null; k <= object; k <<= 1 {
		if w.kinds&k != 0 {
			each := w
			each.kinds = k
			cases = append(cases, each)
		}
	}
	return cases, len(cases) > 1
}

// maxTried bounds the values of an enumeration that are tried one by one.
const maxTried = 300

// values lists the values that are possible, if they are known. A long list may hold some that are not possible.
func (w known) values() ([]any, bool) {
	values, finite := w.listed()
	if !finite {
		return nil, false
	}
	if len(values) > maxTried {
		return values, true
	}
	out := make([]any, 0, len(values))
next:
	for _, v := range values {
		if w.kinds&kindOfValue(v) == 0 {
			continue
		}
		for _, s := range w.all {
			if s.Validate(v) != nil {
				continue next
			}
		}
		for _, s := range w.not {
			if s.Validate(v) == nil {
				continue next
			}
		}
		out = append(out, v)
	}
	return out, true
}

// listed is the shortest list of values that is known to hold all that are possible.
func (w known) listed() (values []any, finite bool) {
	if w.kinds&^(null|boolean) == 0 {
		if w.kinds&null != 0 {
			values = append(values, nil)
		}
		if w.kinds&boolean != 0 {
			values = append(values, false, true)
		}
		return values, true
	}
	for _, s := range w.all {
		if s.Const != nil {
			return []any{*s.Const}, true
		}
		if s.Enum != nil && (!finite || len(s.Enum.Values) < len(values)) {
			values, finite = s.Enum.Values, true
		}
	}
	return values, finite
}

func kindOfValue(v any) kinds {
	switch v := v.(type) {
	case nil:
		return null
	case bool:
		return boolean
	case string:
		return text
	case []any:
		return array
	case map[string]any:
		return object
	default:
		if isWhole(fmt.Sprint(v)) {
			return integer
		}
		return fraction
	}
}
