package quota

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/tenants"
)

// Times of a gate.
const (
	poll           = 2 * time.Second // so that a change is known within five seconds, even where its notification was lost
	changesTimeout = 2 * time.Second
	loadTimeout    = 30 * time.Second
	publishEvery   = time.Second
	askTimeout     = time.Second      // events wait for it
	askAgain       = 2 * time.Second  // after that was in vain
	ClaimTrusted   = 10 * time.Minute // a claim is used for so long without asking
	ClaimKept      = 15 * time.Minute // and counts for so long, since its log was last heard of
)

// GateConfig is what a gate works with.
type GateConfig struct {
	Log    uuid.UUID // whose events these are
	Claims Claims
	Feed   Feed
	Logger *slog.Logger
	Now    func() time.Time
}

// Gate says how many events of a batch may be stored. It follows the quotas, and asks only about tenants whose claim does not cover the batch:
// those near a limit, and now and then those far from it.
type Gate struct {
	*follow.Follower // keeps the quotas fresh
	cfg              GateConfig

	quotas sync.RWMutex
	of     map[tenants.ID]Quota

	mu      sync.Mutex // held while PostgreSQL is asked or told, so that what it is told is in order
	counts  map[place]*count
	ready   bool // it is known what was stored before
	failing bool
	retryAt time.Time
}

type place struct {
	tenant tenants.ID
	month  int64 // its beginning, in seconds since 1970
}

func placeOf(tenant tenants.ID, month billing.Period) place {
	return place{tenant: tenant, month: month.From.Unix()}
}

// count is what this log has stored of a tenant in a month.
type count struct {
	month     billing.Period
	counted   int64
	claimed   int64
	claimedAt time.Time
	under     int64 // on its way into the store
	changed   bool  // since it was published
	used      bool  // the claim, since the last look
}

// NewGate makes a gate that knows nothing: until it does, events pass.
func NewGate(cfg GateConfig) *Gate {
	g := &Gate{cfg: cfg, of: map[tenants.ID]Quota{}, counts: map[place]*count{}}
	g.Follower = follow.New(follow.Config{
		What: "quotas", Meanwhile: "the last known ones are applied, and events beyond them pass", Poll: poll, Changes: changesTimeout, All: loadTimeout,
		Listen: cfg.Feed.ListenQuotas, Log: cfg.Logger, Now: cfg.Now,
		Ask: func(ctx context.Context, since follow.Mark) (follow.Mark, func(), error) {
			changes, err := cfg.Feed.QuotaChanges(ctx, since)
			return changes.Mark, func() { g.apply(changes) }, err
		},
	})
	return g
}

func (g *Gate) apply(c Changes) {
	g.quotas.Lock()
	defer g.quotas.Unlock()
	if c.Complete {
		clear(g.of)
	}
	for _, q := range c.Quotas {
		g.of[q.Tenant] = q
	}
}

// Of is the quota of a tenant; false: it has none.
func (g *Gate) Of(tenant tenants.ID) (Quota, bool) {
	g.quotas.RLock()
	defer g.quotas.RUnlock()
	q, ok := g.of[tenant]
	return q, ok
}

// Admitted is the answer about one tenant and month of a batch.
type Admitted struct {
	Tenant   tenants.ID
	Month    billing.Period
	Events   int64 // that may be stored
	Reason   string
	KeepDays int // that others are held
}

