package repair

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// ID of a replay.
type ID uuid.UUID

func (id ID) String() string { return uuid.UUID(id).String() }

// Kind is what a replay does.
type Kind string

// The kinds.
const (
	Repair  Kind = "repair"  // takes events out of quarantine
	History Kind = "history" // runs stored events through the rules again
	Release Kind = "release" // stores held events that may be used again
)

// State is how a replay stands.
type State string

// The states. What is waiting, running, pausing, cancelling or paused is open; of those there is one per cause, one of history and one release in a tenant.
const (
	Waiting    State = "waiting"
	Running    State = "running"
	Pausing    State = "pausing"    // what is under way is being finished
	Cancelling State = "cancelling" // likewise
	Paused     State = "paused"
	Cancelled  State = "cancelled"
	Done       State = "done"
	Failed     State = "failed"
)

// Spec is what somebody asked for.
type Spec struct {
	Kind    Kind      `json:"kind"`
	Cause   uuid.UUID `json:"cause,omitzero"`    // of a repair
	Mapping []Step    `json:"mapping,omitempty"` // of a repair
	From    time.Time `json:"from,omitzero"`     // of history: of the events' time, inclusive
	To      time.Time `json:"to,omitzero"`       // of history: exclusive
	Events  []string  `json:"events,omitempty"`  // of history: only events of these names; empty for all
	Quota   bool      `json:"quota,omitempty"`   // of a release: of what is held for its number, or as unpaid; otherwise of all else
}

// Bounds of a replay of history.
const (
	maxPeriod = 366 * 24 * time.Hour
	maxNames  = 100
)

// Validate checks the spec and compiles its mapping.
//
// Errors: replay_invalid, mapping_invalid (Invalid).
func (s *Spec) Validate() (Mapping, error) {
	invalid := func(text string) (Mapping, error) {
		return Mapping{}, fault.New(fault.Invalid, "replay_invalid", "%s", text)
	}
	switch {
	case s.Kind == Repair && s.Cause == uuid.Nil:
		return invalid("A repair needs the `cause` whose events it is to put right.")
	case s.Kind == Repair && (!s.From.IsZero() || !s.To.IsZero() || len(s.Events) > 0):
		return invalid("`from`, `to`, `events` and `policy` belong to a replay of kind history.")
	case s.Kind == Repair:
		return Compile(s.Mapping)
	case s.Kind == Release:
		return Mapping{}, nil
	case s.Kind != History:
		return invalid("`kind` must be repair or history.")
	case s.Cause != uuid.Nil || len(s.Mapping) > 0:
		return invalid("`cause` and `mapping` belong to a replay of kind repair.")
	case !s.From.Before(s.To) || s.To.Sub(s.From) > maxPeriod || s.From.Before(ingest.EarliestTime()):
		return invalid("`from` must lie before `to`, by 366 days at most, and not before 2000.")
	case len(s.Events) > maxNames || slices.ContainsFunc(s.Events, func(n string) bool { return n == "" || len(n) > ingest.MaxNameBytes }):
		return invalid("`events` takes at most 100 names of events.")
	}
	return Mapping{}, nil
}

// Replay is a job: a row in Postgres, worked on by one node at a time.
type Replay struct {
	ID     ID
	Tenant tenants.ID
	Spec
	State    State
	Progress Progress
	// Log is the log that its events go through; nil before it runs. Only the node with that log may go on with it: what was
	// appended and is not stored yet lies there.
	Log       *uuid.UUID
	CreatedAt time.Time
	CreatedBy string
	StartedAt *time.Time
	EndedAt   *time.Time
	SeenAt    *time.Time // when its node last wrote down how far it is
	Error     string     // why it failed
}

// Progress is how far a replay is. It is written down together with the cursor.
type Progress struct {
	Counts    Counts    `json:"counts"`
	Problems  []Problem `json:"problems,omitempty"`
	Cursor    Cursor    `json:"cursor"`
	PerSecond float64   `json:"per_second"`
}

// Counts are events.
type Counts struct {
	Found            int64 `json:"found"`             // when it began
	Replayed         int64 `json:"replayed"`          // sent again, and not known to be stored yet
	Stored           int64 `json:"stored"`            //
	Duplicate        int64 `json:"duplicate"`         // the ID was stored meanwhile
	StillQuarantined int64 `json:"still_quarantined"` // do not fit the rules
	Skipped          int64 `json:"skipped"`           // deleted or suppressed meanwhile, or nothing is left of them to repair
	Unchanged        int64 `json:"unchanged"`         // of history
}

// LookedAt is how many events have had their turn.
func (c Counts) LookedAt() int64 {
	return c.Replayed + c.Stored + c.Duplicate + c.StillQuarantined + c.Skipped + c.Unchanged
}

// Cursor is a place among the events of a replay: behind it they have not had their turn. Of a repair it is the last dead letter, of a release the last
// held event, of history the last event in the order of time's hour, name and ID.
type Cursor struct {
	ReceivedAt time.Time        `json:"received_at,omitzero"`
	Receipt    ingest.ReceiptID `json:"receipt,omitzero"`
	Index      int              `json:"index,omitempty"`

	Hour    time.Time `json:"hour,omitzero"`
	Event   string    `json:"event,omitempty"`
	EventID string    `json:"event_id,omitempty"`
}

// Problem is one way in which events do not fit the rules.
type Problem struct {
	Code    string `json:"code"`
	Path    string `json:"path"`
	Message string `json:"message"`
	Events  int64  `json:"events"`
}

// maxProblems bounds how many are kept.
const maxProblems = 20

// addProblem counts a rejection.
func addProblem(all []Problem, r *ingest.Rejection) []Problem {
	return addProblems(all, Problem{Code: r.Code, Path: ingest.AnyElement(r.Path), Message: r.Message, Events: 1})
}

// addProblems counts events that have a problem.
func addProblems(all []Problem, more Problem) []Problem {
	for i := range all {
		if p := &all[i]; p.Code == more.Code && p.Path == more.Path && p.Message == more.Message {
			p.Events += more.Events
			return all
		}
	}
	if len(all) == maxProblems {
		return all
	}
	return append(all, more)
}

// sortedProblems are the problems, most frequent first.
func sortedProblems(all []Problem) []Problem {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.Code, b.Code), strings.Compare(a.Path, b.Path), strings.Compare(a.Message, b.Message))
	})
	return all
}

// Share is which part of its events a replay has looked at, from 0 to 1. What could not be known when it began is left aside.
func (r *Replay) Share() float64 {
	c := r.Progress.Counts
	switch {
	case r.State == Done:
		return 1
	case c.Found == 0:
		return 0
	}
	return min(1, float64(c.LookedAt())/float64(c.Found))
}

// TimeLeft is about how long a replay will take. known is false where nobody can tell.
func (r *Replay) TimeLeft() (left time.Duration, known bool) {
	c := r.Progress.Counts
	if r.State != Running || r.Progress.PerSecond <= 0 {
		return 0, false
	}
	return time.Duration(float64(max(0, c.Found-c.LookedAt())) / r.Progress.PerSecond * float64(time.Second)), true
}
