package protoformat

import (
	"strings"

	"github.com/bufbuild/protocompile/ast"
)

// normalise writes a file token by token in one layout: a statement per line, two spaces per level, no comments. So it
// cannot lose anything that the language knows.
func normalise(file *ast.FileNode) string {
	var out strings.Builder
	depth, brackets, broken, last := 0, 0, false, ""
	tokens := file.Tokens()
	for t, ok := tokens.First(); ok; t, ok = tokens.Next(t) {
		text := file.TokenInfo(t).RawText()
		if text == "" { // the end of the file
			continue
		}
		if text == "}" {
			depth--
			broken = last != "{"
		}
		switch {
		case last == "":
		case broken && text != ";" && text != ",":
			out.WriteByte('\n')
			out.WriteString(strings.Repeat("  ", max(depth, 0)))
		case spaced(last, text):
			out.WriteByte(' ')
		}
		out.WriteString(text)
		switch text {
		case "[", "(":
			brackets++
		case "]", ")":
			brackets--
		case "{":
			depth++
		}
		last = text
		broken = text == "{" || text == "}" || text == ";" && brackets == 0
	}
	out.WriteByte('\n')
	return out.String()
}

// spaced tells whether a space stands between two tokens.
func spaced(before, after string) bool {
	switch after {
	case ";", ",", ")", "]", ">", ".", ":":
		return false
	}
	switch before {
	case "(", "[", "<", ".", "-", "{":
		return false
	default:
		return after != "<" || before != "map"
	}
}
