package avroformat

import (
	"slices"
	"strings"

	"github.com/observatory/observatory/ingest/schema/jsontree"
)

// kind is a type of Avro.
type kind string

const (
	kindNull    kind = "null"
	kindBoolean kind = "boolean"
	kindInt     kind = "int"
	kindLong    kind = "long"
	kindFloat   kind = "float"
	kindDouble  kind = "double"
	kindBytes   kind = "bytes"
	kindString  kind = "string"
	kindRecord  kind = "record"
	kindEnum    kind = "enum"
	kindFixed   kind = "fixed"
	kindArray   kind = "array"
	kindMap     kind = "map"
	kindUnion   kind = "union"
)

// primitive tells whether a name is that of a primitive type.
func primitive(name string) bool {
	switch kind(name) {
	case kindNull, kindBoolean, kindInt, kindLong, kindFloat, kindDouble, kindBytes, kindString:
		return true
	default:
		return false
	}
}

// node is a type. Names are resolved: whoever uses a named type points to its node, so a recursive schema is a cycle.
type node struct {
	kind    kind
	name    string   // full name of a record, enum or fixed
	aliases []string // full names
	doc     *string
	props   *jsontree.Object // attributes that the specification does not reserve, logical types among them

	fields     []*field // of a record
	open       bool     // a record whose fields are still being read
	symbols    []string // of an enum
	fallback   *string  // the enum's default
	size       int      // of a fixed, in bytes
	items      *node    // of an array; the values of a map
	branches   []*node  // of a union
	dependency bool     // a named type that another schema defines
}

// field of a record.
type field struct {
	name     string
	aliases  []string
	doc      *string
	order    string // empty: ascending
	typ      *node
	def      jsontree.Value // meaningful when hasDef
	hasDef   bool
	expanded any // the default as the library takes it, with the defaults of inner records filled in
	props    *jsontree.Object
}

func (n *node) named() bool { return n.kind == kindRecord || n.kind == kindEnum || n.kind == kindFixed }

// simpleName is the name without its namespace.
func simpleName(full string) string { return full[strings.LastIndexByte(full, '.')+1:] }

// namespaceOf is the full name's namespace; empty when there is none.
func namespaceOf(full string) string {
	if i := strings.LastIndexByte(full, '.'); i >= 0 {
		return full[:i]
	}
	return ""
}

// title is what a message calls the type.
func (n *node) title() string {
	if n.named() {
		return string(n.kind) + " " + n.name
	}
	return string(n.kind)
}

// recursive tells whether data of the type can hold data of the same type.
func (n *node) recursive(around, done map[*node]bool) bool {
	if around[n] {
		return true
	}
	if done[n] {
		return false
	}
	done[n] = true
	inner := slices.Clone(n.branches)
	if n.items != nil {
		inner = append(inner, n.items)
	}
	for _, f := range n.fields {
		inner = append(inner, f.typ)
	}
	around[n] = true
	defer delete(around, n)
	for _, each := range inner {
		if each.recursive(around, done) {
			return true
		}
	}
	return false
}
