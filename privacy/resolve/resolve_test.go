package resolve_test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/resolve"
	"github.com/observatory/observatory/tenants"
)

// event is one as far as it matters who it is about.
type event struct {
	user, anonymous, email, phone string
	at                            int // minutes
}

// world is a store of events that answers the slow way.
type world struct {
	events []event
	asked  int // questions
}

func (w *world) links() people.Links {
	var meetings []people.Meeting
	users := map[string]bool{}
	for _, e := range w.events {
		users[e.user] = users[e.user] || e.user != ""
		meetings = append(meetings, people.Meeting{UserID: e.user, AnonymousID: e.anonymous, At: time.Unix(int64(e.at), 0), EventID: e.user + e.anonymous})
	}
	return people.Stitch(meetings, nil, func(id string) bool { return users[id] })
}

// whole is the person of an ID; false when no event carries it.
func (w *world) whole(links people.Links, id string) (k resolve.Kin, known bool) {
	person := links.Person(id)
	for _, e := range w.events {
		known = known || id == e.user || id == e.anonymous
		if e.user != "" && links.Person(e.user) == person {
			k.UserIDs = append(k.UserIDs, e.user)
		}
		if e.anonymous != "" && links.Person(e.anonymous) == person {
			k.AnonymousIDs = append(k.AnonymousIDs, e.anonymous)
		}
		if who := cmp.Or(e.user, e.anonymous); who != "" && links.Person(who) == person {
			at := time.Unix(int64(e.at), 0)
			if k.Events == 0 || at.Before(k.FirstAt) {
				k.FirstAt = at
			}
			if k.Events++; at.After(k.LastAt) {
				k.LastAt = at
			}
		}
	}
	return k, known && id != ""
}

func (w *world) Kin(_ context.Context, _ tenants.ID, ids []string) ([]resolve.Kin, error) {
	w.asked++
	links, found := w.links(), map[string]resolve.Kin{}
	for _, id := range ids {
		if k, known := w.whole(links, id); known {
			tidy(&k.UserIDs)
			tidy(&k.AnonymousIDs)
			found[links.Person(id)] = k
		}
	}
	return slices.Collect(maps.Values(found)), nil
}

func (e event) has(i privacy.Identifier) bool {
	switch i.Path {
	case "properties.email":
		return i.Value != "" && strings.ToLower(e.email) == i.Value
	case "user_id":
		return i.Value != "" && strings.ToLower(e.user) == i.Value
	case "properties.phone":
		return i.Value != "" && e.phone == i.Value
	}
	return false
}

func (w *world) Carriers(_ context.Context, _ tenants.ID, values []privacy.Identifier) (found []resolve.Carrier, _ error) {
	w.asked++
	for _, e := range w.events {
		for _, v := range values {
			if id := cmp.Or(e.user, e.anonymous); id != "" && e.has(v) {
				found = append(found, resolve.Carrier{Value: v, ID: id, User: e.user != ""})
			}
		}
	}
	return found, nil
}

// Forms are the value and a token of it, which tells the value.
func (w *world) Forms(context.Context, tenants.ID) (func(string) []string, error) {
	return func(value string) []string {
		value = strings.TrimPrefix(value, "t_")
		return []string{value, "t_" + value}
	}, nil
}

func tidy(ids *[]string) {
	slices.Sort(*ids)
	*ids = slices.Compact(*ids)
}

// naive finds a person by adding, again and again, all that has to do with what is there.
func (w *world) naive(given privacy.Identifier) privacy.Person {
	links := w.links()
	forms, _ := w.Forms(context.Background(), tenants.ID{})
	p := privacy.Person{Given: given}
	users, anonymous := map[string]bool{}, map[string]bool{}
	for _, form := range forms(given.Value) {
		switch given.Kind {
		case privacy.UserID:
			users[form] = true
		case privacy.AnonymousID:
			anonymous[form] = true
		case privacy.Email:
			users[form] = true
			for _, path := range privacy.EmailPaths() {
				p.Properties = append(p.Properties, privacy.Identifier{Kind: privacy.Property, Path: path, Value: form})
			}
		case privacy.Property:
			p.Properties = append(p.Properties, privacy.Identifier{Kind: privacy.Property, Path: given.Path, Value: form})
		}
		for _, e := range w.events {
			for _, path := range []string{given.Path, "properties.email", "user_id"} {
				if (given.Kind == privacy.Email || given.Kind == privacy.Property && path == given.Path) && e.has(privacy.Identifier{Path: path, Value: form}) {
					if e.user != "" {
						users[e.user] = true
					} else if e.anonymous != "" {
						anonymous[e.anonymous] = true
					}
				}
			}
		}
	}
	for id := range maps.Clone(anonymous) { // an anonymous ID that nothing but a user goes by
		if k, _ := w.whole(links, id); slices.Contains(k.UserIDs, id) && !slices.Contains(k.AnonymousIDs, id) {
			users[id] = true
		}
	}
	kin := map[string]resolve.Kin{}
	for before := -1; before != len(users)+len(anonymous)+len(kin); {
		before = len(users) + len(anonymous) + len(kin)
		for id := range everybody(w.events) {
			k, _ := w.whole(links, id)
			theirs := slices.ContainsFunc(k.UserIDs, func(id string) bool { return reaches(forms, users, id) })
			theirs = theirs || slices.ContainsFunc(k.AnonymousIDs, func(id string) bool { return reaches(forms, anonymous, id) })
			if !theirs {
				continue
			}
			kin[links.Person(id)] = k
			for _, id := range k.UserIDs {
				users[id] = true
			}
			for _, id := range k.AnonymousIDs {
				anonymous[id] = true
			}
		}
	}
	for _, k := range kin {
		p.Events += k.Events
		if k.Events > 0 && (p.First == nil || k.FirstAt.Before(*p.First)) {
			p.First = &k.FirstAt
		}
		if k.Events > 0 && (p.Last == nil || k.LastAt.After(*p.Last)) {
			p.Last = &k.LastAt
		}
	}
	p.UserIDs, p.AnonymousIDs = slices.Sorted(maps.Keys(users)), slices.Sorted(maps.Keys(anonymous))
	return p
}

