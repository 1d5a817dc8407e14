package avroformat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/observatory/observatory/ingest/schema"
)

// The rules of schema resolution that can be broken.
const (
	RuleType         = "TYPE_MISMATCH"
	RuleName         = "NAME_MISMATCH"
	RuleMissingField = "READER_FIELD_MISSING_DEFAULT_VALUE"
	RuleSymbols      = "MISSING_ENUM_SYMBOLS"
	RuleFixedSize    = "FIXED_SIZE_MISMATCH"
	RuleUnion        = "MISSING_UNION_BRANCH"
	RuleDecimal      = "DECIMAL_MISMATCH"
)

// Incompatibilities applies the specification's rules of schema resolution.
func (p *Parsed) Incompatibilities(writer schema.Parsed) []schema.Incompatibility {
	w, ok := writer.(*Parsed)
	if !ok {
		return []schema.Incompatibility{schema.OtherFormat(schema.Avro)}
	}
	c := checker{broken: make(map[pair]bool), steps: schema.MaxComparisons}
	// A recursive pair counts as readable while it is looked at. What was concluded from that may be wrong once the pair
	// turns out not to be, so the comparison is repeated until no new broken pair shows up.
	for before := -1; before != len(c.broken) && c.steps > 0; {
		before = len(c.broken)
		c.seen, c.found = make(map[pair]bool), nil
		c.check("", p.root, w.root)
	}
	if c.steps <= 0 {
		return []schema.Incompatibility{schema.TooComplex()}
	}
	return c.found
}

// pair of types that are read as one another.
type pair struct{ reader, writer *node }

type checker struct {
	broken map[pair]bool // pairs that are known not to be readable
	seen   map[pair]bool // pairs of this round: reported, readable or being looked at
	found  []schema.Incompatibility
	steps  int // left until the comparison is given up
	silent int // above 0: a branch of a union is tried, nothing is reported
}

func (c *checker) report(rule, path, message, advice string) {
	if c.silent == 0 && len(c.found) < schema.MaxIncompatibilities {
		if path == "" {
			path = "/"
		}
		c.found = append(c.found, schema.Incompatibility{Rule: rule, Path: path, Message: message, Advice: advice})
	}
}

// check reports why what was written as w cannot be read as r, and tells whether it can.
func (c *checker) check(path string, r, w *node) bool {
	if c.steps--; c.steps <= 0 {
		return false
	}
	if !r.shared() || !w.shared() {
		return c.compare(path, r, w)
	}
	key := pair{r, w}
	if c.broken[key] && c.silent > 0 {
		return false
	}
	if c.seen[key] {
		return !c.broken[key]
	}
	c.seen[key] = true
	ok := c.compare(path, r, w)
	if !ok {
		c.broken[key] = true
		if c.silent > 0 {
			delete(c.seen, key) // to be reported when it is met outside a union
		}
	}
	return ok
}

// shared tells whether the type can be met more than once.
func (n *node) shared() bool { return n.kind == kindRecord }

func (c *checker) compare(path string, r, w *node) bool {
	switch {
	case w.kind == kindUnion:
		return c.fromUnion(path, r, w)
	case r.kind == kindUnion:
		return c.intoUnion(path, r, w)
	case r.kind != w.kind:
		if promotes(w.kind, r.kind) {
			return true
		}
		c.report(RuleType, path, fmt.Sprintf("%s cannot be read as %s.", w.title(), r.title()), advicePromotion(r, w))
		return false
	}
	switch r.kind {
	case kindArray:
		return c.check(path+"/items", r.items, w.items)
	case kindMap:
		return c.check(path+"/values", r.items, w.items)
	case kindRecord:
		return c.sameName(path, r, w) && c.fields(path, r, w)
	case kindEnum:
		return c.sameName(path, r, w) && c.symbols(path, r, w)
	case kindFixed:
		return c.sameName(path, r, w) && c.size(path, r, w) && c.decimal(path, r, w)
	case kindBytes:
		return c.decimal(path, r, w)
	default:
		return true
	}
}

// promotes tells whether the specification lets a type be read as another.
func promotes(from, to kind) bool {
	switch from {
	case kindInt:
		return to == kindLong || to == kindFloat || to == kindDouble
	case kindLong:
		return to == kindFloat || to == kindDouble
	case kindFloat:
		return to == kindDouble
	case kindString:
		return to == kindBytes
	case kindBytes:
		return to == kindString
	default:
		return false
	}
}

