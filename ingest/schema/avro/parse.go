package avroformat

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/ingest/schema/jsontree"
)

const (
	maxFixed    = 1 << 16 // bytes of a fixed
	maxBranches = 1_000   // of one union
	maxName     = 1_000   // bytes of a name with its namespace
)

// parser reads one schema, after those that it depends on.
type parser struct {
	types      map[string]*node // by full name
	records    []*node          // in the order in which they were closed
	nodes      int
	defaults   int // weight of all defaults, see expand
	dependency bool
	where      string // which text, for messages; empty for the schema itself
}

// fail makes the fault of what is wrong at a path of the text.
func (p *parser) fail(path, format string, args ...any) error {
	if path == "" {
		path = "/"
	}
	return schema.Invalid("%s", fmt.Sprintf("At %s%s: ", schema.Shorten(path), p.where)+fmt.Sprintf(format, args...))
}

// text reads a whole text. A bare word is a type's name, as the specification's own tools take it.
func (p *parser) text(text string) (*node, error) {
	var v jsontree.Value
	if name := strings.TrimSpace(text); primitive(name) && name != string(kindNull) {
		v = name
	} else {
		var err error
		if v, err = jsontree.Parse(text); err != nil {
			return nil, err
		}
		if v == nil {
			v = string(kindNull)
		}
	}
	n, err := p.typ("", "", v, 0)
	if err != nil {
		return nil, err
	}
	return n, p.checkEnds()
}

func (p *parser) count(path string) error {
	if p.nodes++; p.nodes > schema.MaxNodes {
		return p.fail(path, "the schema has more than %d types, fields and symbols. Split the event into several.", schema.MaxNodes)
	}
	return nil
}

// typ reads a type in the namespace of the named type around it.
func (p *parser) typ(path, namespace string, v jsontree.Value, depth int) (*node, error) {
	if depth > schema.MaxDepth {
		return nil, p.fail(path, "types nest deeper than %d levels. Define inner types once and refer to them by name.", schema.MaxDepth)
	}
	if err := p.count(path); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		return p.reference(path, namespace, v)
	case []jsontree.Value:
		return p.union(path, namespace, v, depth)
	case *jsontree.Object:
		return p.object(path, namespace, v, depth)
	default:
		return nil, p.fail(path, "a type is a name, an object or a list of types (a union).")
	}
}

func (p *parser) reference(path, namespace, name string) (*node, error) {
	if primitive(name) {
		return &node{kind: kind(name)}, nil
	}
	full := name
	if namespace != "" && !strings.Contains(name, ".") {
		full = namespace + "." + name
	}
	if n := p.types[full]; n != nil {
		return n, nil
	}
	return nil, p.fail(path, "there is no type %q. Define it before it is used, or send a reference to the subject that defines it.", schema.Shorten(full))
}

func (p *parser) union(path, namespace string, list []jsontree.Value, depth int) (*node, error) {
	if len(list) == 0 || len(list) > maxBranches {
		return nil, p.fail(path, "a union has between 1 and %d types, this one has %d.", maxBranches, len(list))
	}
	u := &node{kind: kindUnion, branches: make([]*node, 0, len(list))}
	seen := make(map[string]bool, len(list))
	for i := range list {
		at := path + "/" + strconv.Itoa(i)
		b, err := p.typ(at, namespace, list[i], depth+1)
		if err != nil {
			return nil, err
		}
		key := string(b.kind)
		if b.named() {
			key = b.name
		}
		switch {
		case b.kind == kindUnion:
			return nil, p.fail(at, "a union cannot hold another union. Put its types into the outer one.")
		case seen[key]:
			return nil, p.fail(at, "the union holds %s twice. Keep one, or wrap the other in a record.", schema.Shorten(key))
		}
		seen[key] = true
		u.branches = append(u.branches, b)
	}
	return u, nil
}

func (p *parser) object(path, namespace string, o *jsontree.Object, depth int) (*node, error) {
	t, ok := o.Get("type")
	if !ok {
		return nil, p.fail(path, `the object has no "type".`)
	}
	name, ok := t.(string)
	if !ok {
		if o.Len() > 1 {
			return nil, p.fail(path, `"type" must be a name here. Put the inner type in place of this object.`)
		}
		return p.typ(path+"/type", namespace, t, depth+1)
	}
	switch kind(name) {
	case kindRecord, "error":
		return p.record(path, namespace, o, depth)
	case kindEnum:
		return p.enum(path, namespace, o)
	case kindFixed:
		return p.fixed(path, namespace, o)
	case kindArray:
		return p.items(path, namespace, kindArray, "items", o, depth)
	case kindMap:
		return p.items(path, namespace, kindMap, "values", o, depth)
	default:
		n, err := p.reference(path+"/type", namespace, name)
		if err == nil && primitive(name) {
			n.props = rest(o, "type")
		}
		return n, err
	}
}

func (p *parser) items(path, namespace string, k kind, key string, o *jsontree.Object, depth int) (*node, error) {
	v, ok := o.Get(key)
	if !ok {
		return nil, p.fail(path, "%s has no %q, the type of what is in it.", k, key)
	}
	inner, err := p.typ(path+"/"+key, namespace, v, depth+1)
	if err != nil {
		return nil, err
	}
	return &node{kind: k, items: inner, props: rest(o, "type", key)}, nil
}

