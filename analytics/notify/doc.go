// Package notify tells people of incidents, and goes on telling others until somebody answers.
//
// A [Policy] says who is told when. Each of its steps is taken in one transaction, which moves the incident's escalation and
// writes a [Delivery] for everybody who is to be told, so that each message is made exactly once ([Escalator]). Messages
// are then sent at least once, under an ID that stays the same over retries, and every attempt is written down ([Courier]).
// Channels lead out of the house: their URLs and secrets are sealed, never shown again, and called through package safehttp.
//
// Neither messages nor tables hold personal data: people are named by their IDs, and their addresses are looked up when a
// mail is sent. Somebody who has left is not written to any more.
package notify

import (
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
)

type (
	// ChannelID names a channel.
	ChannelID uuid.UUID
	// PolicyID names an escalation policy.
	PolicyID uuid.UUID
	// RotationID names a rotation.
	RotationID uuid.UUID
	// DeliveryID names a message to one recipient. It is the webhook-id and the message ID of a mail.
	DeliveryID uuid.UUID
)

func (id ChannelID) String() string  { return uuid.UUID(id).String() }
func (id PolicyID) String() string   { return uuid.UUID(id).String() }
func (id RotationID) String() string { return uuid.UUID(id).String() }
func (id DeliveryID) String() string { return uuid.UUID(id).String() }

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) } // fails only where the system has no randomness

// What a tenant may have.
const (
	MaxChannels  = 50
	MaxPolicies  = 50
	MaxRotations = 50
	MaxMembers   = 50 // of an e-mail channel, or of a rotation
	MaxSteps     = 10
	MaxTargets   = 10 // of a step
	MaxRepeat    = 10
	maxName      = 120 // characters
)

// The faults that everything here has in common.
var (
	ErrName      = fault.New(fault.Invalid, "name_invalid", "The name must have 1 to 120 characters.")
	ErrNameTaken = fault.New(fault.Conflict, "name_taken", "There is one with this name already.")
	ErrNotMember = fault.New(fault.Invalid, "not_a_member", "Only members of the organisation can be told. Invite them first.")
	ErrTooMany   = fault.New(fault.Conflict, "too_many", "There are as many as there may be. Delete one that is not used any more.")
)

// cleanName is a name as it is kept. Errors: ErrName.
func cleanName(name string) (string, error) {
	name = line(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName {
		return "", ErrName
	}
	return name, nil
}

// line makes one line of text of anything, so that nothing slips into a mail's headers.
func line(text string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")), " ")
}
