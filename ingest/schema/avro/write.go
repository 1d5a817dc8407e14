package avroformat

import (
	"strconv"

	"github.com/observatory/observatory/ingest/schema/jsontree"
)

// writer writes a type as JSON text. A named type is written out where it is first met, and by its name from then on.
type writer struct {
	dst     []byte
	written map[*node]bool
	// parsing asks for the Parsing Canonical Form: only what says how data is laid out, in the specification's order, and
	// the types of dependencies are written out too. Otherwise everything is written, and dependencies stay names.
	parsing bool
}

func (w *writer) raw(text string)  { w.dst = append(w.dst, text...) }
func (w *writer) text(text string) { w.dst = jsontree.AppendString(w.dst, text) }

// typ writes a type inside a namespace.
func (w *writer) typ(n *node, namespace string) {
	switch n.kind {
	case kindUnion:
		w.raw("[")
		for i, b := range n.branches {
			if i > 0 {
				w.raw(",")
			}
			w.typ(b, namespace)
		}
		w.raw("]")
	case kindArray, kindMap:
		key := "items"
		if n.kind == kindMap {
			key = "values"
		}
		w.raw(`{"type":"` + string(n.kind) + `","` + key + `":`)
		w.typ(n.items, namespace)
		w.props(n.props)
		w.raw("}")
	case kindRecord, kindEnum, kindFixed:
		w.named(n, namespace)
	default:
		if n.props == nil || w.parsing {
			w.raw(`"` + string(n.kind) + `"`)
			return
		}
		w.raw(`{"type":"` + string(n.kind) + `"`)
		w.props(n.props)
		w.raw("}")
	}
}

func (w *writer) named(n *node, namespace string) {
	if w.written[n] || n.dependency && !w.parsing {
		w.text(n.name)
		return
	}
	w.written[n] = true
	w.raw(`{"name":`)
	w.text(n.name)
	own := namespaceOf(n.name)
	if own == "" && namespace != "" && !w.parsing {
		w.raw(`,"namespace":""`)
	}
	w.raw(`,"type":"` + string(n.kind) + `"`)
	w.about(n.doc, n.aliases)
	switch n.kind {
	case kindRecord:
		w.raw(`,"fields":[`)
		for i, f := range n.fields {
			if i > 0 {
				w.raw(",")
			}
			w.field(f, own)
		}
		w.raw("]")
	case kindEnum:
		w.raw(`,"symbols":`)
		w.list(n.symbols)
		if n.fallback != nil && !w.parsing {
			w.raw(`,"default":`)
			w.text(*n.fallback)
		}
	default:
		w.raw(`,"size":` + strconv.Itoa(n.size))
	}
	w.props(n.props)
	w.raw("}")
}

func (w *writer) field(f *field, namespace string) {
	w.raw(`{"name":`)
	w.text(f.name)
	w.raw(`,"type":`)
	w.typ(f.typ, namespace)
	w.about(f.doc, f.aliases)
	if !w.parsing {
		if f.hasDef {
			w.raw(`,"default":`)
			w.dst = jsontree.Append(w.dst, f.def)
		}
		if f.order != "" {
			w.raw(`,"order":`)
			w.text(f.order)
		}
	}
	w.props(f.props)
	w.raw("}")
}

func (w *writer) about(doc *string, aliases []string) {
	if w.parsing {
		return
	}
	if doc != nil {
		w.raw(`,"doc":`)
		w.text(*doc)
	}
	if len(aliases) > 0 {
		w.raw(`,"aliases":`)
		w.list(aliases)
	}
}

func (w *writer) list(names []string) {
	w.raw("[")
	for i, name := range names {
		if i > 0 {
			w.raw(",")
		}
		w.text(name)
	}
	w.raw("]")
}

// props writes what the specification does not reserve, sorted by name.
func (w *writer) props(o *jsontree.Object) {
	if o == nil || w.parsing {
		return
	}
	text := jsontree.Append(nil, o)
	w.raw(",")
	w.dst = append(w.dst, text[1:len(text)-1]...)
}
