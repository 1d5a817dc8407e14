package alert

// Say is a value with its unit, for the tests of this package.
func (m Measure) Say(v float64) string { return m.say(v) }
