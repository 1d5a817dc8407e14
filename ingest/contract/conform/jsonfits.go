package conform

import (
	"bytes"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/observatory/observatory/ingest/doc"
)

// verdict tells whether a value is valid.
type verdict uint8

const (
	no verdict = iota
	maybe
	yes
)

// exactly tells whether fits knows all keywords of a schema.
func exactly(s *jsonschema.Schema) bool {
	for _, v := range allowed(s) {
		switch v.(type) {
		case []any, map[string]any:
			return false
		}
	}
	_, tuple := s.Items.([]*jsonschema.Schema)
	return s.RecursiveRef == nil && s.DynamicRef == nil && s.If == nil && len(s.Dependencies) == 0 && len(s.DependentRequired) == 0 &&
		len(s.DependentSchemas) == 0 && s.PropertyNames == nil && s.UnevaluatedProperties == nil && s.UnevaluatedItems == nil &&
		!s.UniqueItems && s.Contains == nil && !tuple && s.ContentEncoding == nil && s.ContentMediaType == nil && len(s.Extensions) == 0
}

// fits tells whether a value is valid, as far as it knows the keywords.
func (f *Findings) fits(p *plan, n *doc.Node) verdict {
	if !f.step() {
		return maybe
	}
	if kind := kindOf(n); !p.types.has(kind) {
		if kind != kindNumber || !p.types.has(kindInteger) {
			return no
		}
		if !allDigits(n.Raw()) {
			if _, whole := integerOf(n.Raw()); !whole {
				return no
			}
		}
	}
	v := yes
	if !p.exact {
		v = maybe
	}
	switch n.Kind() {
	case doc.Object:
		v = min(v, f.objectFits(p, n))
	case doc.Array:
		v = min(v, f.arrayFits(p, n))
	default:
		v = min(v, scalarFits(p, n))
	}
	for i := range p.branches {
		if v == no {
			return no
		}
		v = min(v, f.branchFits(&p.branches[i], n))
	}
	for _, s := range p.schemas {
		if s.Bool != nil && !*s.Bool {
			return no
		}
	}
	return v
}

func allDigits(literal []byte) bool { return digits(bytes.TrimPrefix(literal, []byte("-"))) }

func (f *Findings) branchFits(b *branch, n *doc.Node) verdict {
	fit, unsure := 0, 0
	for _, p := range b.plans {
		switch f.fits(p, n) {
		case yes:
			fit++
		case maybe:
			unsure++
		case no:
		}
	}
	switch {
	case fit > b.most || fit+unsure < b.least:
		return no
	case fit >= b.least && fit+unsure <= b.most:
		return yes
	default:
		return maybe
	}
}

func (f *Findings) objectFits(p *plan, n *doc.Node) verdict {
	for i := range p.rules {
		s := p.rules[i].schema
		if s.MinProperties != nil && n.Len() < *s.MinProperties || s.MaxProperties != nil && n.Len() > *s.MaxProperties {
			return no
		}
		for _, name := range s.Required {
			if n.Child(name) == nil {
				return no
			}
		}
	}
	v := yes
	for c := range n.Children() {
		if next := p.properties[string(c.Key())]; next != nil {
			v = min(v, f.fits(next, c))
		}
		for i := range p.patterns {
			if p.patterns[i].plan != nil && p.patterns[i].regexp.MatchString(string(c.Key())) {
				v = min(v, f.fits(p.patterns[i].plan, c))
			}
		}
		for i := range p.rules {
			v = min(v, f.ruleFits(&p.rules[i], c))
		}
		if v == no {
			return no
		}
	}
	return v
}

// ruleFits looks at a property that a schema does not name.
func (f *Findings) ruleFits(r *rule, c *doc.Node) verdict {
	if !r.closed && r.additional == nil {
		return yes
	}
	if _, named := r.schema.Properties[string(c.Key())]; named {
		return yes
	}
	for regexp := range r.schema.PatternProperties {
		if regexp.MatchString(string(c.Key())) {
			return yes
		}
	}
	if r.closed {
		return no
	}
	return f.fits(r.additional, c)
}

func (f *Findings) arrayFits(p *plan, n *doc.Node) verdict {
	for _, s := range p.schemas {
		if s.MinItems != nil && n.Len() < *s.MinItems || s.MaxItems != nil && n.Len() > *s.MaxItems {
			return no
		}
	}
	v, i := yes, 0
	for e := range n.Children() {
		if i < len(p.prefix) {
			v = min(v, f.fits(p.prefix[i], e))
		} else if p.items != nil {
			v = min(v, f.fits(p.items, e))
		}
		if i++; v == no {
			return no
		}
	}
	return v
}

