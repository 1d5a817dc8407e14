package tenants

import (
	"crypto"
	"crypto/ed25519"
	"testing"

	"github.com/observatory/observatory/internal/seal"
)

// OpenSigningKey unseals a signing key, as somebody could who has the secret key.
func OpenSigningKey(t *testing.T, secretKey []byte, k SigningKey) crypto.Signer {
	t.Helper()
	s, err := seal.New(secretKey, "signing keys")
	if err != nil {
		t.Fatal(err)
	}
	seed, err := s.Open(k.SealedPrivate, k.KID)
	if err != nil {
		t.Fatal(err)
	}
	return ed25519.NewKeyFromSeed(seed)
}

// Thumbprint is the kid of a public key.
func Thumbprint(public ed25519.PublicKey) string { return NewJWK(public).KID }

// CleanOrigin is what becomes of an origin that somebody enters.
func CleanOrigin(pattern string) (string, error) { return cleanOrigin(pattern) }

// SignToken makes the token of a key.
func SignToken(tb testing.TB, k APIKey, private ed25519.PrivateKey) string {
	tb.Helper()
	token, err := tokenFormat{DefaultIssuer, DefaultAudience}.sign(k, private)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}
