// Package conform fits events to schemas: JSON properties to a JSON Schema, an Avro schema or a Protobuf message, in
// place and without loss, and payloads in Avro or Protobuf to JSON properties. What does not fit is noted as a violation
// that says where and what is expected, and never what was sent.
package conform

import (
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// Unknown says what becomes of properties that a schema does not describe.
type Unknown uint8

// The ways of dealing with them.
const (
	Keep Unknown = iota
	Drop
	Refuse // and note ingest.CodeUnknownProperty
)

// maxSteps bounds the work that one event may cause, in values looked at. Schemas can be written that look at a value
// again and again.
const maxSteps = 200_000

// Findings collects what is found about one event. It is used again for the next one.
type Findings struct {
	root  *doc.Node
	list  []ingest.Violation
	most  int // kept in list
	total int
	size  int // of the properties as text, in bytes, at most
	steps int
	over  *ingest.Rejection
}

// Reset begins with an event's properties, whose text has size bytes. At most `most` violations are kept.
func (f *Findings) Reset(properties *doc.Node, size, most int) {
	*f = Findings{root: properties, list: f.list[:0], most: most, size: size}
}

// Violations are those that were kept, and how many there were.
func (f *Findings) Violations() (kept []ingest.Violation, total int) { return f.list, f.total }

// Over is the limit of events that conforming would exceed; nil when none.
func (f *Findings) Over() *ingest.Rejection { return f.over }

// Note notes a violation. The path is one that was made by this package; the message must hold nothing that was sent.
func (f *Findings) Note(code, path, message string) {
	f.total++
	if len(f.list) < f.most {
		f.list = append(f.list, ingest.Violation{Code: code, Path: path, Message: message})
	}
}

// expect notes that a value breaks the schema.
func (f *Findings) expect(n *doc.Node, format string, args ...any) {
	if f.total >= f.most {
		f.total++
		return
	}
	message := format
	if len(args) > 0 {
		message = fmt.Sprintf(format, args...)
	}
	f.Note(ingest.CodeSchemaViolation, f.path(n), message)
}

// missing notes that an object lacks a member.
func (f *Findings) missing(object *doc.Node, name string) {
	f.Note(ingest.CodeSchemaViolation, f.path(object)+"."+Shown(name), "required, and missing")
}

// unknown notes that the schema does not describe a property.
func (f *Findings) unknown(n *doc.Node) {
	f.Note(ingest.CodeUnknownProperty, f.path(n), "not described by the schema")
}

// step counts one value. It is false when there were too many, and then the event is refused.
func (f *Findings) step() bool {
	f.steps++
	if f.steps <= maxSteps {
		return true
	}
	if f.over == nil {
		f.over = &ingest.Rejection{Code: ingest.CodeSchemaViolation, Message: "The properties and their schema nest in too many ways to be checked. Simplify the schema: use fewer alternatives within alternatives."}
	}
	return false
}

// grow counts bytes that are added to the properties. It is false when the event would become too large.
func (f *Findings) grow(bytes int) bool {
	f.size += bytes
	if f.size <= ingest.MaxEventBytes {
		return true
	}
	if f.over == nil {
		f.over = &ingest.Rejection{Code: ingest.CodeEventTooLarge, Message: fmt.Sprintf("The event has more than %d bytes once it is conformed to its schema.", ingest.MaxEventBytes)}
	}
	return false
}

// path tells where a value stands, as in properties.items[2].price.
func (f *Findings) path(n *doc.Node) string {
	var steps []*doc.Node
	for ; n != nil && n != f.root && n.Parent() != nil; n = n.Parent() {
		steps = append(steps, n)
	}
	path := []byte("properties")
	for i := len(steps) - 1; i >= 0; i-- {
		if key := steps[i].Key(); key != nil {
			path = append(path, '.')
			path = append(path, Shown(string(key))...)
		} else {
			path = append(path, '[')
			path = strconv.AppendInt(path, int64(steps[i].Index()), 10)
			path = append(path, ']')
		}
	}
	return string(path)
}

// Shown is the name of a property as it may be shown in a path. Names come from senders, and some put data into them: what
// does not look like a name is shown as *.
func Shown(name string) string {
	const mostBytes, mostDigits = 64, 6
	digits := 0
	for i, r := range name {
		switch {
		case unicode.IsLetter(r) && r != utf8.RuneError, r == '_', r == '$':
		case i > 0 && (r == '-' || r == ' '):
		case i > 0 && r >= '0' && r <= '9':
			digits++
		default:
			return "*"
		}
	}
	if name == "" || len(name) > mostBytes || digits > mostDigits {
		return "*"
	}
	return name
}