// Admit says what of a batch may not be stored in full. It asks where that must be asked, for a second at most; without an answer all may be.
func (g *Gate) Admit(ctx context.Context, batch []Want) []Admitted {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ready = true
	var asked []Want
	var out []Admitted
	for i := range batch {
		w := &batch[i]
		c := g.count(w.Tenant, w.Month)
		c.counted, c.under, c.used = w.Counted, w.Events, true
		switch q, ok := g.Of(w.Tenant); {
		case ok && q.Standing != Open: // nobody needs to be asked for that
			c.under = 0
			out = append(out, Admitted{Tenant: w.Tenant, Month: w.Month, Reason: q.reason(), KeepDays: q.keepDays()})
		case ok && q.asks(w.Month) && !c.covers(w.Events, g.cfg.Now()):
			asked = append(asked, *w)
		}
	}
	if len(asked) == 0 {
		return out
	}
	grants := g.ask(ctx, asked)
	for i, w := range asked {
		c := g.count(w.Tenant, w.Month)
		q, _ := g.Of(w.Tenant)
		room := w.Events
		if grants != nil {
			q, room = grants[i].Quota, max(grants[i].Claimed-w.Counted, 0)
			c.claimed, c.claimedAt = grants[i].Claimed, g.cfg.Now()
		}
		if room >= w.Events || !q.asks(w.Month) {
			continue
		}
		c.under = room
		out = append(out, Admitted{Tenant: w.Tenant, Month: w.Month, Events: room, Reason: q.reason(), KeepDays: q.keepDays()})
	}
	return out
}

// covers tells whether a batch may be stored without asking.
func (c *count) covers(events int64, now time.Time) bool {
	return c.counted+events <= c.claimed && now.Sub(c.claimedAt) < ClaimTrusted
}

// ask claims what is wanted; nil: there is no answer.
func (g *Gate) ask(ctx context.Context, wanted []Want) []Grant {
	now := g.cfg.Now()
	if g.failing && now.Before(g.retryAt) {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	grants, err := g.cfg.Claims.Claim(limited, g.cfg.Log, wanted)
	g.note(err)
	if err != nil {
		return nil
	}
	return grants
}

// note logs the first of failures in a row.
func (g *Gate) note(err error) {
	if err != nil && !g.failing {
		g.cfg.Logger.Warn("quotas cannot be asked for; events pass until they can", "error", err)
	}
	g.failing = err != nil
	g.retryAt = g.cfg.Now().Add(askAgain)
}

// Settled says how many events the log has stored by now. The batch that Admit was asked about last is among them.
func (g *Gate) Settled(stored []Count) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ready = true
	for _, c := range g.counts {
		c.under = 0
	}
	for _, s := range stored {
		c := g.count(s.Tenant, s.Month)
		c.counted, c.changed = s.Counted, true
	}
}

func (g *Gate) count(tenant tenants.ID, month billing.Period) *count {
	p := placeOf(tenant, month)
	c, ok := g.counts[p]
	if !ok {
		c = &count{month: month}
		g.counts[p] = c
	}
	return c
}

// Run follows the quotas, and publishes every second what was stored, until ctx ends.
func (g *Gate) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(publishEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_ = g.Publish(ctx) // logged, and done again
			}
		}
	}()
	err := g.Follower.Run(ctx)
	<-done
	return err
}

// Publish tells what has changed since the last time, and gives back claims that were not used since.
func (g *Gate) Publish(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.ready {
		return nil
	}
	var rows []Count
	for p, c := range g.counts {
		needed := c.counted + c.under
		if !c.used && c.claimed > needed {
			c.claimed, c.changed = needed, true
		}
		c.used = false
		if c.changed {
			rows = append(rows, Count{Tenant: p.tenant, Month: c.month, Counted: c.counted, Claimed: max(c.claimed, needed)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, changesTimeout)
	defer cancel()
	if err := g.cfg.Claims.Publish(limited, g.cfg.Log, rows); err != nil {
		if ctx.Err() == nil {
			g.note(err)
		}
		return err
	}
	for _, r := range rows {
		g.count(r.Tenant, r.Month).changed = false
	}
	g.forget()
	return nil
}

// forget drops what was published of months that are long over.
func (g *Gate) forget() {
	const long = 40 * 24 * time.Hour
	for p, c := range g.counts {
		if !c.changed && c.under == 0 && g.cfg.Now().Sub(c.month.To) > long {
			delete(g.counts, p)
		}
	}
}
