// Package stub writes typed code for sending an event that keeps to a schema: the types of its properties, and one small
// function that sends it with nothing but the language's own HTTP client. For Protobuf it writes the .proto file and the
// buf call that makes code of it.
package stub

import (
	"strings"
	"unicode"

	"github.com/hamba/avro/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/observatory/observatory/internal/fault"
)

// Language of a stub.
type Language string

// The languages.
const (
	Go         Language = "go"
	TypeScript Language = "ts"
	Python     Language = "python"
)

// ErrNoStub is returned for schemas that no code can be made of.
var ErrNoStub = fault.New(fault.Invalid, "no_stub", "No code can be made of this schema. It has to describe an object or a record.")

// Input is what a stub is made of.
type Input struct {
	Native  any    // of the schema, as schema.Parsed.Native gives it
	Text    string // of the schema, as it was registered
	Subject string
	Version int
	Event   string // name that the event is sent under
	Lang    Language
}

// Write makes a stub. Errors: ErrNoStub.
func Write(in Input) (filename, text string, err error) {
	if _, ok := in.Native.(protoreflect.FileDescriptor); ok {
		filename, text = protobuf(in)
		return filename, text, nil
	}
	m := newModel()
	name := m.name(in.Event)
	m.taken["Track"+name] = true
	var root *typ
	switch s := in.Native.(type) {
	case *jsonschema.Schema:
		root = m.json(s, name)
	case avro.Schema:
		root = m.avro(s, name)
	}
	if root == nil || root.kind != objectType {
		return "", "", ErrNoStub
	}
	base := snake(in.Event)
	switch in.Lang {
	case TypeScript:
		return base + ".ts", typescript(in, m, root), nil
	case Python:
		return base + ".py", python(in, m, root), nil
	default:
		return base + ".go", golang(in, m, root), nil
	}
}

// words splits a name where its author did: at anything that is no letter or digit, and before capitals.
func words(name string) []string {
	var all []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			all = append(all, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush()
		}
		word = append(word, r)
	}
	flush()
	if len(all) == 0 {
		return []string{"x"}
	}
	return all
}

func snake(name string) string {
	s := strings.Join(words(name), "_")
	if s[0] >= '0' && s[0] <= '9' {
		return "x" + s
	}
	return s
}

func pascal(name string) string {
	var b strings.Builder
	for _, w := range words(name) {
		b.WriteString(strings.ToUpper(w[:1]) + w[1:])
	}
	if s := b.String(); s[0] < '0' || s[0] > '9' {
		return s
	}
	return "X" + b.String()
}

// comment makes text safe for one line of a comment in any of the languages.
func comment(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\\' {
			return ' '
		}
		return r
	}, text)
	text = strings.ReplaceAll(text, "*/", "* /")
	const most = 200
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strings.TrimSpace(text)
}

// about is a comment that follows another sentence.
func about(text string) string {
	if text = comment(text); text != "" {
		return " " + text
	}
	return ""
}
