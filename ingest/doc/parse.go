package doc

import (
	"bytes"
	"encoding/json"
)

// Parse reads one JSON document. The text must not change as long as the document is used; it must be UTF-8. Empty text is
// an empty object. Errors: ErrInvalid.
func (d *Doc) Parse(text []byte) (*Node, error) {
	if len(text) == 0 {
		return d.Empty(), nil
	}
	d.Reset()
	d.text = text
	n, err := d.value()
	if err != nil {
		return nil, err
	}
	if d.space(); d.i != len(d.text) {
		return nil, ErrInvalid
	}
	d.changed = false
	return n, nil
}

func (d *Doc) space() {
	for d.i < len(d.text) {
		switch d.text[d.i] {
		case ' ', '\t', '\n', '\r':
			d.i++
		default:
			return
		}
	}
}

func (d *Doc) value() (*Node, error) {
	d.space()
	if d.i >= len(d.text) {
		return nil, ErrInvalid
	}
	switch c := d.text[d.i]; {
	case c == '{':
		return d.object()
	case c == '[':
		return d.array()
	case c == '"':
		raw, plain, err := d.str()
		if err != nil {
			return nil, err
		}
		n := d.node(String)
		n.raw, n.plain = raw, plain
		return n, nil
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	case c == 't':
		return d.literal("true", Bool)
	case c == 'f':
		return d.literal("false", Bool)
	case c == 'n':
		return d.literal("null", Null)
	default:
		return nil, ErrInvalid
	}
}

func (d *Doc) literal(text string, kind Kind) (*Node, error) {
	if !bytes.HasPrefix(d.text[d.i:], []byte(text)) {
		return nil, ErrInvalid
	}
	n := d.node(kind)
	n.raw = d.text[d.i : d.i+len(text) : d.i+len(text)]
	d.i += len(text)
	return n, nil
}

func (d *Doc) number() (*Node, error) {
	start := d.i
	digits := func() bool {
		from := d.i
		for d.i < len(d.text) && d.text[d.i]-'0' <= 9 {
			d.i++
		}
		return d.i > from
	}
	if d.text[d.i] == '-' {
		d.i++
	}
	if d.i < len(d.text) && d.text[d.i] == '0' {
		d.i++
	} else if !digits() {
		return nil, ErrInvalid
	}
	if d.i < len(d.text) && d.text[d.i] == '.' {
		if d.i++; !digits() {
			return nil, ErrInvalid
		}
	}
	if d.i < len(d.text) && d.text[d.i]|0x20 == 'e' {
		if d.i++; d.i < len(d.text) && (d.text[d.i] == '+' || d.text[d.i] == '-') {
			d.i++
		}
		if !digits() {
			return nil, ErrInvalid
		}
	}
	n := d.node(Number)
	n.raw = d.text[start:d.i:d.i]
	return n, nil
}

// str reads a string with its quotes.
func (d *Doc) str() (raw []byte, plain bool, err error) {
	start := d.i
	plain = true
	for d.i++; d.i < len(d.text); d.i++ {
		switch c := d.text[d.i]; {
		case c == '"':
			d.i++
			raw = d.text[start:d.i:d.i]
			if !plain && !json.Valid(raw) {
				return nil, false, ErrInvalid
			}
			return raw, plain, nil
		case c == '\\':
			plain = false
			d.i++
		case c < 0x20:
			return nil, false, ErrInvalid
		}
	}
	return nil, false, ErrInvalid
}

func (d *Doc) object() (*Node, error) {
	n := d.node(Object)
	if d.depth++; d.depth > MaxDepth {
		return nil, ErrInvalid
	}
	defer func() { d.depth-- }()
	d.i++
	if d.space(); d.i < len(d.text) && d.text[d.i] == '}' {
		d.i++
		return n, nil
	}
	for {
		d.space()
		if d.i >= len(d.text) || d.text[d.i] != '"' {
			return nil, ErrInvalid
		}
		raw, plain, err := d.str()
		if err != nil {
			return nil, err
		}
		key := raw[1 : len(raw)-1]
		if !plain {
			key = unescape(key)
		}
		if d.space(); d.i >= len(d.text) || d.text[d.i] != ':' {
			return nil, ErrInvalid
		}
		d.i++
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		v.key = key
		if v.key == nil {
			v.key = []byte{}
		}
		n.append(v)
		more, err := d.more('}')
		if err != nil || !more {
			return n, err
		}
	}
}

func (d *Doc) array() (*Node, error) {
	n := d.node(Array)
	if d.depth++; d.depth > MaxDepth {
		return nil, ErrInvalid
	}
	defer func() { d.depth-- }()
	d.i++
	if d.space(); d.i < len(d.text) && d.text[d.i] == ']' {
		d.i++
		return n, nil
	}
	for {
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		n.append(v)
		more, err := d.more(']')
		if err != nil || !more {
			return n, err
		}
	}
}

// more reads what stands between values: a comma, or the end.
func (d *Doc) more(end byte) (bool, error) {
	d.space()
	if d.i >= len(d.text) {
		return false, ErrInvalid
	}
	c := d.text[d.i]
	d.i++
	switch c {
	case ',':
		return true, nil
	case end:
		return false, nil
	default:
		return false, ErrInvalid
	}
}

// unescape decodes what stands between the quotes of a valid JSON string.
func unescape(inner []byte) []byte {
	var text string
	quoted := make([]byte, 0, len(inner)+2)
	quoted = append(append(append(quoted, '"'), inner...), '"')
	if json.Unmarshal(quoted, &text) != nil {
		return nil
	}
	return []byte(text)
}
