// Package seal encrypts small secrets for the database, under keys that are derived from the secret key of the installation.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/observatory/observatory/internal/fault"
)

// KeyLength is the length in bytes of the secret key.
const KeyLength = 32

// ErrBroken means that a ciphertext was made under another secret key or was changed.
var ErrBroken = fault.New(fault.Internal, "seal_broken", "A stored secret cannot be read: the server runs with another secret key than the one it was stored under.")

// Sealer encrypts with AES-256-GCM under a key derived (HKDF, RFC 5869) from the secret key for one purpose, so that a
// ciphertext of one kind never opens as another.
//
// Sealed form: 12 random bytes of nonce, then ciphertext and tag.
type Sealer struct{ aead cipher.AEAD }

// New makes a sealer for a purpose, such as "mail". It fails when the key has not KeyLength bytes.
func New(secretKey []byte, purpose string) (Sealer, error) {
	if len(secretKey) != KeyLength {
		return Sealer{}, fmt.Errorf("the secret key has %d bytes, want %d", len(secretKey), KeyLength)
	}
	key, err := hkdf.Key(sha256.New, secretKey, nil, "observatory "+purpose, 32)
	if err != nil {
		return Sealer{}, fmt.Errorf("derive key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return Sealer{}, fmt.Errorf("derive key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return Sealer{aead}, err
}

// Seal encrypts secret and binds it to name, which is the name of the row that keeps it.
func (s Sealer) Seal(secret []byte, name string) []byte {
	return s.aead.Seal(nil, nil, secret, []byte(name))
}

// Open returns the secret, or ErrBroken.
func (s Sealer) Open(sealed []byte, name string) ([]byte, error) {
	secret, err := s.aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, ErrBroken.Because(errors.Join(err, errors.New(name)))
	}
	return secret, nil
}
