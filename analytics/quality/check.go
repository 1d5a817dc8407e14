// Package quality checks, again and again, whether a tenant's data is what it should be: as much of it as usual, nothing missing in
// it, new enough, and every event accounted for.
//
// A [Check] is a declaration. At each of its ticks a [Runner] measures what the check is about and judges it (judge.go), which gives
// one [Result]: a value, what was expected, a verdict and a sentence that explains it. Some checks everybody has without asking. An
// alert rule can watch the verdicts of a check: see alert.Checks.
package quality

import (
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
)

// ID identifies a check.
type ID uuid.UUID

// String is the usual form of a UUID.
func (id ID) String() string { return uuid.UUID(id).String() }

// Kind is what a check looks at.
type Kind string

// The kinds.
const (
	Volume    Kind = "volume"    // how many events there are, against the same hours of past weeks
	Nulls     Kind = "nulls"     // in which share of events a property is missing or null
	Freshness Kind = "freshness" // how long ago the newest event was received
	Ledger    Kind = "ledger"    // how many hours of the conservation ledger do not balance
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{Volume, Nulls, Freshness, Ledger} }

// looksBack tells whether the check is about events of a time that is over. It can be made up for when a tick was missed.
func (k Kind) looksBack() bool { return k == Volume || k == Nulls }

// Bounds of a check.
const (
	MaxChecks     = 100 // of one tenant
	MaxNameLength = 120 // characters
	MinSLA        = time.Minute
	MaxSLA        = 31 * 24 * time.Hour
)

// Definition is what people say about a check.
type Definition struct {
	Name      string
	Kind      Kind
	Event     string        // events of this name; "" is any. Not for a ledger.
	Property  string        // the text of an analytics.Path; for nulls only
	Tolerance float64       // of volume: how many spreads from the middle are usual, above 0 and up to 100
	MaxShare  float64       // of nulls: the share of events that may lack the property, from 0 to 1
	SLA       time.Duration // of freshness: how old the newest event may be; whole seconds, MinSLA to MaxSLA
	Interval  time.Duration // between two ticks: one of Intervals(kind)
	Enabled   bool
}

// Check is a definition with its standing.
type Check struct {
	ID ID
	Definition
	Builtin   bool      // everybody has it: it can be changed and switched off, not removed. One of a kind.
	Revision  int       // counted up by each change
	Next      time.Time // its next tick
	CreatedAt time.Time
	CreatedBy string
	UpdatedAt time.Time
	UpdatedBy string
}

// The faults of checks. A definition that makes no sense has the code CodeCheckInvalid.
var (
	ErrNoSuchCheck   = fault.New(fault.NotFound, "quality_check_not_found", "There is no such check.")
	ErrTooManyChecks = fault.New(fault.Conflict, "quality_checks_too_many", "An organisation may have %d checks. Remove one first.", MaxChecks)
	ErrBuiltinCheck  = fault.New(fault.Conflict, "quality_check_builtin", "Everybody has this check, so it cannot be removed. Switch it off instead.")
)

// CodeCheckInvalid is of a definition that makes no sense.
const CodeCheckInvalid fault.Code = "quality_check_invalid"

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, CodeCheckInvalid, format, args...)
}

// Usual is a definition with what is usual for a kind. The name is of a check of all events.
func Usual(kind Kind) Definition {
	d := Definition{Kind: kind, Interval: time.Hour, Enabled: true}
	switch kind {
	case Volume:
		d.Name, d.Tolerance = "As many events as usual", 4
	case Nulls:
		d.Name, d.MaxShare = "Nothing missing", 0.05
	case Freshness:
		d.Name, d.SLA, d.Interval = "Events keep coming", 24*time.Hour, 15*time.Minute
	case Ledger:
		d.Name = "Every event accounted for"
	}
	return d
}

// builtins are the checks that everybody has.
func builtins() []Definition { return []Definition{Usual(Volume), Usual(Freshness), Usual(Ledger)} }

