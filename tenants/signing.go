package tenants

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/seal"
)

// SigningKey signs API keys. At most two are live: the current one signs, the previous one still verifies. The private
// half is stored sealed under the process's secret key.
type SigningKey struct {
	KID           string // RFC 7638 thumbprint of the public half
	Public        ed25519.PublicKey
	SealedPrivate []byte
	CreatedAt     time.Time
	RetiredAt     *time.Time // nil while live
}

// SigningRows are the signing keys of the whole installation.
type SigningRows interface {
	// LockSigningKeys makes rotation wait for the issuing of keys and the other way round, until the transaction ends.
	// Several may hold the lock shared, to issue; one holds it exclusively, to rotate.
	LockSigningKeys(ctx context.Context, exclusive bool) error
	LiveSigningKeys(ctx context.Context) ([]SigningKey, error) // newest first
	AddSigningKey(ctx context.Context, k SigningKey) error
	RetireSigningKey(ctx context.Context, kid string, at time.Time) error
	// KeysSignedWith returns the API keys of all tenants that were signed with kid and work at the given time, by tenant.
	KeysSignedWith(ctx context.Context, kid string, at time.Time) ([]APIKey, error)
}

// The faults of signing keys.
var (
	ErrSigningKeyMissing = fault.New(fault.Internal, "signing_key_missing", "The server has no key to sign API keys with.")
	ErrSigningKeyInUse   = fault.New(fault.Conflict, "signing_key_in_use", "API keys in use were signed with the signing key that would be retired.")
)

// SigningKeys is the service for the keys that sign API keys. It is for operators, not for tenants.
type SigningKeys struct {
	service
	sealed seal.Sealer
	format tokenFormat
}

// Ensure makes the first signing key where there is none. Call it once the database is migrated; several nodes may call
// it at the same time.
func (s *SigningKeys) Ensure(ctx context.Context) error {
	return s.store.System(ctx, func(sys SystemTx) error {
		if err := sys.LockSigningKeys(ctx, true); err != nil {
			return err
		}
		live, err := sys.LiveSigningKeys(ctx)
		if err != nil || len(live) > 0 {
			return err
		}
		return sys.AddSigningKey(ctx, s.generate())
	})
}

// List returns the live signing keys, the current one first.
func (s *SigningKeys) List(ctx context.Context) ([]SigningKey, error) {
	var live []SigningKey
	err := s.store.System(ctx, func(sys SystemTx) (err error) {
		live, err = sys.LiveSigningKeys(ctx)
		return err
	})
	return live, err
}

// RotateSigningKeyInput says who rotates. With Force the API keys that stand in the way are revoked.
type RotateSigningKeyInput struct {
	Operator      string // label for the audit logs of tenants whose keys are revoked
	CorrelationID string
	Force         bool
}

// SigningRotation is the outcome of a rotation.
type SigningRotation struct {
	Current  string   // kid that signs from now on
	Previous string   // kid that still verifies
	Retired  string   // kid that no longer does; empty when there was none to retire
	InTheWay []APIKey // working keys signed with the kid to retire: the reason for refusing, or revoked by force
}

// Rotate makes a new current signing key. The one that was current becomes the previous one, and the one that was
// previous is retired: its API keys stop working. When there are such keys Rotate changes nothing and returns
// ErrSigningKeyInUse (Conflict), which names them, along with a SigningRotation that lists them, unless forced to.
func (s *SigningKeys) Rotate(ctx context.Context, in RotateSigningKeyInput) (SigningRotation, error) {
	var done SigningRotation
	err := s.store.System(ctx, func(sys SystemTx) error {
		if err := sys.LockSigningKeys(ctx, true); err != nil {
			return err
		}
		live, err := sys.LiveSigningKeys(ctx)
		if err != nil {
			return err
		}
		next := s.generate()
		done = SigningRotation{Current: next.KID}
		if len(live) > 0 {
			done.Previous = live[0].KID
		}
		for _, old := range live[min(1, len(live)):] {
			if err := s.retire(ctx, sys, old, in, &done); err != nil {
				return err
			}
		}
		return sys.AddSigningKey(ctx, next)
	})
	if err != nil {
		return SigningRotation{InTheWay: done.InTheWay}, err
	}
	s.keysChanged(ctx)
	return done, nil
}

