package suppress_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// feed is a table of suppressions: each change gets the next mark.
type feed struct {
	mu    sync.Mutex
	keys  suppress.Keys
	rows  []suppress.Entry
	marks []follow.Mark
	next  follow.Mark
	away  bool
}

func newFeed(t require.TestingT) *feed {
	keys, err := suppress.NewKeys([]byte(strings.Repeat("k", 32)))
	require.NoError(t, err)
	return &feed{keys: keys, next: 1}
}

func (f *feed) put(tenant tenants.ID, i privacy.Identifier, standing privacy.Standing, erased time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows = append(f.rows, suppress.Entry{Tenant: tenant, Kind: i.Kind, Path: i.Path, Hash: f.keys.Of(tenant, i), Standing: standing, ErasedBefore: erased})
	f.marks = append(f.marks, f.next)
	f.next++
}

func (f *feed) SuppressionChanges(_ context.Context, since follow.Mark) (suppress.Changes, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		return suppress.Changes{}, fault.New(fault.Unavailable, "away", "Away.")
	}
	c := suppress.Changes{Mark: f.next, Complete: since == 0}
	newest := map[string]suppress.Entry{}
	var order []string
	for i, r := range f.rows {
		if key := fmt.Sprint(r.Tenant, r.Kind, r.Path, r.Hash); f.marks[i] >= since {
			order = append(order, key)
			newest[key] = r
		}
	}
	for _, key := range order {
		c.Entries = append(c.Entries, newest[key])
	}
	return c, nil
}

func (f *feed) ListenSuppressions(ctx context.Context, _ func()) { <-ctx.Done() }

func newSet(f *feed, now func() time.Time, applied func(follow.Mark, bool)) *suppress.Set {
	return suppress.NewSet(suppress.Config{Keys: f.keys, Feed: f, Applied: applied, Log: slog.New(slog.DiscardHandler), Now: now})
}

type held struct {
	standing privacy.Standing
	erased   time.Time
}

// Whatever was said about people in whatever order, an event is judged as a plain reading of the rules says.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	base := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		f := newFeed(t)
		set := newSet(f, time.Now, nil)
		model := map[tenants.ID]map[privacy.Identifier]held{{1}: {}, {2}: {}}
		value := rapid.SampledFrom([]string{"a", "b", "c@x.org"})
		path := rapid.SampledFrom([]string{"properties.phone", "context.traits.email"})
		tenant := rapid.SampledFrom([]tenants.ID{{1}, {2}})
		minute := func(label string) time.Time {
			return base.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, label)) * time.Minute)
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				id, i := tenant.Draw(t, "tenant"), privacy.Identifier{Kind: rapid.SampledFrom([]privacy.Kind{privacy.UserID, privacy.AnonymousID, privacy.Property}).Draw(t, "kind"), Value: value.Draw(t, "value")}
				if i.Kind == privacy.Property {
					i.Path = path.Draw(t, "path")
				}
				now := model[id][i]
				now.standing = rapid.SampledFrom([]privacy.Standing{privacy.Free, privacy.Barred, privacy.Restricted}).Draw(t, "standing")
				if erased := minute("erased"); rapid.Bool().Draw(t, "erases") && erased.After(now.erased) {
					now.erased = erased
				}
				model[id][i] = now
				f.put(id, i, now.standing, now.erased)
			},
			"refresh": func(t *rapid.T) { require.NoError(t, set.Refresh(context.Background())) },
			"lose": func(t *rapid.T) { // the next refresh reads everything
				f.away = true
				require.Error(t, set.Refresh(context.Background()))
				f.away = false
			},
			"judge": func(t *rapid.T) {
				require.NoError(t, set.Refresh(context.Background()))
				id := tenant.Draw(t, "tenant")
				some := rapid.SampledFrom([]string{"", "a", "b", "c@x.org"})
				user, device, previous, phone, mail := some.Draw(t, "user"), some.Draw(t, "device"), some.Draw(t, "previous"), some.Draw(t, "phone"), some.Draw(t, "mail")
				received := minute("received")
				entered := rapid.Bool().Draw(t, "entered")
				e := suppress.Traces{UserID: []byte(user), AnonymousID: []byte(device), PreviousID: []byte(previous), ReceivedAt: received, Entered: entered}
				if phone != "" {
					e.Paths, e.Values = append(e.Paths, "properties.phone"), append(e.Values, []byte(phone))
				}
				if mail != "" {
					e.Paths, e.Values = append(e.Paths, "context.traits.email"), append(e.Values, []byte(" "+strings.ToUpper(mail)))
				}
				bad := func(kind privacy.Kind, path, value string) (out, hold bool) {
					h, ok := model[id][privacy.Identifier{Kind: kind, Path: path, Value: value}]
					if !ok || value == "" {
						return false, false
					}
					out = h.standing == privacy.Barred && !entered || received.Before(h.erased)
					return out, h.standing == privacy.Restricted && !entered && !out
				}
				var want suppress.Verdict
				count := func(kind privacy.Kind, path, value string) {
					out, hold := bad(kind, path, value)
					if out {
						want.Fate = suppress.Out
					} else if hold && want.Fate == suppress.Pass {
						want.Fate = suppress.Hold
					}
				}
				count(privacy.UserID, "", user)
				if user == "" {
					count(privacy.AnonymousID, "", device)
				}
				count(privacy.UserID, "", previous)
				count(privacy.AnonymousID, "", previous)
				count(privacy.Property, "properties.phone", phone)
				count(privacy.Property, "context.traits.email", mail)
				if out, _ := bad(privacy.AnonymousID, "", device); out && user != "" && want.Fate != suppress.Out {
					want.Unlink = true
				}
				view := set.Enter()
				defer view.Leave()
				got := suppress.Verdict{}
				if judge := view.Of(id); judge != nil {
					got = judge.Verdict(e)
				}
				require.Equal(t, want, got, "user %q device %q previous %q phone %q mail %q received %s entered %t", user, device, previous, phone, mail, received, entered)
			},
		})
	})
}

