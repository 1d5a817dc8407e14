package people

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics"
)

func minute(n int) time.Time { return time.Date(2026, time.March, 1, 0, n, 0, 0, time.UTC) }

func identify(at int, user, traits string) Statement {
	return Statement{Type: "identify", At: minute(at), EventID: traits, UserID: user, Properties: json.RawMessage(traits)}
}

func values(traits map[string]Trait) map[string]string {
	texts := map[string]string{}
	for key, trait := range traits {
		texts[key] = string(trait.Value)
	}
	return texts
}

func TestTraits(t *testing.T) {
	t.Parallel()
	said := []Statement{
		identify(3, "ada", `{"plan": "team", "seats": 5}`),
		identify(1, "ada", `{"plan": "free", "city": "Paris", "tags": {"a": 1}}`),
		identify(4, "ada", `{"city": null, "seats": 5, "tags": {"b":2}}`),
		{Type: "group", At: minute(5), Properties: json.RawMessage(`{"plan": "of the group"}`)},
		identify(6, "ada", `[1]`),
	}
	require.Equal(t, map[string]string{"plan": `"team"`, "seats": `5`, "tags": `{"b":2}`}, values(Traits(said)))
	require.Equal(t, minute(4), Traits(said)["seats"].At)

	var changes []string
	for _, c := range History(said) {
		changes = append(changes, c.At.Format("4")+" "+c.Key+" "+string(c.From)+" > "+string(c.To))
	}
	require.Equal(t, []string{
		`4 tags {"a":1} > {"b":2}`, `4 city "Paris" > `, `3 seats  > 5`, `3 plan "free" > "team"`,
		`1 tags  > {"a":1}`, `1 plan  > "free"`, `1 city  > "Paris"`,
	}, changes)
}

func TestGroups(t *testing.T) {
	t.Parallel()
	group := func(at int, properties string) Statement {
		return Statement{Type: "group", At: minute(at), Properties: json.RawMessage(properties)}
	}
	require.Equal(t, []Group{
		{ID: "acme", Since: minute(1), LastAt: minute(4), Traits: map[string]json.RawMessage{"name": json.RawMessage(`"Acme"`)}},
		{ID: "7", Since: minute(2), LastAt: minute(2), Traits: map[string]json.RawMessage{}},
	}, Groups([]Statement{
		group(4, `{"group_id": "acme", "name": "Acme", "seats": null}`), group(2, `{"group_id": 7}`), group(1, `{"group_id": "acme", "seats": 3}`),
		group(3, `{"name": "none"}`), group(3, `{"group_id": {}}`),
	}))
}

// Whatever the order in which they arrived, the same traits and the same history; the history leads to the traits.
func TestTraitsOfAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		said := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Statement {
			s := identify(rapid.IntRange(0, 4).Draw(t, "at"), "ada", rapid.SampledFrom([]string{`{"a":1}`, `{"a":null}`, `{"a":2,"b":1}`, `{"b":null}`, `{"b":"x"}`}).Draw(t, "traits"))
			s.EventID = rapid.StringN(8, 8, -1).Draw(t, "id")
			return s
		}), 0, 10).Draw(t, "said")
		arrived := rapid.Permutation(said).Draw(t, "arrived")
		require.Equal(t, Traits(said), Traits(arrived))
		changes := History(said)
		require.Equal(t, changes, History(arrived))
		now := map[string]string{}
		for i := len(changes) - 1; i >= 0; i-- {
			if now[changes[i].Key] = string(changes[i].To); changes[i].To == nil {
				delete(now, changes[i].Key)
			}
		}
		require.Equal(t, values(Traits(said)), now)
	})
}

func TestCompose(t *testing.T) {
	t.Parallel()
	seen := func(user, anonymous string, events int64, first, last int) Sighting {
		return Sighting{UserID: user, AnonymousID: anonymous, Events: events, FirstAt: minute(first), LastAt: minute(last)}
	}
	sightings := []Sighting{
		seen("", "phone", 3, 1, 9), seen("ada", "phone", 2, 5, 20), seen("ada", "", 1, 2, 2), seen("", "laptop", 4, 12, 13), seen("ada", "laptop", 1, 14, 14),
		seen("bob", "phone", 10, 30, 40), // on Ada's phone, and not Ada
		seen("ada@old", "", 1, 0, 0),
	}
	aliases := []Alias{{PreviousID: "ada@old", UserID: "ada", At: minute(3)}}
	said := []Statement{identify(5, "ada", `{"name":"Ada"}`), identify(31, "bob", `{"name":"Bob"}`)}
	adas := []string{"ada", "phone", "laptop", "ada@old"}
	for _, id := range adas {
		p, own, err := compose(id, adas, sightings, aliases, said)
		require.NoError(t, err)
		require.Equal(t, "ada", p.Person)
		require.EqualValues(t, 12, p.Events)
		require.Equal(t, []time.Time{minute(0), minute(20)}, []time.Time{p.FirstAt, p.LastAt})
		require.Equal(t, map[string]string{"name": `"Ada"`}, values(p.Traits))
		require.Len(t, own, 1)
		at := func(n int) *time.Time { m := minute(n); return &m }
		require.Equal(t, []ID{
			{ID: "ada", User: true, FirstAt: at(2), LastAt: at(20), Events: 4},
			{ID: "ada@old", User: true, LinkedAt: at(3), FirstAt: at(0), LastAt: at(0), Events: 1},
			{ID: "phone", LinkedAt: at(5), FirstAt: at(1), LastAt: at(20), Events: 5},
			{ID: "laptop", LinkedAt: at(14), FirstAt: at(12), LastAt: at(14), Events: 5},
		}, p.IDs)
	}
	p, _, err := compose("bob", []string{"bob"}, sightings, aliases, said)
	require.NoError(t, err)
	require.Len(t, p.IDs, 1)
	require.EqualValues(t, 10, p.Events)

	// Before anybody logged in, the phone was somebody unknown.
	p, _, err = compose("phone", adas, []Sighting{seen("", "phone", 3, 1, 4)}, nil, nil)
	require.NoError(t, err)
	require.Equal(t, "phone", p.Person)
	require.False(t, p.IDs[0].User)

	_, _, err = compose("nobody", []string{"nobody"}, sightings, aliases, said)
	require.ErrorIs(t, err, ErrPersonNotFound)
}

func TestPlacesAreReadAsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		place := Place{LastAt: minute(rapid.IntRange(0, 1e6).Draw(t, "at")), Tie: rapid.Uint64().Draw(t, "tie")}
		got, err := parsePlace(place.cursor())
		require.NoError(t, err)
		require.Equal(t, place, *got)
	})
	for _, cursor := range []string{"x", "AA", analytics.Position{Time: minute(1), ReceivedAt: minute(1)}.Cursor()} {
		_, err := parsePlace(cursor)
		require.ErrorIs(t, err, analytics.ErrCursorInvalid, cursor)
	}
}
