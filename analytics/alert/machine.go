package alert

import (
	"math/bits"
	"time"
)

// Status is where a rule stands.
type Status string

// The statuses, in the order in which a rule goes through them.
const (
	OK       Status = "ok"
	Pending  Status = "pending"  // the condition holds, but not for long enough
	Firing   Status = "firing"   // an episode goes on
	Resolved Status = "resolved" // the episode ended at the last tick
)

// When a rule is held to be flapping: the condition began or ceased to hold more than flapChanges times in flapTicks ticks. Its
// episode then goes on until the condition has not held for flapQuiet ticks.
const (
	flapChanges = 4
	flapTicks   = 20
	flapQuiet   = 10
)

// State is what the machine keeps between ticks. The zero State is that of a new rule; it is comparable.
type State struct {
	Status     Status    // "" counts as OK
	Since      time.Time // the tick at which it came into this status
	WrongSince time.Time // the first of the ticks, up to the last, at which the condition held; zero when it did not hold
	LastTick   time.Time // zero before the first
	Changes    uint32    // a bit for each of the last flapTicks ticks, the lowest the last: it began or ceased to hold
	Flapping   bool
	Quiet      int // ticks in a row of a firing rule at which it did not hold
}

// Evaluation is what came of a tick.
type Evaluation struct {
	Tick        time.Time // the end of the window that was measured
	Value       *float64  // nil: there was nothing to measure
	Previous    *float64  // of change: what it was compared with
	Low, High   *float64  // of anomaly: what is usual
	Status      Status
	Muted       bool   // firing during a silence
	Note        string // what else there is to say; often empty
	Missed      int    // ticks before this one that were never evaluated
	EvaluatedAt time.Time
}

// Evaluate is the whole of what a tick does to a rule: a pure function. Ticks are given in order; where some were left out, a condition
// that held before the gap has to hold for its full time again before the rule fires.
func Evaluate(d Definition, s State, sample Sample, tick time.Time) (State, Evaluation) {
	j := d.judge(sample)
	gap := !s.LastTick.IsZero() && tick.Sub(s.LastTick) > d.Interval
	next := s.step(j.verdict, tick, d.For, gap)
	return next, Evaluation{
		Tick: tick, Value: sample.Value, Previous: j.previous, Low: j.low, High: j.high, Status: next.Status, Note: j.note,
	}
}

func (s State) step(v verdict, tick time.Time, length time.Duration, gap bool) State {
	s.LastTick = tick
	if gap && s.Status == Pending {
		s.WrongSince = time.Time{}
	}
	if v == keep {
		if s.Status == Resolved || s.Status == "" {
			return s.to(OK, tick)
		}
		return s
	}
	holds, held := v == wrong, !s.WrongSince.IsZero()
	s.Changes = s.Changes << 1 & (1<<flapTicks - 1)
	if holds != held {
		s.Changes |= 1
	}
	switch {
	case !holds:
		s.WrongSince = time.Time{}
	case !held:
		s.WrongSince = tick
	}
	switch {
	case s.Status == Firing && holds:
		s.Quiet = 0
		return s
	case s.Status == Firing:
		return s.calm(tick)
	case !holds:
		return s.to(OK, tick)
	case tick.Sub(s.WrongSince) >= length:
		return s.to(Firing, tick)
	default:
		return s.to(Pending, tick)
	}
}

// calm is a tick of a firing rule at which the condition does not hold.
func (s State) calm(tick time.Time) State {
	s.Quiet++
	s.Flapping = s.Flapping || bits.OnesCount32(s.Changes) > flapChanges
	if s.Flapping && s.Quiet < flapQuiet {
		return s
	}
	if s.Flapping {
		s.Changes = 0
	}
	s.Flapping, s.Quiet = false, 0
	return s.to(Resolved, tick)
}

func (s State) to(status Status, tick time.Time) State {
	if s.Status != status {
		s.Status, s.Since = status, tick
	}
	return s
}

// fired tells whether an episode began between the two states, and ended whether one did.
func fired(before, after State) bool { return before.Status != Firing && after.Status == Firing }
func ended(before, after State) bool { return before.Status == Firing && after.Status != Firing }
