package people

import (
	"cmp"
	"time"
)

// Meeting says that an event carried both a user ID and an anonymous one. Of several for the same pair the earliest is enough.
type Meeting struct {
	UserID, AnonymousID string
	At                  time.Time
	EventID             string // decides between events of one millisecond
}

// Alias says that a person known by PreviousID goes by UserID.
type Alias struct {
	PreviousID, UserID string
	At                 time.Time
	EventID            string
}

// Links tell who is who: the person to whom an ID belongs. An ID that is a person's own is not among them.
type Links map[string]string

// Person is the person to whom an ID belongs; "" for "".
func (l Links) Person(id string) string {
	if person, ok := l[id]; ok {
		return person
	}
	return id
}

// Stitch finds out who is who, by the rules of this package. isUser tells the IDs that any event carries as its user ID; those that a
// meeting or an alias names as such are known without it. What repeats itself, has an empty ID, or names one ID twice changes nothing.
func Stitch(meetings []Meeting, aliases []Alias, isUser func(id string) bool) Links {
	users := map[string]bool{}
	for _, m := range meetings {
		users[m.UserID] = true
	}
	for _, a := range aliases {
		users[a.UserID] = true
	}
	known := func(id string) bool { return users[id] || isUser(id) }

	var ofUsers []Alias
	for _, a := range aliases {
		if known(a.PreviousID) {
			ofUsers = append(ofUsers, a)
		} else {
			meetings = append(meetings[:len(meetings):len(meetings)], Meeting{UserID: a.UserID, AnonymousID: a.PreviousID, At: a.At, EventID: a.EventID})
		}
	}
	links := Join(ofUsers)
	first := map[string]Meeting{}
	for _, m := range meetings {
		if m.UserID == "" || m.AnonymousID == "" || known(m.AnonymousID) {
			continue
		}
		if earliest, met := first[m.AnonymousID]; !met || m.before(earliest) {
			first[m.AnonymousID] = m
		}
	}
	for id, m := range first {
		links[id] = links.Person(m.UserID)
	}
	return links
}

func (m Meeting) before(n Meeting) bool {
	return cmp.Or(m.At.Compare(n.At), cmp.Compare(m.EventID, n.EventID), cmp.Compare(m.UserID, n.UserID)) < 0
}

func (a Alias) before(b Alias) bool {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.EventID, b.EventID), cmp.Compare(a.UserID, b.UserID)) < 0
}

// Join finds out which users are one person, from aliases of users alone.
func Join(aliases []Alias) Links {
	joined := union{}
	left := map[string]bool{} // for another ID
	for _, a := range aliases {
		if a.says() {
			joined.join(a.PreviousID, a.UserID)
			left[a.PreviousID] = true
		}
	}
	known := map[string]Alias{} // the alias to the ID that each of the joined goes by, by the root of them
	for _, a := range aliases {
		if !a.says() {
			continue
		}
		root := joined.root(a.UserID)
		best, found := known[root]
		stays, bestStays := !left[a.UserID], !left[best.UserID]
		if !found || (stays && !bestStays) || (stays == bestStays && best.before(a)) {
			known[root] = a
		}
	}
	links := Links{}
	for id := range joined {
		if person := known[joined.root(id)].UserID; person != id {
			links[id] = person
		}
	}
	return links
}

// says tells whether the alias says anything.
func (a Alias) says() bool { return a.PreviousID != "" && a.UserID != "" && a.PreviousID != a.UserID }

// union is a forest of IDs: those under one root are one person.
type union map[string]string

func (u union) root(id string) string {
	parent, ok := u[id]
	if !ok {
		u[id] = id
		return id
	}
	for parent != id {
		u[id] = u[parent] // halve the way for the next time
		id, parent = parent, u[parent]
	}
	return id
}

func (u union) join(a, b string) { u[u.root(a)] = u.root(b) }
