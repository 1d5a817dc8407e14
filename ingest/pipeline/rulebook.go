// Package pipeline applies a tenant's rules to events between the decoder and the log: it conforms them to their schemas
// (ingest/contract), redacts them (ingest/redact) and enriches them (ingest/enrich). The rules of all tenants are held in
// memory, so that a database that is away stops nothing, and are kept fresh within seconds.
package pipeline

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/tenants"
)

// Feed is where a rulebook learns what tenants declare. An error means that it cannot be reached now.
type Feed interface {
	// Declared returns what the tenants declare whose declarations changed after the call that returned the mark since, and possibly a
	// few more; for the zero mark, and whenever in doubt, all that ever declared something.
	Declared(ctx context.Context, since follow.Mark) (Changes, error)
	// DeclaredBy returns what one tenant declares now.
	DeclaredBy(ctx context.Context, tenant tenants.ID) (Declared, error)
	// ListenDeclared calls changed after every change, and whenever it may have missed one, until ctx ends. A call may be lost.
	ListenDeclared(ctx context.Context, changed func())
}

// Changes is what a rulebook takes over.
type Changes struct {
	Tenants  []Declared
	Complete bool        // all others declare nothing
	Mark     follow.Mark // for the next call
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
	*follow.Follower // keeps it fresh

	feed    Feed
	compile *compiler
	log     *slog.Logger

	retention func(document []byte) error

	mu      sync.RWMutex
	tenants map[tenants.ID]*entry // made when first asked for, where nothing is declared
}

// entry is one tenant. Its rules are compiled when its first events come.
type entry struct {
	declared Declared
	schemas  *tenantSchemas
	once     sync.Once
	rules    *Rules
	err      error
}

// Config of a rulebook.
type Config struct {
	Secret []byte // of the installation; tenants' redaction secrets are derived from it
}

const (
	poll           = 2 * time.Second // which keeps changes within 5 s
	changesTimeout = 2 * time.Second
	loadTimeout    = time.Minute // of everything
)

func newRulebook(cfg Config, deps Deps) *Rulebook {
	b := &Rulebook{
		feed: deps.Feed, log: deps.Logger, tenants: map[tenants.ID]*entry{}, retention: deps.Retention,
		compile: &compiler{secret: cfg.Secret, formats: deps.Formats, resources: deps.Resources},
	}
	b.Follower = follow.New(follow.Config{
		What: "schemas and policies", Meanwhile: "the last known ones are applied", Poll: poll, Changes: changesTimeout, All: loadTimeout,
		Listen: deps.Feed.ListenDeclared, Log: deps.Logger, Now: deps.Now,
		Ask: func(ctx context.Context, since follow.Mark) (follow.Mark, func(), error) {
			changes, err := deps.Feed.Declared(ctx, since)
			return changes.Mark, func() { b.apply(changes) }, err
		},
	})
	return b
}

func (b *Rulebook) apply(c Changes) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.tenants
	if c.Complete {
		b.tenants = make(map[tenants.ID]*entry, len(c.Tenants))
	}
	for _, d := range c.Tenants {
		var known *tenantSchemas
		if e, ok := before[d.Tenant]; ok {
			known = e.schemas
		}
		b.tenants[d.Tenant] = &entry{declared: d, schemas: newTenantSchemas(b.compile.formats, d.Schemas, known)}
	}
}

// Rules are the tenant's rules as this node knows them. Errors: ErrRulesNotLoaded, ErrRulesBroken.
func (b *Rulebook) Rules(tenant tenants.ID) (*Rules, error) {
	if _, ok := b.SyncedAt(); !ok {
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
		e.err = ErrRulesBroken // if this panics
		if e.rules, e.err = b.compile.rules(e.declared, e.schemas); e.err != nil {
			b.log.Error("the rules of a tenant cannot be applied; its events are refused", "tenant", tenant, "error", e.err)
			e.err = ErrRulesBroken.Because(e.err)
		}
	})
	return e.rules, e.err
}
