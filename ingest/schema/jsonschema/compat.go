package jsonformat

import (
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/observatory/observatory/ingest/schema"
)

// maxChecks bounds the subschemas that one comparison looks at, each with what is known about the writer's value there.
const maxChecks = 100_000

// Incompatibilities says why not everything that the writer's schema accepts is accepted by this one. It is cautious:
// two schemas pass when every value provably does. One thing is allowed beyond that, because the contract sees to it: a
// property may become required when it has a default, which is filled in.
func (p *Parsed) Incompatibilities(writer schema.Parsed) []schema.Incompatibility {
	w, ok := writer.(*Parsed)
	if !ok {
		return []schema.Incompatibility{schema.OtherFormat(schema.JSON)}
	}
	never := false
	c := checker{
		never:  &jsonschema.Schema{Bool: &never},
		ids:    make(map[*jsonschema.Schema]int),
		equal:  make(map[twins]bool),
		differ: make(map[twins]bool),
		broken: make(map[string]bool),
		steps:  maxChecks,
	}
	// What is being looked at counts as accepted when it is met again further inside. What was concluded from that may be
	// wrong once it turns out not to be, so the comparison is repeated until nothing new is found to be broken.
	for before := -1; before != len(c.broken) && c.steps > 0; {
		before = len(c.broken)
		c.seen, c.where, c.found = make(map[string]int), make(map[string]string), nil
		c.check("", p.native, c.known(w.native))
	}
	if c.steps <= 0 {
		return []schema.Incompatibility{schema.TooComplex()}
	}
	return c.found
}

type checker struct {
	never  *jsonschema.Schema // accepts nothing
	ids    map[*jsonschema.Schema]int
	equal  map[twins]bool    // schemas that say the same
	differ map[twins]bool    // schemas that do not
	broken map[string]bool   // comparisons that failed, by their key
	seen   map[string]int    // comparisons of this round: the depth at which one began, or done
	where  map[string]string // comparisons that were reported, and where
	found  []schema.Incompatibility
	steps  int // left until the comparison is given up
	silent int // above 0: something is tried, nothing is reported
	depth  int // of the value that is compared, below the root
}

const done = -1

func (c *checker) report(rule, path, message, advice string) bool {
	if path == "" {
		path = "/"
	}
	found := schema.Incompatibility{Rule: rule, Path: path, Message: message, Advice: advice}
	if c.silent == 0 && len(c.found) < schema.MaxIncompatibilities && !slices.Contains(c.found, found) {
		c.found = append(c.found, found)
	}
	return false
}

// try tells whether a check comes out well, without reporting.
func (c *checker) try(check func() bool) bool {
	c.silent++
	defer func() { c.silent-- }()
	return check()
}

// inside runs a check of a member or element.
func (c *checker) inside(check func() bool) bool {
	c.depth++
	defer func() { c.depth-- }()
	return check()
}

// check reports why not every value of which w is known is accepted by r, and tells whether every one is.
func (c *checker) check(path string, r *jsonschema.Schema, w known) bool {
	if c.steps -= cost(w); c.steps <= 0 {
		return false
	}
	if w.nothing() || r.Bool != nil && *r.Bool {
		return true
	}
	key := c.key(r, w)
	if c.broken[key] && c.silent > 0 {
		return false
	}
	if began, ok := c.seen[key]; ok {
		if began == done {
			c.shorten(key, path)
			return !c.broken[key]
		}
		// Met again within itself: an induction, if the value has become smaller meanwhile.
		return began < c.depth && !c.broken[key]
	}
	c.seen[key] = c.depth
	ok := c.compare(path, r, w)
	c.seen[key] = done
	if !ok {
		c.broken[key] = true
		if c.silent > 0 {
			delete(c.seen, key) // to be reported when it is met where it matters
		} else {
			c.where[key] = path
		}
	}
	return ok
}

// shorten moves what was reported of a comparison to another place where it is met, if that is nearer to the root: of a
// tree, people want to see what is wrong with the root and not with some child.
func (c *checker) shorten(key, path string) {
	old, ok := c.where[key]
	if !ok || c.silent > 0 || len(path) >= len(old) {
		return
	}
	c.where[key] = path
	for i := range c.found {
		if rest, ok := strings.CutPrefix(c.found[i].Path, old); ok && (rest == "" || rest[0] == '/') {
			c.found[i].Path = path + rest
		}
	}
}

// compare tries the schema as a whole, then case by case where the writer's is a sum.
func (c *checker) compare(path string, r *jsonschema.Schema, w known) bool {
	if c.try(func() bool { return c.accepts(path, r, w) }) {
		return true
	}
	cases, ok := c.split(w, r)
	if !ok {
		return c.silent == 0 && c.accepts(path, r, w)
	}
	all := true
	for i := range cases {
		all = c.check(path, r, cases[i]) && all
	}
	return all
}

// accepts applies the rules, keyword by keyword.
func (c *checker) accepts(path string, r *jsonschema.Schema, w known) bool {
	for _, each := range w.all {
		if each == r || c.same(r, each) {
			return true
		}
	}
	if values, finite := w.values(); finite && len(values) <= maxTried && acceptsAll(r, values) {
		return true
	}
	if r.Bool != nil {
		return c.report(RuleTypeNarrowed, path, "Nothing is accepted here any more.", "Allow what was allowed, or leave the property out of the schema.")
	}
	ok := c.types(path, r, w)
	if ok {
		ok = c.enum(path, r, w)
	}
	for _, rules := range []func(string, *jsonschema.Schema, known) bool{
		c.references, c.strings, c.numbers, c.arrays, c.objects, c.sums, c.conditions,
	} {
		if ok || c.silent == 0 {
			ok = rules(path, r, w) && ok
		}
	}
	return ok
}

// references are the parts that are accepted together: what is referred to, and the members of allOf.
func (c *checker) references(path string, r *jsonschema.Schema, w known) bool {
	ok := true
	for _, ref := range list(r.Ref, r.RecursiveRef) {
		ok = c.check(path, ref, w) && ok
	}
	if r.DynamicRef != nil && r.DynamicRef.Ref != nil {
		ok = c.check(path, r.DynamicRef.Ref, w) && ok
	}
	for i, part := range r.AllOf {
		ok = c.check(at(path, "allOf", i), part, w) && ok
	}
	return ok
}

// cost is what looking at a value counts: more, the more schemas are known to accept it.
func cost(w known) int { return 1 + len(w.all)/16 }

func acceptsAll(r *jsonschema.Schema, values []any) bool {
	for _, v := range values {
		if r.Validate(v) != nil {
			return false
		}
	}
	return true
}

// key identifies a comparison.
func (c *checker) key(r *jsonschema.Schema, w known) string {
	b := make([]byte, 0, 64)
	number := func(n int) {
		for ; n >= 0x80; n >>= 7 {
			b = append(b, byte(n)|0x80)
		}
		b = append(b, byte(n))
	}
	id := func(s *jsonschema.Schema) {
		n, ok := c.ids[s]
		if !ok {
			n = len(c.ids) + 1
			c.ids[s] = n
		}
		number(n)
	}
	id(r)
	number(int(w.kinds))
	number(len(w.sums))
	number(len(w.not))
	for _, s := range w.not {
		id(s)
	}
	for _, s := range w.all {
		id(s)
	}
	return string(b)
}

// at appends to a JSON pointer.
func at(path string, parts ...any) string {
	var b strings.Builder
	b.WriteString(path)
	for _, part := range parts {
		b.WriteByte('/')
		writePart(&b, part)
	}
	return b.String()
}
