package analyticsch_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/tenants"
)

func (b bench) people() *people.Service {
	return people.New(people.Deps{Store: analyticsch.NewPeople(analyticsch.Config{Conn: b.conn, Now: now}), Now: now})
}

func (b bench) link(t tester, tenant tenants.ID) people.Relinked {
	t.Helper()
	r, err := people.NewLinker(analyticsch.NewLinks(analyticsch.Config{Conn: b.conn, Now: now}), b.rollups()).Link(t.Context(), tenant)
	require.NoError(t, err)
	return r
}

// crowd is a tenant whose people are recounted the slow way.
type crowd struct {
	b      bench
	tenant tenants.ID
	log    uuid.UUID
	events []analytics.Event
	marks  uint64
}

func crowdHours(t tester) []time.Time {
	first := at(t, "2024-05-18 10:00")
	return []time.Time{first, first.Add(time.Hour), first.Add(2 * time.Hour), first.Add(49 * time.Hour)}
}

func drawCrowd(hours []time.Time) *rapid.Generator[[]analytics.Event] {
	users := []string{"", "", "ada", "bob", "cy", "dan", "phone"}
	one := rapid.Custom(func(t *rapid.T) analytics.Event {
		e := analytics.Event{
			ID: rapid.StringMatching("[a-z]{12}").Draw(t, "id"), Name: "look", UserID: rapid.SampledFrom(users).Draw(t, "user"),
			AnonymousID: rapid.SampledFrom([]string{"", "phone", "tablet", "laptop", "dan"}).Draw(t, "anonymous"),
			Time:        rapid.SampledFrom(hours).Draw(t, "hour").Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "ms")) * time.Millisecond),
		}
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			e.Name, e.Type, e.Properties = "alias", "alias", object("previous_id", rapid.SampledFrom(users).Draw(t, "previous"))
		case 1:
			e.Name, e.Type, e.Properties = "hello", "identify", object(rapid.SampledFrom([]string{"name", "plan"}).Draw(t, "trait"), rapid.SampledFrom([]any{"x", "y", nil}).Draw(t, "value"))
		}
		e.ReceivedAt = e.Time.Add(time.Second)
		return e
	})
	return rapid.SliceOfNDistinct(one, 1, 25, func(e analytics.Event) string { return e.ID })
}

func (c *crowd) arrive(t tester, events []analytics.Event) {
	t.Helper()
	c.events = append(c.events, events...)
	c.b.store(t, c.tenant, events...)
	c.changed(t)
}

func (c *crowd) changed(t tester) {
	t.Helper()
	c.marks++
	for _, hour := range crowdHours(t) {
		c.b.mark(t, c.tenant, c.log, hour, c.marks, c.marks)
	}
}

func (c *crowd) links(until time.Time) people.Links {
	var meetings []people.Meeting
	var aliases []people.Alias
	users := map[string]bool{}
	for _, e := range c.events {
		users[e.UserID] = e.UserID != ""
		if e.Time.After(until) {
			continue
		}
		meetings = append(meetings, people.Meeting{UserID: e.UserID, AnonymousID: e.AnonymousID, At: e.Time, EventID: e.ID})
		if e.Type == "alias" {
			var previous struct {
				ID string `json:"previous_id"`
			}
			_ = json.Unmarshal(e.Properties, &previous)
			aliases = append(aliases, people.Alias{PreviousID: previous.ID, UserID: e.UserID, At: e.Time, EventID: e.ID})
		}
	}
	return people.Stitch(meetings, aliases, func(id string) bool { return users[id] })
}

// of are the events of a person, newest first.
func (c *crowd) of(links people.Links, person string, until time.Time) (events []analytics.Event) {
	for _, e := range c.events {
		if links.Person(cmp.Or(e.UserID, e.AnonymousID)) == person && !e.Time.After(until) {
			events = append(events, e)
		}
	}
	slices.SortFunc(events, func(a, b analytics.Event) int { return b.Time.Compare(a.Time) })
	return events
}