func scalarFits(p *plan, n *doc.Node) verdict {
	v := yes
	for _, values := range p.allowed {
		v = min(v, listed(values, n))
	}
	switch n.Kind() {
	case doc.String:
		for _, s := range p.schemas {
			if !stringFits(s, n) {
				return no
			}
		}
	case doc.Number:
		for i := range p.bounds {
			if !p.bounds[i].holds(n.Raw()) {
				return no
			}
		}
	default: // nothing else is asked of it
	}
	return v
}

// listed tells whether a text, number, boolean or null is among the values.
func listed(values []any, n *doc.Node) verdict {
	v := no
	for _, each := range values {
		switch each := each.(type) {
		case nil:
			if n.Kind() == doc.Null {
				return yes
			}
		case bool:
			if n.Kind() == doc.Bool && each == (n.Raw()[0] == 't') {
				return yes
			}
		case string:
			if n.Kind() == doc.String && string(n.Text()) == each {
				return yes
			}
		default:
			if n.Kind() == doc.Number {
				v = maybe
			}
		}
	}
	return v
}

func stringFits(s *jsonschema.Schema, n *doc.Node) bool {
	if s.MinLength == nil && s.MaxLength == nil && s.Pattern == nil && s.Format == nil {
		return true
	}
	text := n.Text()
	if s.MinLength != nil || s.MaxLength != nil {
		length := utf8.RuneCount(text)
		if s.MinLength != nil && length < *s.MinLength || s.MaxLength != nil && length > *s.MaxLength {
			return false
		}
	}
	return (s.Pattern == nil || s.Pattern.MatchString(string(text))) && (s.Format == nil || formatFits(s.Format, text))
}

// formatFits asks the library, unless the text is a time as nearly all are written.
func formatFits(format *jsonschema.Format, text []byte) bool {
	return format.Name == "date-time" && plainTime(text) || format.Validate(string(text)) == nil
}

// plainTime tells whether a text is surely a time in RFC 3339. It knows UTC, and days that every month has.
func plainTime(t []byte) bool {
	if len(t) < 20 || len(t) > 30 || t[4] != '-' || t[7] != '-' || t[10] != 'T' || t[13] != ':' || t[16] != ':' || t[len(t)-1] != 'Z' {
		return false
	}
	two := func(i, from, to int) bool {
		v := int(t[i]-'0')*10 + int(t[i+1]-'0')
		return t[i]-'0' <= 9 && t[i+1]-'0' <= 9 && v >= from && v <= to
	}
	return two(0, 0, 99) && two(2, 0, 99) && two(5, 1, 12) && two(8, 1, 28) && two(11, 0, 23) && two(14, 0, 59) && two(17, 0, 59) &&
		(len(t) == 20 || t[19] == '.' && digits(t[20:len(t)-1]))
}

// bound is one that a schema sets to numbers.
type bound struct {
	of    *big.Rat
	near  float64 // of
	exact bool    // it is near
	kind  boundKind
}

type boundKind uint8

const (
	atLeast boundKind = iota
	atMost
	moreThan
	lessThan
	multipleOf
)

func boundsOf(s *jsonschema.Schema) (list []bound) {
	for kind, of := range [...]*big.Rat{atLeast: s.Minimum, atMost: s.Maximum, moreThan: s.ExclusiveMinimum, lessThan: s.ExclusiveMaximum, multipleOf: s.MultipleOf} {
		if of != nil {
			near, exact := of.Float64()
			list = append(list, bound{of: of, near: near, exact: exact, kind: boundKind(kind)})
		}
	}
	return list
}

// holds tells whether a number keeps to the bound.
func (b *bound) holds(literal []byte) bool {
	if b.kind == multipleOf {
		return b.of.Sign() != 0 && new(big.Rat).Quo(rational(literal), b.of).IsInt()
	}
	order := b.compare(literal)
	switch b.kind {
	case atLeast:
		return order >= 0
	case atMost:
		return order <= 0
	case moreThan:
		return order > 0
	default:
		return order < 0
	}
}

// compare compares a number with the bound.
func (b *bound) compare(literal []byte) int {
	if v, err := strconv.ParseFloat(string(literal), 64); err == nil && b.exact && v != b.near { // rounding keeps the order
		if v < b.near {
			return -1
		}
		return 1
	}
	return rational(literal).Cmp(b.of)
}

// rational is the number that a literal stands for. One that is too small to tell from zero is zero.
func rational(literal []byte) *big.Rat {
	if exponent(literal) > 400 {
		return new(big.Rat)
	}
	r, ok := new(big.Rat).SetString(string(literal))
	if !ok {
		return new(big.Rat)
	}
	return r
}
