package wire

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/observatory/observatory/ingest"
)

// str walks over a string and returns its meaning: the text between the quotes, unescaped.
func (s *scanner) str() ([]byte, error) {
	raw, escaped, err := s.text()
	if err != nil || !escaped {
		return raw, err
	}
	start := len(s.arena)
	s.arena = appendUnescaped(s.arena, raw)
	return s.arena[start:len(s.arena):len(s.arena)], nil
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// text walks over a string and returns what stands between the quotes, still escaped.
func (s *scanner) text() (raw []byte, escaped bool, err error) {
	s.i++ // "
	start := s.i
	for {
		// eight bytes at a time, as long as all of them are plain
		for s.i+8 <= len(s.b) {
			x := binary.LittleEndian.Uint64(s.b[s.i:])
			quote := x ^ (ones * '"')
			slash := x ^ (ones * '\\')
			special := (x-ones*0x20)&^x | (quote-ones)&^quote | (slash-ones)&^slash | x
			if special &= highs; special != 0 {
				s.i += bits.TrailingZeros64(special) / 8
				break
			}
			s.i += 8
		}
		if s.i >= len(s.b) {
			return nil, false, s.fail("the text ends within a string")
		}
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return s.b[start : s.i-1], escaped, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		case c < 0x20:
			return nil, false, s.fail("a control character in a string must be escaped")
		case c < utf8.RuneSelf:
			s.i++
		default:
			r, size := utf8.DecodeRune(s.b[s.i:])
			if r == utf8.RuneError && size <= 1 {
				s.note(ingest.CodeInvalidUTF8, "The event holds bytes that are not UTF-8.")
			}
			s.i += size
		}
	}
}

// escape walks over one escape sequence; surrogates must come in pairs.
func (s *scanner) escape() error {
	if s.i+1 >= len(s.b) {
		return s.fail("the text ends within a string")
	}
	switch s.b[s.i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i += 2
		return nil
	case 'u':
		r, ok := hex4(s.b[s.i+2:])
		if !ok {
			return s.fail("\\u needs four hexadecimal digits")
		}
		s.i += 6
		if r < 0xD800 || r > 0xDFFF {
			return nil
		}
		if low, ok := lowSurrogate(s.b[s.i:]); ok && r < 0xDC00 && low != 0 {
			s.i += 6
			return nil
		}
		s.note(ingest.CodeInvalidUTF8, "The event holds half of a surrogate pair (\\u%04x).", r)
		return nil
	default:
		return s.fail("unknown escape sequence")
	}
}

func lowSurrogate(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	r, ok := hex4(b[2:])
	return r, ok && r >= 0xDC00 && r <= 0xDFFF
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// appendUnescaped appends the meaning of an escaped string that text has walked over.
func appendUnescaped(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			dst = append(dst, raw[i])
			i++
			continue
		}
		switch c := raw[i+1]; c {
		case 'u':
			r, _ := hex4(raw[i+2:])
			i += 6
			if low, ok := lowSurrogate(raw[i:]); ok && r >= 0xD800 && r < 0xDC00 {
				r = (r-0xD800)<<10 | (low - 0xDC00) + 0x10000
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
			continue
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		default:
			dst = append(dst, c)
		}
		i += 2
	}
	return dst
}
