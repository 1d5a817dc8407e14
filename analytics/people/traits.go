package people

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// Statement is an event that tells about a person: its type is identify or group, and its properties are what it tells.
type Statement struct {
	Type                string
	At                  time.Time
	ReceivedAt          time.Time
	Index               uint16 // in its request, from 0
	EventID             string
	UserID, AnonymousID string
	Properties          json.RawMessage // an object
}

// inOrder are the statements, earliest first: by time, and within a millisecond as they were sent.
func inOrder(said []Statement) []Statement {
	said = slices.Clone(said)
	slices.SortFunc(said, func(a, b Statement) int {
		return cmp.Or(a.At.Compare(b.At), a.ReceivedAt.Compare(b.ReceivedAt), cmp.Compare(a.Index, b.Index), cmp.Compare(a.EventID, b.EventID))
	})
	return said
}

// Trait is what is known about a person under one key.
type Trait struct {
	Value   json.RawMessage
	At      time.Time // when it was last said
	EventID string    // by which event
}

// Traits are what the identify events among the statements come to, by key: of each the last word counts, and null takes it away.
func Traits(said []Statement) map[string]Trait {
	traits := map[string]Trait{}
	for _, s := range inOrder(said) {
		for key, value := range s.members("identify") {
			if traits[key] = (Trait{Value: value, At: s.At, EventID: s.EventID}); isNull(value) {
				delete(traits, key)
			}
		}
	}
	return traits
}

// Change is a trait that was given another value.
type Change struct {
	Key      string
	From, To json.RawMessage // nil: none
	At       time.Time
	EventID  string
}

// History are the changes of traits, newest first. What was said again without being different is none.
func History(said []Statement) []Change {
	now := map[string]json.RawMessage{}
	var changes []Change
	for _, s := range inOrder(said) {
		members := s.members("identify")
		for _, key := range sortedKeys(members) {
			value := members[key]
			if isNull(value) {
				value = nil
			}
			if bytes.Equal(now[key], value) {
				continue
			}
			changes = append(changes, Change{Key: key, From: now[key], To: value, At: s.At, EventID: s.EventID})
			now[key] = value
		}
	}
	slices.Reverse(changes)
	return changes
}

// Group is a company, a team, or whatever else a person was said to belong to.
type Group struct {
	ID     string
	Since  time.Time // when it was first said
	LastAt time.Time // when it was last said
	Traits map[string]json.RawMessage
}

// groupID is the property of a group event that names the group.
const groupID = "group_id"

// Groups are those that the group events among the statements name, the latest first, with what these say about them.
func Groups(said []Statement) []Group {
	byID := map[string]*Group{}
	for _, s := range inOrder(said) {
		members := s.members("group")
		id := textOf(members[groupID])
		if id == "" {
			continue
		}
		g := byID[id]
		if g == nil {
			g = &Group{ID: id, Since: s.At, Traits: map[string]json.RawMessage{}}
			byID[id] = g
		}
		g.LastAt = s.At
		for key, value := range members {
			if key == groupID {
				continue
			}
			if g.Traits[key] = value; isNull(value) {
				delete(g.Traits, key)
			}
		}
	}
	groups := make([]Group, 0, len(byID))
	for _, g := range byID {
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(a, b Group) int { return cmp.Or(b.LastAt.Compare(a.LastAt), cmp.Compare(a.ID, b.ID)) })
	return groups
}

// members are what a statement of this type tells, each value without spaces; of another type nothing.
func (s Statement) members(kind string) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if s.Type != kind || json.Unmarshal(s.Properties, &members) != nil {
		return nil
	}
	for key, value := range members {
		var compact bytes.Buffer
		if json.Compact(&compact, value) == nil {
			members[key] = compact.Bytes()
		}
	}
	return members
}

// textOf is the text of a string, or the digits of a number: IDs come as either. "" for anything else.
func textOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(value, &number) == nil {
		return number.String()
	}
	return ""
}

func isNull(value json.RawMessage) bool { return string(value) == "null" }

func sortedKeys(m map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
