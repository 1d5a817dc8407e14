package conform

import (
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// JSON fits properties to a JSON Schema. It converts what can be converted without loss, fills in defaults, deals with
// unknown properties, and validates. What is valid as it was sent stays as it was, but for defaults.
//
// The validation is the library's. As that is made for any values and keywords, and costs accordingly, properties are
// first looked at in place (fits), which knows the common keywords, and only what is not known to be valid goes to it.
type JSON struct {
	schema *jsonschema.Schema
	root   *plan
}

func newJSON(s *jsonschema.Schema) *JSON {
	c := planner{plans: map[string]*plan{}}
	return &JSON{schema: s, root: c.plan(s)}
}

// Conform implements Conformer.
func (j *JSON) Conform(f *Findings, properties *doc.Node, unknown Unknown) {
	f.convert(j.root, properties, unknown, 1)
	if f.over == nil && f.fits(j.root, properties) != yes && f.over == nil {
		f.validate(j.schema, properties)
	}
}

// convert walks along the plan. level is how deep the node lies.
func (f *Findings) convert(p *plan, n *doc.Node, unknown Unknown, level int) {
	if !f.step() {
		return
	}
	switch n.Kind() {
	case doc.Object:
		f.convertObject(p, n, unknown, level)
	case doc.Array:
		i := 0
		for e := range n.Children() {
			if i < len(p.prefix) {
				f.convert(p.prefix[i], e, unknown, level+1)
			} else if p.items != nil {
				f.convert(p.items, e, unknown, level+1)
			}
			i++
		}
	default:
		before := len(n.Raw())
		p.convertScalar(n)
		if more := len(n.Raw()) - before; more > 0 && !f.grow(more) {
			return
		}
	}
	for i := range p.branches {
		if p.branches[i].most > 0 {
			f.choose(&p.branches[i], n, unknown, level)
		}
	}
}

func (f *Findings) convertObject(p *plan, n *doc.Node, unknown Unknown, level int) {
	for c := range n.Children() {
		if next := p.properties[string(c.Key())]; next != nil {
			f.convert(next, c, unknown, level+1)
			continue
		}
		described, matched := p.open || p.described[string(c.Key())], false
		for i := range p.patterns {
			if p.patterns[i].regexp.MatchString(string(c.Key())) {
				described = true
				if p.patterns[i].plan != nil {
					matched = true
					f.convert(p.patterns[i].plan, c, unknown, level+1)
				}
			}
		}
		switch {
		case matched:
		case p.additional != nil:
			f.convert(p.additional, c, unknown, level+1)
		case described || unknown == Keep:
		case unknown == Drop:
			c.Remove()
		default:
			f.unknown(c)
		}
	}
	for i := range p.defaults {
		d := &p.defaults[i]
		if n.Child(d.name) != nil || level+1 >= ingest.MaxDepth || !f.grow(len(d.text)+len(d.name)+4) {
			continue
		}
		c := n.Member(d.name)
		if c.SetRaw(d.text) != nil { // nested too deeply for a document
			c.Remove()
			continue
		}
		f.convert(p.properties[d.name], c, unknown, level+1)
	}
}

// choose takes the first alternative that a value fits, as it is or converted.
func (f *Findings) choose(b *branch, n *doc.Node, unknown Unknown, level int) {
	for _, p := range b.plans {
		switch f.fits(p, n) {
		case yes:
			f.convertWithin(p, n, unknown, level)
			return
		case maybe:
			return
		case no:
		}
	}
	before := n.Append(nil)
	for _, p := range b.plans {
		list, total, size := len(f.list), f.total, f.size
		f.convertWithin(p, n, unknown, level)
		if f.over != nil || f.fits(p, n) == yes {
			return
		}
		f.list, f.total, f.size = f.list[:list], total, size
		if n.SetRaw(before) != nil {
			return
		}
	}
}

// convertWithin converts along an alternative of a plan. The plan above it knows of all alternatives, and so it alone
// tells which properties are unknown.
func (f *Findings) convertWithin(p *plan, n *doc.Node, unknown Unknown, level int) {
	if n.Kind() != doc.Object {
		f.convert(p, n, unknown, level)
		return
	}
	within := *p
	within.open = true
	f.convert(&within, n, unknown, level)
}

// convertScalar converts a text, number or boolean to what the plan allows.
func (p *plan) convertScalar(n *doc.Node) {
	switch n.Kind() {
	case doc.String:
		if p.types.has(kindString) {
			p.correct(n)
			return
		}
		text := n.Text()
		if p.types.has(kindNumber | kindInteger) {
			if ok, whole := numberLiteral(text); ok && (whole || p.types.has(kindNumber)) {
				n.SetNumber(string(text))
				return
			}
		}
		if p.types.has(kindBool) {
			if value, ok := boolean(text); ok {
				n.SetBool(value)
			}
		}
	case doc.Number, doc.Bool:
		if !p.types.has(kindString) || p.types.has(kindOf(n)) || n.Kind() == doc.Number && p.types.has(kindInteger) {
			return
		}
		literal := string(n.Raw())
		switch {
		case p.format == nil && (p.enum == nil || one(p.enum, literal) != ""):
			n.SetString(literal)
		case p.format != nil && n.Kind() == doc.Number:
			if text, ok := p.timeText(n.Raw()); ok {
				n.SetString(text)
			}
		}
	default: // is no scalar that could be anything else
	}
}

// correct corrects a text that may be one, but not as it is.
func (p *plan) correct(n *doc.Node) {
	switch {
	case p.enum != nil:
		if text := string(n.Text()); len(text) < 1<<10 {
			if right := one(p.enum, text); right != "" && right != text {
				n.SetString(right)
			}
		}
	case p.format != nil && (p.format.Name == "date-time" || p.format.Name == "date"):
		text := n.Text()
		if len(text) > 40 || formatFits(p.format, text) {
			return
		}
		if right, ok := p.timeText(text); ok {
			n.SetString(right)
		}
	}
}

// timeText writes a time as the plan's format asks for.
func (p *plan) timeText(text []byte) (string, bool) {
	t, ok := parseTime(text)
	switch {
	case !ok:
		return "", false
	case p.format.Name == "date-time":
		return t.Format(time.RFC3339Nano), true
	case p.format.Name == "date" && midnight(t):
		return t.UTC().Format(time.DateOnly), true
	default:
		return "", false
	}
}

// one finds a text in a list, or the only one that differs from it in case alone; empty when there is none.
func one(list []string, text string) string {
	found := ""
	for _, each := range list {
		if each == text {
			return each
		}
		if strings.EqualFold(each, text) {
			if found != "" {
				return ""
			}
			found = each
		}
	}
	return found
}