func reaches(forms func(string) []string, ids map[string]bool, id string) bool {
	return slices.ContainsFunc(forms(id), func(form string) bool { return ids[form] })
}

func everybody(events []event) map[string]bool {
	all := map[string]bool{}
	for _, e := range events {
		all[cmp.Or(e.user, e.anonymous)] = true
	}
	delete(all, "")
	return all
}

func TestResolvingIsFollowingEverythingAgainAndAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := []string{"ada", "bob", "t_ada", "t_bob", "cy", "Ada@example.com"}
		devices := []string{"", "phone", "tablet", "t_phone", "bob"}
		w := &world{events: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) event {
			return event{
				user: rapid.SampledFrom(append(ids, "", "", "")).Draw(t, "user"), anonymous: rapid.SampledFrom(devices).Draw(t, "anonymous"),
				email: rapid.SampledFrom([]string{"", "", "ADA@example.com", "t_ada@example.com", "bob@example.com"}).Draw(t, "email"),
				phone: rapid.SampledFrom([]string{"", "", "1", "2"}).Draw(t, "phone"), at: rapid.IntRange(0, 5).Draw(t, "at"),
			}
		}), 0, 10).Draw(t, "events")}
		given := rapid.SampledFrom([]privacy.Identifier{
			{Kind: privacy.UserID, Value: "ada"},
			{Kind: privacy.UserID, Value: "t_bob"},
			{Kind: privacy.AnonymousID, Value: "phone"},
			{Kind: privacy.AnonymousID, Value: "bob"},
			{Kind: privacy.Email, Value: "ada@example.com"},
			{Kind: privacy.Property, Path: "properties.phone", Value: "1"},
			{Kind: privacy.UserID, Value: "nobody"},
			{Kind: privacy.UserID, Value: "tablet"},
		})
		all := rapid.SliceOfN(given, 1, 4).Draw(t, "given")
		got, err := resolve.New(w, w).Resolve(t.Context(), tenants.NewID(), all)
		require.NoError(t, err)
		for n, i := range all {
			want := w.naive(i)
			slices.SortFunc(want.Properties, byPathAndValue)
			slices.SortFunc(got[n].Properties, byPathAndValue)
			require.Equal(t, want, got[n])
		}
	})
}

func byPathAndValue(a, b privacy.Identifier) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Value, b.Value))
}

func TestResolvingAsksTheSameForManyAsForOne(t *testing.T) {
	t.Parallel()
	w := &world{}
	for n := range 300 {
		w.events = append(w.events, event{user: "u" + strings.Repeat("x", n), anonymous: "a" + strings.Repeat("x", n)})
	}
	var given []privacy.Identifier
	for n := range 256 {
		given = append(given, privacy.Identifier{Kind: privacy.UserID, Value: "u" + strings.Repeat("x", n)[:min(n, 255)]})
	}
	people, err := resolve.New(w, w).Resolve(t.Context(), tenants.NewID(), given)
	require.NoError(t, err)
	require.Len(t, people, len(given))
	require.Contains(t, people[200].AnonymousIDs, "a"+strings.Repeat("x", 200))
	require.LessOrEqual(t, w.asked, 3)
}

func TestWhatNamesNobodyIsRefused(t *testing.T) {
	t.Parallel()
	w := &world{}
	for n := range resolve.MaxPeople + 1 {
		w.events = append(w.events, event{user: "u" + strings.Repeat("x", n), phone: "unknown"})
	}
	r := resolve.New(w, w)
	_, err := r.Resolve(t.Context(), tenants.NewID(), []privacy.Identifier{{Kind: privacy.Property, Path: "properties.phone", Value: "unknown"}})
	require.ErrorIs(t, err, resolve.ErrTooBroad)
	_, err = r.Resolve(t.Context(), tenants.NewID(), []privacy.Identifier{{Kind: privacy.Property, Path: "phone", Value: "1"}})
	require.ErrorIs(t, err, privacy.ErrSubjectInvalid)
	_, err = r.Resolve(t.Context(), tenants.NewID(), make([]privacy.Identifier, privacy.MaxSubjects+1))
	require.ErrorIs(t, err, resolve.ErrTooBroad)
}
