package tenants

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/observatory/observatory/internal/fault"
)

// ErrEmailInvalid is returned for a text that is no usable e-mail address.
var ErrEmailInvalid = fault.New(fault.Invalid, "email_invalid", "This is not an e-mail address such as ada@example.com.")

// Email is an address that somebody can be reached at, with the form that it is compared in.
//
// Mail always goes to Address as it was given by its owner, never to what somebody else typed: two texts with the same
// Key need not be the same mailbox to every mail server, and a reset link must not go to the wrong one.
type Email struct {
	Address string // as given, without surrounding spaces, in Unicode normal form C
	Key     string // equal for addresses that differ only in case or in the spelling of the domain
}

// ParseEmail reads an address (RFC 5322 addr-spec; at most 254 bytes, 64 before the @), or returns ErrEmailInvalid. It
// refuses quoted local parts and address literals, which are legal and practically always a mistake or an attack.
func ParseEmail(s string) (Email, error) {
	s = norm.NFC.String(strings.TrimSpace(s))
	if len(s) > 254 || !utf8.ValidString(s) || strings.ContainsFunc(s, notInAddress) {
		return Email{}, ErrEmailInvalid
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Name != "" || parsed.Address != s {
		return Email{}, ErrEmailInvalid
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || len(local) > 64 || strings.Contains(domain, "@") {
		return Email{}, ErrEmailInvalid
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || !isHostName(ascii) {
		return Email{}, ErrEmailInvalid
	}
	return Email{Address: s, Key: norm.NFC.String(cases.Fold().String(local)) + "@" + strings.ToLower(ascii)}, nil
}

func notInAddress(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("\"<>()[]\\,:;", r)
}
