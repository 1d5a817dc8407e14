// Package wire turns the bytes that senders send into events: decompression, JSON, and the dialects (Observatory's own
// and Segment's). It is the first room on the way of an event and the only one that reads bytes from outside.
//
// One pass over the text validates it and finds the fields; nothing is copied that need not be. Faults of one event are
// noted and the scan goes on, so that one bad event never costs the good ones; only text that is not JSON at all stops it.
package wire

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/redact"
)

// syntaxError says where text stops being JSON.
type syntaxError struct {
	at   int
	what string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.what, e.at) }

// scanner walks over JSON text (RFC 8259). Besides the syntax it checks what an event must keep to: UTF-8, no duplicate
// keys, depth, number of keys. The first such flaw since the last reset is kept in flaw; it does not stop the scan.
type scanner struct {
	b     []byte
	i     int
	depth int
	keys  int
	keyAt int // where the key begins whose field is called
	flaw  *ingest.Rejection
	names [][]byte // keys of the objects being walked, innermost last
	arena []byte   // unescaped strings
}

func (s *scanner) fail(what string) error { return &syntaxError{at: s.i, what: what} }

func (s *scanner) note(code, format string, args ...any) {
	if s.flaw == nil {
		s.flaw = &ingest.Rejection{Code: code, Message: fmt.Sprintf(format, args...)}
	}
}

// beginEvent forgets what was noted about the event before.
func (s *scanner) beginEvent() {
	s.flaw, s.keys, s.depth = nil, 0, 0
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// end skips white space and tells whether nothing comes behind it.
func (s *scanner) end() bool {
	s.space()
	return s.i >= len(s.b)
}

// peek skips white space and tells the next byte, 0 at the end of the text (or for a NUL, which no JSON begins with).
func (s *scanner) peek() byte {
	s.space()
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// value walks over one value and returns its text.
func (s *scanner) value() ([]byte, error) {
	c := s.peek()
	start := s.i
	var err error
	switch {
	case (c == '{' || c == '[') && s.depth >= ingest.MaxDepth:
		s.note(ingest.CodeTooDeep, "The event is nested deeper than %d levels.", ingest.MaxDepth)
		err = s.deep()
	case c == '{':
		err = s.object(nil)
	case c == '[':
		err = s.array()
	case c == '"':
		_, _, err = s.text()
	case c == '-' || c >= '0' && c <= '9':
		err = s.number()
	case c == 't':
		err = s.literal("true")
	case c == 'f':
		err = s.literal("false")
	case c == 'n':
		err = s.literal("null")
	case c == 'N':
		if err = s.literal("NaN"); err == nil {
			s.noteNotANumber("NaN")
		}
	case c == 'I':
		if err = s.literal("Infinity"); err == nil {
			s.noteNotANumber("Infinity")
		}
	case c == 0 && s.i >= len(s.b):
		err = s.fail("the text ends where a value should be")
	default:
		err = s.fail(fmt.Sprintf("unexpected %q", c))
	}
	return s.b[start:s.i], err
}

func (s *scanner) noteNotANumber(literal string) {
	s.note(ingest.CodeNotANumber, "%s is not JSON. Send null, or leave the property out.", literal)
}

func (s *scanner) literal(word string) error {
	if !bytes.HasPrefix(s.b[s.i:], []byte(word)) {
		return s.fail("unknown literal")
	}
	s.i += len(word)
	return nil
}

func (s *scanner) digits() bool {
	start := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		s.i++
	}
	return s.i > start
}

// number walks over a number. The store reads numbers as 64-bit integers or floating point; one that fits neither would cost the event
// all its properties there.
func (s *scanner) number() error {
	start := s.i
	if s.b[s.i] == '-' {
		s.i++
		if s.i < len(s.b) && s.b[s.i] == 'I' {
			if err := s.literal("Infinity"); err != nil {
				return err
			}
			s.noteNotANumber("-Infinity")
			return nil
		}
	}
	switch {
	case s.i < len(s.b) && s.b[s.i] == '0':
		s.i++
	case !s.digits():
		return s.fail("a number needs a digit")
	}
	whole := true
	if s.i < len(s.b) && s.b[s.i] == '.' {
		whole = false
		s.i++
		if !s.digits() {
			return s.fail("a number needs a digit after its point")
		}
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		whole = false
		s.i++
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if !s.digits() {
			return s.fail("a number needs a digit in its exponent")
		}
	}
	const alwaysFits = 18 // digits, whatever they are
	if text := s.b[start:s.i]; !fits(text, whole, alwaysFits) {
		s.note(ingest.CodeNumberOutOfRange, "A number has more than 64 bits. Send it as a string.")
	}
	return nil
}

// fits tells whether a number is a 64-bit integer or within the range of 64-bit floating point.
func fits(text []byte, whole bool, alwaysFits int) bool {
	switch {
	case len(text) <= alwaysFits && (whole || bytes.IndexByte(text, 'e') < 0 && bytes.IndexByte(text, 'E') < 0):
		return true
	case !whole:
		_, err := strconv.ParseFloat(string(text), 64)
		return err == nil
	case text[0] == '-':
		_, err := strconv.ParseInt(string(text), 10, 64)
		return err == nil
	default:
		_, err := strconv.ParseUint(string(text), 10, 64)
		return err == nil
	}
}

// deep walks over an object or array that lies too deep to be accepted. It checks the syntax and nothing else, and does
// not recur, so that no text exhausts the stack or costs the events beside it.
func (s *scanner) deep() error {
	var owed []byte // closing brackets
	for {
		switch c := s.peek(); c {
		case '{', '[':
			closing := c + 2 // ASCII has them so
			if s.i++; s.peek() == closing {
				s.i++
				break
			}
			owed = append(owed, closing)
			if closing == '}' {
				if err := s.skipKey(); err != nil {
					return err
				}
			}
			continue
		default:
			if _, err := s.value(); err != nil {
				return err
			}
		}
		for len(owed) > 0 && s.peek() == owed[len(owed)-1] {
			s.i++
			owed = owed[:len(owed)-1]
		}
		if len(owed) == 0 {
			return nil
		}
		if s.peek() != ',' {
			return s.fail("expected , or a closing bracket")
		}
		s.i++
		if owed[len(owed)-1] == '}' {
			if err := s.skipKey(); err != nil {
				return err
			}
		}
	}
}

func (s *scanner) skipKey() error {
	if s.peek() != '"' {
		return s.fail("expected a key in double quotes")
	}
	if _, _, err := s.text(); err != nil {
		return err
	}
	if s.peek() != ':' {
		return s.fail("expected : after a key")
	}
	s.i++
	return nil
}

// array walks over an array.
func (s *scanner) array() error {
	return s.elements(func() error {
		_, err := s.value()
		return err
	})
}

// elements walks over an array and calls each where an element begins; each must walk over it.
func (s *scanner) elements(each func() error) error {
	s.depth++
	s.i++ // [
	if s.peek() == ']' {
		s.i++
		s.depth--
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.i++
		case ']':
			s.i++
			s.depth--
			return nil
		default:
			return s.fail("expected , or ] in an array")
		}
	}
}

