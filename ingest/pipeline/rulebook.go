// Package pipeline applies a tenant's rules to events between the decoder and the log: it conforms them to their schemas
// (ingest/contract), redacts them (ingest/redact) and enriches them (ingest/enrich). The rules of all tenants are held in
// memory, so that a database that is away stops nothing, and are kept fresh within seconds.
package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Mark is a position in the history of declarations. Zero is its beginning.
type Mark int64

// Feed is where a rulebook learns what tenants declare. An error means that it cannot be reached now.
type Feed interface {
	// Declared returns what the tenants declare whose declarations changed after the call that returned the mark since, and possibly a
	// few more; for the zero mark, and whenever in doubt, all that ever declared something.
	Declared(ctx context.Context, since Mark) (Changes, error)
	// DeclaredBy returns what one tenant declares now.
	DeclaredBy(ctx context.Context, tenant tenants.ID) (Declared, error)
	// ListenDeclared calls changed after every change, and whenever it may have missed one, until ctx ends. A call may be lost.
	ListenDeclared(ctx context.Context, changed func())
}

// Changes is what a rulebook takes over.
type Changes struct {
	Tenants  []Declared
	Complete bool // all others declare nothing
	Mark     Mark // for the next call
}

// Declared is all that one tenant declares.
type Declared struct {
	Tenant   tenants.ID
	Policies []ingest.Policy // the newest of each kind
	Secrets  int             // versions of the redaction secret, from 1
	Schemas  []DeclaredSchema
}

// ErrRulesNotLoaded is returned as long as nobody knows what must not be stored.
var ErrRulesNotLoaded = fault.New(fault.Unavailable, "rules_not_loaded", "The server is starting and has not read your schemas and policies yet. Send the events again.").After(time.Second)

// ErrRulesBroken is returned for a tenant whose stored declarations cannot be applied. Nothing is accepted rather than
// stored without them.
var ErrRulesBroken = fault.New(fault.Unavailable, "rules_broken", "Your schemas or policies cannot be applied right now, so nothing is accepted. Publish them again, or ask for help.").After(time.Minute)

// Rulebook holds the rules of all tenants. All methods may be called from many goroutines.
type Rulebook struct {
	feed    Feed
	compile *compiler
	log     *slog.Logger
	now     func() time.Time
	wake    chan struct{} // holds at most one request to refresh soon

	mu      sync.RWMutex
	tenants map[tenants.ID]*entry // made when first asked for, where nothing is declared

	refreshing sync.Mutex
	mark       Mark // of the last refresh; guarded by refreshing
	failing    bool // whether the last refresh failed; guarded by refreshing
	syncedAt   atomic.Pointer[time.Time]
}

// entry is one tenant. Its rules are compiled when its first events come.
type entry struct {
	declared Declared
	once     sync.Once
	rules    *Rules
	err      error
}

// Config of a rulebook.
type Config struct {
	Secret []byte        // of the installation; tenants' redaction secrets are derived from it
	Poll   time.Duration // how often to ask for changes; default 2 s, which keeps changes within 5 s
}

const (
	defaultPoll    = 2 * time.Second
	changesTimeout = 2 * time.Second
	loadTimeout    = time.Minute // of everything
)

// Run keeps the rulebook fresh until ctx ends.
func (b *Rulebook) Run(ctx context.Context) error {
	var group errgroup.Group
	group.Go(func() error { b.poll(ctx); return nil })
	group.Go(func() error { b.feed.ListenDeclared(ctx, b.refreshSoon); return nil })
	return group.Wait()
}

func (b *Rulebook) poll(ctx context.Context) {
	tick := time.NewTicker(defaultPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-b.wake:
		}
		_ = b.Refresh(ctx) // logged, and seen in Staleness
	}
}

func (b *Rulebook) refreshSoon() {
	select {
	case b.wake <- struct{}{}:
	default: // one is asked for already
	}
}

// Refresh brings the rulebook up to date now. On an error, which it also logs, it keeps what it has.
func (b *Rulebook) Refresh(ctx context.Context) error {
	b.refreshing.Lock()
	defer b.refreshing.Unlock()
	limit := changesTimeout
	if b.mark == 0 {
		limit = loadTimeout
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	asked := b.now()
	changes, err := b.feed.Declared(limited, b.mark)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		b.mark = 0
		if !b.failing {
			b.failing = true
			b.log.WarnContext(ctx, "schemas and policies cannot be refreshed; the last known ones are applied", "error", err)
		}
		return fmt.Errorf("refresh rules: %w", err)
	}
	if b.failing {
		b.failing = false
		b.log.InfoContext(ctx, "schemas and policies are fresh again", "after", b.Staleness())
	}
	b.apply(changes)
	b.mark = changes.Mark
	b.syncedAt.Store(&asked)
	return nil
}

func (b *Rulebook) apply(c Changes) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.Complete {
		b.tenants = make(map[tenants.ID]*entry, len(c.Tenants))
	}
	for _, d := range c.Tenants {
		b.tenants[d.Tenant] = &entry{declared: d}
	}
}

// Staleness is the time since the rules were last known to be up to date.
func (b *Rulebook) Staleness() time.Duration {
	at := b.syncedAt.Load()
	if at == nil {
		return 0
	}
	return b.now().Sub(*at)
}

// Rules are the tenant's rules as this node knows them. Errors: ErrRulesNotLoaded, ErrRulesBroken.
func (b *Rulebook) Rules(tenant tenants.ID) (*Rules, error) {
	if b.syncedAt.Load() == nil {
		return nil, ErrRulesNotLoaded
	}
	b.mu.RLock()
	e, ok := b.tenants[tenant]
	b.mu.RUnlock()
	if !ok {
		b.mu.Lock()
		if e, ok = b.tenants[tenant]; !ok {
			e = &entry{declared: Declared{Tenant: tenant, Secrets: 1}}
			b.tenants[tenant] = e
		}
		b.mu.Unlock()
	}
	e.once.Do(func() {
		if e.rules, e.err = b.compile.rules(e.declared); e.err != nil {
			b.log.Error("the rules of a tenant cannot be applied; its events are refused", "tenant", tenant, "error", e.err)
			e.err = ErrRulesBroken.Because(e.err)
		}
	})
	return e.rules, e.err
}
