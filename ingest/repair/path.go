package repair

import (
	"strconv"
	"strings"

	"github.com/observatory/observatory/ingest/doc"
)

// path is a place in an event: properties.items[*].price, context."a.b", user_id.
type path []part

// part is a member by name, an element by place, or every element.
type part struct {
	name  string
	index int // of an element; anyElement for every one; notElement for a member
}

const (
	anyElement = -1
	notElement = -2
	maxParts   = 32
)

// parsePath reads a path. ok is false for text that is none.
func parsePath(text string) (p path, ok bool) {
	for text != "" {
		var next part
		if next, text, ok = parsePart(text, len(p) == 0); !ok || len(p) == maxParts {
			return nil, false
		}
		p = append(p, next)
	}
	return p, len(p) > 0
}

func parsePart(text string, first bool) (p part, rest string, ok bool) {
	if text[0] == '[' {
		inside, rest, found := strings.Cut(text[1:], "]")
		if first || !found {
			return p, "", false
		}
		if inside == "*" {
			return part{index: anyElement}, rest, true
		}
		index, err := strconv.ParseUint(inside, 10, 16)
		return part{index: int(index)}, rest, err == nil //nolint:gosec // 16 bits
	}
	if !first {
		if text[0] != '.' {
			return p, "", false
		}
		text = text[1:]
	}
	if strings.HasPrefix(text, `"`) {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return p, "", false
		}
		name, err := strconv.Unquote(quoted)
		return part{name: name, index: notElement}, text[len(quoted):], err == nil
	}
	end := strings.IndexAny(text, ".[")
	if end < 0 {
		end = len(text)
	}
	return part{name: text[:end], index: notElement}, text[end:], end > 0
}

// wild is the number of parts up to the last that stands for every element; 0 when none does.
func (p path) wild() int {
	for i := len(p); i > 0; i-- {
		if p[i-1].index == anyElement {
			return i
		}
	}
	return 0
}

// equal tells whether two paths are the same.
func (p path) equal(o path) bool {
	if len(p) != len(o) {
		return false
	}
	for i := range p {
		if p[i] != o[i] {
			return false
		}
	}
	return true
}

// each calls f for every node that the path leads to from n. f may change or remove it.
func (p path) each(n *doc.Node, f func(*doc.Node)) {
	if len(p) == 0 {
		f(n)
		return
	}
	if p[0].index == notElement {
		if c := n.Child(p[0].name); c != nil {
			p[1:].each(c, f)
		}
		return
	}
	if n.Kind() != doc.Array {
		return
	}
	i := 0
	for c := range n.Children() {
		if p[0].index == anyElement || p[0].index == i {
			p[1:].each(c, f)
		}
		i++
	}
}

// find is the node that a path without [*] leads to; nil when there is none.
func (p path) find(n *doc.Node) (found *doc.Node) {
	p.each(n, func(c *doc.Node) { found = c })
	return found
}

// make is the node that a path without [*] leads to, with the objects before it made where they are missing or null. It is nil, and nothing has
// changed, where something else than an object is in the way, or an element is missing.
func (p path) make(n *doc.Node) *doc.Node {
	for at, here := n, p; len(here) > 0; here = here[1:] { // look before changing anything
		if here[0].index != notElement {
			if at = here[:1].find(at); at == nil {
				return nil
			}
			continue
		}
		if at.Kind() != doc.Object && at.Kind() != doc.Null {
			return nil
		}
		if at = at.Child(here[0].name); at == nil {
			for _, rest := range here[1:] {
				if rest.index != notElement {
					return nil
				}
			}
			break
		}
	}
	for _, next := range p {
		if next.index == notElement {
			n = n.Member(next.name)
		} else {
			n = path{next}.find(n)
		}
	}
	return n
}
