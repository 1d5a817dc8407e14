package tenants

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/follow"
)

// KeyRing verifies API keys in memory. It holds every key and signing key, and keeps them fresh in the background: by
// notification, usually within milliseconds, and by polling, so that a revocation takes effect within 5 s even when the
// notification was lost. While the feed is down the ring serves what it knew last, for at most KeyRingConfig.MaxStale.
//
// All methods may be called from many goroutines.
type KeyRing struct {
	cfg    KeyRingConfig
	now    func() time.Time
	parser *jwt.Parser

	mu      sync.RWMutex
	keys    map[KeyID]*ringEntry
	signing map[string]ed25519.PublicKey // by kid
	tokens  *tokenCache

	*follow.Follower // keeps it fresh
}

// ringEntry is one key. Cached tokens point to it, so that they see every change of the key at once.
type ringEntry struct{ key *APIKey }

// KeyFeed is where a KeyRing learns of keys. An error means that it cannot be reached now.
type KeyFeed interface {
	// KeyChanges returns what changed after the call that returned the mark since, and possibly a little from before it;
	// for the zero mark, and whenever in doubt, everything.
	KeyChanges(ctx context.Context, since follow.Mark) (KeyChanges, error)
	// ListenKeys calls changed after every change, and whenever it may have missed one, until ctx ends. It is a
	// short cut only: a call may be lost.
	ListenKeys(ctx context.Context, changed func())
}

// KeyChanges is what a KeyRing takes over.
type KeyChanges struct {
	Keys     []APIKey
	Complete bool               // Keys are all keys, and others are to be forgotten
	Signing  []SigningPublicKey // always all live ones
	Mark     follow.Mark        // for the next call
}

// SigningPublicKey is the public half of a signing key.
type SigningPublicKey struct {
	KID    string
	Public ed25519.PublicKey
}

// KeyRingConfig has sensible defaults for zero values.
type KeyRingConfig struct {
	Issuer     string        // default DefaultIssuer; as in Config
	Audience   string        // default DefaultAudience; as in Config
	Poll       time.Duration // how often to ask for changes; default and maximum 2 s, which keeps revocation within 5 s
	MaxStale   time.Duration // how long to serve the last known keys without contact; default 24 h
	CacheSize  int           // verified tokens to remember; default 16,384, about 1 kB each
	SettleTime time.Duration // how long after its creation an unknown key may be on its way to this node; default 10 s
}

// KeyRingDeps are what a KeyRing stands on.
type KeyRingDeps struct {
	Feed KeyFeed
	Log  *slog.Logger
	Now  func() time.Time
}

// The faults of a ring that cannot tell.
var (
	ErrKeysNotLoaded = fault.New(fault.Unavailable, "keys_not_loaded", "The server is starting and has not read its API keys yet. Try again.").After(time.Second)
	ErrKeysStale     = fault.New(fault.Unavailable, "keys_stale", "The server has been without its key store for too long to trust what it knows. Try again later.").After(time.Minute)
)

const (
	defaultPoll  = 2 * time.Second
	changesLimit = 2 * time.Second  // of asking the feed what changed; with the poll it keeps revocation within 5 s, even where a connection has died silently
	refreshLimit = 10 * time.Second // of asking it for everything
)

// NewKeyRing makes an empty ring. Call Refresh to fill it and Run to keep it fresh.
func NewKeyRing(cfg KeyRingConfig, deps KeyRingDeps) *KeyRing {
	if cfg.Issuer == "" {
		cfg.Issuer = DefaultIssuer
	}
	if cfg.Audience == "" {
		cfg.Audience = DefaultAudience
	}
	if cfg.Poll <= 0 || cfg.Poll > defaultPoll {
		cfg.Poll = defaultPoll
	}
	if cfg.MaxStale <= 0 {
		cfg.MaxStale = 24 * time.Hour
	}
	if cfg.CacheSize <= 0 {
		cfg.CacheSize = 16 << 10
	}
	if cfg.SettleTime <= 0 {
		cfg.SettleTime = 10 * time.Second
	}
	r := &KeyRing{
		cfg:    cfg,
		now:    deps.Now,
		parser: tokenFormat{cfg.Issuer, cfg.Audience}.parser(deps.Now),
		tokens: newTokenCache(cfg.CacheSize),
	}
	r.Follower = follow.New(follow.Config{
		What: "API keys", Meanwhile: "the last known ones are served for at most " + cfg.MaxStale.String(),
		Poll: cfg.Poll, Changes: changesLimit, All: refreshLimit, Listen: deps.Feed.ListenKeys, Log: deps.Log, Now: deps.Now,
		Ask: func(ctx context.Context, since follow.Mark) (follow.Mark, func(), error) {
			changes, err := deps.Feed.KeyChanges(ctx, since)
			return changes.Mark, func() { r.apply(changes) }, err
		},
	})
	return r
}