func (p *parser) enum(path, namespace string, o *jsontree.Object) (*node, error) {
	n := &node{kind: kindEnum, props: rest(o, "type", "name", "namespace", "aliases", "doc", "symbols", "default")}
	if err := p.name(path, namespace, o, n); err != nil {
		return nil, err
	}
	v, _ := o.Get("symbols")
	list, ok := v.([]jsontree.Value)
	if !ok || len(list) == 0 {
		return nil, p.fail(path, `an enum needs "symbols", a list of at least one name.`)
	}
	seen := make(map[string]bool, len(list))
	for i := range list {
		at := path + "/symbols/" + strconv.Itoa(i)
		symbol, ok := list[i].(string)
		if !ok || !validName(symbol) {
			return nil, p.fail(at, "a symbol is a text of letters, digits and _ that does not begin with a digit.")
		}
		if seen[symbol] {
			return nil, p.fail(at, "the symbol %q is there twice.", schema.Shorten(symbol))
		}
		if err := p.count(at); err != nil {
			return nil, err
		}
		seen[symbol] = true
		n.symbols = append(n.symbols, symbol)
	}
	if v, ok := o.Get("default"); ok {
		symbol, ok := v.(string)
		if !ok || !seen[symbol] {
			return nil, p.fail(path+"/default", "the default of an enum must be one of its symbols.")
		}
		n.fallback = &symbol
	}
	return n, nil
}

func (p *parser) fixed(path, namespace string, o *jsontree.Object) (*node, error) {
	n := &node{kind: kindFixed, props: rest(o, "type", "name", "namespace", "aliases", "doc", "size")}
	if err := p.name(path, namespace, o, n); err != nil {
		return nil, err
	}
	v, _ := o.Get("size")
	number, _ := v.(jsontree.Number)
	size, err := strconv.Atoi(string(number))
	if err != nil || size < 1 || size > maxFixed {
		return nil, p.fail(path, `a fixed needs a "size" between 1 and %d bytes.`, maxFixed)
	}
	n.size = size
	return n, nil
}

func (p *parser) record(path, namespace string, o *jsontree.Object, depth int) (*node, error) {
	n := &node{kind: kindRecord, open: true, props: rest(o, "type", "name", "namespace", "aliases", "doc", "fields")}
	if err := p.name(path, namespace, o, n); err != nil {
		return nil, err
	}
	v, _ := o.Get("fields")
	list, ok := v.([]jsontree.Value)
	if !ok {
		return nil, p.fail(path, `a record needs "fields", a list of fields.`)
	}
	seen := make(map[string]bool, len(list))
	for i := range list {
		at := path + "/fields/" + strconv.Itoa(i)
		f, err := p.field(at, namespaceOf(n.name), list[i], depth)
		if err != nil {
			return nil, err
		}
		if seen[f.name] {
			return nil, p.fail(at, "the record has two fields named %q.", schema.Shorten(f.name))
		}
		seen[f.name] = true
		n.fields = append(n.fields, f)
	}
	n.open = false
	p.records = append(p.records, n)
	return n, nil
}

func (p *parser) field(path, namespace string, v jsontree.Value, depth int) (*field, error) {
	o, ok := v.(*jsontree.Object)
	if !ok {
		return nil, p.fail(path, `a field is an object with "name" and "type".`)
	}
	f := &field{props: rest(o, "name", "type", "doc", "order", "aliases", "default")}
	name, _ := o.Get("name")
	if f.name, ok = name.(string); !ok || !validName(f.name) {
		return nil, p.fail(path+"/name", "a field needs a name of letters, digits and _ that does not begin with a digit.")
	}
	t, ok := o.Get("type")
	if !ok {
		return nil, p.fail(path, "the field %q has no type.", schema.Shorten(f.name))
	}
	var err error
	if f.doc, err = p.doc(path, o); err != nil {
		return nil, err
	}
	if f.aliases, err = p.aliases(path, "", o, validName); err != nil {
		return nil, err
	}
	if v, ok := o.Get("order"); ok {
		switch v {
		case "ascending":
		case "descending", "ignore":
			f.order, _ = v.(string)
		default:
			return nil, p.fail(path+"/order", "the order is ascending, descending or ignore.")
		}
	}
	if f.typ, err = p.typ(path+"/type", namespace, t, depth+1); err != nil {
		return nil, err
	}
	if f.def, f.hasDef = o.Get("default"); f.hasDef {
		if f.expanded, err = p.expand(path+"/default", f.typ, f.def); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// rest is what an object holds besides the named attributes; nil when there is nothing.
func rest(o *jsontree.Object, known ...string) *jsontree.Object {
	var out *jsontree.Object
next:
	for _, name := range o.Names() {
		for _, k := range known {
			if name == k {
				continue next
			}
		}
		if out == nil {
			out = new(jsontree.Object)
		}
		v, _ := o.Get(name)
		out.Set(name, v)
	}
	return out
}
