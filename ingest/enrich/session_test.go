package enrich_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest/enrich"
	"github.com/observatory/observatory/tenants"
)

// visitor sends events of one person.
type visitor struct {
	e      *enrich.Enricher
	tenant tenants.ID
	who    string
	sent   int
}

// send sends an event so long after noon. It returns the session, and whether the event began it.
func (v *visitor) send(t testing.TB, after time.Duration) (session string, begins bool) {
	t.Helper()
	v.sent++
	return v.sendAs(t, after, fmt.Sprint("event ", v.sent))
}

func (v *visitor) sendAs(t testing.TB, after time.Duration, id string) (session string, begins bool) {
	t.Helper()
	in := input(t, `{}`, `{}`)
	in.Tenant, in.Event.AnonymousID, in.Event.ID, in.Event.Time = v.tenant, []byte(v.who), []byte(id), noon.Add(after)
	v.e.Apply(in, nil)
	begins, _ = facts(t, in.Event)["session_new"].(bool)
	return string(in.Event.SessionID), begins
}

func newVisitor(t testing.TB, people int) *visitor {
	t.Helper()
	return &visitor{e: enricher(t, `{}`, enrich.Resources{Sessions: enrich.NewSessions(people)}), tenant: tenants.NewID(), who: "anna"}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, 10)
	first, begins := v.send(t, 0)
	require.True(t, begins)
	require.Regexp(t, `^ses_[A-Za-z0-9_-]{20}$`, first)

	same, begins := v.send(t, 30*time.Minute)
	require.Equal(t, first, same)
	require.False(t, begins)

	next, begins := v.send(t, 60*time.Minute+time.Millisecond)
	require.NotEqual(t, first, next)
	require.True(t, begins)

	late, begins := v.send(t, 10*time.Minute)
	require.Equal(t, first, late, "what comes late falls into its session")
	require.False(t, begins)

	before, begins := v.send(t, -time.Minute)
	require.Equal(t, first, before, "a session that turns out to have begun earlier keeps its ID")
	require.False(t, begins)
}

func TestSessionOfARetry(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, 10)
	first, begins := v.sendAs(t, 0, "opener")
	require.True(t, begins)
	v.sendAs(t, time.Second, "other")
	again, begins := v.sendAs(t, 2*time.Second, "opener")
	require.True(t, begins, "a retry gets the same answer")
	require.Equal(t, first, again)
}

func TestSessionsEndAfterADay(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, 10)
	first, _ := v.send(t, 0)
	var last string
	for at := time.Duration(0); at <= 24*time.Hour; at += 20 * time.Minute {
		last, _ = v.send(t, at)
		require.Equal(t, first, last)
	}
	next, begins := v.send(t, 24*time.Hour+20*time.Minute)
	require.NotEqual(t, first, next)
	require.True(t, begins)
}

func TestSessionsOfNobodyAndThoseThatAreSent(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, 10)
	in := input(t, `{}`, `{}`)
	v.e.Apply(in, nil)
	require.Empty(t, in.Event.SessionID)
	require.Nil(t, in.Event.Facts)

	in.Event.UserID, in.Event.SessionID = []byte("u"), []byte("sent")
	v.e.Apply(in, nil)
	require.Equal(t, "sent", string(in.Event.SessionID))
	require.Nil(t, in.Event.Facts, "whether a session that was sent is new is for its sender to know")
}

func TestSessionGoesOnWhenSomebodyLogsIn(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, 10)
	first, _ := v.send(t, 0)
	in := input(t, `{}`, `{}`)
	in.Tenant, in.Event.AnonymousID, in.Event.UserID = v.tenant, []byte(v.who), []byte("u-7")
	v.e.Apply(in, nil)
	require.Equal(t, first, string(in.Event.SessionID))
}

func TestSessionsAreApart(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, 10)
	first, _ := v.send(t, 0)
	v.who = "berta"
	second, begins := v.send(t, 0)
	require.True(t, begins)
	require.NotEqual(t, first, second)
	v.who, v.tenant = "anna", tenants.NewID()
	third, begins := v.send(t, 0)
	require.True(t, begins, "another tenant's Anna")
	require.NotEqual(t, first, third)
}

func TestSessionIDsAreTheSameEverywhere(t *testing.T) {
	t.Parallel()
	a, b := newVisitor(t, 10), newVisitor(t, 10)
	b.tenant = a.tenant
	first, _ := a.send(t, 0)
	second, _ := b.send(t, 0)
	require.Equal(t, first, second)
}

func TestSessionTimeout(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, 10)
	v.e = enricher(t, `{"session":{"timeout_minutes":1}}`, enrich.Resources{Sessions: enrich.NewSessions(10)})
	first, _ := v.send(t, 0)
	second, _ := v.send(t, time.Minute)
	require.Equal(t, first, second)
	third, _ := v.send(t, 2*time.Minute+time.Millisecond)
	require.NotEqual(t, first, third)
}

// Whoever was not seen for the longest is forgotten, and nobody else.
func TestSessionMemoryIsBounded(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, 16)
	first, _ := v.send(t, 0)
	for i := range 1000 {
		v.who = fmt.Sprint("visitor ", i)
		v.send(t, 0)
	}
	last, _ := v.send(t, time.Minute)
	again, begins := v.send(t, 2*time.Minute)
	require.Equal(t, last, again)
	require.False(t, begins)
	v.who = "anna"
	again, begins = v.send(t, time.Minute)
	require.NotEqual(t, first, again)
	require.True(t, begins)
}

// In order of time, sessions are what they are by definition: cut where more than the timeout lies between two events, and after a day.
func TestSessionsInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		v := newVisitor(t, 1)
		var at, start, last time.Duration
		var session string
		for i, gap := range rapid.SliceOfN(rapid.Int64Range(0, int64(45*time.Minute/time.Millisecond)), 1, 80).Draw(r, "gaps") {
			at += time.Duration(gap) * time.Millisecond
			got, begins := v.send(t, at)
			fresh := i == 0 || at-last > 30*time.Minute || at-start > 24*time.Hour
			if fresh {
				start = at
				require.NotEqual(r, session, got)
			} else {
				require.Equal(r, session, got)
			}
			require.Equal(r, fresh, begins)
			session, last = got, at
		}
	})
}

func TestSessionsAreForManyGoroutines(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, 100)
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		seen   = map[string]bool{}
		opened int
	)
	for g := range 8 {
		all.Go(func() {
			for i := range 200 {
				session, begins := v.sendAs(t, time.Duration(i)*time.Second, fmt.Sprint(g, i))
				mu.Lock()
				seen[session] = true
				if begins {
					opened++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	require.Len(t, seen, 1)
	require.Equal(t, 1, opened)
}

// Nothing stands for a person for longer than a day after the last event.
func TestPeopleAreForgottenWhoWereNotSeenForADay(t *testing.T) {
	t.Parallel()
	sessions := enrich.NewSessions(1000)
	v := &visitor{e: enricher(t, `{}`, enrich.Resources{Sessions: sessions}), tenant: tenants.NewID()}
	for i := range 100 {
		v.who = fmt.Sprint(i)
		v.send(t, 0)
	}
	v.who = "anna"
	first, _ := v.send(t, 0)
	for range 24 {
		sessions.HourPasses()
		again, _ := v.send(t, 0)
		require.Equal(t, first, again)
		require.Equal(t, 101, sessions.People())
	}
	sessions.HourPasses()
	require.Equal(t, 1, sessions.People(), "who was seen in between is remembered")
}
