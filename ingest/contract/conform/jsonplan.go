package conform

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/observatory/observatory/ingest/doc"
)

// plan is what JSON Schemas say about one value, laid out for walking: all the schemas that always apply to it together
// ($ref and allOf are followed). Plans are compiled once per contract; recursive schemas make them cyclic.
type plan struct {
	schemas []*jsonschema.Schema
	exact   bool // fits knows every keyword of these schemas

	types    kinds
	allowed  [][]any  // lists of the only values, one of each schema that has one
	enum     []string // the texts among them; nil when anything is allowed
	bounds   []bound
	format   *jsonschema.Format
	rules    []rule
	branches []branch

	properties map[string]*plan
	patterns   []pattern
	additional *plan // of properties that are neither in properties nor in patterns; nil when nothing is said
	described  map[string]bool
	open       bool // describes no properties, or all: none is unknown
	defaults   []defaultValue

	prefix []*plan // of the first elements
	items  *plan   // of the others; nil when nothing is said
}

// rule is what one of the schemas asks of an object beyond its properties.
type rule struct {
	schema     *jsonschema.Schema
	additional *plan // nil when nothing is said
	closed     bool
}

// branch is an anyOf (one at least) or a oneOf (exactly one), or a not (none).
type branch struct {
	plans []*plan
	least int
	most  int
}

type pattern struct {
	regexp jsonschema.Regexp
	plan   *plan // nil: only known to be described
}

type defaultValue struct {
	name string
	text []byte
}

// kinds is a set of JSON's kinds, and of whole numbers.
type kinds uint8

const (
	kindNull kinds = 1 << iota
	kindBool
	kindNumber
	kindInteger
	kindString
	kindArray
	kindObject
	anyKind kinds = 1<<7 - 1
)

func (k kinds) has(any kinds) bool { return k&any != 0 }

// kindOf is the kind of a node; a number counts as such, whole or not.
func kindOf(n *doc.Node) kinds {
	return [...]kinds{doc.Null: kindNull, doc.Bool: kindBool, doc.Number: kindNumber, doc.String: kindString, doc.Array: kindArray, doc.Object: kindObject}[n.Kind()]
}

// maxPlans bounds the plans of one schema: combinations of its parts could be made without end. Beyond it only the first
// part of a combination is laid out, and the library decides.
const maxPlans = 20_000

// maxTogether bounds the schemas that are laid out as one, and maxDescribed those in which descriptions of its properties
// are looked for; beyond that none is unknown.
const (
	maxTogether  = 100
	maxDescribed = 1_000
)

// planner compiles plans.
type planner struct {
	plans map[string]*plan // by the schemas that they are of
}

// plan is the plan of a value to which all those schemas apply.
func (c *planner) plan(schemas ...*jsonschema.Schema) *plan {
	var all []*jsonschema.Schema
	for _, s := range schemas {
		all = collect(all, s)
	}
	crowded := len(c.plans) >= maxPlans || len(all) >= maxTogether
	if crowded {
		all = all[:1]
	}
	key := fmt.Sprintf("%p", all)
	if len(all) > 0 {
		key = fmt.Sprintf("%p", all[0])
		for _, s := range all[1:] {
			key += fmt.Sprintf(" %p", s)
		}
	}
	if p := c.plans[key]; p != nil {
		return p
	}
	p := &plan{schemas: all, types: anyKind, exact: !crowded, open: true}
	c.plans[key] = p
	lists := 0
	for _, s := range all {
		p.exact = p.exact && exactly(s)
		p.types &= typesOf(s)
		p.enumOf(s)
		p.bounds = append(p.bounds, boundsOf(s)...)
		if s.Format != nil {
			p.format = s.Format
		}
		c.branch(p, s)
		if saysOfItems(s) {
			lists++
			c.array(p, s)
		}
	}
	p.exact = p.exact && lists <= 1
	c.object(p)
	p.describe()
	return p
}

// collect adds the schemas that always apply where s does.
func collect(all []*jsonschema.Schema, s *jsonschema.Schema) []*jsonschema.Schema {
	if s == nil || len(all) >= maxTogether || slices.Contains(all, s) {
		return all
	}
	all = collect(append(all, s), s.Ref)
	for _, each := range s.AllOf {
		all = collect(all, each)
	}
	return all
}

func typesOf(s *jsonschema.Schema) kinds {
	if s.Types == nil || s.Types.IsEmpty() {
		return anyKind
	}
	var k kinds
	for _, name := range s.Types.ToStrings() {
		switch name {
		case "null":
			k |= kindNull
		case "boolean":
			k |= kindBool
		case "number":
			k |= kindNumber | kindInteger
		case "integer":
			k |= kindInteger
		case "string":
			k |= kindString
		case "array":
			k |= kindArray
		case "object":
			k |= kindObject
		}
	}
	return k
}

