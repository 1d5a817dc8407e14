package schema

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Bounds of what is compiled. A compiled schema takes some ten to fifty times the memory of its text.
const (
	cacheEntries    = 4096
	cacheTextBytes  = 16 << 20
	parsingAtOnce   = 4
	cacheEntryBytes = 1 << 10 // what an entry counts at least
)

type cacheKey struct {
	tenant tenants.ID
	id     ID
}

// cache holds the compiled schemas that were used last, bounded by number and by the length of their texts.
type cache struct {
	parsing chan struct{} // bounds how many schemas are compiled at a time

	mu    sync.Mutex
	lru   *simplelru.LRU[cacheKey, weighed]
	bytes int
}

type weighed struct {
	compiled *Compiled
	bytes    int
}

func newCache() *cache {
	c := &cache{parsing: make(chan struct{}, parsingAtOnce)}
	lru, err := simplelru.NewLRU(cacheEntries, func(_ cacheKey, w weighed) { c.bytes -= w.bytes })
	if err != nil {
		panic(err) // the size is not positive, which only an edit here can bring about
	}
	c.lru = lru
	return c
}

func (c *cache) get(key cacheKey) (*Compiled, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w, ok := c.lru.Get(key)
	return w.compiled, ok
}

func (c *cache) put(key cacheKey, compiled *Compiled, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lru.Remove(key)
	bytes = max(bytes, cacheEntryBytes)
	c.lru.Add(key, weighed{compiled, bytes})
	for c.bytes += bytes; c.bytes > cacheTextBytes; {
		c.lru.RemoveOldest()
	}
}

func (c *cache) drop(key cacheKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lru.Remove(key)
}

// Compiled is the schema with that ID, ready for use, or ErrSchemaNotFound. Those that were used last are kept.
func (r *Registry) Compiled(ctx context.Context, tenant tenants.ID, id ID) (*Compiled, error) {
	key := cacheKey{tenant, id}
	if c, ok := r.cache.get(key); ok {
		return c, nil
	}
	var c *Compiled
	var text Text
	err := r.store.Tenant(ctx, tenant, func(tx Tx) (err error) {
		c, text, err = load(ctx, tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.compile(ctx, key, c, text)
}

// compiledIn is Compiled inside a transaction that is open.
func (r *Registry) compiledIn(ctx context.Context, tx Tx, tenant tenants.ID, id ID) (*Compiled, error) {
	key := cacheKey{tenant, id}
	if c, ok := r.cache.get(key); ok {
		return c, nil
	}
	c, text, err := load(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	return r.compile(ctx, key, c, text)
}

// load reads what is needed to compile a schema.
func load(ctx context.Context, tx Tx, id ID) (*Compiled, Text, error) {
	s, err := tx.SchemaByID(ctx, id)
	if err != nil {
		return nil, Text{}, err
	}
	dependencies, err := resolve(ctx, tx, s.References)
	return &Compiled{Schema: s}, Text{Type: s.Type, Schema: s.Text, Dependencies: dependencies}, err
}

func (r *Registry) compile(ctx context.Context, key cacheKey, c *Compiled, text Text) (*Compiled, error) {
	var err error
	c.Parsed, err = r.parse(ctx, text)
	if fault.KindOf(err) == fault.Invalid {
		return nil, fmt.Errorf("compile the registered schema %d: %v", key.id, err) //nolint:errorlint // it was valid once, so this is our fault and not the caller's
	}
	if err != nil {
		return nil, err
	}
	r.cache.put(key, c, weight(text))
	return c, nil
}

// parse compiles a text, few at a time.
func (r *Registry) parse(ctx context.Context, text Text) (Parsed, error) {
	format, known := r.formats[text.Type]
	if !known {
		return nil, ErrTypeUnknown
	}
	if err := text.CheckSize(); err != nil {
		return nil, err
	}
	select {
	case r.cache.parsing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-r.cache.parsing }()
	return format.Parse(text)
}

func weight(t Text) int {
	bytes := len(t.Schema)
	for _, d := range t.Dependencies {
		bytes += len(d.Schema)
	}
	return bytes
}