// object walks over an object. Where field is given it is called after each key and must walk over the value.
func (s *scanner) object(field func(key []byte) error) error {
	s.depth++
	s.i++ // {
	first := len(s.names)
	defer func() {
		s.names = s.names[:first]
		s.depth--
	}()
	if s.peek() == '}' {
		s.i++
		return nil
	}
	var many map[string]struct{}
	for {
		if s.peek() != '"' {
			return s.fail("expected a key in double quotes")
		}
		keyAt := s.i
		key, err := s.str()
		if err != nil {
			return err
		}
		many = s.checkKey(key, first, many)
		if s.peek() != ':' {
			return s.fail("expected : after a key")
		}
		s.i++
		if field == nil {
			_, err = s.value()
		} else {
			s.keyAt = keyAt
			err = field(key)
		}
		if err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.i++
		case '}':
			s.i++
			return nil
		default:
			return s.fail("expected , or } in an object")
		}
	}
}

// checkKey notes a key that the object has already. A few keys are compared one by one, many through a map.
func (s *scanner) checkKey(key []byte, first int, many map[string]struct{}) map[string]struct{} {
	s.keys++
	if s.keys > ingest.MaxKeys {
		s.note(ingest.CodeTooManyKeys, "The event has more than %d keys.", ingest.MaxKeys)
		return many
	}
	duplicate := false
	const few = 24
	if many == nil && len(s.names)-first >= few {
		many = make(map[string]struct{}, 4*few)
		for _, n := range s.names[first:] {
			many[string(n)] = struct{}{}
		}
	}
	if many != nil {
		if _, duplicate = many[string(key)]; !duplicate {
			many[string(key)] = struct{}{}
		}
	} else {
		for _, n := range s.names[first:] {
			if len(n) == len(key) && bytes.Equal(n, key) {
				duplicate = true
				break
			}
		}
		s.names = append(s.names, key)
	}
	if duplicate {
		s.note(ingest.CodeDuplicateKey, "The key %q occurs twice in one object.", shown(key))
	}
	return many
}

// shown is a name from outside as a message may hold it: shortened, and not at all where it is not only a name. Values are shown in no
// message.
func shown(name []byte) string {
	const longest = 60
	if redact.Telling(string(name)) {
		return redact.Redacted
	}
	if len(name) <= longest {
		return string(name)
	}
	return string(bytes.ToValidUTF8(name[:longest], nil)) + "…"
}
