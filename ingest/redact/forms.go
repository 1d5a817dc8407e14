package redact

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"

	"github.com/observatory/observatory/tenants"
)

// DeriveSecrets makes a tenant's secrets, so many versions of them, from the secret key of the installation (HKDF, RFC 5869). They are
// kept nowhere.
func DeriveSecrets(secretKey []byte, tenant tenants.ID, versions int) (Secrets, error) {
	var all Secrets
	for version := 1; version <= max(versions, 1); version++ {
		key, err := hkdf.Key(sha256.New, secretKey, tenant[:], "observatory redaction secret "+strconv.Itoa(version), sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("derive redaction secret: %w", err)
		}
		all = append(all, Secret{Version: version, Key: key})
	}
	return all, nil
}

// Pseudonyms tell in which forms redaction may have stored a value, whatever a tenant's policy was at the time.
type Pseudonyms struct{ sealer *sealer }

// NewPseudonyms makes them of a tenant's secrets.
func NewPseudonyms(secrets Secrets) (Pseudonyms, error) {
	s, err := newSealer(secrets)
	return Pseudonyms{s}, err
}

// Forms are a value and what the actions hash and tokenise make of it under each secret; of a token, what it stands for as well. No two
// values share one: what the other actions leave of a value is left of many, and is not among them.
func (p Pseudonyms) Forms(value string) []string {
	original := value
	if isPseudonym([]byte(value)) {
		revealed, err := p.sealer.reveal(value)
		if err != nil {
			return []string{value}
		}
		original = revealed
	}
	forms := []string{value}
	if original != value {
		forms = append(forms, original)
	}
	for i := range p.sealer.versions {
		version := &sealer{versions: p.sealer.versions[i : i+1]}
		forms = append(forms, version.hash([]byte(original)), version.token([]byte(original)))
	}
	slices.Sort(forms[1:])
	return slices.Compact(forms)
}
