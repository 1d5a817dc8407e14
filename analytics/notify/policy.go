package notify

import (
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
)

// Policy says who is told of an incident, step after step, until somebody acknowledges it.
type Policy struct {
	ID        PolicyID
	Name      string
	Plan      Plan
	CreatedAt time.Time
	CreatedBy string
	UpdatedAt time.Time
}

// Plan is the order of a policy.
type Plan struct {
	Steps       []Step        `json:"steps"`
	Repeat      int           `json:"repeat"`       // how often all steps begin again; 0 to MaxRepeat
	RepeatAfter time.Duration `json:"repeat_after"` // from the last step to the next round; a minute to a day
}

// Step tells everybody in Targets at once.
type Step struct {
	Delay   time.Duration `json:"delay"` // after the step before, or after the incident began; 0 to a day
	Targets []Target      `json:"targets"`
}

// Target is somebody who is told.
type Target struct {
	Kind TargetKind `json:"kind"`
	ID   uuid.UUID  `json:"id"` // a ChannelID, tenants.UserID or RotationID
}

// TargetKind says what a target is.
type TargetKind string

// The kinds of targets.
const (
	TargetChannel  TargetKind = "channel"
	TargetMember   TargetKind = "member"   // gets a mail
	TargetRotation TargetKind = "rotation" // whoever is on call gets a mail
)

// The faults of policies.
var (
	ErrNoSuchPolicy = fault.New(fault.NotFound, "escalation_not_found", "There is no such escalation policy.")
	ErrPolicyInUse  = fault.New(fault.Conflict, "escalation_in_use", "An alert rule uses this policy. Give the rule another one first.")
	ErrNoSuchTarget = fault.New(fault.Invalid, "target_not_found", "A step names a channel, member or rotation that is not there.")
)

// Validate checks the bounds of a plan. Errors: escalation_invalid.
func (p Plan) Validate() error {
	invalid := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "escalation_invalid", format, args...)
	}
	const most = 24 * time.Hour
	switch {
	case len(p.Steps) == 0 || len(p.Steps) > MaxSteps:
		return invalid("A policy has 1 to %d steps.", MaxSteps)
	case p.Repeat < 0 || p.Repeat > MaxRepeat:
		return invalid("Steps are repeated 0 to %d times.", MaxRepeat)
	case p.RepeatAfter < time.Minute || p.RepeatAfter > most:
		return invalid("The next round begins after a minute to a day.")
	}
	for _, step := range p.Steps {
		if step.Delay < 0 || step.Delay > most {
			return invalid("The delay of a step is at most a day.")
		}
		if len(step.Targets) == 0 || len(step.Targets) > MaxTargets {
			return invalid("A step has 1 to %d targets.", MaxTargets)
		}
	}
	return nil
}

// Uses tells whether the policy tells a target.
func (p Plan) Uses(kind TargetKind, id uuid.UUID) bool {
	for _, step := range p.Steps {
		for _, t := range step.Targets {
			if t.Kind == kind && t.ID == id {
				return true
			}
		}
	}
	return false
}
