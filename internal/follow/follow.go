// Package follow keeps what a process holds in memory of a database fresh: by notification, usually within milliseconds,
// and by asking every few seconds what changed, so that a notification which is lost costs no more than that. While the
// database is away the holder goes on with what it has.
package follow

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Mark is a position in the history of changes. Zero is its beginning.
type Mark int64

// Resume says from which mark on changes are to be told to whoever saw everything up to m, on a server that is at now. All is
// true where that is the beginning: for the zero mark, and for one that lies ahead of the server, which another server gave
// out, before a restore for example.
func (m Mark) Resume(now Mark) (since Mark, all bool) {
	if m == 0 || m > now {
		return 0, true
	}
	return m, false
}

// Config says what is followed, and how.
type Config struct {
	What      string // for the log, as in "API keys"
	Meanwhile string // what is done while they cannot be refreshed, for the log
	Poll      time.Duration
	Changes   time.Duration // how long asking for changes may take; with Poll it bounds how old things may be, even where a connection died silently
	All       time.Duration // how long asking for everything may take

	// Ask returns what changed after the call that returned the mark since, as a function that takes it over, and possibly
	// a little from before it; for the zero mark, and whenever in doubt, everything.
	Ask func(ctx context.Context, since Mark) (next Mark, apply func(), err error)
	// Listen calls changed after every change, and whenever it may have missed one, until ctx ends. A call may be lost.
	Listen func(ctx context.Context, changed func())

	Log *slog.Logger
	Now func() time.Time
}

// Follower follows one thing. All methods may be called from many goroutines.
type Follower struct {
	cfg    Config
	wake   chan struct{} // holds at most one request to refresh soon
	madeAt time.Time

	refreshing sync.Mutex // one refresh at a time, so that an older answer never overwrites a newer one
	mark       Mark       // of the last refresh; guarded by refreshing
	failing    bool       // whether the last refresh failed; guarded by refreshing
	syncedAt   atomic.Pointer[time.Time]
}

// New makes a follower. Call Refresh to begin and Run to go on.
func New(cfg Config) *Follower {
	return &Follower{cfg: cfg, wake: make(chan struct{}, 1), madeAt: cfg.Now()}
}

// Run keeps up until ctx ends, and returns nil then. A database that is away is logged once and tried again.
func (f *Follower) Run(ctx context.Context) error {
	var g errgroup.Group
	g.Go(func() error { f.poll(ctx); return nil })
	g.Go(func() error { f.cfg.Listen(ctx, f.RefreshSoon); return nil })
	return g.Wait()
}

func (f *Follower) poll(ctx context.Context) {
	tick := time.NewTicker(f.cfg.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-f.wake:
		}
		_ = f.Refresh(ctx) // logged, and seen in Staleness
	}
}

// RefreshSoon has Run refresh without waiting for the next poll.
func (f *Follower) RefreshSoon() {
	select {
	case f.wake <- struct{}{}:
	default: // one is asked for already
	}
}

// Refresh asks now. On an error, which it also logs, nothing is taken over.
func (f *Follower) Refresh(ctx context.Context) error {
	f.refreshing.Lock()
	defer f.refreshing.Unlock()
	limit := f.cfg.All
	if f.mark != 0 {
		limit = f.cfg.Changes
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	asked := f.cfg.Now() // what the answer says was true at this time or later
	next, apply, err := f.cfg.Ask(limited, f.mark)
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // the caller went away; that says nothing about the database
	case err != nil:
		f.mark = 0 // what answers next may be another server, whose marks mean something else
		if !f.failing {
			f.failing = true
			f.cfg.Log.WarnContext(ctx, f.cfg.What+" cannot be refreshed; "+f.cfg.Meanwhile, "error", err)
		}
		return fmt.Errorf("refresh %s: %w", f.cfg.What, err)
	}
	if f.failing {
		f.failing = false
		f.cfg.Log.InfoContext(ctx, f.cfg.What+" are fresh again", "after", f.Staleness())
	}
	apply()
	f.mark = next
	f.syncedAt.Store(&asked)
	return nil
}

// SyncedAt is when everything was last known to be up to date; ok is false before the first Refresh succeeded.
func (f *Follower) SyncedAt() (at time.Time, ok bool) {
	if p := f.syncedAt.Load(); p != nil {
		return *p, true
	}
	return time.Time{}, false
}

// Staleness is how long ago everything was known to be up to date, or how long the first Refresh is waited for.
func (f *Follower) Staleness() time.Duration {
	if at, ok := f.SyncedAt(); ok {
		return f.cfg.Now().Sub(at)
	}
	return f.cfg.Now().Sub(f.madeAt)
}
