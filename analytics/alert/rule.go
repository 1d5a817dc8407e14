package alert

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Bounds of rules.
const (
	MaxRules     = 500 // of a tenant
	MinInterval  = time.Minute
	MaxInterval  = 24 * time.Hour
	MaxFor       = 7 * 24 * time.Hour
	MaxDelay     = 24 * time.Hour
	DefaultDelay = time.Minute
	maxName      = 120 // characters; of a group as well
	maxLabels    = 20
	maxLabel     = 200 // characters, of a key or a value
)

// Definition is what somebody says about a rule.
type Definition struct {
	Name      string
	Measure   Measure
	Condition Condition
	Interval  time.Duration // from MinInterval to MaxInterval, whole minutes that divide a day; ticks are its multiples in UTC
	For       time.Duration // how long the condition must have held at every tick before the rule fires; 0: one tick is enough
	Delay     time.Duration // how long after a window has ended it is judged
	NoData    NoData
	Severity  Severity
	Group     string     // rules with the same label share an incident; "": a group of its own
	Policy    *uuid.UUID // who is told; nil: nobody
	Labels    map[string]string
}

// NoData says what a tick amounts to at which there was nothing to measure.
type NoData string

// The choices.
const (
	NoDataOK     NoData = "ok"     // the condition does not hold
	NoDataFiring NoData = "firing" // it holds
	NoDataKeep   NoData = "keep"   // the rule stays as it is
)

// Rule is a definition and what has become of it.
type Rule struct {
	Definition
	ID        RuleID
	Enabled   bool
	Revision  int // counts changes, from 1
	CreatedAt time.Time
	CreatedBy string
	UpdatedAt time.Time
	UpdatedBy string

	NextTick time.Time // the first that was not evaluated
	State    State
	Incident *IncidentID // of the episode that goes on; a person may have resolved it already
	Last     *Evaluation // the newest; nil before the first
}

// The faults of rules.
var (
	ErrNoSuchRule   = fault.New(fault.NotFound, "alert_not_found", "There is no alert rule with this ID.")
	ErrTooManyRules = fault.New(fault.Conflict, "too_many_alerts", "An organisation has at most %d alert rules. Delete one that nobody needs.", MaxRules)
	ErrNoSuchPolicy = fault.New(fault.Invalid, "escalation_not_found", "There is no escalation policy with this ID.")
)

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_alert", format, args...)
}

// withDefaults fills in what may be left out.
func (d Definition) withDefaults() Definition {
	if d.NoData == "" {
		d.NoData = NoDataOK
	}
	if d.Measure.Window == 0 && d.Measure.windowed() {
		d.Measure.Window = d.Interval
	}
	d.Condition = d.Condition.withDefaults()
	d.Name, d.Group = strings.TrimSpace(d.Name), strings.TrimSpace(d.Group)
	return d
}

// Validate returns a fault with the code invalid_alert, or one of analytics where what is measured makes no sense.
func (d Definition) Validate() error {
	switch {
	case d.Name == "" || !short(d.Name, maxName):
		return invalid("A rule needs a name of at most %d characters.", maxName)
	case d.Interval < MinInterval || d.Interval > MaxInterval || d.Interval%time.Minute != 0 || MaxInterval%d.Interval != 0:
		return invalid("The interval must be whole minutes that divide a day, such as 1, 5, 15, 60 or 1440.")
	case d.For < 0 || d.For > MaxFor || d.For%time.Second != 0:
		return invalid("for must be from 0 to 7 days, in whole seconds.")
	case d.Delay < 0 || d.Delay > MaxDelay || d.Delay%time.Second != 0:
		return invalid("The delay must be from 0 to 24 hours, in whole seconds.")
	case d.NoData != NoDataOK && d.NoData != NoDataFiring && d.NoData != NoDataKeep:
		return invalid("no_data must be ok, firing or keep.")
	case d.Severity != Info && d.Severity != Warning && d.Severity != Critical:
		return invalid("The severity must be info, warning or critical.")
	case !short(d.Group, maxName):
		return invalid("A group has at most %d characters.", maxName)
	case len(d.Labels) > maxLabels:
		return invalid("A rule has at most %d labels.", maxLabels)
	}
	for name, value := range d.Labels {
		if name == "" || !short(name, maxLabel) || !short(value, maxLabel) {
			return invalid("Names and values of labels have at most %d characters, and names at least one.", maxLabel)
		}
	}
	if err := d.Measure.validate(d.Interval); err != nil {
		return err
	}
	return d.Condition.validate()
}

func short(text string, most int) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0) && utf8.RuneCountInString(text) <= most
}

// judgedAlike tells whether values that were judged by the one definition mean the same to the other.
func (d Definition) judgedAlike(o Definition) bool {
	return d.Measure.equal(o.Measure) && d.Condition == o.Condition && d.Interval == o.Interval && d.For == o.For && d.NoData == o.NoData
}

// groupKey names the group of the rule among all groups of the tenant.
func (r Rule) groupKey() string {
	if r.Group == "" {
		return "rule:" + r.ID.String()
	}
	return "group:" + r.Group
}

// DueAt is when the next tick may be evaluated.
func (r Rule) DueAt() time.Time { return r.NextTick.Add(r.Delay) }

// tickAfter is the first tick later than t.
func (d Definition) tickAfter(t time.Time) time.Time { return t.Truncate(d.Interval).Add(d.Interval) }

// MaxCatchUp is how many ticks of the past are made up for.
const MaxCatchUp = 60

// dueTicks are the ticks that can be evaluated now, oldest first, and how many before them are too old to be made up for.
func (r Rule) dueTicks(now time.Time) (ticks []time.Time, missed int) {
	latest := now.Add(-r.Delay).Truncate(r.Interval)
	if latest.Before(r.NextTick) {
		return nil, 0
	}
	first := r.NextTick
	if n := int(latest.Sub(first)/r.Interval) + 1; n > MaxCatchUp {
		missed = n - MaxCatchUp
		first = first.Add(time.Duration(missed) * r.Interval)
	}
	for t := first; !t.After(latest); t = t.Add(r.Interval) {
		ticks = append(ticks, t)
	}
	return ticks, missed
}

// change says by whom a rule is changed, for the audit log.
func (r Rule) audit(by tenants.By, action string, at time.Time) tenants.AuditEntry {
	return tenants.AuditEntry{
		At: at, Actor: by.Principal.Actor, Action: action, Target: "alert:" + r.ID.String(),
		Details: tenants.Details{"name": r.Name, "severity": string(r.Severity)}, CorrelationID: by.CorrelationID,
	}
}
