package analytics

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/observatory/observatory/internal/fault"
)

// MaxPathLength is how long the text of a path may be, in characters.
const MaxPathLength = 300

// Path names something about an event: a field, or a place in the JSON of `properties`, `context` or `facts`.
//
// Its text is the field's name, or the column and the keys joined by dots, such as `context.page.url`. A dot that belongs to
// a key is written `\.` and a backslash `\\`: `properties.file\.name` has the one key "file.name". Members of arrays
// cannot be named.
type Path struct {
	Field string   // one of Fields, or "properties", "context" or "facts"
	Keys  []string // from the outside in; empty exactly for a plain field
}

// Fields are the fields of an event that are text by themselves and that a path can name.
func Fields() []string {
	return []string{
		"event", "type", "user_id", "anonymous_id", "session_id", "source_id", "event_id", "correlation_id", "bot", "sdk_name", "sdk_version",
	}
}

// ParsePath reads the text of a path, or returns a fault with the code property_invalid.
func ParsePath(s string) (Path, error) {
	if utf8.RuneCountInString(s) > MaxPathLength {
		return Path{}, invalid(CodePropertyInvalid, "A property's name may have at most %d characters.", MaxPathLength)
	}
	if slices.Contains(Fields(), s) {
		return Path{Field: s}, nil
	}
	parts, ok := splitPath(s)
	if !ok {
		return Path{}, invalid(CodePropertyInvalid, `%q is not a property: between its dots stands nothing, or a backslash stands before something other than a dot or a backslash.`, s)
	}
	if len(parts) < 2 || !slices.Contains([]string{"properties", "context", "facts"}, parts[0]) {
		return Path{}, invalid(CodePropertyInvalid, "%q is not a property: write a path such as properties.price, context.page.url or facts.country, or one of %s.", s, strings.Join(Fields(), ", "))
	}
	return Path{Field: parts[0], Keys: parts[1:]}, nil
}

// splitPath cuts at the dots and undoes the escapes.
func splitPath(s string) (parts []string, ok bool) {
	var part strings.Builder
	end := func() bool {
		parts = append(parts, part.String())
		part.Reset()
		return parts[len(parts)-1] != ""
	}
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '.' || s[i+1] == '\\'):
			i++
			part.WriteByte(s[i])
		case s[i] == '\\':
			return nil, false
		case s[i] == '.':
			if !end() {
				return nil, false
			}
		default:
			part.WriteByte(s[i])
		}
	}
	return parts, end()
}

// String is the text that ParsePath reads.
func (p Path) String() string {
	escaper := strings.NewReplacer(`\`, `\\`, `.`, `\.`)
	parts := []string{p.Field}
	for _, key := range p.Keys {
		parts = append(parts, escaper.Replace(key))
	}
	return strings.Join(parts, ".")
}

// IsJSON tells a path into JSON from a plain field, which is always text.
func (p Path) IsJSON() bool { return len(p.Keys) > 0 }

// within puts the place of a fault before its message.
func within(place string, err error) error {
	if err == nil {
		return nil
	}
	f := *fault.From(err)
	f.Message = place + ": " + f.Message
	return &f
}
