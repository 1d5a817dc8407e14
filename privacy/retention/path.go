package retention

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Path names a place in the JSON of an event, from the outside in. Members of arrays cannot be named.
type Path struct {
	Root string   // properties, context or facts
	Keys []string // at least one
}

// ParsePath reads a path as queries write it: the root and the keys joined by dots, as in properties.phone. A dot that belongs to a key is
// written `\.` and a backslash `\\`. Errors: invalid_policy.
func ParsePath(text string) (Path, error) {
	var (
		parts []string
		part  strings.Builder
	)
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '.' || text[i+1] == '\\'):
			i++
			part.WriteByte(text[i])
		case text[i] == '.':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(text[i])
		}
	}
	parts = append(parts, part.String())
	if len(parts) < 2 || slices.Contains(parts, "") || utf8.RuneCountInString(text) > MaxPathLength ||
		!slices.Contains([]string{"properties", "context", "facts"}, parts[0]) {
		return Path{}, invalid("%.60q is not a property: write a path such as properties.phone, context.traits.email or facts.city, of at most %d characters.", text, MaxPathLength)
	}
	return Path{Root: parts[0], Keys: parts[1:]}, nil
}

// String is the text that ParsePath reads; empty for the zero path.
func (p Path) String() string {
	escaper := strings.NewReplacer(`\`, `\\`, `.`, `\.`)
	text := p.Root
	for _, key := range p.Keys {
		text += "." + escaper.Replace(key)
	}
	return text
}