// A change is said to be in force only when everybody has left who acts on what was before.
func TestChangeWaitsForThoseInside(t *testing.T) {
	t.Parallel()
	f := newFeed(t)
	applied := make(chan follow.Mark, 10)
	set := newSet(f, time.Now, func(m follow.Mark, _ bool) { applied <- m })
	require.NoError(t, set.Refresh(t.Context()))
	require.Equal(t, follow.Mark(1), <-applied)

	// Many times, because a change may come between any two steps of who enters.
	for round := range follow.Mark(300) {
		inside := set.Enter()
		tenant := tenants.ID{7, byte(round >> 8), byte(round)} //nolint:gosec // two bytes are enough
		f.put(tenant, privacy.Identifier{Kind: privacy.UserID, Value: "u"}, privacy.Barred, time.Time{})
		refreshed := make(chan error, 1)
		go func() { refreshed <- set.Refresh(t.Context()) }()
		for { // who comes now already sees it, and waits for nobody
			view := set.Enter()
			seen := view.Of(tenant) != nil
			view.Leave()
			if seen {
				break
			}
		}
		require.Empty(t, applied, "somebody still acts on what was before")
		require.Nil(t, inside.Of(tenant))
		inside.Leave()
		require.NoError(t, <-refreshed)
		require.Equal(t, round+2, <-applied)
	}
}

// Nobody is let through by a set that lost touch for too long, and touch is lost only where nothing was heard.
func TestKnown(t *testing.T) {
	t.Parallel()
	f := newFeed(t)
	now := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	set := newSet(f, func() time.Time { return now }, nil)
	require.True(t, set.Known(), "it may still begin")
	now = now.Add(suppress.Trusted + time.Second)
	require.False(t, set.Known())
	require.NoError(t, set.Refresh(t.Context()))
	require.True(t, set.Known())
	f.away = true
	now = now.Add(suppress.Trusted)
	require.Error(t, set.Refresh(t.Context()))
	require.True(t, set.Known())
	now = now.Add(time.Second)
	require.False(t, set.Known())
}

// Hashes of one value differ between tenants, kinds and paths, and with the secret key.
func TestHashesTellNothing(t *testing.T) {
	t.Parallel()
	seen := map[suppress.Hash]bool{}
	for _, secret := range []string{"k", "l"} {
		keys, err := suppress.NewKeys([]byte(strings.Repeat(secret, 32)))
		require.NoError(t, err)
		for _, tenant := range []tenants.ID{{1}, {2}} {
			for _, i := range []privacy.Identifier{
				{Kind: privacy.UserID, Value: "v"},
				{Kind: privacy.AnonymousID, Value: "v"},
				{Kind: privacy.Property, Path: "properties.a", Value: "v"},
				{Kind: privacy.Property, Path: "properties.b", Value: "v"},
			} {
				hash := keys.Of(tenant, i)
				require.False(t, seen[hash])
				require.Equal(t, hash, keys.Of(tenant, i))
				seen[hash] = true
			}
		}
	}
	_, err := suppress.NewKeys([]byte("short"))
	require.Error(t, err)
}

func BenchmarkEnter(b *testing.B) {
	set := newSet(newFeed(b), time.Now, nil)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			view := set.Enter()
			if view.Of(tenants.ID{1}) != nil {
				b.Error("nothing holds")
			}
			view.Leave()
		}
	})
}

func BenchmarkVerdict(b *testing.B) {
	f := newFeed(b)
	f.put(tenants.ID{1}, privacy.Identifier{Kind: privacy.UserID, Value: "somebody"}, privacy.Barred, time.Time{})
	set := newSet(f, time.Now, nil)
	require.NoError(b, set.Refresh(b.Context()))
	view := set.Enter()
	defer view.Leave()
	judge := view.Of(tenants.ID{1})
	e := suppress.Traces{UserID: []byte("user-4711"), AnonymousID: []byte("01983f5e-7c1a-7b5e-9d56-0f2f1a6e4c11"), ReceivedAt: time.Now()}
	for b.Loop() {
		judge.Verdict(e)
	}
}
