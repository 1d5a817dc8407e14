// Package form lets people who are no members of a tenant file requests about themselves, by a page that the tenant shows them. Whoever
// files proves that an e-mail address is theirs; then there is a request about that address, which the tenant approves or not.
package form

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Form is a tenant's form.
type Form struct {
	Token     string // in the address of its page; empty as long as there is none
	Enabled   bool
	Title     string // at most 120 characters; empty: the page has one of its own
	Intro     string // at most 2000 characters: what the tenant says about it
	Types     []privacy.Type
	ChangedAt time.Time
	ChangedBy string
}

// Types are the types that may be offered.
func Types() []privacy.Type { return []privacy.Type{privacy.Erase, privacy.Export, privacy.Restrict} }

// Public is what anybody sees of a form.
type Public struct {
	Organisation string
	Title        string
	Intro        string
	Types        []privacy.Type
}

// Filing is what somebody filed and did not confirm yet.
type Filing struct {
	ID          uuid.UUID // of the request that becomes of it
	Tenant      tenants.ID
	Type        privacy.Type
	SealedEmail []byte
	LinkHash    [32]byte // SHA-256 of the token in the link
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// The faults of forms.
var (
	ErrNoForm      = fault.New(fault.NotFound, "form_not_found", "There is no such form (any more). Ask the organization that sent you here.")
	ErrFormInvalid = fault.New(fault.Invalid, "form_invalid", "A title has at most 120 characters, an introduction at most 2000, and at least one of erase, export and restrict is offered.")
	ErrNotOffered  = fault.New(fault.Invalid, "type_not_offered", "This form does not offer that.")
)

// Input is what a tenant decides about its form.
type Input struct {
	Enabled  bool
	Title    string
	Intro    string
	Types    []privacy.Type
	NewToken bool // the address of before leads nowhere from then on
}

func (in *Input) check() error {
	in.Title, in.Intro = strings.TrimSpace(in.Title), strings.TrimSpace(in.Intro)
	slices.Sort(in.Types)
	in.Types = slices.Compact(in.Types)
	for _, t := range in.Types {
		if !slices.Contains(Types(), t) {
			return ErrFormInvalid
		}
	}
	if len(in.Types) == 0 || utf8.RuneCountInString(in.Title) > 120 || utf8.RuneCountInString(in.Intro) > 2000 {
		return ErrFormInvalid
	}
	return nil
}

// newToken is a text of 22 characters that nobody guesses.
func newToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
