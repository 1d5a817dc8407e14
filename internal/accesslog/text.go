package accesslog

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// text undoes the escapes that servers use in quoted fields: \" \\ \n \t and so on (Apache) and \xHH (Apache and nginx).
// Where that would give bytes that are no text, of an old 8-bit encoding say, the field stays as the server wrote it,
// which loses nothing. The result is always valid UTF-8 without control characters.
func text(s string) string {
	if strings.IndexByte(s, '\\') >= 0 {
		if plain := unescape(s); isText(plain) {
			return plain
		}
	}
	if isText(s) {
		return s
	}
	return escape(s)
}

func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// unescape replaces each escape by its byte. What is no escape stays.
func unescape(s string) string {
	var out strings.Builder
	out.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out.WriteByte(s[i])
			continue
		}
		switch c := s[i+1]; {
		case c == '"' || c == '\\':
			out.WriteByte(c)
			i++
		case c == 'x' && i+3 < len(s) && isHex(s[i+2]) && isHex(s[i+3]):
			out.WriteByte(unhex(s[i+2])<<4 | unhex(s[i+3]))
			i += 3
		case strings.IndexByte("abfnrtv", c) >= 0:
			out.WriteByte("\a\b\f\n\r\t\v"[strings.IndexByte("abfnrtv", c)])
			i++
		default:
			out.WriteByte('\\')
		}
	}
	return out.String()
}

// escape writes the bytes that are no text as \xHH, the way the servers do.
func escape(s string) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if (r == utf8.RuneError && n == 1) || unicode.IsControl(r) {
			for _, b := range []byte(s[i : i+n]) {
				out.WriteString(`\x`)
				out.WriteByte(digits[b>>4])
				out.WriteByte(digits[b&15])
			}
		} else {
			out.WriteString(s[i : i+n])
		}
		i += n
	}
	return out.String()
}

func isHex(c byte) bool { return unhex(c) < 16 }

// unhex is the value of a hexadecimal digit, 255 for anything else.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// clip shortens s to at most n bytes, at the end of a character, and tells whether it did.
func clip(s string, n int) (string, bool) {
	if len(s) <= n {
		return s, false
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], true
}
