package doc

import "strconv"

// SetString makes the node a string.
func (n *Node) SetString(text string) {
	n.become(String)
	n.raw = AppendString(nil, text)
}

// SetNumber makes the node a number, whose JSON literal is given.
func (n *Node) SetNumber(literal string) {
	n.become(Number)
	n.raw = []byte(literal)
}

// SetInt makes the node a number.
func (n *Node) SetInt(value int64) { n.SetNumber(strconv.FormatInt(value, 10)) }

// SetBool makes the node a boolean.
func (n *Node) SetBool(value bool) {
	n.become(Bool)
	n.raw = strconv.AppendBool(nil, value)
}

// SetNull makes the node null.
func (n *Node) SetNull() {
	n.become(Null)
	n.raw = []byte("null")
}

// SetRaw makes the node a copy of the document in JSON text. Errors: ErrInvalid, and then nothing has changed.
func (n *Node) SetRaw(text []byte) error {
	d := n.doc
	outer, i, depth := d.text, d.i, d.depth
	d.text, d.i, d.depth = text, 0, n.level()
	v, err := d.value()
	if err == nil {
		if d.space(); d.i != len(text) {
			err = ErrInvalid
		}
	}
	d.text, d.i, d.depth = outer, i, depth
	if err != nil {
		return err
	}
	n.become(v.kind)
	n.raw, n.plain, n.first, n.last, n.count = v.raw, v.plain, v.first, v.last, v.count
	for c := n.first; c != nil; c = c.next {
		c.parent = n
	}
	return nil
}

// SetObject makes the node an empty object.
func (n *Node) SetObject() { n.become(Object) }

// SetArray makes the node an empty array.
func (n *Node) SetArray() { n.become(Array) }

func (n *Node) become(kind Kind) {
	n.doc.changed = true
	n.kind, n.plain, n.raw, n.first, n.last, n.count = kind, false, nil, nil, nil, 0
}

// Member finds a member by name, or adds one that is null. The node becomes an object if it is not one.
func (n *Node) Member(name string) *Node {
	if n.kind != Object {
		n.become(Object)
	}
	if c := n.Child(name); c != nil {
		return c
	}
	c := n.doc.node(Null)
	c.key, c.raw = []byte(name), []byte("null")
	n.append(c)
	n.doc.changed = true
	return c
}

// Element adds an element that is null. The node becomes an array if it is not one.
func (n *Node) Element() *Node {
	if n.kind != Array {
		n.become(Array)
	}
	c := n.doc.node(Null)
	c.raw = []byte("null")
	n.append(c)
	n.doc.changed = true
	return c
}

// Remove takes the node out of its object or array. The root becomes null.
func (n *Node) Remove() {
	n.doc.changed = true
	p := n.parent
	if p == nil {
		n.SetNull()
		return
	}
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		p.first = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		p.last = n.prev
	}
	p.count--
	n.parent, n.prev, n.next = nil, nil, nil
}

// Rename gives a member another name. A member that had that name is removed.
func (n *Node) Rename(name string) {
	if n.parent == nil || n.key == nil {
		return
	}
	if other := n.parent.Child(name); other != nil && other != n {
		other.Remove()
	}
	n.key = []byte(name)
	n.doc.changed = true
}

func (n *Node) append(c *Node) {
	c.parent, c.prev, c.next = n, n.last, nil
	if n.last != nil {
		n.last.next = c
	} else {
		n.first = c
	}
	n.last = c
	n.count++
}

func (n *Node) level() int {
	level := 0
	for p := n.parent; p != nil; p = p.parent {
		level++
	}
	return level
}
