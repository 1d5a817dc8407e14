package avroformat

import (
	"math"
	"strconv"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/ingest/schema/jsontree"
)

// maxDefaults bounds what all defaults of a schema weigh once they are written out: a value is one, and each byte of a text
// is one more. Records whose defaults hold records with defaults double at every level, so little text can mean a lot.
const maxDefaults = 4 << 20

// expand checks a default against its type and writes it out: fields that a record leaves out get their own default. The
// result is new, and of the types that the library takes: nil, bool, int, int64, float64, string, []any, map[string]any.
func (p *parser) expand(path string, n *node, v jsontree.Value) (any, error) {
	if p.defaults++; p.defaults > maxDefaults {
		return nil, p.fail(path, "the defaults are too large once those of inner records are written out. Use null or empty lists.")
	}
	switch n.kind {
	case kindUnion:
		out, err := p.expand(path, n.branches[0], v)
		if err != nil && len(n.branches) > 1 {
			return nil, p.fail(path, "the default of a union must fit its first type, which is %s. Put the type of the default first.", n.branches[0].title())
		}
		return out, err
	case kindNull:
		if v == nil {
			return nil, nil
		}
	case kindBoolean:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case kindInt, kindLong:
		if out, ok := integer(n.kind, v); ok {
			return out, nil
		}
	case kindFloat, kindDouble:
		if number, ok := v.(jsontree.Number); ok {
			f, err := strconv.ParseFloat(string(number), 64)
			if err == nil && (n.kind == kindDouble || math.Abs(f) <= math.MaxFloat32) {
				return f, nil
			}
		}
	case kindString:
		if text, ok := v.(string); ok {
			p.defaults += len(text)
			return text, nil
		}
	case kindBytes, kindFixed:
		if text, ok := v.(string); ok {
			p.defaults += len(text)
			return p.bytes(path, n, text)
		}
	case kindEnum:
		for _, symbol := range n.symbols {
			if v == symbol {
				return symbol, nil
			}
		}
	case kindArray:
		if list, ok := v.([]jsontree.Value); ok {
			out := make([]any, len(list))
			for i := range list {
				var err error
				if out[i], err = p.expand(path+"/"+strconv.Itoa(i), n.items, list[i]); err != nil {
					return nil, err
				}
			}
			return out, nil
		}
	case kindMap:
		if o, ok := v.(*jsontree.Object); ok {
			out := make(map[string]any, o.Len())
			for _, key := range o.Names() {
				inner, _ := o.Get(key)
				var err error
				if out[key], err = p.expand(path+"/"+schema.Shorten(key), n.items, inner); err != nil {
					return nil, err
				}
				p.defaults += len(key)
			}
			return out, nil
		}
	case kindRecord:
		if o, ok := v.(*jsontree.Object); ok {
			return p.expandRecord(path, n, o)
		}
	}
	return nil, p.fail(path, "the default does not fit the type %s.", schema.Shorten(n.title()))
}

func (p *parser) expandRecord(path string, n *node, o *jsontree.Object) (any, error) {
	if n.open {
		return nil, p.fail(path, "the default holds a record %s, which is still being defined here. Use null or an empty list.", schema.Shorten(n.name))
	}
	out := make(map[string]any, len(n.fields))
	for _, f := range n.fields {
		v, ok := o.Get(f.name)
		if !ok && !f.hasDef {
			return nil, p.fail(path, "the default leaves out the field %q, which has no default of its own.", schema.Shorten(f.name))
		}
		if !ok {
			v = f.def
		}
		var err error
		if out[f.name], err = p.expand(path+"/"+schema.Shorten(f.name), f.typ, v); err != nil {
			return nil, err
		}
		p.defaults += len(f.name)
	}
	return out, nil
}

func integer(k kind, v jsontree.Value) (any, bool) {
	number, ok := v.(jsontree.Number)
	if !ok {
		return nil, false
	}
	if k == kindInt {
		i, err := strconv.ParseInt(string(number), 10, 32)
		return int(i), err == nil
	}
	i, err := strconv.ParseInt(string(number), 10, 64)
	return i, err == nil
}

// bytes checks the text of a default of bytes or a fixed: code points 0 to 255 stand for one byte each.
func (p *parser) bytes(path string, n *node, text string) (any, error) {
	length := 0
	for _, r := range text {
		if r > 255 {
			return nil, p.fail(path, "bytes are written as a text of code points 0 to 255.")
		}
		length++
	}
	if n.kind == kindFixed && length != n.size {
		return nil, p.fail(path, "the default has %d bytes, the fixed %s has %d.", length, schema.Shorten(n.name), n.size)
	}
	return text, nil
}
