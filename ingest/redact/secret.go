package redact

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strconv"

	"github.com/observatory/observatory/internal/fault"
)

// Secret is a tenant's secret. Keys never leave the process.
type Secret struct {
	Version int    // from 1
	Key     []byte // at least 32 bytes
}

// Secrets are the versions of a tenant's secret. The highest version makes new pseudonyms and tokens, the others are for revealing.
type Secrets []Secret

// The faults of Reveal.
var (
	ErrNotAToken     = fault.New(fault.Invalid, "not_a_token", "This is not a token that the action tokenise made for this organisation.")
	ErrSecretUnknown = fault.New(fault.Invalid, "token_secret_unknown", "The token was made under a secret that is not there any more.")
)

const (
	minKey       = 32
	ivSize       = aes.BlockSize
	hashLetters  = 26 // 128 bits
	minPseudonym = len("h1_") + hashLetters
)

func base32Text() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

// sealer makes pseudonyms and tokens.
type sealer struct{ versions []keys } // the newest first

// keys are derived from one version of the secret, each for one purpose.
type keys struct {
	version   int
	hash, mac []byte
	block     cipher.Block
}

func newSealer(secrets Secrets) (*sealer, error) {
	if len(secrets) == 0 {
		return nil, fmt.Errorf("redaction needs a secret")
	}
	s := &sealer{}
	for _, secret := range secrets {
		if len(secret.Key) < minKey || secret.Version < 1 {
			return nil, fmt.Errorf("redaction secret %d has %d bytes, want %d, and a version from 1", secret.Version, len(secret.Key), minKey)
		}
		k := keys{version: secret.Version}
		var encryption []byte
		for purpose, key := range map[string]*[]byte{"hash": &k.hash, "token mac": &k.mac, "token encryption": &encryption} {
			derived, err := hkdf.Key(sha256.New, secret.Key, nil, "observatory redaction "+purpose, 32)
			if err != nil {
				return nil, fmt.Errorf("derive redaction key: %w", err)
			}
			*key = derived
		}
		block, err := aes.NewCipher(encryption)
		if err != nil {
			return nil, fmt.Errorf("derive redaction key: %w", err)
		}
		k.block = block
		s.versions = append(s.versions, k)
	}
	slices.SortFunc(s.versions, func(a, b keys) int { return b.version - a.version })
	for i := range s.versions[1:] {
		if s.versions[i].version == s.versions[i+1].version {
			return nil, fmt.Errorf("redaction secret %d is there twice", s.versions[i].version)
		}
	}
	return s, nil
}

// hash is the pseudonym of a text: h, the version of the secret, and 128 bits of HMAC-SHA-256.
func (s *sealer) hash(text []byte) string { return s.versions[0].hashed(text) }

func (s *sealer) hashes(text []byte) []string {
	out := make([]string, len(s.versions))
	for i := range s.versions {
		out[i] = s.versions[i].hashed(text)
	}
	return out
}

func (k *keys) hashed(text []byte) string {
	return "h" + strconv.Itoa(k.version) + "_" + base32Text().EncodeToString(sum(k.hash, text)[:16])
}

func sum(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

// token encrypts a text so that the same text gives the same token: the initialisation vector is a MAC of the text (as in SIV, RFC
// 5297), with which it is also checked when it is revealed.
func (s *sealer) token(text []byte) string {
	k := &s.versions[0]
	sealed := make([]byte, ivSize+len(text))
	copy(sealed, sum(k.mac, text)[:ivSize])
	cipher.NewCTR(k.block, sealed[:ivSize]).XORKeyStream(sealed[ivSize:], text)
	return "t" + strconv.Itoa(k.version) + "_" + base32Text().EncodeToString(sealed)
}

func (s *sealer) reveal(token string) (string, error) {
	start, end := findPseudonym([]byte(token), 0)
	if start != 0 || end != len(token) || token[0] != 't' {
		return "", ErrNotAToken
	}
	mark := slices.Index([]byte(token), '_')
	version, err := strconv.Atoi(token[1:mark])
	if err != nil {
		return "", ErrNotAToken
	}
	sealed, err := base32Text().DecodeString(token[mark+1:])
	if err != nil || len(sealed) < ivSize {
		return "", ErrNotAToken
	}
	for i := range s.versions {
		k := &s.versions[i]
		if k.version != version {
			continue
		}
		text := make([]byte, len(sealed)-ivSize)
		cipher.NewCTR(k.block, sealed[:ivSize]).XORKeyStream(text, sealed[ivSize:])
		if !hmac.Equal(sum(k.mac, text)[:ivSize], sealed[:ivSize]) {
			return "", ErrNotAToken
		}
		return string(text), nil
	}
	return "", ErrSecretUnknown
}

// findPseudonym finds what the actions hash and tokenise make: h or t, a version, _ and letters of base 32.
func findPseudonym(text []byte, from int) (start, end int) {
	for i := from; i < len(text); i++ {
		if c := text[i]; c != 'h' && c != 't' || isWord(before(text, i)) {
			continue
		}
		j := i + 1
		for j < len(text) && j-i <= 9 && isDigit(text[j]) {
			j++
		}
		if j == i+1 || after(text, j) != '_' {
			continue
		}
		j++
		body := j
		for j < len(text) && (text[j] >= 'a' && text[j] <= 'z' || text[j] >= '2' && text[j] <= '7') {
			j++
		}
		if n := j - body; (n == hashLetters || n > hashLetters && text[i] == 't') && !isWord(after(text, j)) {
			return i, j
		}
	}
	return -1, -1
}

func isPseudonym(text []byte) bool {
	if len(text) < minPseudonym || text[0] != 'h' && text[0] != 't' {
		return false
	}
	start, end := findPseudonym(text, 0)
	return start == 0 && end == len(text)
}
