package redact

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// findEmail finds an address in the form that people use: no quoted local parts, and a domain with a top level.
func findEmail(text []byte, from int) (start, end int) {
	for i := from; ; {
		at := bytes.IndexByte(text[i:], '@')
		if at < 0 {
			return -1, -1
		}
		at += i
		i = at + 1
		start = at
		for start > from && at-start < 64 && isLocal(text[start-1]) {
			start--
		}
		for start < at && (text[start] == '.' || text[start] == '\'' || text[start] == '-' || text[start] == '+' || text[start] == '=' || text[start] == '/') {
			start++
		}
		if start == at || text[at-1] == '.' {
			continue
		}
		if end = domainEnd(text, at+1); end > 0 {
			return start, end
		}
	}
}

func isLocal(c byte) bool {
	return isWord(c) || c == '.' || c == '+' || c == '\'' || c == '~' || c == '!' || c == '#' || c == '$' || c == '^' || c == '`' || c >= utf8.RuneSelf
}

// domainEnd is where the domain that begins at i ends; 0 when there is none.
func domainEnd(text []byte, i int) int {
	end, dots := i, 0
	for end < len(text) && end-i < 253 {
		c := text[end]
		switch {
		case isAlnum(c) || c >= utf8.RuneSelf || c == '-' && end > i && text[end-1] != '.':
		case c == '.' && end > i && text[end-1] != '.' && text[end-1] != '-' && end+1 < len(text) && (isAlnum(text[end+1]) || text[end+1] >= utf8.RuneSelf):
			dots++
		default:
			return topLevelEnd(text, i, end, dots)
		}
		end++
	}
	return topLevelEnd(text, i, end, dots)
}

// topLevelEnd checks the last label of a domain: letters, as there are no others, and not the ending of a file.
func topLevelEnd(text []byte, i, end, dots int) int {
	for dots > 0 {
		for end > i && text[end-1] == '-' {
			end--
		}
		last := text[i+bytes.LastIndexByte(text[i:end], '.')+1 : end]
		if isTopLevel(last) {
			return end
		}
		end -= len(last) + 1
		dots--
	}
	return 0
}

func isTopLevel(label []byte) bool {
	if len(label) < 2 {
		return false
	}
	if bytes.HasPrefix(bytes.ToLower(label), []byte("xn--")) {
		return true
	}
	for _, c := range label {
		if !isAlpha(c) && c < utf8.RuneSelf {
			return false
		}
	}
	return !strings.Contains(" png jpg jpeg gif svg webp avif css js mjs cjs jsx tsx json map woff html htm php xml pdf txt ", " "+strings.ToLower(string(label))+" ")
}

// maskEmail leaves the domain: it tells companies from private mail, and says nothing of the person. A first letter would say all of
// short names.
func maskEmail(found []byte, _ int) string {
	return "***" + string(found[bytes.LastIndexByte(found, '@'):])
}
