package enrich

import (
	"strconv"
	"unicode/utf8"

	"github.com/observatory/observatory/ingest/doc"
)

// maxFact is the length of the longest text that becomes a fact, in bytes; the rest is cut off.
const maxFact = 200

// facts builds a flat JSON object at the end of a buffer.
type facts struct {
	buf   []byte
	start int
}

func (f *facts) begin(buf []byte) { f.buf, f.start = buf, len(buf) }

// end returns the object, nil when nothing was found, and the buffer that it lies in.
func (f *facts) end() (object, buf []byte) {
	if len(f.buf) == f.start {
		return nil, f.buf
	}
	f.buf = append(f.buf, '}')
	return f.buf[f.start:len(f.buf):len(f.buf)], f.buf
}

func (f *facts) key(name string) {
	if len(f.buf) == f.start {
		f.buf = append(f.buf, '{')
	} else {
		f.buf = append(f.buf, ',')
	}
	f.buf = append(f.buf, '"')
	f.buf = append(f.buf, name...) // names are ours: nothing to escape
	f.buf = append(f.buf, '"', ':')
}

// members appends members that were written before: `"a":1,"b":2`, or nothing.
func (f *facts) members(text []byte) {
	if len(text) == 0 {
		return
	}
	if len(f.buf) == f.start {
		f.buf = append(f.buf, '{')
	} else {
		f.buf = append(f.buf, ',')
	}
	f.buf = append(f.buf, text...)
}

// keep adds those members of another object of facts that are named.
func (f *facts) keep(object []byte, names []string) {
	var d doc.Doc
	root, err := d.Parse(object)
	if err != nil {
		return // facts are ours, so they can be read
	}
	for _, name := range names {
		if n := root.Child(name); n != nil {
			f.key(name)
			f.buf = n.Append(f.buf)
		}
	}
}

func (f *facts) bool(name string, value bool) {
	f.key(name)
	f.buf = strconv.AppendBool(f.buf, value)
}

// text adds a text unless it is empty. It is a function because methods have no type parameters.
func text[T []byte | string](f *facts, name string, value T) {
	if len(value) == 0 {
		return
	}
	f.key(name)
	f.buf = doc.AppendString(f.buf, cut(value, maxFact))
}

// appendMember adds a member to others that stand without braces, unless its value is empty.
func appendMember(members []byte, name, value string) []byte {
	if value == "" {
		return members
	}
	if len(members) > 0 {
		members = append(members, ',')
	}
	members = doc.AppendString(members, name)
	members = append(members, ':')
	return doc.AppendString(members, cut(value, maxFact))
}

// cut keeps at most the first n bytes of UTF-8 text, without halving a character.
func cut[T []byte | string](value T, n int) T {
	if len(value) <= n {
		return value
	}
	for n > 0 && !utf8.RuneStart(value[n]) {
		n--
	}
	return value[:n]
}
