package redact

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const maxSegments = 32

// segment is one part of a path: a name, or what stands for several.
type segment struct {
	kind   segmentKind
	pieces []string // of a name, between its stars: one without any
}

type segmentKind uint8

const (
	named   segmentKind = iota
	any1                // * : any member or element
	deep                // **: any number of them, also none
	element             // []: any element of an array
)

// topLevel are the names that a path may begin with. Those that do not have members cannot be followed by anything.
func topLevel() (documents, identifiers []string) {
	return []string{"properties", "context"}, []string{"user_id", "anonymous_id", "session_id", "event_id"}
}

// parsePath reads a glob. Names are separated by dots; * stands for any characters of a name or for any one name, ** for any number
// of names, [] or [*] for any element of an array; \ makes the next character an ordinary one.
func parsePath(path string) ([]segment, error) {
	var out []segment
	for _, part := range splitPath(path) {
		elements := 0
		for {
			if rest, ok := strings.CutSuffix(part, "[]"); ok {
				part = rest
			} else if rest, ok := strings.CutSuffix(part, "[*]"); ok {
				part = rest
			} else {
				break
			}
			elements++
		}
		switch {
		case part == "**":
			out = append(out, segment{kind: deep})
		case part == "*":
			out = append(out, segment{kind: any1})
		case part == "" && elements == 0:
			return nil, errors.New("has an empty name. Names are separated by single dots")
		case part != "":
			out = append(out, segment{kind: named, pieces: pieces(part)})
		}
		for range elements {
			out = append(out, segment{kind: element})
		}
	}
	if len(out) > maxSegments {
		return nil, fmt.Errorf("has %d names; %d are allowed. Use ** for any depth", len(out), maxSegments)
	}
	return out, checkTop(out)
}

func checkTop(path []segment) error {
	first := path[0]
	if first.kind == any1 || first.kind == deep {
		return nil
	}
	documents, identifiers := topLevel()
	name := ""
	if first.kind == named && len(first.pieces) == 1 {
		name = first.pieces[0]
	}
	switch {
	case slices.Contains(documents, name):
		return nil
	case slices.Contains(identifiers, name):
		if len(path) > 1 {
			return fmt.Errorf("goes on behind %s, which has no members. End it there", name)
		}
		return nil
	}
	return fmt.Errorf("must begin with %s or **. Put properties. before the name of a property", strings.Join(append(documents, identifiers...), ", "))
}

// splitPath splits at dots that are not escaped; escapes stay.
func splitPath(path string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '\\':
			i++
		case '.':
			parts = append(parts, path[start:i])
			start = i + 1
		}
	}
	return append(parts, path[start:])
}

// pieces splits a name at stars that are not escaped, and undoes escapes.
func pieces(name string) []string {
	var out []string
	var piece strings.Builder
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '\\' && i+1 < len(name):
			i++
			piece.WriteByte(name[i])
		case c == '*':
			out = append(out, piece.String())
			piece.Reset()
		default:
			piece.WriteByte(c)
		}
	}
	return append(out, piece.String())
}

// matches tells whether the segment stands for a member of that name, or for an element when key is nil.
func (s *segment) matches(key []byte) bool {
	switch s.kind {
	case any1, deep:
		return true
	case element:
		return key == nil
	default:
		return key != nil && matchPieces(s.pieces, key)
	}
}

func matchPieces(pieces []string, key []byte) bool {
	first, last := pieces[0], pieces[len(pieces)-1]
	if len(pieces) == 1 {
		return string(key) == first
	}
	if len(key) < len(first)+len(last) || string(key[:len(first)]) != first || string(key[len(key)-len(last):]) != last {
		return false
	}
	rest := string(key[len(first) : len(key)-len(last)])
	for _, piece := range pieces[1 : len(pieces)-1] {
		_, after, found := strings.Cut(rest, piece)
		if !found {
			return false
		}
		rest = after
	}
	return true
}

// pathState is how far a rule's path has come at a node: bit i of live is set where the first i segments are matched.
type pathState struct {
	rule int
	live uint64
}

// closure adds the states that are reached without another name: ** may stand for none.
func closure(path []segment, live uint64) uint64 {
	for i := range path {
		if path[i].kind == deep && live&(1<<i) != 0 {
			live |= 1 << (i + 1)
		}
	}
	return live
}

// step goes from a node to one of its children. It returns the states there, which lie on top of w.states, and the first rule whose
// path ends there, if that comes before rule.
func (w *work) step(from []pathState, key []byte, rule int) ([]pathState, int) {
	begin := len(w.states)
	for _, state := range from {
		path := w.r.rules[state.rule].path
		var live uint64
		for i := range path {
			if state.live&(1<<i) == 0 || !path[i].matches(key) {
				continue
			}
			if path[i].kind == deep {
				live |= 1 << i
			} else {
				live |= 1 << (i + 1)
			}
		}
		if live = closure(path, live); live == 0 {
			continue
		}
		if live&(1<<len(path)) != 0 {
			rule = min(rule, state.rule)
		}
		w.states = append(w.states, pathState{state.rule, live})
	}
	return w.states[begin:], rule
}
