package protoformat

import (
	"errors"
	"strings"

	"github.com/bufbuild/protocompile/parser/fastscan"

	"github.com/observatory/observatory/ingest/schema"
)

const (
	maxTokens  = 100_000 // of all texts of a schema together
	maxNesting = 40      // of braces, brackets and parentheses; Protobuf's own compiler stops at 32 messages
	maxName    = 200     // bytes of one name with its dots
	maxAround  = 1_000   // bytes of the names of all messages around an element: every element carries them
	// maxVisits bounds the files that one look-up of a name may go through: imports, and the ways along `import public`,
	// which double with every pair of files that both make the same one public.
	maxVisits = 300
)

// scan counts the tokens of a text and refuses what nests too deeply, before anything recursive sees it. It knows just
// enough of the language for that: comments, strings, words and signs.
func scan(text string, tokens *int) error {
	depth, name, dotted := 0, 0, false
	var around []int // lengths of the names before the braces that are open
	total := 0
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case strings.HasPrefix(text[i:], "//"):
			i = after(text, i+2, "\n")
			continue
		case strings.HasPrefix(text[i:], "/*"):
			i = after(text, i+2, "*/")
			continue
		case c == '"' || c == '\'':
			i = endOfString(text, i)
		case word(c):
			if !dotted {
				name = 0
			}
			for i < len(text) && word(text[i]) {
				i++
				name++
			}
		default:
			switch c {
			case '{':
				depth++
				around, total = append(around, name), total+name
			case '}':
				depth--
				if n := len(around); n > 0 {
					around, total = around[:n-1], total-around[n-1]
				}
			case '[', '(', '<':
				depth++
			case ']', ')', '>':
				depth--
			}
			i++
		}
		dotted = c == '.'
		if name > maxName || total > maxAround {
			return schema.Invalid("The schema has a name of more than %d bytes, or of more than %d with the messages around it. Shorten them.", maxName, maxAround)
		}
		if depth > maxNesting {
			return schema.Invalid("The schema nests deeper than %d levels. Define inner messages beside the outer ones.", maxNesting)
		}
		if *tokens++; *tokens > maxTokens {
			return schema.Invalid("The schema and its references have more than %d words and signs. Split the event into several.", maxTokens)
		}
	}
	return nil
}

func word(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

func after(text string, from int, end string) int {
	if i := strings.Index(text[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(text)
}

func endOfString(text string, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[start], '\n':
			return i + 1
		}
	}
	return len(text)
}

// checkImports refuses imports that nobody gave, that go round in circles, or that are public in too many ways.
func checkImports(files map[string]string, main string) error {
	imports := make(map[string][]fastscan.Import, len(files))
	for path, text := range files {
		result, err := fastscan.Scan(path, strings.NewReader(text))
		if err != nil {
			var syntax fastscan.SyntaxError
			if errors.As(err, &syntax) && len(syntax) > 0 {
				return explain(syntax[0], main)
			}
			return schema.Invalid("The file %q cannot be read.", schema.Shorten(path))
		}
		imports[path] = result.Imports
	}
	ways := make(map[string]int) // ways along public imports from a file, itself counted; -1: being looked at
	var visit func(path string) (int, error)
	visit = func(path string) (int, error) {
		switch n := ways[path]; {
		case n > 0:
			return n, nil
		case n < 0:
			return 0, schema.Invalid("The file %q imports itself, directly or through others. Put what they share into a file of its own.", schema.Shorten(path))
		}
		ways[path] = -1
		public, all := 1, 1
		for _, i := range imports[path] {
			if standard(i.Path) {
				public, all = public+1, all+1
				continue
			}
			if _, ok := files[i.Path]; !ok {
				return 0, schema.Invalid("The import %q is not among the schema's references. Send a reference with that name; nothing is loaded from elsewhere.", schema.Shorten(i.Path))
			}
			n, err := visit(i.Path)
			if err != nil {
				return 0, err
			}
			all += n
			if i.IsPublic {
				public += n
			}
		}
		if all > maxVisits {
			return 0, schema.Invalid("The file %q reaches others in more than %d ways. Import them directly instead of making them public.", schema.Shorten(path), maxVisits)
		}
		ways[path] = public
		return public, nil
	}
	_, err := visit(main)
	return err
}

// standard tells whether a file comes with the library.
func standard(path string) bool { return strings.HasPrefix(path, "google/protobuf/") }
