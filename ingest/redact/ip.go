package redact

import (
	"bytes"
	"net/netip"
	"strings"
)

// findIPv4 finds four numbers with dots between them that are no version.
func findIPv4(text []byte, from int) (start, end int) {
	for i := from; ; {
		next := bytes.IndexByte(text[i:], '.')
		if next < 0 {
			return -1, -1
		}
		i += next
		start = i
		for start > from && i-start < 4 && isDigit(text[start-1]) {
			start--
		}
		if end := quadEnd(text, start); end > 0 && isIPv4(text, start, end) {
			return start, end
		}
		for i < len(text) && (isDigit(text[i]) || text[i] == '.') {
			i++
		}
	}
}

// isIPv4 tells whether four numbers are an address of somebody.
func isIPv4(text []byte, start, end int) bool {
	if b := before(text, start); isWord(b) || b == '.' || text[start] == '0' || isVersion(text, start) || inIPv6(text, start) {
		return false
	}
	a, err := netip.ParseAddr(string(text[start:end]))
	return err == nil && !a.IsLoopback()
}

// quadEnd is the end of four numbers of one to three digits; 0 when there are fewer or more.
func quadEnd(text []byte, i int) int {
	for part := 0; ; part++ {
		start := i
		for i < len(text) && isDigit(text[i]) {
			i++
		}
		if n := i - start; n == 0 || n > 3 {
			return 0
		}
		if part == 3 {
			break
		}
		if after(text, i) != '.' {
			return 0
		}
		i++
	}
	c := after(text, i)
	if isAlnum(c) || c == '_' || c == '.' && isDigit(after(text, i+1)) || c == '-' && isAlnum(after(text, i+1)) && !isDigit(after(text, i+1)) {
		return 0
	}
	return i
}

// inIPv6 tells whether an IPv4 address is the end of an IPv6 one.
func inIPv6(text []byte, i int) bool {
	colons := 0
	for i > 0 && (isHex(text[i-1]) || text[i-1] == ':') {
		i--
		if text[i] == ':' {
			colons++
		}
	}
	return colons > 1
}

// isVersion tells whether the numbers at i are the version of something: Chrome/120.0.0.0, v1.2.3.4, version 1.2.3.4.
func isVersion(text []byte, i int) bool {
	if before(text, i) == '/' {
		return i >= 2 && isWord(text[i-2])
	}
	words := bytes.TrimRight(text[:i], " :=\"(")
	if len(words) == i {
		return false
	}
	begin := len(words)
	for begin > 0 && isAlpha(words[begin-1]) && len(words)-begin < 12 {
		begin--
	}
	word := strings.ToLower(string(words[begin:]))
	return word != "" && strings.Contains(" v ver version release rev revision build firmware software sdk app android ios windows chrome chromium firefox safari edge opera kernel driver ", " "+word+" ")
}

// findIPv6 finds what net/netip takes for an IPv6 address and that does not look like words with colons between them.
func findIPv6(text []byte, from int) (start, end int) {
	for i := from; i < len(text); {
		c := bytes.IndexByte(text[i:], ':')
		if c < 0 {
			return -1, -1
		}
		c += i
		start = c
		for start > from && c-start <= 4 && isHex(text[start-1]) {
			start--
		}
		end = start
		colons := 0
		for end < len(text) && end-start <= 45 && (isHex(text[end]) || text[end] == ':' || text[end] == '.') {
			if text[end] == ':' {
				colons++
			}
			end++
		}
		i = max(end, c+1)
		for end > start && (text[end-1] == '.' || text[end-1] == ':' && !bytes.HasSuffix(text[start:end], []byte("::"))) {
			end--
		}
		if colons < 2 || isWord(before(text, start)) || isWord(after(text, end)) || !isIPv6(text[start:end]) {
			continue
		}
		return start, end
	}
	return -1, -1
}

func isIPv6(text []byte) bool {
	if len(text) > 45 {
		return false
	}
	a, err := netip.ParseAddr(string(text))
	if err != nil || !a.Is6() || a.IsLoopback() || a.IsUnspecified() {
		return false
	}
	digits := 0
	for _, c := range text {
		if isDigit(c) {
			digits++
		}
	}
	return digits > 0 && len(text) > 4 || len(text) > 9 && bytes.Count(text, []byte(":")) > 2
}
