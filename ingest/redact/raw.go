package redact

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// tooLong stands for a name that was cut, so that no detector can tell what it held.
const tooLong = "[too long]"

// rejection redacts the reason, and what was cut when the event was read.
func (w *work) rejection(item *ingest.Item) {
	r := *item.Rejection // it may be shared
	r.Message, r.Path = w.str(r.Message), w.str(r.Path)
	item.Rejection = &r
	e := &item.Event
	if len(e.Name) >= ingest.MaxNameBytes {
		e.Name = []byte(tooLong)
	}
	for _, id := range []*[]byte{&e.ID, &e.UserID, &e.AnonymousID, &e.SessionID} {
		if len(*id) >= ingest.MaxIDBytes {
			*id = []byte(w.r.sealer.hash(*id))
		}
	}
}

// raw redacts the text of a rejected item according to its format.
func (w *work) raw(item *ingest.Item) {
	switch item.Format {
	case ingest.FormatNative, ingest.FormatSegment:
		var d doc.Doc
		root, err := d.Parse(item.Raw)
		if err == nil && len(item.Raw) > 0 && root.Kind() == doc.Object && utf8.Valid(item.Raw) {
			w.fields(root, item.Format)
			item.Raw = root.Append(nil)
			return
		}
		item.Format = ingest.FormatText
		item.Raw = w.skeleton(item.Raw)
	case ingest.FormatText:
		item.Raw = w.skeleton(item.Raw)
	default:
		item.Raw = nil
	}
}

// fields redacts the members of a whole event.
func (w *work) fields(root *doc.Node, format ingest.Format) {
	_, identifiers := topLevel()
	for n := range root.Children() {
		field := string(n.Key())
		above := w.r.root
		if format == ingest.FormatSegment {
			field, above = w.ofSegment(field)
		}
		switch {
		case field == "payload" && format == ingest.FormatNative:
			size := len(n.Text())
			n.Rename("payload_bytes")
			n.SetInt(int64(size))
		case field == "event" && n.Kind() == doc.String:
			if name := w.name(n.Text()); string(name) != string(n.Text()) {
				n.SetString(string(name))
			}
		case slices.Contains(identifiers, field) && (n.Kind() == doc.String || n.Kind() == doc.Number):
			if id := w.identifier(field, n.Text()); string(id) != string(n.Text()) {
				n.SetString(string(id))
			}
		case isTimeField(field) && n.Kind() == doc.String && !looksLikeTime(n.Text()):
			n.SetString(Redacted) // nobody knows what it is
		default:
			w.field(n, field, above)
		}
		w.states = w.states[:0]
	}
}

func isTimeField(field string) bool {
	return field == "timestamp" || field == "originalTimestamp" || field == "sentAt" || field == "receivedAt"
}

// looksLikeTime tells whether a text is made of what times are made of, though it may be none.
func looksLikeTime(text []byte) bool {
	for _, c := range text {
		if !isDigit(c) && !strings.ContainsRune("-:.+,/ TZtz", rune(c)) {
			return false
		}
	}
	return len(text) <= 40
}

// field redacts a member of an event that is neither its name nor an identifier; field is what it is called in our own dialect.
func (w *work) field(n *doc.Node, field string, above []pathState) {
	if string(n.Key()) == field {
		w.visit(n, none, above)
		return
	}
	states, rule := w.step(above, []byte(field), none)
	rule = min(rule, w.keyRule([]byte(field)))
	switch {
	case rule != none && w.r.rules[rule].action == drop:
		w.remove(n, rule)
	case n.Kind() == doc.Object || n.Kind() == doc.Array:
		w.children(n, rule, states)
	default:
		w.scalar(n, rule)
	}
}

