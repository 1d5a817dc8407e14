package alert

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// SilenceID identifies a silence. It is a UUIDv7.
type SilenceID uuid.UUID

func (id SilenceID) String() string { return uuid.UUID(id).String() }

// SilenceInput is what somebody says about a silence: which rules, when, and why. A rule fits when it is among those of every list that
// is not empty.
type SilenceInput struct {
	Rules      []RuleID
	Groups     []string
	Severities []Severity
	From, To   time.Time // From inclusive, To exclusive
	Reason     string
}

// Silence keeps quiet about rules for a while.
type Silence struct {
	SilenceInput
	ID        SilenceID
	Phase     Phase // that open incidents know of; up to a few seconds behind the clock
	CreatedAt time.Time
	CreatedBy string
}

// Phase is whether a silence is still to come, in force, or over.
type Phase string

// The phases.
const (
	Scheduled Phase = "scheduled"
	Active    Phase = "active"
	Over      Phase = "over"
)

// Bounds of silences.
const (
	maxListed  = 100
	maxReason  = 500 // characters
	maxSilence = 366 * 24 * time.Hour
)

// The faults of silences.
var (
	ErrNoSuchSilence = fault.New(fault.NotFound, "silence_not_found", "There is no silence with this ID.")
)

// Validate returns a fault with the code invalid_silence.
func (in SilenceInput) Validate(now time.Time) error {
	refuse := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "invalid_silence", format, args...)
	}
	switch {
	case len(in.Rules)+len(in.Groups)+len(in.Severities) == 0:
		return refuse("Say what is to be quiet: rules, groups or severities. All three severities are everything.")
	case len(in.Rules) > maxListed || len(in.Groups) > maxListed || len(in.Severities) > len(Severities()):
		return refuse("A silence names at most %d rules and %d groups.", maxListed, maxListed)
	case !in.From.Before(in.To) || in.To.Sub(in.From) > maxSilence:
		return refuse("starts_at must lie before ends_at, by 366 days at most.")
	case !in.To.After(now):
		return refuse("ends_at must lie in the future.")
	case in.Reason == "" || !short(in.Reason, maxReason):
		return refuse("Give a reason of at most %d characters: others will wonder.", maxReason)
	}
	for _, group := range in.Groups {
		if group == "" || !short(group, maxName) {
			return refuse("A group has 1 to %d characters.", maxName)
		}
	}
	for _, severity := range in.Severities {
		if !slices.Contains(Severities(), severity) {
			return refuse("The severities are info, warning and critical.")
		}
	}
	return nil
}

func (in SilenceInput) normal() SilenceInput {
	in.From, in.To = in.From.UTC().Truncate(time.Microsecond), in.To.UTC().Truncate(time.Microsecond)
	in.Reason = strings.TrimSpace(in.Reason)
	return in
}

// PhaseAt is the phase by the clock.
func (in SilenceInput) PhaseAt(now time.Time) Phase {
	switch {
	case now.Before(in.From):
		return Scheduled
	case now.Before(in.To):
		return Active
	default:
		return Over
	}
}

// fits tells whether the silence is about a rule.
func (in SilenceInput) fits(rule RuleID, group string, severity Severity) bool {
	return (len(in.Rules) == 0 || slices.Contains(in.Rules, rule)) &&
		(len(in.Groups) == 0 || slices.Contains(in.Groups, group)) &&
		(len(in.Severities) == 0 || slices.Contains(in.Severities, severity))
}

// silenced tells whether any of the silences keeps quiet about a rule now.
func silenced(all []Silence, now time.Time, rule RuleID, group string, severity Severity) bool {
	return slices.ContainsFunc(all, func(s Silence) bool { return s.PhaseAt(now) == Active && s.fits(rule, group, severity) })
}

func (s Silence) audit(by tenants.By, action string, at time.Time) tenants.AuditEntry {
	return tenants.AuditEntry{
		At: at, Actor: by.Principal.Actor, Action: action, Target: "silence:" + s.ID.String(),
		Details:       tenants.Details{"from": s.From.Format(time.RFC3339), "to": s.To.Format(time.RFC3339), "reason": s.Reason},
		CorrelationID: by.CorrelationID,
	}
}
