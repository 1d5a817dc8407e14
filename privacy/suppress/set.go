package suppress

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/tenants"
)

// Trusted is how old what a Set knows may be. Beyond that nobody can say what holds, and events are held until somebody can.
const Trusted = 15 * time.Minute

const (
	poll           = 2 * time.Second
	changesTimeout = 2 * time.Second
	loadTimeout    = time.Minute // of everything
)

// Config of a Set.
type Config struct {
	Keys Keys
	Feed Feed
	// Applied, when set, is told after each refresh what is in force: all that transactions before the mark have changed; and whether
	// that may be more than before. Nobody acts on anything older by then.
	Applied func(mark follow.Mark, changed bool)
	Log     *slog.Logger
	Now     func() time.Time
}

// Set is what holds on this node. All methods may be called from many goroutines. Call Refresh to begin and Run to go on.
type Set struct {
	*follow.Follower // keeps it fresh
	keys             Keys
	view             atomic.Pointer[View]
}

// NewSet makes a set that knows nothing.
func NewSet(cfg Config) *Set {
	s := &Set{keys: cfg.Keys}
	s.view.Store(&View{})
	s.Follower = follow.New(follow.Config{
		What: "suppressions", Meanwhile: "the last known ones are applied, and after 15 minutes events are held", Poll: poll, Changes: changesTimeout, All: loadTimeout,
		Listen: cfg.Feed.ListenSuppressions, Log: cfg.Log, Now: cfg.Now,
		Ask: func(ctx context.Context, since follow.Mark) (follow.Mark, func(), error) {
			changes, err := cfg.Feed.SuppressionChanges(ctx, since)
			return changes.Mark, func() {
				s.apply(changes)
				if cfg.Applied != nil {
					cfg.Applied(changes.Mark, changes.Complete || len(changes.Entries) > 0)
				}
			}, err
		},
	})
	return s
}

// Known tells whether what is known is recent enough to say who is not suppressed.
func (s *Set) Known() bool { return s.Staleness() <= Trusted }

// Enter gives what holds now. Who acts on it leaves it when whatever he did has come to lie where a later look finds it: in the log, or
// written down beside it. A change is in force only when everybody has left who entered before it.
func (s *Set) Enter() *View {
	for {
		v := s.view.Load()
		if !v.inside.TryRLock() {
			continue // it was replaced in between, and whoever replaced it waits: for those who are inside, who may wait for us
		}
		if s.view.Load() == v {
			return v
		}
		v.inside.RUnlock() // it was replaced in between, and whoever replaced it may not have waited for us
	}
}

// View is what holds at one time. It does not change.
type View struct {
	inside  sync.RWMutex
	tenants map[tenants.ID]*Tenant
}

// Leave ends what Enter began.
func (v *View) Leave() { v.inside.RUnlock() }

// Of is what holds for a tenant's people; nil where nothing does.
func (v *View) Of(tenant tenants.ID) *Tenant { return v.tenants[tenant] }

// Empty tells whether nothing holds for anybody.
func (v *View) Empty() bool { return len(v.tenants) == 0 }

// Entries is the number of identifiers.
func (v *View) Entries() int {
	n := 0
	for _, t := range v.tenants {
		n += len(t.rules)
	}
	return n
}

// apply takes changes over and returns when nobody acts on what was known before.
func (s *Set) apply(c Changes) {
	old := s.view.Load()
	if len(c.Entries) == 0 && !c.Complete {
		return
	}
	next := &View{tenants: map[tenants.ID]*Tenant{}}
	if !c.Complete {
		maps.Copy(next.tenants, old.tenants)
	}
	changed := map[tenants.ID][]Entry{}
	for _, e := range c.Entries {
		changed[e.Tenant] = append(changed[e.Tenant], e)
	}
	for id, entries := range changed {
		if t := newTenant(s.keys, id, next.tenants[id], entries); t != nil {
			next.tenants[id] = t
		} else {
			delete(next.tenants, id)
		}
	}
	s.view.Store(next)
	old.inside.Lock()   // waits for those who are inside
	old.inside.Unlock() //nolint:staticcheck // nothing is guarded but the waiting
}
