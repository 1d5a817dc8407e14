package alert

import "time"

// Say is a value with its unit, for the tests of this package.
func (m Measure) Say(v float64) string { return m.say(v) }

// WithPatience is the evaluator with another patience.
func (e *Evaluator) WithPatience(d time.Duration) *Evaluator {
	e.patience = d
	return e
}
