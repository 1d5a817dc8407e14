package notify

import (
	"time"

	"github.com/observatory/observatory/analytics/alert"
)

// Progress is how far the escalation of an incident has come.
type Progress struct {
	Round int        // from 1 on
	Taken int        // steps of this round that were taken
	DueAt *time.Time // when the next step is; nil: there is none
	Over  bool       // the incident is resolved, and whoever was told is told
}

// Begin is the progress of an incident that was opened then, before anybody was told.
func (p Plan) Begin(opened time.Time) Progress {
	due := opened.Add(p.Steps[0].Delay)
	return Progress{Round: 1, DueAt: &due}
}

// Next is the step that comes next, counted from 0, and the round that it belongs to; false when every round is over. A plan that
// was changed meanwhile is followed from where the escalation stands.
func (p Plan) Next(at Progress) (step, round int, more bool) {
	if at.Taken < len(p.Steps) {
		return at.Taken, at.Round, true
	}
	return 0, at.Round + 1, at.Round <= p.Repeat
}

// After is the progress once a step was taken now.
func (p Plan) After(step, round int, now time.Time) Progress {
	next := Progress{Round: round, Taken: step + 1}
	var due time.Time
	switch {
	case next.Taken < len(p.Steps):
		due = now.Add(p.Steps[next.Taken].Delay)
	case round <= p.Repeat:
		due = now.Add(p.RepeatAfter)
	default:
		return next
	}
	next.DueAt = &due
	return next
}

// goesOn tells whether a round has a step after so many. The pause before the next round is never cut short: who could not be reached
// a moment ago is hardly reached now.
func (p Plan) goesOn(taken int) bool { return taken < len(p.Steps) }

// State is what an escalation waits for.
type State string

// The states of an escalation.
const (
	StateNone         State = "none"         // the incident has no policy
	StateWaiting      State = "waiting"      // for its next step
	StateAcknowledged State = "acknowledged" // somebody has it in hand
	StateSnoozed      State = "snoozed"      // until the snooze is over
	StateMuted        State = "muted"        // while it is silenced
	StateExhausted    State = "exhausted"    // nobody is left to tell
	StateResolved     State = "resolved"
)

// Standing is what the escalation of an incident waits for now. Steps are taken in StateWaiting only.
func Standing(i alert.Incident, at *Progress, now time.Time) State {
	switch {
	case i.State == alert.IncidentResolved:
		return StateResolved
	case i.Policy == nil:
		return StateNone
	case i.SnoozedUntil != nil && now.Before(*i.SnoozedUntil):
		return StateSnoozed
	case i.AcknowledgedAt != nil:
		return StateAcknowledged
	case i.Muted:
		return StateMuted
	case at != nil && at.DueAt == nil:
		return StateExhausted
	}
	return StateWaiting
}