// enumOf notes the values that are allowed, for conversion: the texts among them, and the kinds of all.
func (p *plan) enumOf(s *jsonschema.Schema) {
	var k kinds
	texts := []string{}
	if list := allowed(s); list != nil {
		p.allowed = append(p.allowed, list)
	}
	for _, v := range allowed(s) {
		switch v := v.(type) {
		case nil:
			k |= kindNull
		case bool:
			k |= kindBool
		case string:
			k |= kindString
			texts = append(texts, v)
		case []any:
			k |= kindArray
		case map[string]any:
			k |= kindObject
		default:
			k |= kindNumber | kindInteger
		}
	}
	if k != 0 {
		p.types &= k
		p.enum = texts
	}
}

// allowed are the only values that a schema allows; nil when it does not list them.
func allowed(s *jsonschema.Schema) []any {
	switch {
	case s.Const != nil:
		return []any{*s.Const}
	case s.Enum != nil:
		return s.Enum.Values
	default:
		return nil
	}
}

func (c *planner) branch(p *plan, s *jsonschema.Schema) {
	add := func(schemas []*jsonschema.Schema, least, most int) {
		if len(schemas) == 0 {
			return
		}
		b := branch{least: least, most: most}
		for _, each := range schemas {
			b.plans = append(b.plans, c.plan(each))
		}
		p.branches = append(p.branches, b)
	}
	add(s.AnyOf, 1, len(s.AnyOf))
	add(s.OneOf, 1, 1)
	if s.Not != nil {
		add([]*jsonschema.Schema{s.Not}, 0, 0)
	}
}

func (c *planner) object(p *plan) {
	byName := map[string][]*jsonschema.Schema{}
	var additional []*jsonschema.Schema
	for _, s := range p.schemas {
		for name, each := range s.Properties {
			byName[name] = append(byName[name], each)
		}
		for regexp, each := range s.PatternProperties {
			p.patterns = append(p.patterns, pattern{regexp: regexp, plan: c.plan(each)})
		}
		r := rule{schema: s}
		switch a := s.AdditionalProperties.(type) {
		case bool:
			r.closed = !a
		case *jsonschema.Schema:
			r.additional = c.plan(a)
			additional = append(additional, a)
		}
		if len(s.Required) > 0 || s.MinProperties != nil || s.MaxProperties != nil || r.closed || r.additional != nil {
			p.rules = append(p.rules, r)
		}
	}
	if len(additional) > 0 {
		p.additional = c.plan(additional...)
	}
	if len(byName) > 0 {
		p.properties = make(map[string]*plan, len(byName))
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		p.properties[name] = c.plan(byName[name]...)
		if text, ok := p.properties[name].defaultText(); ok {
			p.defaults = append(p.defaults, defaultValue{name: name, text: text})
		}
	}
	slices.SortFunc(p.patterns, func(a, b pattern) int { return strings.Compare(a.regexp.String(), b.regexp.String()) })
}

// defaultText is the default of a value, as JSON.
func (p *plan) defaultText() ([]byte, bool) {
	for _, s := range p.schemas {
		if s.Default != nil {
			text, err := json.Marshal(*s.Default)
			return text, err == nil && utf8.Valid(text)
		}
	}
	return nil, false
}

func saysOfItems(s *jsonschema.Schema) bool {
	return len(s.PrefixItems) > 0 || s.Items2020 != nil || s.Items != nil || s.AdditionalItems != nil
}

func (c *planner) array(p *plan, s *jsonschema.Schema) {
	prefix, rest := s.PrefixItems, s.Items2020
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		rest = items
	case []*jsonschema.Schema:
		prefix = items
		rest, _ = s.AdditionalItems.(*jsonschema.Schema)
	}
	p.prefix, p.items = nil, nil
	for _, each := range prefix {
		p.prefix = append(p.prefix, c.plan(each))
	}
	if rest != nil {
		p.items = c.plan(rest)
	}
}

// describe notes which properties are described anywhere that applies to the same value, conditions and alternatives
// included, so that those are not taken for unknown.
func (p *plan) describe() {
	seen := map[*jsonschema.Schema]bool{}
	all := p.additional != nil
	p.described = map[string]bool{}
	var walk func(s *jsonschema.Schema)
	walk = func(s *jsonschema.Schema) {
		if s == nil || seen[s] {
			return
		}
		if seen[s] = true; len(seen) > maxDescribed {
			all = true
			return
		}
		_, additional := s.AdditionalProperties.(*jsonschema.Schema)
		all = all || additional
		for name := range s.Properties {
			p.described[name] = true
		}
		for regexp := range s.PatternProperties {
			if !slices.ContainsFunc(p.patterns, func(other pattern) bool { return other.regexp == regexp }) {
				p.patterns = append(p.patterns, pattern{regexp: regexp})
			}
		}
		for _, list := range [][]*jsonschema.Schema{s.AllOf, s.AnyOf, s.OneOf, {s.Ref, s.RecursiveRef, s.If, s.Then, s.Else}, slices.Collect(maps.Values(s.DependentSchemas))} {
			for _, each := range list {
				walk(each)
			}
		}
		for _, dependency := range s.Dependencies {
			each, _ := dependency.(*jsonschema.Schema)
			walk(each)
		}
		if s.DynamicRef != nil {
			walk(s.DynamicRef.Ref)
		}
	}
	for _, s := range p.schemas {
		walk(s)
	}
	p.open = all || len(p.described) == 0 && len(p.patterns) == 0
}
