package doc

import "unicode/utf8"

// Append appends the node as JSON text, without space between its parts.
func (n *Node) Append(dst []byte) []byte {
	switch n.kind {
	case Object:
		dst = append(dst, '{')
		for c := n.first; c != nil; c = c.next {
			if c != n.first {
				dst = append(dst, ',')
			}
			dst = AppendString(dst, c.key)
			dst = append(dst, ':')
			dst = c.Append(dst)
		}
		return append(dst, '}')
	case Array:
		dst = append(dst, '[')
		for c := n.first; c != nil; c = c.next {
			if c != n.first {
				dst = append(dst, ',')
			}
			dst = c.Append(dst)
		}
		return append(dst, ']')
	default:
		return append(dst, n.raw...)
	}
}

// AppendString appends text as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func AppendString[T []byte | string](dst []byte, text T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, size := utf8.DecodeRuneInString(string(text[i:min(i+utf8.UTFMax, len(text))]))
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		i++
	}
	return append(dst, '"')
}
