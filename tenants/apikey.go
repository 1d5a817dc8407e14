package tenants

import (
	"context"
	"time"

	"github.com/observatory/observatory/internal/fault"
)

// APIKey is what a key is known by after its token was shown: the token's claims, the owner's name for it, and the last
// characters to recognise it by. The token itself is never stored.
type APIKey struct {
	ID        KeyID // the token's `jti`
	Tenant    ID
	Source    SourceID
	Kind      KeyKind
	Name      string
	Scopes    Scopes
	Env       Env
	Origins   []string // of a publishable key: where a page may use it from; see AllowsOrigin
	KID       string   // of the signing key
	Hint      string   // the token's last six characters
	CreatedAt time.Time
	CreatedBy string     // label of the actor
	ExpiresAt *time.Time // nil: does not expire
	RevokedAt *time.Time // nil: not revoked

	// What the tenant's row says about all of its keys. Only keys of a KeyRing know it.
	Residency string // see WritesIn
	Closing   bool   // the tenant is leaving, and no key of it works
}

// KeyKind tells keys that may stand in a page's source from those that may not.
type KeyKind string

// The kinds of keys.
const (
	Publishable KeyKind = "publishable" // writes events, from allowed origins; may be public
	Secret      KeyKind = "secret"      // for servers; any scope
)

// KeyState is where a key stands in its life.
type KeyState string

// The states of a key.
const (
	KeyActive   KeyState = "active"
	KeyExpiring KeyState = "expiring" // works, and has an end: it was made with one, or was rotated and is in its grace
	KeyExpired  KeyState = "expired"
	KeyRevoked  KeyState = "revoked"
)

// The faults of API keys.
var (
	ErrKeyNotFound       = fault.New(fault.NotFound, "key_not_found", "There is no such API key.")
	ErrKeyKindUnknown    = fault.New(fault.Invalid, "key_kind_unknown", "The kind of a key must be publishable or secret.")
	ErrKeyScopesInvalid  = fault.New(fault.Invalid, "key_scopes_invalid", "A publishable key has the scope events:write and no other; a secret key has at least one scope.")
	ErrKeyScopesTooWide  = fault.New(fault.Forbidden, "key_scopes_too_wide", "A key can give another key events:write and the scopes that it has itself, and no more.")
	ErrKeyExpiryInvalid  = fault.New(fault.Invalid, "key_expiry_invalid", "The end of a key's validity must lie in the future.")
	ErrKeyGraceInvalid   = fault.New(fault.Invalid, "key_grace_invalid", "The grace period of the old key must be between 0 and 30 days.")
	ErrKeyNotActive      = fault.New(fault.Conflict, "key_not_active", "This key is revoked or expired.")
	ErrKeyTakesNoOrigins = fault.New(fault.Invalid, "key_takes_no_origins", "Origins belong to publishable keys: a secret key must not be used in a page.")
	ErrOriginNotAllowed  = fault.New(fault.Forbidden, "origin_not_allowed", "This key may not be used from this web page's origin. Add the origin to the key, or use the publishable key.")
	ErrOriginInvalid     = fault.New(fault.Invalid, "origin_invalid", "An origin is a scheme and a host, such as https://shop.example.com, https://*.example.com or http://localhost:3000, or * for any.")
)

// ParseKeyKind reads a kind of key, or returns ErrKeyKindUnknown.
func ParseKeyKind(s string) (KeyKind, error) {
	switch k := KeyKind(s); k {
	case Publishable, Secret:
		return k, nil
	}
	return "", ErrKeyKindUnknown
}

// Principal is the caller that comes with this key.
func (k *APIKey) Principal() Principal {
	return Principal{
		Tenant: k.Tenant,
		Actor:  Actor{Kind: ActorKey, ID: k.ID.String(), Label: k.Name + " (…" + k.Hint + ")"},
		Scopes: k.Scopes,
		Source: k.Source,
		Key:    k,
		Env:    k.Env,
	}
}

// State is where the key stands at the given time.
func (k *APIKey) State(now time.Time) KeyState {
	switch {
	case k.RevokedAt != nil && !now.Before(*k.RevokedAt):
		return KeyRevoked
	case k.ExpiresAt == nil:
		return KeyActive
	case now.Before(*k.ExpiresAt):
		return KeyExpiring
	}
	return KeyExpired
}

// Works tells whether the key is neither revoked nor expired at the given time.
func (k *APIKey) Works(now time.Time) bool {
	s := k.State(now)
	return s == KeyActive || s == KeyExpiring
}

// KeyRows are a tenant's API keys. Key returns ErrKeyNotFound.
type KeyRows interface {
	Keys(ctx context.Context) ([]APIKey, error) // newest first
	Key(ctx context.Context, id KeyID) (APIKey, error)
	AddKey(ctx context.Context, k APIKey) error
	UpdateKey(ctx context.Context, k APIKey) error // name, origins, expiry, revocation; the claims never change
}
