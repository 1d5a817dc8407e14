package people

import (
	"cmp"
	"slices"
	"time"
)

// Sighting is how often, from when and until when events carried both of these IDs, or one and not the other ("").
type Sighting struct {
	UserID, AnonymousID string
	Events              int64
	FirstAt, LastAt     time.Time
	FirstEventID        string
}

// identity is the ID by which such an event says who it is about.
func (s Sighting) identity() string { return cmp.Or(s.UserID, s.AnonymousID) }

// ID is one of the IDs of a person.
type ID struct {
	ID       string
	User     bool       // an account's; else a browser's or an app's
	LinkedAt *time.Time // since when it is known to be the person's; nil for the ID that the person is known by
	FirstAt  *time.Time // the first event of the person that carried it; nil when none did
	LastAt   *time.Time
	Events   int64 // of the person that carried it
}

// Profile is what is known about a person.
type Profile struct {
	Person    string // the ID that the person is known by
	IDs       []ID   // that one first, then in the order in which they were linked
	Traits    map[string]Trait
	Groups    []Group
	Events    int64
	FirstAt   time.Time
	LastAt    time.Time
	AsOf      time.Time
	Truncated bool // there are so many events that tell about the person that only the newest MaxStatements were looked at
}

// compose makes a profile of all that was seen and said of some IDs, which are now one person's, id among them. What was seen and said may
// be of whoever shared an ID with them, too: only what lies between these IDs can link them. It returns the statements about the
// person beside the profile, and ErrPersonNotFound when the ID was not seen at all.
func compose(id string, ids []string, seen []Sighting, aliases []Alias, said []Statement) (Profile, []Statement, error) {
	var meetings []Meeting
	users, theirs := map[string]bool{}, map[string]bool{}
	for _, id := range ids {
		theirs[id] = true
	}
	for _, s := range seen {
		users[s.UserID] = true
		if theirs[s.UserID] && theirs[s.AnonymousID] {
			meetings = append(meetings, Meeting{UserID: s.UserID, AnonymousID: s.AnonymousID, At: s.FirstAt, EventID: s.FirstEventID})
		}
	}
	aliases = slices.DeleteFunc(slices.Clone(aliases), func(a Alias) bool { return !theirs[a.UserID] || !theirs[a.PreviousID] })
	links := Stitch(meetings, aliases, func(id string) bool { return users[id] })
	p := Profile{Person: links.Person(id)}
	found := map[string]*ID{}
	of := func(id string) *ID {
		if found[id] == nil {
			found[id] = &ID{ID: id, User: users[id], LinkedAt: linkedAt(id, links, meetings, aliases)}
		}
		return found[id]
	}
	for _, s := range seen {
		if links.Person(s.identity()) != p.Person {
			continue
		}
		if p.Events == 0 || s.FirstAt.Before(p.FirstAt) {
			p.FirstAt = s.FirstAt
		}
		p.LastAt = latest(p.LastAt, s.LastAt)
		p.Events += s.Events
		for _, carried := range []string{s.UserID, s.AnonymousID} {
			if carried != "" && links.Person(carried) == p.Person {
				of(carried).add(s)
			}
		}
	}
	if p.Events == 0 {
		return Profile{}, nil, ErrPersonNotFound
	}
	of(p.Person)
	for linked, person := range links {
		if person == p.Person {
			of(linked)
		}
	}
	for _, id := range found {
		p.IDs = append(p.IDs, *id)
	}
	slices.SortFunc(p.IDs, compareIDs)
	said = slices.DeleteFunc(slices.Clone(said), func(s Statement) bool { return links.Person(cmp.Or(s.UserID, s.AnonymousID)) != p.Person })
	p.Traits, p.Groups = Traits(said), Groups(said)
	return p, said, nil
}

func (d *ID) add(s Sighting) {
	if d.FirstAt == nil || s.FirstAt.Before(*d.FirstAt) {
		d.FirstAt = &s.FirstAt
	}
	if d.LastAt == nil || s.LastAt.After(*d.LastAt) {
		d.LastAt = &s.LastAt
	}
	d.Events += s.Events
}

// linkedAt is when it was first said that an ID is the person's.
func linkedAt(id string, links Links, meetings []Meeting, aliases []Alias) *time.Time {
	if _, linked := links[id]; !linked {
		return nil
	}
	var first *time.Time
	say := func(at time.Time) {
		if first == nil || at.Before(*first) {
			first = &at
		}
	}
	person := links.Person(id)
	for _, m := range meetings {
		if m.AnonymousID == id && m.UserID != "" && m.UserID != id && links.Person(m.UserID) == person {
			say(m.At)
		}
	}
	for _, a := range aliases {
		if a.says() && (a.PreviousID == id || a.UserID == id) && links.Person(a.UserID) == person && links.Person(a.PreviousID) == person {
			say(a.At)
		}
	}
	return first
}

func compareIDs(a, b ID) int {
	if (a.LinkedAt == nil) != (b.LinkedAt == nil) {
		if a.LinkedAt == nil {
			return -1
		}
		return 1
	}
	if a.LinkedAt != nil && !a.LinkedAt.Equal(*b.LinkedAt) {
		return a.LinkedAt.Compare(*b.LinkedAt)
	}
	return cmp.Compare(a.ID, b.ID)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