// Verify returns the key that a token stands for. It does no I/O. The key is shared: do not modify it.
//
// Unauthenticated faults are ErrKeyMissing, ErrKeyMalformed, ErrKeyWrongSignature, ErrKeyUnknown, ErrKeyRevoked and
// ErrKeyHasExpired, a Forbidden one is ErrTenantClosing; Unavailable faults are ErrKeyNotYetKnown, ErrKeysNotLoaded and ErrKeysStale.
func (r *KeyRing) Verify(token string) (*APIKey, error) {
	switch {
	case token == "":
		return nil, ErrKeyMissing
	case len(token) > MaxTokenLength:
		return nil, ErrKeyMalformed
	}
	now := r.now()
	if err := r.trusted(now); err != nil {
		return nil, err
	}
	key, hit := r.cached(token)
	if !hit {
		var err error
		if key, err = r.verifyUncached(token, now); err != nil {
			return nil, err
		}
	}
	if key.Closing {
		return nil, ErrTenantClosing
	}
	switch key.State(now) {
	case KeyRevoked:
		return nil, ErrKeyRevoked
	case KeyExpired:
		return nil, ErrKeyHasExpired
	case KeyActive, KeyExpiring:
	}
	return key, nil
}

func (r *KeyRing) cached(token string) (*APIKey, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if entry, ok := r.tokens.get(token); ok {
		return entry.key, true
	}
	return nil, false
}

func (r *KeyRing) verifyUncached(token string, now time.Time) (*APIKey, error) {
	parsed, err := parseToken(r.parser, token, r.publicKey)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	entry, ok := r.keys[parsed.id]
	if !ok {
		return nil, r.unknown(parsed, now)
	}
	k := entry.key
	if parsed.Subject != k.Tenant.String() || parsed.Source != k.Source || parsed.Scope != k.Scopes.String() || parsed.Env != k.Env || parsed.kid != k.KID {
		return nil, ErrKeyUnknown // signed by us, yet not what we issued: the signing key is in other hands
	}
	// A refresh may have retired the signing key since parseToken asked for it; then the token must not be remembered.
	if _, ok := r.signing[parsed.kid]; !ok {
		return nil, ErrKeyUnknown
	}
	r.tokens.put(token, entry)
	return k, nil
}

// unknown judges a token that we signed for a key that is not in the ring. Right after its creation on another node the
// news may not have come yet, and a client that is told "unknown" would throw its events away.
func (r *KeyRing) unknown(parsed parsedToken, now time.Time) error {
	if parsed.IssuedAt == nil || now.Sub(parsed.IssuedAt.Time) > r.cfg.SettleTime {
		return ErrKeyUnknown
	}
	r.RefreshSoon()
	return ErrKeyNotYetKnown
}

func (r *KeyRing) publicKey(kid string) (ed25519.PublicKey, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	public, ok := r.signing[kid]
	return public, ok
}

// trusted returns ErrKeysNotLoaded or ErrKeysStale when the ring cannot be relied on.
func (r *KeyRing) trusted(now time.Time) error {
	synced, ok := r.SyncedAt()
	switch {
	case !ok:
		return ErrKeysNotLoaded
	case now.Sub(synced) > r.cfg.MaxStale:
		return ErrKeysStale
	}
	return nil
}

// Ready returns nil when Verify can tell, else ErrKeysNotLoaded or ErrKeysStale.
func (r *KeyRing) Ready() error { return r.trusted(r.now()) }

// Len is the number of keys in the ring.
func (r *KeyRing) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.keys)
}

func (r *KeyRing) apply(c KeyChanges) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.Complete {
		r.keys = make(map[KeyID]*ringEntry, len(c.Keys))
		r.tokens.clear() // they point to the entries of before
	}
	for i := range c.Keys {
		k := &c.Keys[i]
		if entry, ok := r.keys[k.ID]; ok {
			entry.key = k
		} else {
			r.keys[k.ID] = &ringEntry{k}
		}
	}
	signing := make(map[string]ed25519.PublicKey, len(c.Signing))
	for _, s := range c.Signing {
		signing[s.KID] = s.Public
	}
	for kid := range r.signing {
		if _, still := signing[kid]; !still {
			r.tokens.clear() // some were verified with a key that is retired now
			break
		}
	}
	r.signing = signing
}
