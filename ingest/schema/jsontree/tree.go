// Package jsontree reads the JSON that schemas are written in: strictly (no name twice, only UTF-8), bounded in depth and
// size, with the order of members kept, and errors that say where. Avro and JSON Schema are parsed from it.
package jsontree

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/observatory/observatory/ingest/schema"
)

// MaxDepth bounds how deep objects and arrays nest. One level of a schema takes up to four of JSON: a type, its list of
// fields, a field, and the field's type.
const MaxDepth = 4 * schema.MaxDepth

// MaxValues bounds the values of one text: every member, element and the root.
const MaxValues = 200_000

const (
	maxExponent = 400
	maxDigits   = 100
)

// Value is one of nil, bool, string, Number, []Value and *Object.
type Value any

// Number is a number as it was written.
type Number string

// Object is an object. Its zero value is empty.
type Object struct {
	names  []string
	values map[string]Value
}

// Names are the members' names, in the order of the text. Do not modify them.
func (o *Object) Names() []string { return o.names }

// Len is the number of members.
func (o *Object) Len() int { return len(o.names) }

// Get returns a member, nil and false when there is none.
func (o *Object) Get(name string) (Value, bool) {
	v, ok := o.values[name]
	return v, ok
}

// Set adds or replaces a member.
func (o *Object) Set(name string, v Value) {
	if o.values == nil {
		o.values = make(map[string]Value)
	}
	if _, ok := o.values[name]; !ok {
		o.names = append(o.names, name)
	}
	o.values[name] = v
}

// Parse reads one JSON text. Errors: faults of code invalid_schema that give the place.
func Parse(text string) (Value, error) {
	p := parser{dec: jsontext.NewDecoder(strings.NewReader(text))}
	v, err := p.value(0)
	if err == nil {
		_, err = p.dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return v, nil
		}
		if err == nil {
			return nil, schema.Invalid("The schema holds more than one JSON value. Send one.")
		}
	}
	return nil, p.explain(err)
}

type parser struct {
	dec    *jsontext.Decoder
	values int
}

func (p *parser) value(depth int) (Value, error) {
	if p.values++; p.values > MaxValues {
		return nil, schema.Invalid("The schema has more than %d JSON values. Split it and use references.", MaxValues)
	}
	token, err := p.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '{':
		return p.object(depth + 1)
	case '[':
		return p.array(depth + 1)
	case '"':
		return token.String(), nil
	case '0':
		return p.number(token.String())
	case 't':
		return true, nil
	case 'f':
		return false, nil
	default:
		return nil, nil
	}
}

// number refuses what would be a number of millions of digits to those who compute exactly.
func (p *parser) number(literal string) (Value, error) {
	mantissa, exponent, found := strings.Cut(strings.ToLower(literal), "e")
	e, err := 0, error(nil)
	if found {
		e, err = strconv.Atoi(exponent)
	}
	if err != nil || e > maxExponent || e < -maxExponent || len(mantissa) > maxDigits {
		return nil, schema.Invalid("At %s: the number is too large or too precise; it may have %d digits and an exponent up to %d.", schema.Shorten(string(p.dec.StackPointer())), maxDigits, maxExponent)
	}
	return Number(literal), nil
}

func (p *parser) object(depth int) (Value, error) {
	if err := p.deep(depth); err != nil {
		return nil, err
	}
	o := new(Object)
	for p.dec.PeekKind() != '}' {
		name, err := p.dec.ReadToken()
		if err != nil {
			return nil, err
		}
		text := name.String()
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		o.Set(text, v)
	}
	_, err := p.dec.ReadToken()
	return o, err
}

func (p *parser) array(depth int) (Value, error) {
	if err := p.deep(depth); err != nil {
		return nil, err
	}
	list := []Value{}
	for p.dec.PeekKind() != ']' {
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := p.dec.ReadToken()
	return list, err
}

func (p *parser) deep(depth int) error {
	if depth > MaxDepth {
		return schema.Invalid("The schema nests deeper than %d levels of JSON. Give the inner types names and refer to them.", MaxDepth)
	}
	return nil
}

// explain turns the reader's error into a fault.
func (p *parser) explain(err error) error {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return schema.Invalid("The schema is empty or ends too early; it must be one JSON value.")
		}
		return err
	}
	place := "at byte " + strconv.FormatInt(syntax.ByteOffset, 10)
	if pointer := string(syntax.JSONPointer); pointer != "" {
		place += " (" + schema.Shorten(pointer) + ")"
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return schema.Invalid("The schema has the same name twice in one object %s. Keep one of them.", place)
	}
	return schema.Invalid("The schema is not valid JSON %s. Check it with a JSON formatter.", place)
}

// Plain is the value with map[string]any, []any and number(literal) in place of the types here.
func Plain(v Value, number func(string) any) any {
	switch v := v.(type) {
	case *Object:
		m := make(map[string]any, len(v.names))
		for _, name := range v.names {
			m[name] = Plain(v.values[name], number)
		}
		return m
	case []Value:
		list := make([]any, len(v))
		for i := range v {
			list[i] = Plain(v[i], number)
		}
		return list
	case Number:
		return number(string(v))
	default:
		return v
	}
}

// Append appends the value as compact JSON with the members of objects sorted by name.
func Append(dst []byte, v Value) []byte {
	switch v := v.(type) {
	case *Object:
		dst = append(dst, '{')
		for i, name := range slices.Sorted(slices.Values(v.names)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendString(dst, name)
			dst = append(dst, ':')
			dst = Append(dst, v.values[name])
		}
		return append(dst, '}')
	case []Value:
		dst = append(dst, '[')
		for i := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = Append(dst, v[i])
		}
		return append(dst, ']')
	case Number:
		return appendNumber(dst, v)
	case string:
		return AppendString(dst, v)
	case bool:
		return strconv.AppendBool(dst, v)
	default:
		return append(dst, "null"...)
	}
}

// AppendString appends a JSON string with no escape that JSON does not ask for.
func AppendString(dst []byte, text string) []byte {
	dst, _ = jsontext.AppendQuote(dst, text) // the error is about bytes that are not UTF-8, which were refused above
	return dst
}

// appendNumber writes integers as they are, however large, and anything else as the shortest text of the same double.
// 1.0 and 1e0 become 1. What is no finite double stays as it was written.
func appendNumber(dst []byte, n Number) []byte {
	if !strings.ContainsAny(string(n), ".eE") && n != "-0" {
		return append(dst, n...)
	}
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return append(dst, n...)
	}
	if f == 0 {
		return append(dst, '0')
	}
	out, err := jsontext.AppendFormat(dst, strconv.AppendFloat(nil, f, 'g', -1, 64), jsontext.CanonicalizeRawFloats(true))
	if err != nil {
		return append(dst, n...)
	}
	return out
}
