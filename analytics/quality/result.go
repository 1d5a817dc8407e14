package quality

import "time"

// Verdict is what a check found.
type Verdict string

// The verdicts.
const (
	Pass    Verdict = "pass"
	Warn    Verdict = "warn" // look at it
	Fail    Verdict = "fail" // something is wrong
	Unknown Verdict = "unknown"
)

// Verdicts are all of them, worst first.
func Verdicts() []Verdict { return []Verdict{Fail, Warn, Unknown, Pass} }

// Result is what a check found at one tick. A number is nil where there is none.
type Result struct {
	Check       ID
	Tick        time.Time
	MeasuredAt  time.Time
	Verdict     Verdict
	Value       *float64 // events, a share from 0 to 1, seconds, or hours, by the kind
	Expected    *float64 // the middle of what is usual; of volume only
	Low, High   *float64 // what passes, both included
	Explanation string   // sentences for people: what was found, what was expected, and why
	Samples     []Sample // what was expected was derived from these; newest first
}

// Sample is the value of an earlier week.
type Sample struct {
	From  time.Time `json:"from"` // the start of the hours that were counted
	Value float64   `json:"value"`
}

// KeptFor is how long results are kept.
const KeptFor = 400 * 24 * time.Hour
