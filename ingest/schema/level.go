package schema

import "github.com/observatory/observatory/internal/fault"

// Level is how a new version has to get on with those before it.
type Level string

// The levels of compatibility. Those that are not transitive look at the latest version only.
const (
	None               Level = "NONE"     // anything goes
	Backward           Level = "BACKWARD" // the new version reads data of the one before
	BackwardTransitive Level = "BACKWARD_TRANSITIVE"
	Forward            Level = "FORWARD" // the one before reads data of the new version
	ForwardTransitive  Level = "FORWARD_TRANSITIVE"
	Full               Level = "FULL" // both
	FullTransitive     Level = "FULL_TRANSITIVE"
)

// DefaultLevel is the level of a tenant that has set none.
const DefaultLevel = Backward

// ErrLevelUnknown is returned by ParseLevel.
var ErrLevelUnknown = fault.New(fault.Invalid, "compatibility_level_unknown",
	"The compatibility level must be NONE, BACKWARD, BACKWARD_TRANSITIVE, FORWARD, FORWARD_TRANSITIVE, FULL or FULL_TRANSITIVE.")

// ParseLevel reads a level, or returns ErrLevelUnknown.
func ParseLevel(text string) (Level, error) {
	switch l := Level(text); l {
	case None, Backward, BackwardTransitive, Forward, ForwardTransitive, Full, FullTransitive:
		return l, nil
	}
	return "", ErrLevelUnknown
}

// transitive tells whether all versions count and not only the latest.
func (l Level) transitive() bool {
	return l == BackwardTransitive || l == ForwardTransitive || l == FullTransitive
}

func (l Level) backward() bool {
	return l == Backward || l == BackwardTransitive || l == Full || l == FullTransitive
}

func (l Level) forward() bool {
	return l == Forward || l == ForwardTransitive || l == Full || l == FullTransitive
}

// Conflict is a rule that a proposed schema breaks with one of the versions before it.
type Conflict struct {
	Incompatibility
	Version int `json:"version"` // of the subject
}

// IncompatibleError is returned for a schema that its subject's level does not allow. It wraps ErrIncompatible.
type IncompatibleError struct {
	Level     Level
	Conflicts []Conflict // not empty
}

// ErrIncompatible is what every IncompatibleError wraps.
var ErrIncompatible = fault.New(fault.Conflict, "schema_incompatible", "The schema is not compatible with earlier versions of its subject.")

func (e *IncompatibleError) Error() string { return ErrIncompatible.Error() }

func (e *IncompatibleError) Unwrap() error { return ErrIncompatible }

// typeChanged is broken by a version in another format; no format can compare those.
const typeChanged = "TYPE_CHANGED"

// conflicts are the rules of a level that a proposed schema breaks with one version, at most MaxIncompatibilities.
func (l Level) conflicts(proposed Compiled, version int, existing Compiled) []Conflict {
	var found []Incompatibility
	switch {
	case l == None:
	case proposed.Schema.Type != existing.Schema.Type:
		found = []Incompatibility{{
			Rule: typeChanged, Path: "/",
			Message: "The format changes from " + string(existing.Schema.Type) + " to " + string(proposed.Schema.Type) + ".",
			Advice:  "Register it under another subject, or set the level of this one to NONE first.",
		}}
	default:
		if l.backward() {
			found = proposed.Parsed.Incompatibilities(existing.Parsed)
		}
		if l.forward() {
			found = append(found[:len(found):len(found)], existing.Parsed.Incompatibilities(proposed.Parsed)...)
		}
	}
	all := make([]Conflict, 0, len(found))
	for _, i := range found[:min(len(found), MaxIncompatibilities)] {
		all = append(all, Conflict{Incompatibility: i, Version: version})
	}
	return all
}