func advicePromotion(r, w *node) string {
	if promotes(r.kind, w.kind) {
		return fmt.Sprintf("A type can be widened but not narrowed. Keep %s, or add a field of another name.", w.kind)
	}
	return fmt.Sprintf("Keep %s, make it a union that holds both, or add a field of another name with a default.", w.kind)
}

// fromUnion: every type that may have been written must be readable.
func (c *checker) fromUnion(path string, r, w *node) bool {
	ok := true
	for _, branch := range w.branches {
		if r.kind == kindUnion {
			ok = c.intoUnion(path, r, branch) && ok
			continue
		}
		ok = c.check(path, r, branch) && ok
	}
	return ok
}

// intoUnion: one of the reader's types must be able to read what was written.
func (c *checker) intoUnion(path string, r, w *node) bool {
	c.silent++
	at := slices.IndexFunc(r.branches, func(b *node) bool { return maybe(b, w) && c.check(path, b, w) })
	c.silent--
	if at >= 0 {
		return true
	}
	// A branch of the same name was meant to fit: what is wrong within it says more than that none fits.
	for i, b := range r.branches {
		if b.kind == w.kind && b.kind == kindRecord && namesMatch(b, w) {
			return c.check(path+"/"+strconv.Itoa(i), b, w)
		}
	}
	c.report(RuleUnion, path, fmt.Sprintf("The union has no type that can read %s.", w.title()),
		fmt.Sprintf("Keep %s in the union, or a type that it can be promoted to.", w.title()))
	return false
}

// maybe tells cheaply whether comparing two types can come out well.
func maybe(r, w *node) bool {
	if r.kind != w.kind {
		return promotes(w.kind, r.kind)
	}
	return !r.named() || namesMatch(r, w)
}

// namesMatch: by the unqualified name, or by one of the reader's aliases.
func namesMatch(r, w *node) bool {
	return simpleName(r.name) == simpleName(w.name) || slices.Contains(r.aliases, w.name)
}

func (c *checker) sameName(path string, r, w *node) bool {
	if namesMatch(r, w) {
		return true
	}
	c.report(RuleName, path+"/name", fmt.Sprintf("The %s %s was written as %s.", r.kind, r.name, w.name),
		fmt.Sprintf("Keep the name, or give the type the alias %q.", w.name))
	return false
}

func (c *checker) fields(path string, r, w *node) bool {
	written := make(map[string]*field, len(w.fields))
	for _, f := range w.fields {
		written[f.name] = f
	}
	ok := true
	for i, f := range r.fields {
		at := path + "/fields/" + strconv.Itoa(i)
		source := written[f.name]
		for _, alias := range f.aliases {
			if source == nil {
				source = written[alias]
			}
		}
		if source != nil {
			ok = c.check(at+"/type", f.typ, source.typ) && ok
			continue
		}
		if !f.hasDef {
			c.report(RuleMissingField, at, fmt.Sprintf("The field %q has no default, and what was written does not hold it.", f.name),
				`Give the field a default, for example a union with null and "default": null. If it was renamed, give it the old name as an alias.`)
			ok = false
		}
	}
	return ok
}

func (c *checker) symbols(path string, r, w *node) bool {
	if r.fallback != nil {
		return true
	}
	known := make(map[string]bool, len(r.symbols))
	for _, s := range r.symbols {
		known[s] = true
	}
	var missing []string
	for _, s := range w.symbols {
		if !known[s] {
			missing = append(missing, s)
		}
	}
	if len(missing) == 0 {
		return true
	}
	c.report(RuleSymbols, path+"/symbols", fmt.Sprintf("The enum %s lacks symbols that may have been written: %s.", r.name, schema.Shorten(strings.Join(missing, ", "))),
		"Keep the symbols, or give the enum a default that stands for those it does not know.")
	return false
}

func (c *checker) size(path string, r, w *node) bool {
	if r.size == w.size {
		return true
	}
	c.report(RuleFixedSize, path+"/size", fmt.Sprintf("The fixed %s has %d bytes and was written with %d.", r.name, r.size, w.size),
		"Keep the size, or add a field of another name and type.")
	return false
}

// decimal: the same bytes mean another number when scale or precision differ.
func (c *checker) decimal(path string, r, w *node) bool {
	precision, scale, isDecimal := r.decimal()
	wasPrecision, wasScale, wasDecimal := w.decimal()
	if !isDecimal || !wasDecimal || precision == wasPrecision && scale == wasScale {
		return true
	}
	c.report(RuleDecimal, path, fmt.Sprintf("A decimal(%d, %d) was written as decimal(%d, %d).", precision, scale, wasPrecision, wasScale),
		"Keep precision and scale, or add a field of another name.")
	return false
}
