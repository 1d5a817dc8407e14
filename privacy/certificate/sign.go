package certificate

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// The faults of certificates that do not hold.
var (
	ErrNotSigned  = fault.New(fault.Invalid, "certificate_invalid", "This is not a certificate: it is not a JSON Web Signature in compact form over a certificate of the form %s.", Format)
	ErrKeyUnknown = fault.New(fault.Invalid, "certificate_key_unknown", "The certificate was signed with a key that is not among these. Take the keys from the installation that issued it.")
	ErrChanged    = fault.New(fault.Invalid, "certificate_changed", "The signature does not match: the certificate was changed after it was signed, or was signed by somebody else.")
)

// maxSize bounds what Verify reads, in bytes.
const maxSize = 16 << 20

// header is the protected header of a signature. There are no others.
type header struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Type      string `json:"typ"`
}

func headerFor(kid string) header {
	return header{Algorithm: "EdDSA", KeyID: kid, Type: "observatory-certificate+jws"}
}

// Sign makes a JSON Web Signature in compact form (RFC 7515, RFC 8037): the same certificate and key always give the same text.
func Sign(c Certificate, private ed25519.PrivateKey) (string, error) {
	public, _ := private.Public().(ed25519.PublicKey)
	protected, err := json.Marshal(headerFor(tenants.NewJWK(public).KID))
	if err != nil {
		return "", fmt.Errorf("write the header: %w", err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("write the certificate: %w", err)
	}
	signed := encoding().EncodeToString(protected) + "." + encoding().EncodeToString(payload)
	return signed + "." + encoding().EncodeToString(ed25519.Sign(private, []byte(signed))), nil
}

// Verify reads a certificate that was signed with one of the keys. Not a byte of it may be different. Errors: ErrNotSigned,
// ErrKeyUnknown, ErrChanged.
func Verify(jws string, keys Keys) (Certificate, error) {
	parts := strings.Split(jws, ".")
	if len(parts) != 3 || len(jws) > maxSize || strings.ContainsAny(jws, "\r\n") { // the decoder passes over ends of lines
		return Certificate{}, ErrNotSigned
	}
	var h header
	if err := decode(parts[0], &h); err != nil {
		return Certificate{}, ErrNotSigned.Because(err)
	}
	if h != headerFor(h.KeyID) {
		return Certificate{}, ErrNotSigned
	}
	public, known := keys[h.KeyID]
	if !known {
		return Certificate{}, ErrKeyUnknown
	}
	signature, err := encoding().DecodeString(parts[2])
	if err != nil || !ed25519.Verify(public, []byte(parts[0]+"."+parts[1]), signature) {
		return Certificate{}, ErrChanged
	}
	payload, err := encoding().DecodeString(parts[1])
	if err != nil {
		return Certificate{}, ErrNotSigned.Because(err)
	}
	var c Certificate
	if err := json.Unmarshal(payload, &c); err != nil {
		return Certificate{}, ErrNotSigned.Because(err)
	}
	if c.Format != Format {
		return Certificate{}, ErrNotSigned
	}
	return c, nil
}

// decode reads a header, which has no members but ours and nothing behind it.
func decode(part string, into any) error {
	text, err := encoding().DecodeString(part)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("something stands behind the header: %w", err)
	}
	return nil
}

// encoding has one text for each value.
func encoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }
