package conform

import (
	"strings"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// Typed fits JSON properties to an Avro schema or a Protobuf message: what comes out is what a payload of that type would
// be decoded to. Names of fields, aliases and (for Protobuf) lowerCamelCase names are understood, and written as the
// schema's own; a union's value may be given in Avro's JSON encoding, {"type": value}.
type Typed struct{ root *shape }

// Conform implements Conformer.
func (t *Typed) Conform(f *Findings, properties *doc.Node, unknown Unknown) {
	if t.root.kind != shapeRecord && t.root.kind != shapeMap {
		f.expect(properties, "must not be an object: the schema is not one of a record")
		return
	}
	f.shape(t.root, properties, unknown, 1)
}

// shape fits a node to a shape, and notes what does not fit.
func (f *Findings) shape(s *shape, n *doc.Node, unknown Unknown, level int) {
	if !f.step() {
		return
	}
	switch s.kind {
	case shapeRecord:
		if n.Kind() != doc.Object {
			f.expect(n, "%s", s.wanted())
			return
		}
		f.record(s, n, unknown, level)
	case shapeMap:
		if n.Kind() != doc.Object {
			f.expect(n, "%s", s.wanted())
			return
		}
		for c := range n.Children() {
			if s.key != nil && !s.key.keyFits(c.Key()) {
				f.expect(c, "the key %s", s.key.wanted())
			}
			f.shape(s.elem, c, unknown, level+1)
		}
	case shapeList:
		if n.Kind() != doc.Array {
			f.expect(n, "%s", s.wanted())
			return
		}
		for e := range n.Children() {
			f.shape(s.elem, e, unknown, level+1)
		}
	case shapeUnion:
		f.union(s, n, unknown, level)
	case shapeAny:
	default:
		before := len(n.Raw())
		if !s.scalar(n) {
			f.expect(n, "%s", s.wanted())
		}
		if more := len(n.Raw()) - before; more > 0 {
			f.grow(more)
		}
	}
}

// record fits an object to a record.
func (f *Findings) record(s *shape, n *doc.Node, unknown Unknown, level int) {
	for c := range n.Children() {
		name := string(c.Key())
		field := s.field(name)
		switch {
		case field == nil && unknown == Keep:
		case field == nil && unknown == Drop:
			c.Remove()
		case field == nil:
			f.unknown(c)
		case name != field.name && n.Child(field.name) != nil:
			f.expect(c, "another name of a property that is there too")
		default:
			if name != field.name {
				c.Rename(field.name)
				f.size += len(field.name)
			}
			if s.lax && c.Kind() == doc.Null && field.shape.kind != shapeNull && field.shape.kind != shapeAny {
				c.Remove()
				continue
			}
			f.shape(field.shape, c, unknown, level+1)
		}
	}
	var first []string // of each oneof
	for i := range s.fields {
		field := &s.fields[i]
		if field.oneof == 0 && (field.def == nil && field.optional) || n.Child(field.name) == nil && field.oneof > 0 {
			continue
		}
		switch c := n.Child(field.name); {
		case field.oneof > 0:
			for len(first) <= field.oneof {
				first = append(first, "")
			}
			if first[field.oneof] != "" {
				f.expect(c, "excluded by %s: only one of them may be there", Shown(first[field.oneof]))
			}
			first[field.oneof] = field.name
		case c != nil:
		case field.def != nil:
			f.fill(n, field.name, field.def, level)
		default:
			f.missing(n, field.name)
		}
	}
}

// fill adds a member.
func (f *Findings) fill(n *doc.Node, name string, text []byte, level int) {
	if level+1 >= ingest.MaxDepth || !f.grow(len(text)+len(name)+4) {
		return
	}
	if c := n.Member(name); c.SetRaw(text) != nil { // nested too deeply for a document
		c.Remove()
	}
}

// union takes the first type that a value is as it was sent, or else the first that it can be converted to.
func (f *Findings) union(s *shape, n *doc.Node, unknown Unknown, level int) {
	for _, t := range s.types {
		if f.is(t, n) {
			f.shape(t, n, unknown, level)
			return
		}
	}
	if c, t := s.tagged(n); c != nil {
		inner := c.Append(nil)
		if n.SetRaw(inner) == nil {
			f.shape(t, n, unknown, level)
		}
		return
	}
	for _, t := range s.types {
		if t.scalar(n) {
			return
		}
	}
	var fits []*shape // by kind alone: its violations say more
	for _, t := range s.types {
		if (t.kind == shapeRecord || t.kind == shapeMap) && n.Kind() == doc.Object || t.kind == shapeList && n.Kind() == doc.Array {
			fits = append(fits, t)
		}
	}
	if len(fits) == 1 {
		f.shape(fits[0], n, unknown, level)
		return
	}
	f.expect(n, "%s", s.wanted())
}

// tagged is the value within Avro's JSON encoding of a union, and its type.
func (s *shape) tagged(n *doc.Node) (*doc.Node, *shape) {
	if n.Kind() != doc.Object || n.Len() != 1 {
		return nil, nil
	}
	for c := range n.Children() {
		for _, t := range s.types {
			if name := t.tag(); name != "" && (string(c.Key()) == name || string(c.Key()) == name[strings.LastIndexByte(name, '.')+1:]) {
				return c, t
			}
		}
	}
	return nil, nil
}

// tag is the name of a type in Avro's JSON encoding.
func (s *shape) tag() string {
	switch {
	case s.name != "":
		return s.name
	case s.kind == shapeBool:
		return "boolean"
	case s.kind == shapeInt && s.low == 1<<31, s.kind == shapeDate:
		return "int"
	case s.kind == shapeInt, s.kind == shapeTimestamp, s.kind == shapeLocal:
		return "long"
	case s.kind == shapeFloat && s.single:
		return "float"
	case s.kind == shapeFloat:
		return "double"
	case s.kind == shapeString, s.kind == shapeUUID:
		return "string"
	case s.kind == shapeBytes, s.kind == shapeDecimal:
		return "bytes"
	case s.kind == shapeList:
		return "array"
	case s.kind == shapeMap:
		return "map"
	default:
		return ""
	}
}

// is tells whether a value is of a shape as it stands.
func (f *Findings) is(s *shape, n *doc.Node) bool {
	if !f.step() {
		return false
	}
	switch s.kind {
	case shapeRecord:
		if n.Kind() != doc.Object {
			return false
		}
		for i := range s.fields {
			field := &s.fields[i]
			c := n.Child(field.name)
			if c == nil && field.def == nil && !field.optional || c != nil && !f.is(field.shape, c) {
				return false
			}
		}
		return true
	case shapeMap, shapeList:
		if n.Kind() != doc.Object && s.kind == shapeMap || n.Kind() != doc.Array && s.kind == shapeList {
			return false
		}
		for c := range n.Children() {
			if !f.is(s.elem, c) {
				return false
			}
		}
		return true
	case shapeUnion:
		for _, t := range s.types {
			if f.is(t, n) {
				return true
			}
		}
		return false
	case shapeAny:
		return true
	default:
		return s.holds(n)
	}
}
