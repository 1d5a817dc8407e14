package certificate

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Key signs certificates. The private half is kept sealed under the secret key of the installation.
type Key struct {
	KID           string // RFC 7638 thumbprint of the public half
	Public        ed25519.PublicKey
	SealedPrivate []byte
	CreatedAt     time.Time
}

// Keys are public halves by their KID.
type Keys map[string]ed25519.PublicKey

// ErrKeysInvalid is returned for what is not a set of keys.
var ErrKeysInvalid = fault.New(fault.Invalid, "certificate_keys_invalid", "This is not a JSON Web Key Set of Ed25519 keys under their thumbprints.")

// ParseKeys reads a JSON Web Key Set (RFC 7517), such as an installation publishes. A key goes by its thumbprint and by no
// other name.
func ParseKeys(text []byte) (Keys, error) {
	var set tenants.JWKS
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, ErrKeysInvalid.Because(err)
	}
	keys := Keys{}
	for _, k := range set.Keys {
		public, err := base64.RawURLEncoding.Strict().DecodeString(k.X)
		if err != nil || len(public) != ed25519.PublicKeySize || tenants.NewJWK(public) != k {
			return nil, ErrKeysInvalid
		}
		keys[k.KID] = public
	}
	if len(keys) == 0 {
		return nil, ErrKeysInvalid
	}
	return keys, nil
}

// JWKS is what ParseKeys reads, in a stable order.
func (k Keys) JWKS() tenants.JWKS {
	set := tenants.JWKS{Keys: []tenants.JWK{}}
	for _, public := range k {
		set.Keys = append(set.Keys, tenants.NewJWK(public))
	}
	slices.SortFunc(set.Keys, func(a, b tenants.JWK) int { return strings.Compare(a.KID, b.KID) })
	return set
}
