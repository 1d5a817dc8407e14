package redact

import (
	"unicode/utf16"
	"unicode/utf8"
)

// maxLayers bounds how often escapes are undone: an address in a URL in a parameter of another URL.
const maxLayers = 3

// view is a text, and where each of its bytes comes from in the text that is redacted.
type view struct {
	text []byte
	from []int32 // nil: the same place; else one more than there are bytes
}

// at is the place in the text that is redacted.
func (v *view) at(i int) int {
	if v.from == nil {
		return i
	}
	return int(v.from[i])
}

// decode becomes what src says once its percent and backslash escapes are undone. It is false when there are none. v keeps its
// memory.
func (v *view) decode(src view) bool {
	v.text, v.from = v.text[:0], v.from[:0]
	found := false
	for i := 0; i < len(src.text); {
		c := src.text[i]
		size := 1
		out := [utf8.UTFMax]byte{c}
		n := 1
		switch c {
		case '%':
			if i+2 < len(src.text) && isHex(src.text[i+1]) && isHex(src.text[i+2]) {
				out[0], size = unhex(src.text[i+1])<<4|unhex(src.text[i+2]), 3
			}
		case '\\':
			n, size = unescape(&out, src.text[i:])
		}
		found = found || size > 1
		for k := range n {
			v.text = append(v.text, out[k])
			v.from = append(v.from, int32(src.at(i)))
		}
		i += size
	}
	v.from = append(v.from, int32(src.at(len(src.text))))
	return found
}

// unescape reads the JSON escape at the beginning of text: n bytes of what it says, and the size of the escape. What is no escape
// stays a backslash.
func unescape(out *[utf8.UTFMax]byte, text []byte) (n, size int) {
	if len(text) < 2 {
		return 1, 1
	}
	switch text[1] {
	case '"', '\\', '/':
		out[0] = text[1]
	case 'n':
		out[0] = '\n'
	case 't':
		out[0] = '\t'
	case 'r':
		out[0] = '\r'
	case 'b', 'f':
		out[0] = ' '
	case 'u':
		r, size := codeUnit(text)
		if size == 0 {
			return 1, 1
		}
		if utf16.IsSurrogate(r) {
			low, more := codeUnit(text[size:])
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				size += more
			}
		}
		return utf8.EncodeRune(out[:], r), size
	default:
		return 1, 1
	}
	return 1, 2
}

// codeUnit reads \u and four hexadecimal digits; its size is 0 when they are not there.
func codeUnit(text []byte) (r rune, size int) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, 0
	}
	for _, c := range text[2:6] {
		if !isHex(c) {
			return 0, 0
		}
		r = r<<4 | rune(unhex(c))
	}
	return r, 6
}

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return (c | 0x20) - 'a' + 10
}
