package jsonformat

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/ingest/schema/jsontree"
)

// The rules that can be broken, in the vocabulary of the field: what happened to the schema.
const (
	RuleTypeNarrowed = "TYPE_NARROWED"
	RuleTypeChanged  = "TYPE_CHANGED"
	RuleEnumAdded    = "ENUM_ARRAY_ADDED"
	RuleEnumNarrowed = "ENUM_ARRAY_NARROWED"

	RulePatternAdded   = "PATTERN_ADDED"
	RulePatternChanged = "PATTERN_CHANGED"
	RuleFormatAdded    = "FORMAT_ADDED"
	RuleFormatChanged  = "FORMAT_CHANGED"

	RuleMultipleAdded   = "MULTIPLE_OF_ADDED"
	RuleMultipleChanged = "MULTIPLE_OF_CHANGED"
)

const adviceWiden = "A reader may accept more than was accepted before, but not less. Keep the old limit, or add a property of another name."

// types: every kind of value that was possible is still one.
func (c *checker) types(path string, r *jsonschema.Schema, w known) bool {
	allowed := kindsOf(r.Types)
	lost := w.kinds &^ allowed
	if lost == 0 {
		return true
	}
	if w.kinds&allowed == 0 {
		return c.report(RuleTypeChanged, at(path, "type"), fmt.Sprintf("The type was %s and is %s now.", w.kinds, allowed),
			fmt.Sprintf("Keep %s, allow both, or add a property of another name.", w.kinds))
	}
	return c.report(RuleTypeNarrowed, at(path, "type"), fmt.Sprintf("The type no longer allows %s.", lost),
		fmt.Sprintf("Keep %s among the types.", lost))
}

// enum: a list of values accepts only what was one; so does a const, a list of one.
func (c *checker) enum(path string, r *jsonschema.Schema, w known) bool {
	ok := true
	if r.Const != nil {
		ok = c.listed(at(path, "const"), []any{*r.Const}, w)
	}
	if r.Enum != nil {
		ok = c.listed(at(path, "enum"), r.Enum.Values, w) && ok
	}
	return ok
}

func (c *checker) listed(path string, allowed []any, w known) bool {
	values, finite := w.values()
	if !finite {
		return c.report(RuleEnumAdded, path, "Only listed values are accepted, where others were possible.",
			"Leave the list away, or add a property of another name for the listed values.")
	}
	accepted := make(map[string]bool, len(allowed))
	for _, v := range allowed {
		accepted[canonical(v)] = true
	}
	var lost []string
	for _, v := range values {
		if text := canonical(v); !accepted[text] {
			lost = append(lost, text)
		}
	}
	if len(lost) == 0 {
		return true
	}
	return c.report(RuleEnumNarrowed, path, "Values that were possible are no longer: "+schema.Shorten(strings.Join(lost, ", "))+".",
		"Keep the values. If nobody should send them any more, say so in the description.")
}

// canonical is a value's JSON text; numbers that are equal have the same one.
func canonical(v any) string {
	text, _ := json.Marshal(v) // it came from JSON
	tree, err := jsontree.Parse(string(text))
	if err != nil {
		return string(text)
	}
	return string(jsontree.Append(nil, tree))
}

// strings: length, pattern and format.
func (c *checker) strings(path string, r *jsonschema.Schema, w known) bool {
	if w.kinds&text == 0 {
		return true
	}
	ok := c.limits(path, "Length", r.MinLength, r.MaxLength,
		w.largest(func(s *jsonschema.Schema) *int { return s.MinLength }), w.smallest(func(s *jsonschema.Schema) *int { return s.MaxLength }))
	if pattern := patternOf(r); r.Pattern != nil && pattern != "" {
		ok = c.word(path, "pattern", pattern, RulePatternAdded, RulePatternChanged, w, patternOf) && ok
	}
	if r.Format != nil {
		ok = c.word(path, "format", r.Format.Name, RuleFormatAdded, RuleFormatChanged, w, formatOf) && ok
	}
	return ok
}

// word: a pattern or format must have been asked for before.
func (c *checker) word(path, keyword, want, added, changed string, w known, of func(*jsonschema.Schema) string) bool {
	rule, message := added, fmt.Sprintf("The %s %q was not asked for before.", keyword, schema.Shorten(want))
	for _, s := range w.all {
		switch had := of(s); had {
		case want:
			return true
		case "":
		default:
			rule, message = changed, fmt.Sprintf("The %s was %q and is %q now.", keyword, schema.Shorten(had), schema.Shorten(want))
		}
	}
	return c.report(rule, at(path, keyword), message, fmt.Sprintf("Keep the %s as it was, or leave it away.", keyword))
}

// limits: a count between two bounds, such as minLength and maxLength. Nil is no bound.
func (c *checker) limits(path, what string, minimum, maximum, had, hadMax *int) bool {
	name := map[string]string{"Length": "LENGTH", "Items": "ITEMS", "Properties": "PROPERTIES"}[what]
	ok := true
	if minimum != nil && *minimum > 0 && (had == nil || *had < *minimum) {
		rule, message := "MIN_"+name+"_ADDED", fmt.Sprintf("min%s is %d now and there was none.", what, *minimum)
		if had != nil {
			rule, message = "MIN_"+name+"_INCREASED", fmt.Sprintf("min%s was %d and is %d now.", what, *had, *minimum)
		}
		ok = c.report(rule, at(path, "min"+what), message, adviceWiden)
	}
	if maximum != nil && (hadMax == nil || *hadMax > *maximum) {
		rule, message := "MAX_"+name+"_ADDED", fmt.Sprintf("max%s is %d now and there was none.", what, *maximum)
		if hadMax != nil {
			rule, message = "MAX_"+name+"_DECREASED", fmt.Sprintf("max%s was %d and is %d now.", what, *hadMax, *maximum)
		}
		ok = c.report(rule, at(path, "max"+what), message, adviceWiden)
	}
	return ok
}

func (w known) largest(of func(*jsonschema.Schema) *int) (out *int) {
	for _, s := range w.all {
		if n := of(s); n != nil && (out == nil || *n > *out) {
			out = n
		}
	}
	return out
}

func (w known) smallest(of func(*jsonschema.Schema) *int) (out *int) {
	for _, s := range w.all {
		if n := of(s); n != nil && (out == nil || *n < *out) {
			out = n
		}
	}
	return out
}

// numbers: bounds and multiples.
func (c *checker) numbers(path string, r *jsonschema.Schema, w known) bool {
	if w.kinds&number == 0 {
		return true
	}
	ok := true
	for _, b := range []struct {
		keyword, rule string
		of            func(*jsonschema.Schema) *big.Rat
		sign          int
		open          bool // the bound itself is not allowed
	}{
		{"maximum", "MAXIMUM", func(s *jsonschema.Schema) *big.Rat { return s.Maximum }, 1, false},
		{"exclusiveMaximum", "EXCLUSIVE_MAXIMUM", func(s *jsonschema.Schema) *big.Rat { return s.ExclusiveMaximum }, 1, true},
		{"minimum", "MINIMUM", func(s *jsonschema.Schema) *big.Rat { return s.Minimum }, -1, false},
		{"exclusiveMinimum", "EXCLUSIVE_MINIMUM", func(s *jsonschema.Schema) *big.Rat { return s.ExclusiveMinimum }, -1, true},
	} {
		limit := b.of(r)
		if limit == nil {
			continue
		}
		had, open := w.bound(b.sign)
		if had != nil {
			if order := had.Cmp(limit) * b.sign; order < 0 || order == 0 && (open || !b.open) {
				continue
			}
		}
		rule, message := b.rule+"_ADDED", fmt.Sprintf("%s is %s now and there was none.", b.keyword, decimal(limit))
		if had != nil {
			rule, message = b.rule+map[int]string{1: "_DECREASED", -1: "_INCREASED"}[b.sign], fmt.Sprintf("%s is %s now and the limit was %s.", b.keyword, decimal(limit), decimal(had))
		}
		ok = c.report(rule, at(path, b.keyword), message, adviceWiden)
	}
	return c.multiples(path, r, w) && ok
}

// bound is the tightest maximum (sign 1) or minimum (-1) that is known, and whether it is itself excluded.
func (w known) bound(sign int) (limit *big.Rat, open bool) {
	take := func(n *big.Rat, exclusive bool) {
		if n == nil {
			return
		}
		if limit == nil || n.Cmp(limit)*sign < 0 || n.Cmp(limit) == 0 && exclusive {
			limit, open = n, exclusive
		}
	}
	for _, s := range w.all {
		if sign > 0 {
			take(s.Maximum, false)
			take(s.ExclusiveMaximum, true)
		} else {
			take(s.Minimum, false)
			take(s.ExclusiveMinimum, true)
		}
	}
	return limit, open
}

func (c *checker) multiples(path string, r *jsonschema.Schema, w known) bool {
	if r.MultipleOf == nil || r.MultipleOf.Sign() == 0 {
		return true
	}
	divides := func(n *big.Rat) bool { return new(big.Rat).Quo(n, r.MultipleOf).IsInt() }
	if w.kinds&fraction == 0 && divides(big.NewRat(1, 1)) {
		return true
	}
	rule, message := RuleMultipleAdded, fmt.Sprintf("multipleOf is %s now and there was none.", decimal(r.MultipleOf))
	for _, s := range w.all {
		if s.MultipleOf == nil {
			continue
		}
		if divides(s.MultipleOf) {
			return true
		}
		rule, message = RuleMultipleChanged, fmt.Sprintf("multipleOf was %s and is %s now.", decimal(s.MultipleOf), decimal(r.MultipleOf))
	}
	return c.report(rule, at(path, "multipleOf"), message, "Keep it, or use a number that divides it.")
}

// decimal writes a number for people.
func decimal(n *big.Rat) string {
	if n.IsInt() {
		return schema.Shorten(n.Num().String())
	}
	f, _ := n.Float64()
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// isWhole tells whether a number's text means an integer, as 1.0 and 1e2 do.
func isWhole(literal string) bool {
	n, ok := new(big.Rat).SetString(literal)
	return ok && n.IsInt()
}

func writePart(b *strings.Builder, part any) {
	switch part := part.(type) {
	case int:
		b.WriteString(strconv.Itoa(part))
	default:
		name := fmt.Sprint(part)
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1"))
	}
}
