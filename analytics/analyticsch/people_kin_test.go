package analyticsch_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
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

func (b bench) kin() analyticsch.Kin {
	return analyticsch.NewKin(analyticsch.Config{Conn: b.conn, Now: now})
}

// hold sets events aside, as a restriction does.
func (b bench) hold(t tester, tenant tenants.ID, events ...analytics.Event) {
	t.Helper()
	batch, err := b.conn.PrepareBatch(t.Context(), "INSERT INTO held_events (tenant_id, event, type, time, event_id, user_id, anonymous_id, properties, context, received_at, receipt_id, reason, held_at)")
	require.NoError(t, err)
	for _, e := range events {
		e = filled(e, uuid.New(), 0)
		require.NoError(t, batch.Append(uuid.UUID(tenant), e.Name, e.Type, e.Time, e.ID, e.UserID, e.AnonymousID, string(e.Properties), string(e.Context), e.ReceivedAt, e.ReceiptID, "restricted", now()))
	}
	require.NoError(t, batch.Send())
}

// naiveKin finds the person of an ID the slow way; nil when no event carries or names it.
func (c *crowd) naiveKin(id string) *people.Kin {
	links := c.links(analytics.LatestTime())
	person := links.Person(id)
	kin := people.Kin{Person: person}
	var named []string
	known := false
	for _, e := range c.events {
		var previous struct {
			ID string `json:"previous_id"`
		}
		if _ = json.Unmarshal(e.Properties, &previous); e.Type != "alias" || e.UserID == "" {
			previous.ID = ""
		}
		known = known || id == e.UserID || id == e.AnonymousID || id == previous.ID && previous.ID != e.UserID
		if e.UserID != "" && links.Person(e.UserID) == person {
			kin.UserIDs = append(kin.UserIDs, e.UserID)
		}
		if e.AnonymousID != "" && links.Person(e.AnonymousID) == person {
			kin.AnonymousIDs = append(kin.AnonymousIDs, e.AnonymousID)
		}
		if previous.ID != "" && links.Person(previous.ID) == person {
			named = append(named, previous.ID)
		}
		if who := cmp.Or(e.UserID, e.AnonymousID); who != "" && links.Person(who) == person {
			kin.Events++
			if kin.FirstAt.IsZero() || e.Time.Before(kin.FirstAt) {
				kin.FirstAt = e.Time
			}
			if e.Time.After(kin.LastAt) {
				kin.LastAt = e.Time
			}
		}
	}
	if !known {
		return nil
	}
	for _, id := range named {
		if !slices.Contains(kin.UserIDs, id) {
			kin.AnonymousIDs = append(kin.AnonymousIDs, id)
		}
	}
	slices.Sort(kin.UserIDs)
	slices.Sort(kin.AnonymousIDs)
	kin.UserIDs, kin.AnonymousIDs = slices.Compact(kin.UserIDs), slices.Compact(kin.AnonymousIDs)
	return &kin
}

// Whole people are found whether their events are rolled up, stitched, newer than that, or set aside.
func TestKinAreThoseThatStitchingJoins(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	rapid.Check(t, func(t *rapid.T) {
		hours := crowdHours(t)
		c := &crowd{b: b, tenant: tenants.NewID(), log: uuid.New()}
		c.arrive(t, drawCrowd(hours).Draw(t, "events"))
		if rapid.Bool().Draw(t, "rolled up") {
			_, err := b.rollups().Recompute(t.Context(), c.tenant, hours[:rapid.IntRange(1, len(hours)).Draw(t, "hours")], nil)
			require.NoError(t, err)
			b.link(t, c.tenant)
		}
		later := drawCrowd(hours).Draw(t, "more events")
		later = slices.DeleteFunc(later, func(e analytics.Event) bool {
			return slices.ContainsFunc(c.events, func(o analytics.Event) bool { return o.ID == e.ID })
		})
		switch rapid.IntRange(0, 2).Draw(t, "later") {
		case 0:
			c.arrive(t, later)
		case 1:
			c.events = append(c.events, later...)
			b.hold(t, c.tenant, later...)
		}
		asked := rapid.SliceOfN(rapid.SampledFrom([]string{"ada", "bob", "cy", "dan", "phone", "tablet", "laptop", "nobody"}), 1, 5).Draw(t, "asked")
		want := map[string]people.Kin{}
		for _, id := range asked {
			if kin := c.naiveKin(id); kin != nil {
				want[kin.Person] = *kin
			}
		}
		found, err := b.kin().Kin(t.Context(), c.tenant, asked, 100)
		require.NoError(t, err)
		got := map[string]people.Kin{}
		for _, kin := range found {
			got[kin.Person] = kin
		}
		require.Equal(t, want, got)
	})
}

func TestKinAreBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tenant := tenants.NewID()
	var events []analytics.Event
	for _, id := range []string{"a1", "a2", "a3", "a4"} {
		events = append(events, analytics.Event{UserID: "ada", AnonymousID: id})
	}
	b.store(t, tenant, events...)
	found, err := b.kin().Kin(t.Context(), tenant, []string{"a3"}, 5)
	require.NoError(t, err)
	require.Equal(t, []string{"a1", "a2", "a3", "a4"}, found[0].AnonymousIDs)
	_, err = b.kin().Kin(t.Context(), tenant, []string{"a3"}, 4)
	require.ErrorIs(t, err, people.ErrTooMany)
	found, err = b.kin().Kin(t.Context(), tenants.NewID(), []string{"ada", "a1"}, 5)
	require.NoError(t, err)
	require.Empty(t, found, "of another tenant")
}

func TestCarriers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tenant := tenants.NewID()
	b.store(t, tenant,
		analytics.Event{UserID: "ada", Properties: object("email", " Ada@Example.com")},
		analytics.Event{AnonymousID: "phone", Context: []byte(`{"traits":{"email":"ADA@example.com"}}`)},
		analytics.Event{UserID: "bob", AnonymousID: "phone", Properties: object("phone", 12345)},
		analytics.Event{UserID: "cy", Properties: object("phone", "12 345")},
		analytics.Event{Properties: object("email", "ada@example.com")}, // nobody's
		analytics.Event{UserID: "dan", Properties: object("email", "dan@example.com"), Time: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)},
	)
	b.hold(t, tenant, analytics.Event{UserID: "eve", Properties: object("email", "ada@example.com")})
	wanted := []people.Carried{
		{Path: "properties.email", Value: "ada@example.com", Folded: true},
		{Path: "context.traits.email", Value: "ada@example.com", Folded: true},
		{Path: "properties.phone", Value: "12345"},
		{Path: "properties.email", Value: "dan@example.com", Folded: true},
	}
	found, err := b.kin().Carriers(t.Context(), tenant, wanted, 10)
	require.NoError(t, err)
	slices.SortFunc(found, func(a, b people.Carrier) int { return strings.Compare(a.ID, b.ID) })
	require.Equal(t, []people.Carrier{
		{Carried: wanted[0], ID: "ada", User: true},
		{Carried: wanted[2], ID: "bob", User: true},
		{Carried: wanted[3], ID: "dan", User: true},
		{Carried: wanted[0], ID: "eve", User: true},
		{Carried: wanted[1], ID: "phone"},
	}, found)
	_, err = b.kin().Carriers(t.Context(), tenant, wanted, 4)
	require.ErrorIs(t, err, people.ErrTooMany)
	_, err = b.kin().Carriers(t.Context(), tenant, []people.Carried{{Path: "email", Value: "x"}}, 4)
	require.Error(t, err)
}
