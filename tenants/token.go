package tenants

import (
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/observatory/observatory/internal/fault"
)

// A key's token is a JWT (RFC 7519) signed with Ed25519 (RFC 8037), made and read by the rules of RFC 8725: one algorithm,
// an explicit type, issuer and audience always checked, and the signing key chosen from our own set only. Its claims are
// a copy of the APIKey's; where the two differ the token is not one of ours.

// tokenType is the `typ` of a key's token (RFC 8725, section 3.11), so that no other JWT of ours can pass for one.
const tokenType = "observatory-key+jwt"

// MaxTokenLength in bytes. Longer ones are refused unread.
const MaxTokenLength = 4 << 10

// The faults of a presented key.
var (
	ErrKeyMissing        = fault.New(fault.Unauthenticated, "key_missing", "This needs an API key: Authorization: Bearer KEY.")
	ErrKeyMalformed      = fault.New(fault.Unauthenticated, "key_malformed", "This is not an API key. Copy it again, complete and without spaces.")
	ErrKeyWrongSignature = fault.New(fault.Unauthenticated, "key_wrong_signature", "The key's signature does not match. Copy the key again, complete and unchanged.")
	ErrKeyUnknown        = fault.New(fault.Unauthenticated, "key_unknown", "This key is not known here. Check that it belongs to this server.")
	ErrKeyRevoked        = fault.New(fault.Unauthenticated, "key_revoked", "This key was revoked. Use another one.")
	ErrKeyHasExpired     = fault.New(fault.Unauthenticated, "key_expired", "This key has expired. Use the one that replaced it, or create another.")
	ErrKeyNotYetKnown    = fault.New(fault.Unavailable, "key_not_yet_known", "This key was created seconds ago and is not known on every node yet. Try again.").After(time.Second)
)

// claims of a key's token.
type claims struct {
	jwt.RegisteredClaims
	Source SourceID `json:"src"`
	Scope  string   `json:"scope"`
	Env    Env      `json:"env"`
}

// tokenFormat makes and reads tokens of one issuer for one audience.
type tokenFormat struct{ issuer, audience string }

// The issuer and audience unless configured.
const (
	DefaultIssuer   = "observatory"
	DefaultAudience = "observatory-api"
)

// sign makes the token of a key.
func (f tokenFormat) sign(k APIKey, signer crypto.Signer) (string, error) {
	c := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:   f.issuer,
			Audience: jwt.ClaimStrings{f.audience},
			Subject:  k.Tenant.String(),
			ID:       k.ID.String(),
			IssuedAt: jwt.NewNumericDate(k.CreatedAt),
		},
		Source: k.Source,
		Scope:  k.Scopes.String(),
		Env:    k.Env,
	}
	if k.ExpiresAt != nil {
		c.ExpiresAt = jwt.NewNumericDate(*k.ExpiresAt)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	token.Header["typ"] = tokenType
	token.Header["kid"] = k.KID
	signed, err := token.SignedString(signer)
	if err != nil {
		return "", fmt.Errorf("sign API key: %w", err)
	}
	return signed, nil
}

// parser reads tokens of this format.
func (f tokenFormat) parser(now func() time.Time) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(f.issuer),
		jwt.WithAudience(f.audience),
		jwt.WithStrictDecoding(), // one key has one spelling
		jwt.WithTimeFunc(now),
	)
}

// parsedToken is a token of ours with a signature that holds. Whether its key still works is another question.
type parsedToken struct {
	claims
	id  KeyID
	kid string
}

// parseToken checks everything about a token that can be known from itself and the public keys.
func parseToken(p *jwt.Parser, token string, publicKey func(kid string) (ed25519.PublicKey, bool)) (parsedToken, error) {
	var (
		parsed parsedToken
		refuse error
	)
	_, err := p.ParseWithClaims(token, &parsed.claims, func(t *jwt.Token) (any, error) {
		kid, isText := t.Header["kid"].(string)
		id, err := ParseKeyID(parsed.ID)
		if !isText || err != nil || t.Header["typ"] != tokenType {
			refuse = ErrKeyMalformed
			return nil, refuse
		}
		public, known := publicKey(kid)
		if !known {
			refuse = ErrKeyUnknown
			return nil, refuse
		}
		parsed.id, parsed.kid = id, kid
		return public, nil
	})
	switch {
	case err == nil:
		return parsed, nil
	case refuse != nil:
		return parsedToken{}, refuse
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return parsedToken{}, ErrKeyWrongSignature.Because(err)
	case errors.Is(err, jwt.ErrTokenExpired):
		return parsedToken{}, ErrKeyHasExpired.Because(err)
	case errors.Is(err, jwt.ErrTokenInvalidIssuer), errors.Is(err, jwt.ErrTokenInvalidAudience):
		return parsedToken{}, ErrKeyUnknown.Because(err)
	}
	return parsedToken{}, ErrKeyMalformed.Because(err)
}