// ofSegment tells what a field of a Segment call is called in our own dialect, and what the paths that lead there have come to.
func (w *work) ofSegment(field string) (name string, above []pathState) {
	within := ""
	switch field {
	case "userId":
		return "user_id", w.r.root
	case "anonymousId":
		return "anonymous_id", w.r.root
	case "messageId":
		return "event_id", w.r.root
	case "traits":
		return "properties", w.r.root
	case "groupId":
		within, name = "properties", "group_id"
	case "previousId":
		within, name = "properties", "previous_id"
	case "name", "category":
		within, name = "properties", field
	case "integrations":
		within, name = "context", field
	default:
		return field, w.r.root
	}
	states, _ := w.step(w.r.root, []byte(within), none)
	return name, states
}

// skeleton is what is left of a text that is no document: its structure up to where it breaks off, with names and without values.
// Behind the first place that is not JSON nothing can be told from anything, so that nothing of it stays.
func (w *work) skeleton(raw []byte) []byte {
	s := skeleton{w: w, in: raw[:min(len(raw), ingest.MaxEventBytes)]}
	s.value()
	return s.out
}

// skeleton reads JSON as far as it is, and writes what may stay.
type skeleton struct {
	w     *work
	in    []byte
	i     int
	out   []byte
	depth int
}

// value reads a value and tells whether the text goes on as JSON behind it.
func (s *skeleton) value() bool {
	s.space()
	switch c := after(s.in, s.i); {
	case c == '{' || c == '[':
		return s.container(c)
	case c == '"':
		if _, ok := s.str(); !ok {
			return false
		}
		s.out = append(s.out, `""`...)
	case c == '-' || isDigit(c):
		for s.i < len(s.in) && (isDigit(s.in[s.i]) || s.in[s.i] == '-' || s.in[s.i] == '+' || s.in[s.i] == '.' || s.in[s.i]|0x20 == 'e') {
			s.i++
		}
		s.out = append(s.out, '0')
	case s.word("true"), s.word("false"), s.word("null"):
		s.out = append(s.out, "null"...)
	default:
		return false
	}
	return true
}

func (s *skeleton) container(open byte) bool {
	if s.depth++; s.depth > doc.MaxDepth {
		return false
	}
	s.i++
	s.out = append(s.out, open)
	end := open + 2 // } and ] come two after { and [
	if s.space(); after(s.in, s.i) == end {
		return s.close(end)
	}
	for {
		if open == '{' && !s.name() || !s.value() {
			return false
		}
		s.space()
		switch after(s.in, s.i) {
		case ',':
			s.i++
			s.out = append(s.out, ',')
		case end:
			return s.close(end)
		default:
			return false
		}
	}
}

func (s *skeleton) close(end byte) bool {
	s.i++
	s.depth--
	s.out = append(s.out, end)
	return true
}

// name reads a name and its colon, without which it is not one.
func (s *skeleton) name() bool {
	s.space()
	inner, ok := s.str()
	if !ok {
		return false
	}
	if s.space(); after(s.in, s.i) != ':' {
		return false
	}
	s.i++
	name := Redacted
	if utf8.Valid(inner) && plainName(inner) {
		name = s.w.str(string(inner))
	}
	s.out = append(doc.AppendString(s.out, name), ':')
	return true
}

// plainName tells whether a name looks like one that a programmer gave.
func plainName(name []byte) bool {
	if len(name) == 0 || len(name) > 64 {
		return false
	}
	for _, c := range name {
		if !isWord(c) && !strings.ContainsRune(".$ @*[]()", rune(c)) {
			return false
		}
	}
	return true
}

// str reads a string, and returns what stands between its quotes.
func (s *skeleton) str() (inner []byte, ok bool) {
	if after(s.in, s.i) != '"' {
		return nil, false
	}
	start := s.i + 1
	for i := start; i < len(s.in); i++ {
		switch c := s.in[i]; {
		case c == '"':
			s.i = i + 1
			return s.in[start:i], true
		case c == '\\':
			i++
		case c < 0x20:
			return nil, false
		}
	}
	return nil, false
}

func (s *skeleton) space() {
	for s.i < len(s.in) && isSpace(s.in[s.i]) {
		s.i++
	}
}

func (s *skeleton) word(word string) bool {
	if len(s.in)-s.i < len(word) || string(s.in[s.i:s.i+len(word)]) != word {
		return false
	}
	s.i += len(word)
	return true
}