// Intervals are the lengths between ticks that a check of this kind may have, shortest first. They divide the day; those that look
// back look at whole hours.
func Intervals(kind Kind) []time.Duration {
	all := []time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}
	if kind.looksBack() {
		return all[3:]
	}
	return all
}

// Validate returns a fault with the code quality_check_invalid, or property_invalid.
func (d Definition) Validate() error {
	if !slices.Contains(Kinds(), d.Kind) {
		return invalid("The kind must be volume, nulls, freshness or ledger.")
	}
	if n := utf8.RuneCountInString(d.Name); n == 0 || n > MaxNameLength || !utf8.ValidString(d.Name) || strings.ContainsRune(d.Name, 0) {
		return invalid("The name must have 1 to %d characters.", MaxNameLength)
	}
	if utf8.RuneCountInString(d.Event) > analytics.MaxEventLength || !utf8.ValidString(d.Event) || strings.ContainsRune(d.Event, 0) {
		return invalid("An event's name has at most %d characters.", analytics.MaxEventLength)
	}
	if !slices.Contains(Intervals(d.Kind), d.Interval) {
		return invalid("The interval of %s must be one of %s.", d.Kind, listOf(Intervals(d.Kind), lengthText))
	}
	return d.validateLimit()
}

func (d Definition) validateLimit() error {
	switch d.Kind {
	case Volume:
		if math.IsNaN(d.Tolerance) || d.Tolerance <= 0 || d.Tolerance > 100 {
			return invalid("The tolerance must be above 0 and at most 100.")
		}
	case Nulls:
		if _, err := analytics.ParsePath(d.Property); err != nil {
			return err
		}
		if math.IsNaN(d.MaxShare) || d.MaxShare < 0 || d.MaxShare > 1 {
			return invalid("max_share must be from 0 to 1.")
		}
	case Freshness:
		if d.SLA < MinSLA || d.SLA > MaxSLA || d.SLA%time.Second != 0 {
			return invalid("sla_seconds must be from %d to %d.", int(MinSLA.Seconds()), int(MaxSLA.Seconds()))
		}
	case Ledger:
	}
	return nil
}

// tidy leaves out what is of no use to the kind.
func (d Definition) tidy() Definition {
	d.Name = strings.TrimSpace(d.Name)
	if d.Kind != Volume {
		d.Tolerance = 0
	}
	if d.Kind != Nulls {
		d.Property, d.MaxShare = "", 0
	}
	if d.Kind != Freshness {
		d.SLA = 0
	}
	if d.Kind == Ledger {
		d.Event = ""
	}
	return d
}

// settling is how long after a tick the check waits, so that the events before it have been stored.
func (d Definition) settling() time.Duration {
	if d.Kind.looksBack() {
		return 2 * time.Minute
	}
	return 0
}

// Due is when the check can be made for a tick.
func (d Definition) Due(tick time.Time) time.Time { return tick.Add(d.settling()) }

// newestTick is the last one that is due. Ticks are the multiples of the interval since midnight, UTC.
func (d Definition) newestTick(now time.Time) time.Time {
	return now.UTC().Add(-d.settling()).Truncate(d.Interval)
}

// firstTick is the one that a new check, or a changed one, begins with. What looks back begins a while before now, so that there is
// something to see at once.
func (d Definition) firstTick(now time.Time) time.Time {
	newest := d.newestTick(now)
	if d.Kind.looksBack() {
		return newest.Add(-(maxMissed - 1) * d.Interval)
	}
	return newest
}

// span is how long a time before a tick the check looks at.
func (d Definition) span() time.Duration {
	switch {
	case d.Kind == Ledger:
		return 23 * time.Hour // what is older cannot be counted any more: see ingest.Books.Ledger
	case d.Kind.looksBack():
		return d.Interval
	}
	return 0
}