func (s *SigningKeys) retire(ctx context.Context, sys SystemTx, old SigningKey, in RotateSigningKeyInput, done *SigningRotation) error {
	now := s.time()
	signed, err := sys.KeysSignedWith(ctx, old.KID, now)
	if err != nil {
		return err
	}
	done.Retired = old.KID
	done.InTheWay = append(done.InTheWay, signed...)
	if len(signed) > 0 && !in.Force {
		return signingKeyInUse(old.KID, signed)
	}
	// Grouped and in order of the tenant, so that two rotations can never wait for each other's tenant locks.
	for tenant, keys := range groupByTenant(signed) {
		by := By{
			Principal:     Principal{Tenant: tenant, Actor: Actor{Kind: ActorSystem, Label: in.Operator}},
			CorrelationID: in.CorrelationID,
		}
		err := s.changeWithin(ctx, sys, by, func(tx TenantTx, record recorder) error {
			return revokeKeys(ctx, tx, record, now, "signing key retired", func(k APIKey) bool {
				return slices.ContainsFunc(keys, func(o APIKey) bool { return o.ID == k.ID })
			})
		})
		if err != nil {
			return err
		}
	}
	return sys.RetireSigningKey(ctx, old.KID, now)
}

// groupByTenant cuts a list that is ordered by tenant.
func groupByTenant(keys []APIKey) func(yield func(ID, []APIKey) bool) {
	return func(yield func(ID, []APIKey) bool) {
		for len(keys) > 0 {
			n := slices.IndexFunc(keys, func(k APIKey) bool { return k.Tenant != keys[0].Tenant })
			if n < 0 {
				n = len(keys)
			}
			if !yield(keys[0].Tenant, keys[:n]) {
				return
			}
			keys = keys[n:]
		}
	}
}

func signingKeyInUse(kid string, keys []APIKey) error {
	const named = 20
	names := make([]string, 0, named+1)
	for _, k := range keys[:min(named, len(keys))] {
		names = append(names, fmt.Sprintf("%q (key %s of tenant %s, …%s)", k.Name, k.ID, k.Tenant, k.Hint))
	}
	if more := len(keys) - named; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return fault.New(ErrSigningKeyInUse.Kind, ErrSigningKeyInUse.Code,
		"%d API keys in use were signed with %s, which would be retired: %s. Rotate them first, or force the rotation, which revokes them.",
		len(keys), kid, strings.Join(names, ", "))
}

// current returns the key that signs, and holds off its rotation until the transaction ends.
func (s *SigningKeys) current(ctx context.Context, sys SystemTx) (kid string, private ed25519.PrivateKey, err error) {
	if err := sys.LockSigningKeys(ctx, false); err != nil {
		return "", nil, err
	}
	live, err := sys.LiveSigningKeys(ctx)
	if err != nil {
		return "", nil, err
	}
	if len(live) == 0 {
		return "", nil, ErrSigningKeyMissing
	}
	seed, err := s.sealed.Open(live[0].SealedPrivate, live[0].KID)
	if err != nil {
		return "", nil, err
	}
	return live[0].KID, ed25519.NewKeyFromSeed(seed), nil
}

func (s *SigningKeys) generate() SigningKey {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err) // documented never to happen with the system's randomness
	}
	kid := NewJWK(public).KID
	return SigningKey{KID: kid, Public: public, SealedPrivate: s.sealed.Seal(private.Seed(), kid), CreatedAt: s.time()}
}

// JWKS is a JSON Web Key Set (RFC 7517).
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// JWK is a public Ed25519 key as RFC 8037 writes it.
type JWK struct {
	KTY string `json:"kty"`
	CRV string `json:"crv"`
	KID string `json:"kid"`
	X   string `json:"x"`
	Alg string `json:"alg"`
	Use string `json:"use"`
}

// NewJWK is a public key under its thumbprint.
func NewJWK(public ed25519.PublicKey) JWK {
	k := JWK{KTY: "OKP", CRV: "Ed25519", X: base64.RawURLEncoding.EncodeToString(public), Alg: "EdDSA", Use: "sig"}
	k.KID = k.thumbprint()
	return k
}

// thumbprint is RFC 7638: SHA-256 over the required members in alphabetical order.
func (k JWK) thumbprint() string {
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":%q,"kty":%q,"x":%q}`, k.CRV, k.KTY, k.X))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// JWKS is the document for /.well-known/jwks.json: the live signing keys, in a stable order.
func (r *KeyRing) JWKS() JWKS {
	r.mu.RLock()
	defer r.mu.RUnlock()
	set := JWKS{Keys: make([]JWK, 0, len(r.signing))}
	for _, public := range r.signing {
		set.Keys = append(set.Keys, NewJWK(public))
	}
	slices.SortFunc(set.Keys, func(a, b JWK) int { return strings.Compare(a.KID, b.KID) })
	return set
}
