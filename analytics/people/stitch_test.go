package people_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics/people"
)

func minute(n int) time.Time { return time.Date(2026, time.March, 1, 0, n, 0, 0, time.UTC) }

// said is an event as far as stitching is concerned.
type said struct {
	user, anonymous, previous string
	at                        int // minutes
}

func (s said) id() string { return fmt.Sprint(s.user, s.anonymous, s.previous, s.at) }

// stitch hands over what the events say, in their order.
func stitch(events []said) people.Links {
	var (
		meetings []people.Meeting
		aliases  []people.Alias
		users    = map[string]bool{}
	)
	for _, e := range events {
		users[e.user] = users[e.user] || e.user != ""
		meetings = append(meetings, people.Meeting{UserID: e.user, AnonymousID: e.anonymous, At: minute(e.at), EventID: e.id()})
		if e.previous != "" {
			aliases = append(aliases, people.Alias{PreviousID: e.previous, UserID: e.user, At: minute(e.at), EventID: e.id()})
		}
	}
	return people.Stitch(meetings, aliases, func(id string) bool { return users[id] })
}

func TestStitching(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		events []said
		links  people.Links
	}{
		{name: "nobody", links: people.Links{}},
		{name: "anonymous for good", events: []said{{anonymous: "a1", at: 1}}, links: people.Links{}},
		{name: "anonymous, then known", events: []said{{anonymous: "a1", at: 1}, {anonymous: "a1", user: "ada", at: 2}}, links: people.Links{"a1": "ada"}},
		{
			name:   "a second person on the same device",
			events: []said{{anonymous: "a1", user: "ada", at: 1}, {anonymous: "a1", user: "bob", at: 2}, {anonymous: "a1", at: 3}},
			links:  people.Links{"a1": "ada"},
		},
		{
			name:   "two devices of one person",
			events: []said{{anonymous: "a1", user: "ada", at: 1}, {anonymous: "a2", user: "ada", at: 2}},
			links:  people.Links{"a1": "ada", "a2": "ada"},
		},
		{
			name:   "an anonymous ID that is a user's as well",
			events: []said{{user: "bob", at: 5}, {anonymous: "bob", user: "ada", at: 1}},
			links:  people.Links{},
		},
		{
			name:   "an alias of users",
			events: []said{{user: "ada@old", at: 1}, {previous: "ada@old", user: "ada", at: 2}},
			links:  people.Links{"ada@old": "ada"},
		},
		{
			name:   "an alias of an alias, and what met the first of them",
			events: []said{{anonymous: "a1", user: "1", at: 1}, {previous: "1", user: "2", at: 2}, {user: "2", at: 2}, {previous: "2", user: "3", at: 3}},
			links:  people.Links{"a1": "3", "1": "3", "2": "3"},
		},
		{
			name:   "the last step of a chain came first",
			events: []said{{previous: "2", user: "3", at: 1}, {user: "2", at: 1}, {user: "1", at: 1}, {previous: "1", user: "2", at: 3}},
			links:  people.Links{"1": "3", "2": "3"},
		},
		{
			name:   "there and back again",
			events: []said{{previous: "1", user: "2", at: 1}, {user: "1", at: 1}, {user: "2", at: 1}, {previous: "2", user: "1", at: 2}},
			links:  people.Links{"2": "1"},
		},
		{
			name:   "to two others",
			events: []said{{user: "1", at: 1}, {previous: "1", user: "3", at: 3}, {previous: "1", user: "2", at: 2}},
			links:  people.Links{"1": "3", "2": "3"},
		},
		{
			name:   "an alias of an anonymous ID, twice on a shared device",
			events: []said{{anonymous: "a1", at: 1}, {previous: "a1", user: "ada", at: 2}, {previous: "a1", user: "bob", at: 3}},
			links:  people.Links{"a1": "ada"},
		},
		{name: "an alias of itself", events: []said{{previous: "ada", user: "ada", at: 1}}, links: people.Links{}},
		{name: "an alias to nobody", events: []said{{previous: "ada", anonymous: "a1", at: 1}, {user: "ada", at: 2}}, links: people.Links{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.links, stitch(c.events))
		})
	}
}

func drawEvents(t *rapid.T) []said {
	users := rapid.SampledFrom([]string{"", "u1", "u2", "u3", "u4", "a1"})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) said {
		return said{
			user: users.Draw(t, "user"), anonymous: rapid.SampledFrom([]string{"", "a1", "a2", "a3", "u4"}).Draw(t, "anonymous"),
			previous: rapid.SampledFrom([]string{"", "", "", "u1", "u2", "u3", "a2", "a3"}).Draw(t, "previous"), at: rapid.IntRange(0, 5).Draw(t, "at"),
		}
	}), 0, 12).Draw(t, "events")
}

// The order in which events arrived, and how often, is nothing to stitching.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t)
		arrived := rapid.Permutation(append(slices.Clone(events), events[:rapid.IntRange(0, len(events)).Draw(t, "again")]...)).Draw(t, "arrived")
		require.Equal(t, stitch(events), stitch(arrived))
	})
}

// Two users are one person if and only if aliases of users lead from one to the other; whom they met does not count.
func TestOnlyAliasesMergeUsers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t)
		links := stitch(events)
		users := map[string]bool{}
		for _, e := range events {
			users[e.user] = e.user != ""
		}
		for a := range users {
			for b := range users {
				if users[a] && users[b] {
					require.Equal(t, aliased(events, users, a, b, nil), links.Person(a) == links.Person(b), "%s and %s", a, b)
				}
			}
		}
		for id, person := range links {
			require.True(t, users[person], "a person is known by a user's ID")
			require.NotEqual(t, id, person)
			require.Equal(t, person, links.Person(person), "who a person is needs no second look")
		}
	})
}

// aliased walks from one ID to another, the slow way.
func aliased(events []said, users map[string]bool, from, to string, been []string) bool {
	if from == to {
		return true
	}
	if slices.Contains(been, from) {
		return false
	}
	been = append(been, from)
	return slices.ContainsFunc(events, func(e said) bool {
		if !users[e.previous] || !users[e.user] {
			return false
		}
		return e.previous == from && aliased(events, users, e.user, to, been) || e.user == from && aliased(events, users, e.previous, to, been)
	})
}
