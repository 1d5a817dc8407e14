package suppress

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"

	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Keys make the hashes by which identifiers are known again. Nobody can make them, or try out guesses, without the secret key of the installation; and
// hashes of two tenants say nothing about each other.
type Keys struct{ secret []byte }

// NewKeys makes keys from the secret key of the installation. It fails when that has not seal.KeyLength bytes.
func NewKeys(secretKey []byte) (Keys, error) {
	if len(secretKey) != seal.KeyLength {
		return Keys{}, fmt.Errorf("the secret key has %d bytes, want %d", len(secretKey), seal.KeyLength)
	}
	return Keys{secret: secretKey}, nil
}

// Hash is what is kept of an identifier.
type Hash [16]byte

// Of hashes an identifier of a tenant, as Normal makes it.
func (k Keys) Of(tenant tenants.ID, i privacy.Identifier) Hash {
	return newHasher(k, tenant).of(i.Kind, i.Path, []byte(i.Value))
}

// hasher hashes identifiers of one tenant. It is not safe for concurrent use.
type hasher struct {
	mac hash.Hash
	in  []byte
	out [sha256.Size]byte
}

func newHasher(k Keys, tenant tenants.ID) *hasher {
	key, err := hkdf.Key(sha256.New, k.secret, tenant[:], "observatory suppressions", sha256.Size)
	if err != nil {
		panic(err) // only of lengths beyond all bounds
	}
	return &hasher{mac: hmac.New(sha256.New, key)}
}

// of hashes kind, path and value; the zero bytes cannot stand in the first two.
func (h *hasher) of(kind privacy.Kind, path string, value []byte) Hash {
	h.in = append(append(append(append(append(h.in[:0], kind...), 0), path...), 0), value...)
	h.mac.Reset()
	h.mac.Write(h.in)
	return Hash(h.mac.Sum(h.out[:0])[:16])
}
