package tenants

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"github.com/observatory/observatory/internal/seal"
)

// SecretKeyLength is the length in bytes of the process's secret key (Config.SecretKey).
const SecretKeyLength = seal.KeyLength

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
