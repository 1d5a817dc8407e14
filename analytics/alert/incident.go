package alert

import (
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// IncidentID identifies an incident. It is a UUIDv7.
type IncidentID uuid.UUID

func (id IncidentID) String() string { return uuid.UUID(id).String() }

// Incident is something that is wrong, from the first alert that fires for it to the end of the last. Rules with the same group label
// share one; at most one incident of a group is open.
type Incident struct {
	ID             IncidentID
	Tenant         tenants.ID
	GroupKey       string // "group:" and a label, or "rule:" and a rule's ID
	Title          string
	Severity       Severity // the highest of its rules so far
	State          IncidentState
	OpenedAt       time.Time  // the tick at which the first rule fired
	ResolvedAt     *time.Time // nil while it is open
	ResolvedBy     string     // "" when it ended by itself
	AcknowledgedAt *time.Time
	AcknowledgedBy string     // label of a person or key
	SnoozedUntil   *time.Time // nobody is told before
	Policy         *uuid.UUID // who is told; nil: nobody
	Muted          bool       // every rule of it that fires is silenced: nobody is told
	Rules          []IncidentRule
}

// IncidentState tells whether an incident is over.
type IncidentState string

// The states of an incident.
const (
	IncidentOpen     IncidentState = "open"
	IncidentResolved IncidentState = "resolved"
)

// IncidentRule is a rule of an incident, as it was when it fired.
type IncidentRule struct {
	Rule       RuleID
	Name       string
	Event      string // whose charts it belongs to; "": all events
	Severity   Severity
	Group      string
	FiredAt    time.Time  // the last time
	ResolvedAt *time.Time // nil while it fires
}

// Entry is something that happened to an incident: a line of its timeline.
type Entry struct {
	ID      uuid.UUID // UUIDv7
	At      time.Time
	Kind    EntryKind
	Actor   string            // label of a person or key; "" is Observatory itself
	Text    string            // one sentence for people; at most MaxEntryText characters
	Details map[string]string // for programs
}

// MaxEntryText bounds the text of an entry, in characters.
const MaxEntryText = 2000

// EntryKind is what happened. Kinds are lower-case letters and underscores, at most 40; other packages have their own besides these.
type EntryKind string

// The kinds of this package.
const (
	EntryOpened       EntryKind = "opened"
	EntryRuleFired    EntryKind = "rule_fired"
	EntryRuleResolved EntryKind = "rule_resolved"
	EntryFlapping     EntryKind = "flapping" // a rule changes too often and keeps firing until it is quiet
	EntryMissed       EntryKind = "missed"   // ticks of a rule were never evaluated
	EntryMuted        EntryKind = "muted"
	EntryUnmuted      EntryKind = "unmuted"
	EntryAcknowledged EntryKind = "acknowledged"
	EntrySnoozed      EntryKind = "snoozed"
	EntryResolved     EntryKind = "resolved"
)

// The faults of incidents.
var (
	ErrNoSuchIncident   = fault.New(fault.NotFound, "incident_not_found", "There is no incident with this ID.")
	ErrIncidentResolved = fault.New(fault.Conflict, "incident_resolved", "The incident is resolved already. If the trouble is back, a new one opens by itself.")
)
