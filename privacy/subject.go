package privacy

import (
	"slices"
	"strings"

	"github.com/observatory/observatory/internal/fault"
)

// Kind is by what a subject is named.
type Kind string

// The kinds.
const (
	UserID      Kind = "user_id"
	AnonymousID Kind = "anonymous_id"
	Email       Kind = "email"    // wherever EmailPaths say
	Property    Kind = "property" // a value of a property of events
)

// Identifier names a person. Values are personal data: they are sealed where they are kept, and written into no log.
type Identifier struct {
	Kind  Kind
	Path  string // of a Property, as in properties.phone or context.traits.email; empty otherwise
	Value string // 1 to 256 bytes; an e-mail address in lower case
}

// Limits of a request.
const (
	MaxSubjects   = 5000
	MaxValueBytes = 256
)

// EmailPaths are the properties in which an e-mail address is looked for. Besides, it may be somebody's user ID.
func EmailPaths() []string {
	return []string{"properties.email", "context.traits.email", "properties.traits.email", "properties.$email"}
}

// ErrSubjectInvalid is returned for what names nobody.
var ErrSubjectInvalid = fault.New(fault.Invalid, "subject_invalid",
	"A subject is exactly one of user_id, anonymous_id, email, or property with a path such as properties.phone and a value, of 1 to 256 bytes.")

// Normal is the identifier as it is compared: an e-mail address in lower case without blanks around it. Errors: ErrSubjectInvalid.
func (i Identifier) Normal() (Identifier, error) {
	if i.Kind == Email {
		i.Value = strings.ToLower(strings.TrimSpace(i.Value))
	}
	known := slices.Contains([]Kind{UserID, AnonymousID, Email, Property}, i.Kind)
	isPath := strings.HasPrefix(i.Path, "properties.") || strings.HasPrefix(i.Path, "context.")
	if !known || i.Value == "" || len(i.Value) > MaxValueBytes || (i.Kind == Property) != isPath || len(i.Path) > MaxValueBytes || (i.Kind != Property && i.Path != "") {
		return Identifier{}, ErrSubjectInvalid
	}
	return i, nil
}

// Subjects are people by every identifier under which something of them may be found, in the forms in which it may be stored. An event is
// theirs when its user ID is one of UserIDs; or when it has no user ID and its anonymous ID is one of AnonymousIDs; or when one of
// Properties has that value. An event of somebody else that carries one of AnonymousIDs (two people on one device) stays, without it.
type Subjects struct {
	UserIDs      []string
	AnonymousIDs []string
	Properties   []Identifier // of the kind Property only, e-mail addresses included
}

// Empty tells whether nobody is named.
func (s Subjects) Empty() bool { return len(s.UserIDs)+len(s.AnonymousIDs)+len(s.Properties) == 0 }

// SplitPath cuts the path of a property at its dots and undoes the escapes: a backslash before a dot or a backslash says that it belongs to a
// name. ok is false for what is no path of a property.
func SplitPath(text string) (column string, keys []string, ok bool) {
	parts := []string{""}
	for i := 0; i < len(text); i++ {
		last := &parts[len(parts)-1]
		switch {
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '.' || text[i+1] == '\\'):
			i++
			*last += text[i : i+1]
		case text[i] == '.':
			parts = append(parts, "")
		default:
			*last += text[i : i+1]
		}
	}
	column, keys = parts[0], parts[1:]
	return column, keys, (column == "properties" || column == "context") && len(keys) > 0 && !slices.Contains(keys, "")
}
