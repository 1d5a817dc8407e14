// Package doc holds JSON documents as trees that can be changed in place: what conforming, redacting and enriching work
// on, between the decoder and the log. A document is parsed once, walked by every step, and written out again only when
// a step changed it.
package doc

import (
	"errors"
	"iter"
)

// Kind is what a node is.
type Kind uint8

// The kinds of JSON.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

func (k Kind) String() string {
	return [...]string{"null", "boolean", "number", "string", "array", "object"}[k]
}

// MaxDepth bounds how deep documents nest. The decoder bounds events more tightly.
const MaxDepth = 64

// ErrInvalid is returned for text that is not one JSON document, or nests deeper than MaxDepth.
var ErrInvalid = errors.New("not a JSON document")

// Doc is a document and the memory of its nodes, which is kept between documents: use one again instead of making
// another. Nodes are valid until the next Parse or Reset, and as long as the text that they were parsed from.
type Doc struct {
	blocks  [][]Node
	block   int // that nodes are taken from
	text    []byte
	i       int
	depth   int
	changed bool
}

const blockNodes = 64

// Node is a value of a document.
type Node struct {
	doc   *Doc
	kind  Kind
	plain bool   // raw of a string holds no escape
	key   []byte // decoded; nil for the root and for elements of arrays
	raw   []byte // literal as in the text, strings with their quotes; nil for arrays and objects

	parent, next, prev, first, last *Node
	count                           int
}

// Reset forgets the document.
func (d *Doc) Reset() {
	d.block = 0
	for i := range d.blocks {
		clear(d.blocks[i])
		d.blocks[i] = d.blocks[i][:0]
	}
	d.text, d.i, d.depth, d.changed = nil, 0, 0, false
}

// Changed tells whether anything was changed since Parse.
func (d *Doc) Changed() bool { return d.changed }

// Empty makes the document an empty object and returns it.
func (d *Doc) Empty() *Node {
	d.Reset()
	return d.node(Object)
}

func (d *Doc) node(kind Kind) *Node {
	if d.block == len(d.blocks) {
		d.blocks = append(d.blocks, make([]Node, 0, blockNodes))
	}
	b := d.blocks[d.block]
	b = append(b, Node{doc: d, kind: kind})
	d.blocks[d.block] = b
	if len(b) == blockNodes {
		d.block++
	}
	return &b[len(b)-1]
}

// Kind is what the node is.
func (n *Node) Kind() Kind { return n.kind }

// Key is the member's name, decoded; nil for elements of arrays and for the root.
func (n *Node) Key() []byte { return n.key }

// Parent is the object or array that holds the node; nil for the root.
func (n *Node) Parent() *Node { return n.parent }

// Len is the number of members or elements.
func (n *Node) Len() int { return n.count }

// Raw is the literal of a value that is not an array or object, as JSON text.
func (n *Node) Raw() []byte { return n.raw }

// Text is a string's decoded text; the literal of a number or boolean; empty for anything else. Do not modify it.
func (n *Node) Text() []byte {
	switch {
	case n.kind == String && n.plain:
		return n.raw[1 : len(n.raw)-1]
	case n.kind == String:
		return unescape(n.raw[1 : len(n.raw)-1])
	case n.kind == Number || n.kind == Bool:
		return n.raw
	default:
		return nil
	}
}

// Index is the place of an element in its array, from 0.
func (n *Node) Index() int {
	i := 0
	for at := n.prev; at != nil; at = at.prev {
		i++
	}
	return i
}

// Children are the members or elements. The one in hand may be changed or removed while they are walked over.
func (n *Node) Children() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for c := n.first; c != nil; {
			next := c.next
			if !yield(c) {
				return
			}
			c = next
		}
	}
}

// Child finds a member by name; nil when there is none, or the node is not an object.
func (n *Node) Child(name string) *Node {
	if n == nil || n.kind != Object {
		return nil
	}
	for c := n.first; c != nil; c = c.next {
		if string(c.key) == name {
			return c
		}
	}
	return nil
}

// At finds a member of a member: At("user", "address", "city").
func (n *Node) At(path ...string) *Node {
	for _, name := range path {
		n = n.Child(name)
	}
	return n
}
