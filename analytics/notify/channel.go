package notify

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/tenants"
)

// Kind is how a channel reaches people.
type Kind string

// The kinds of channels.
const (
	Email   Kind = "email"   // members of the organisation, by mail
	Webhook Kind = "webhook" // JSON, signed as Standard Webhooks say
	Slack   Kind = "slack"   // JSON as Slack's incoming webhooks take it
)

// Channel is a way out of the house.
type Channel struct {
	ID              ChannelID
	Name            string
	Kind            Kind
	URLHint         string           // scheme and host of the URL and its last characters; empty for Email
	Members         []tenants.UserID // of Email
	Sealed          []byte           // URL and secrets, see contents; nil for Email
	CreatedAt       time.Time
	CreatedBy       string
	SecretRotatedAt *time.Time // of Webhook: when it last got a new secret
	OldSecretUntil  *time.Time // of Webhook: until when the secret before signs as well
}

// The faults of channels.
var (
	ErrNoSuchChannel   = fault.New(fault.NotFound, "channel_not_found", "There is no such channel.")
	ErrChannelContents = fault.New(fault.Invalid, "channel_invalid", "A channel for e-mail needs members and has no URL; webhook and slack need a URL and have no members.")
	ErrNoSecret        = fault.New(fault.Conflict, "channel_without_secret", "Only a webhook has a secret.")
	ErrChannelInUse    = fault.New(fault.Conflict, "channel_in_use", "An escalation policy uses this channel. Take it out of the policy first.")
	ErrTooManyTests    = fault.New(fault.RateLimited, "too_many_tests", "There were %d tests within the last hour.", MaxTests).After(10 * time.Minute)
)

// MaxTests is how many tests a tenant may send within an hour.
const MaxTests = 30

// SecretGrace is how long the old secret of a webhook signs beside the new one.
const SecretGrace = 24 * time.Hour

// ChannelInput is a new channel.
type ChannelInput struct {
	Name    string
	Kind    Kind
	URL     string           // of Webhook and Slack
	Members []tenants.UserID // of Email
}

// ChannelChange changes a channel; nil leaves things as they are.
type ChannelChange struct {
	Name    *string
	URL     *string
	Members []tenants.UserID
}

// contents are what is sealed of a channel.
type contents struct {
	URL       string `json:"url"`
	Secret    Secret `json:"secret,omitempty"`
	OldSecret Secret `json:"old_secret,omitempty"` // signs until Channel.OldSecretUntil
}

func (c Channel) sealed(s seal.Sealer, in contents) ([]byte, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode channel: %w", err)
	}
	return s.Seal(text, "channel:"+c.ID.String()), nil
}

func (c Channel) open(s seal.Sealer) (contents, error) {
	var out contents
	text, err := s.Open(c.Sealed, "channel:"+c.ID.String())
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, fmt.Errorf("decode channel %s", c.ID) // the error would quote the text
	}
	return out, nil
}

// hint is what is shown of a URL, which may hold a secret anywhere behind its host.
func hint(u *url.URL) string {
	const shown = 4
	shortened := u.Scheme + "://" + u.Host + "/"
	if rest := u.RequestURI(); len(rest) > 4*shown {
		return shortened + "…" + rest[len(rest)-shown:]
	} else if rest != "/" {
		return shortened + "…"
	}
	return shortened
}

// checkMembers says whether these are 1 to MaxMembers different members. Errors: ErrNotMember, members_invalid.
func checkMembers(chosen []tenants.UserID, all []Person) error {
	if len(chosen) == 0 || len(chosen) > MaxMembers {
		return fault.New(fault.Invalid, "members_invalid", "Choose 1 to %d members.", MaxMembers)
	}
	for i, id := range chosen {
		if slices.Contains(chosen[:i], id) {
			return fault.New(fault.Invalid, "members_invalid", "A member may be named only once.")
		}
		if !slices.ContainsFunc(all, func(p Person) bool { return p.ID == id }) {
			return ErrNotMember
		}
	}
	return nil
}

// Person is a member of the tenant, with the address that their mail goes to.
type Person struct {
	ID       tenants.UserID
	Email    string
	Verified bool
}
