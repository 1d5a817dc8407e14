package certificate

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// ErrNotFound is returned for a request that has no certificate, or is not there for the tenant.
var ErrNotFound = fault.New(fault.NotFound, "certificate_not_found", "There is no certificate of such a request. It is made when the request is completed.")

// Store keeps certificates, and the keys that sign them.
type Store interface {
	// CertificateKeys lists all keys, the newest first.
	CertificateKeys(ctx context.Context) ([]Key, error)
	// AddCertificateKey adds the key that is made in view of those that are there, newest first; nil: none. Everybody who does so takes turns.
	AddCertificateKey(ctx context.Context, another func(there []Key) *Key) error
	// TenantName is the name of the organisation, and where its data is kept (empty: anywhere).
	TenantName(ctx context.Context, tenant tenants.ID) (name, residency string, err error)
	// KeepCertificate keeps what was signed, unless the request has one, and returns the one that it has.
	KeepCertificate(ctx context.Context, tenant tenants.ID, request uuid.UUID, s Signed) (Signed, error)
	// Certificate returns the one of a request, or ErrNotFound.
	Certificate(ctx context.Context, tenant tenants.ID, request uuid.UUID) (Signed, error)
}

// Signed is a certificate that was signed.
type Signed struct {
	KID string
	JWS string
	At  time.Time
}

// Deps are what a Service needs.
type Deps struct {
	Store     Store
	SecretKey []byte
	Issuer    Issuer
	Now       func() time.Time
}

// Service signs certificates and shows them. It is a privacy.Certifier.
type Service struct {
	deps   Deps
	sealer seal.Sealer
}

var _ privacy.Certifier = (*Service)(nil)

// New makes a Service. It fails when the secret key cannot be used.
func New(d Deps) (*Service, error) {
	sealer, err := seal.New(d.SecretKey, "certificate key")
	if err != nil {
		return nil, err
	}
	return &Service{deps: d, sealer: sealer}, nil
}

// EnsureKey makes the first key where there is none. Call it once the database is migrated; several nodes may at the same time.
func (s *Service) EnsureKey(ctx context.Context) error {
	return s.add(ctx, func(there []Key) bool { return len(there) == 0 })
}

// Rotate makes another key, which signs from now on. Those of before go on verifying what they have signed.
func (s *Service) Rotate(ctx context.Context) error {
	return s.add(ctx, func([]Key) bool { return true })
}

func (s *Service) add(ctx context.Context, needed func(there []Key) bool) error {
	err := s.deps.Store.AddCertificateKey(ctx, func(there []Key) *Key {
		if !needed(there) {
			return nil
		}
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			panic(err) // documented never to happen with the system's randomness
		}
		kid := tenants.NewJWK(public).KID
		return &Key{KID: kid, Public: public, SealedPrivate: s.sealer.Seal(private.Seed(), kid), CreatedAt: s.deps.Now()}
	})
	if err != nil {
		return fmt.Errorf("add a key for certificates: %w", err)
	}
	return nil
}

// Keys are all keys that have ever signed here, to verify with.
func (s *Service) Keys(ctx context.Context) (Keys, error) {
	all, err := s.deps.Store.CertificateKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the keys of certificates: %w", err)
	}
	keys := Keys{}
	for _, k := range all {
		keys[k.KID] = k.Public
	}
	return keys, nil
}

// Certify implements privacy.Certifier. Errors besides those of Store: ErrNotOver, and seal.ErrBroken when the secret key is another one.
func (s *Service) Certify(ctx context.Context, r privacy.Request) (privacy.Evidence, error) {
	signed, err := s.sign(ctx, r)
	if err != nil {
		return nil, err
	}
	kept, err := s.deps.Store.KeepCertificate(ctx, r.Tenant, uuid.UUID(r.ID), signed)
	if err != nil {
		return nil, fmt.Errorf("keep the certificate: %w", err)
	}
	sum := sha256.Sum256([]byte(kept.JWS))
	return privacy.Evidence{"certificate_kid": kept.KID, "certificate_sha256": hex.EncodeToString(sum[:])}, nil
}

func (s *Service) sign(ctx context.Context, r privacy.Request) (Signed, error) {
	name, residency, err := s.deps.Store.TenantName(ctx, r.Tenant)
	if err != nil {
		return Signed{}, fmt.Errorf("find the name of the organisation: %w", err)
	}
	c, err := Of(r, Tenant{ID: uuid.UUID(r.Tenant), Name: name, Residency: residency}, s.deps.Issuer, s.deps.Now())
	if err != nil {
		return Signed{}, err
	}
	keys, err := s.deps.Store.CertificateKeys(ctx)
	if err != nil {
		return Signed{}, fmt.Errorf("list the keys of certificates: %w", err)
	}
	if len(keys) == 0 {
		return Signed{}, fmt.Errorf("there is no key to sign certificates with")
	}
	seed, err := s.sealer.Open(keys[0].SealedPrivate, keys[0].KID)
	if err != nil {
		return Signed{}, err
	}
	jws, err := Sign(c, ed25519.NewKeyFromSeed(seed))
	return Signed{KID: keys[0].KID, JWS: jws, At: c.IssuedAt}, err
}

// Find returns the certificate of a request. Errors: ErrNotFound.
func (s *Service) Find(ctx context.Context, tenant tenants.ID, request uuid.UUID) (Signed, error) {
	return s.deps.Store.Certificate(ctx, tenant, request)
}