func (c *crowd) persons(links people.Links) []string {
	var all []string
	for _, e := range c.events {
		if id := cmp.Or(e.UserID, e.AnonymousID); id != "" {
			all = append(all, links.Person(id))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (c *crowd) requireLinks(t tester, want people.Links) {
	t.Helper()
	rows, err := c.b.conn.Query(t.Context(), "SELECT id, person FROM identities FINAL WHERE tenant_id = ? AND id != person", uuid.UUID(c.tenant))
	require.NoError(t, err)
	got := people.Links{}
	for rows.Next() {
		var id, person string
		require.NoError(t, rows.Scan(&id, &person))
		got[id] = person
	}
	require.NoError(t, rows.Err())
	require.Equal(t, want, got)
}

// requireTrends asks how many people there were, which is answered from rollups, from events, or from both.
func (c *crowd) requireTrends(t tester, links people.Links) {
	t.Helper()
	hours := crowdHours(t)
	result, err := c.b.service.Trends(t.Context(), c.tenant, analytics.TrendsQuery{
		Measure: analytics.MeasureUniqueUsers, Interval: analytics.IntervalHour, Timezone: "UTC", From: hours[0], To: hours[3].Add(time.Hour),
	})
	require.NoError(t, err)
	require.InDelta(t, len(c.persons(links)), *result.Series[0].Total, 0)
	for _, point := range result.Series[0].Points {
		in := crowd{}
		for _, e := range c.events {
			if e.Time.Truncate(time.Hour).Equal(point.Time) {
				in.events = append(in.events, e)
			}
		}
		require.InDelta(t, len(in.persons(links)), *point.Value, 0, point.Time)
	}
}

func (c *crowd) requirePeople(t tester, links people.Links) {
	t.Helper()
	service := c.b.people()
	var listed []string
	last := analytics.LatestTime()
	for cursor, first := "", true; first || cursor != ""; first = false {
		page, err := service.List(t.Context(), c.tenant, people.ListQuery{Limit: 2, Cursor: cursor})
		require.NoError(t, err)
		for _, p := range page.People {
			events := c.of(links, p.Person, analytics.LatestTime())
			require.NotEmpty(t, events)
			require.False(t, p.LastAt.After(last))
			last = p.LastAt
			require.Equal(t, events[0].Time, p.LastAt)
			require.Equal(t, events[len(events)-1].Time, p.FirstAt)
			require.EqualValues(t, len(events), p.Events)
			listed = append(listed, p.Person)
		}
		cursor = page.NextCursor
	}
	slices.Sort(listed)
	require.Equal(t, c.persons(links), listed)

	for _, until := range []time.Time{analytics.LatestTime().Add(-time.Hour), crowdHours(t)[1].Add(time.Millisecond)} {
		then := c.links(until)
		for _, id := range []string{"ada", "bob", "cy", "dan", "phone", "tablet", "laptop"} {
			person := then.Person(id)
			want := c.of(then, person, until)
			p, err := service.Profile(t.Context(), c.tenant, id, until)
			if len(want) == 0 {
				require.ErrorIs(t, err, people.ErrPersonNotFound)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, person, p.Person)
			require.EqualValues(t, len(want), p.Events)
			require.Equal(t, want[0].Time, p.LastAt)
			var said []people.Statement
			for _, e := range want {
				said = append(said, people.Statement{Type: e.Type, At: e.Time, EventID: e.ID, ReceivedAt: e.ReceivedAt, Properties: e.Properties})
			}
			if len(slices.CompactFunc(slices.Clone(want), func(a, b analytics.Event) bool { return a.Time.Equal(b.Time) })) == len(want) { // else the requests' order decides
				require.Equal(t, people.Traits(said), p.Traits)
			}
			var timeline []string
			for cursor, first := "", true; first || cursor != ""; first = false {
				page, err := service.Timeline(t.Context(), c.tenant, people.TimelineQuery{ID: id, AsOf: until, Limit: 3, Cursor: cursor})
				require.NoError(t, err)
				require.LessOrEqual(t, len(page.Events), 3)
				for _, e := range page.Events {
					timeline = append(timeline, e.ID)
				}
				cursor = page.NextCursor
			}
			var ids []string
			for _, e := range want {
				ids = append(ids, e.ID)
			}
			require.ElementsMatch(t, ids, timeline)
		}
	}
}

// Whatever arrives in whatever order, is late or is deleted, and whichever hours are rolled up: people are what a recount comes to.
func TestPeopleAgreeWithARecount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	rounds := 2
	if os.Getenv("OBSERVATORY_TEST_LONG") == "1" {
		rounds = 200
	}
	hours := crowdHours(t)
	for seed := range rounds {
		c := &crowd{b: b, tenant: tenants.NewID(), log: uuid.New()}
		events := drawCrowd(hours).Example(seed)
		late := len(events) / 3
		recompute := func(hours ...time.Time) {
			_, err := b.rollups().Recompute(t.Context(), c.tenant, hours, nil)
			require.NoError(t, err)
		}
		check := func(step string) {
			t.Log(seed, step)
			b.link(t, c.tenant)
			links := c.links(analytics.LatestTime())
			c.requireLinks(t, links)
			c.requireTrends(t, links)
			require.Zero(t, b.link(t, c.tenant).Changed)
		}
		c.arrive(t, events[late:])
		recompute(hours[:2]...)
		check("some hours are rolled up")
		recompute(hours...)
		check("all hours are rolled up")
		c.arrive(t, events[:late])
		check("late events")
		recompute(hours...)
		check("late events are rolled up")
		gone := c.events[len(c.events)/2].ID
		require.NoError(t, b.conn.Exec(t.Context(), "DELETE FROM events WHERE tenant_id = ? AND event_id = ?", uuid.UUID(c.tenant), gone))
		c.events = slices.DeleteFunc(c.events, func(e analytics.Event) bool { return e.ID == gone })
		c.changed(t)
		recompute(hours...)
		check("an event is gone")
		recompute(hours...)
		c.requireTrends(t, c.links(analytics.LatestTime()))
		c.requirePeople(t, c.links(analytics.LatestTime()))
	}
}

// A run that ends between writing the links and marking the hours leaves the marking to the next one.
func TestHoursOfARunThatWasCutShortAreMarked(t *testing.T) {
	t.Parallel()
	b, tenant := newBench(t), tenants.NewID()
	hour := at(t, "2024-05-18 10:00")
	b.store(t, tenant, analytics.Event{Time: hour, AnonymousID: "phone"}, analytics.Event{Time: hour.Add(2 * time.Hour), AnonymousID: "phone", UserID: "ada"})
	b.mark(t, tenant, uuid.New(), hour, 1, 1)
	_, err := b.rollups().Recompute(t.Context(), tenant, []time.Time{hour, hour.Add(2 * time.Hour)}, nil)
	require.NoError(t, err)

	links := analyticsch.NewLinks(analyticsch.Config{Conn: b.conn, Now: now})
	first, err := links.Relink(t.Context(), tenant)
	require.NoError(t, err)
	require.Equal(t, 1, first.Changed)
	require.Equal(t, []time.Time{hour}, first.Hours, "where the phone's person is somebody else now")

	again := b.link(t, tenant)
	require.Zero(t, again.Changed)
	require.Equal(t, []time.Time{hour}, again.Hours)
	require.Equal(t, map[time.Time]bool{hour: false}, b.dirtyHours(t, tenant))
	require.Zero(t, b.link(t, tenant).Version, "nothing is left to do")
}

func TestTouchedTenants(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	touched, old := tenants.NewID(), tenants.NewID()
	b.mark(t, touched, uuid.New(), now().Truncate(time.Hour), 1, 1)
	require.NoError(t, b.conn.Exec(t.Context(), "INSERT INTO marks SELECT ?, ?, ?, 1, 1, now64(3) - INTERVAL 2 MINUTE", uuid.UUID(old), now(), uuid.New()))
	found, err := analyticsch.NewLinks(analyticsch.Config{Conn: b.conn, Now: now}).Touched(t.Context(), time.Minute)
	require.NoError(t, err)
	require.Equal(t, []tenants.ID{touched}, found)
}

// Two tenants have people with the same IDs, and a word of their own in everything else.
func TestPeopleOfTenantsAreApart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	words := map[tenants.ID]string{tenants.NewID(): "albatross", tenants.NewID(): "bittern"}
	for tenant, word := range words {
		for i, hour := range crowdHours(t) {
			b.store(t, tenant,
				analytics.Event{Time: hour, Name: "hello", Type: "identify", UserID: "ada", AnonymousID: "phone-" + word, Properties: object("name", word)},
				analytics.Event{Time: hour, Name: word, Type: "group", UserID: "ada", Properties: object("group_id", word)},
				analytics.Event{Time: hour, UserID: fmt.Sprint(word, i), AnonymousID: "phone"},
			)
			b.mark(t, tenant, uuid.New(), hour, 1, 1)
		}
		_, err := b.rollups().Recompute(t.Context(), tenant, crowdHours(t)[:2], nil)
		require.NoError(t, err)
		b.link(t, tenant)
	}
	for tenant, word := range words {
		var answers []any
		keep := func(answer any, err error) {
			require.NoError(t, err)
			answers = append(answers, answer)
		}
		page, err := b.people().List(t.Context(), tenant, people.ListQuery{})
		keep(page, err)
		require.Len(t, page.People, 5)
		page, err = b.people().List(t.Context(), tenant, people.ListQuery{ID: "phone"})
		keep(page, err)
		require.Equal(t, word+"0", page.People[0].Person)
		profile, err := b.people().Profile(t.Context(), tenant, "ada", time.Time{})
		keep(profile, err)
		require.EqualValues(t, 8, profile.Events)
		changes, err := b.people().History(t.Context(), tenant, "ada", time.Time{})
		keep(changes, err)
		require.Len(t, changes, 1)
		timeline, err := b.people().Timeline(t.Context(), tenant, people.TimelineQuery{ID: "ada"})
		keep(timeline, err)
		require.Len(t, timeline.Events, 8)
		text, err := json.Marshal(answers)
		require.NoError(t, err)
		for of, other := range words {
			if of == tenant {
				require.Contains(t, string(text), other)
				continue
			}
			require.NotContains(t, string(text), other)
			_, err := b.people().Profile(t.Context(), tenant, "phone-"+other, time.Time{})
			require.ErrorIs(t, err, people.ErrPersonNotFound)
		}
	}
}
