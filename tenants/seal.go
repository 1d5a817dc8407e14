package tenants

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/observatory/observatory/internal/fault"
)

// SecretKeyLength is the length in bytes of the process's secret key (Config.SecretKey).
const SecretKeyLength = 32

// errSealBroken means that a ciphertext was made under another secret key or was changed.
var errSealBroken = fault.New(fault.Internal, "seal_broken", "A stored secret cannot be read: the server runs with another secret key than the one it was stored under.")

// sealer encrypts small secrets for the database with AES-256-GCM under a key derived (HKDF, RFC 5869) from the process's
// secret key for one purpose, so that a ciphertext of one kind never opens as another.
//
// Sealed form: 12 random bytes of nonce, then ciphertext and tag.
type sealer struct{ aead cipher.AEAD }

func newSealer(secretKey []byte, purpose string) (sealer, error) {
	if len(secretKey) != SecretKeyLength {
		return sealer{}, fmt.Errorf("the secret key has %d bytes, want %d", len(secretKey), SecretKeyLength)
	}
	key, err := hkdf.Key(sha256.New, secretKey, nil, "observatory "+purpose, 32)
	if err != nil {
		return sealer{}, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("derive key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

// seal encrypts secret and binds it to name, which is the name of the row that keeps it.
func (s sealer) seal(secret []byte, name string) []byte {
	return s.aead.Seal(nil, nil, secret, []byte(name))
}

// open returns the secret, or errSealBroken.
func (s sealer) open(sealed []byte, name string) ([]byte, error) {
	secret, err := s.aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, errSealBroken.Because(errors.Join(err, errors.New(name)))
	}
	return secret, nil
}

// newSecretToken makes 32 random bytes as text, for sessions and mailed links.
func newSecretToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails; the process ends if the system has no randomness
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// TokenHash is what is stored of a session token or a mailed token. A plain SHA-256 is enough for 256 random bits: there
// is nothing to guess.
type TokenHash [sha256.Size]byte

func hashToken(token string) TokenHash { return sha256.Sum256([]byte(token)) }
