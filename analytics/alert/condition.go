package alert

import (
	"math"
	"strconv"
	"time"

	"github.com/observatory/observatory/analytics/robust"
)

// ConditionKind is what makes a value wrong.
type ConditionKind string

// The kinds.
const (
	Threshold   ConditionKind = "threshold" // beyond Value
	Change      ConditionKind = "change"    // more than Value percent away from an earlier one
	Anomaly     ConditionKind = "anomaly"   // more than Deviations spreads away from what is usual at this time of the week
	NoDataKnown ConditionKind = "no_data"   // nothing to measure
)

// Direction says on which side a value is wrong.
type Direction string

// The directions.
const (
	Above  Direction = "above"
	Below  Direction = "below"
	Either Direction = "either"
)

// Against is the window that a change is measured from.
type Against string

// The windows: the one that ends where this one begins, and the same one a day or a week earlier.
const (
	AgainstPrevious Against = "previous"
	AgainstDay      Against = "day"
	AgainstWeek     Against = "week"
)

// Condition says when a value is wrong. It is comparable.
type Condition struct {
	Kind       ConditionKind
	Direction  Direction
	Value      float64 // of threshold the bound, which itself is not wrong; of change percent, more than 0
	Against    Against // of change
	Deviations float64 // of anomaly, 1 to 100
}

// How an anomaly is told. See docs/decisions/0021.
const (
	DefaultDeviations = 5.0
	seasons           = 8 // weeks that are looked back
	minSeasons        = 4 // of these that must be there

	sigma       = 1.4826 // makes a standard deviation of a median absolute deviation, where values are normally distributed
	leastSpread = 0.02   // as a share of the median: eight values may agree by chance
	week        = 7 * 24 * time.Hour
)

func (c Condition) withDefaults() Condition {
	if c.Direction == "" && (c.Kind == Change || c.Kind == Anomaly) {
		c.Direction = Either
	}
	if c.Against == "" && c.Kind == Change {
		c.Against = AgainstPrevious
	}
	if c.Deviations == 0 && c.Kind == Anomaly {
		c.Deviations = DefaultDeviations
	}
	return c
}

func (c Condition) validate() error {
	known := c.Direction == Above || c.Direction == Below
	if math.IsNaN(c.Value) || math.IsInf(c.Value, 0) {
		return invalid("The value of a condition must be finite.")
	}
	switch {
	case c.Kind != Threshold && c.Kind != Change && c.Value != 0, c.Kind != Change && c.Against != "", c.Kind != Anomaly && c.Deviations != 0, c.Kind == NoDataKnown && c.Direction != "":
		return invalid("A condition %s has a part that belongs to another kind.", c.Kind)
	}
	switch c.Kind {
	case Threshold:
		if !known {
			return invalid("A threshold needs the direction above or below.")
		}
	case Change:
		if c.Value <= 0 {
			return invalid("A change needs a value in percent, more than 0.")
		}
		if c.Against != AgainstPrevious && c.Against != AgainstDay && c.Against != AgainstWeek {
			return invalid("against must be previous, day or week.")
		}
	case Anomaly:
		if !(c.Deviations >= 1 && c.Deviations <= 100) {
			return invalid("deviations must be from 1 to 100.")
		}
	case NoDataKnown:
		return nil
	default:
		return invalid("The kind of a condition must be threshold, change, anomaly or no_data.")
	}
	if !known && c.Direction != Either {
		return invalid("The direction must be above, below or either.")
	}
	return nil
}

// Sample is what was measured for a tick.
type Sample struct {
	Value *float64   // nil: there was nothing to measure
	Past  []*float64 // of change: the one to compare with; of anomaly: those of past weeks, the newest first
	Fault string     // why nothing could be measured; "" when it could
}

// pastTicks are the ticks whose values the condition needs besides that of the tick itself, the newest first.
func (d Definition) pastTicks(tick time.Time) []time.Time {
	switch d.Condition.Kind {
	case Change:
		return []time.Time{tick.Add(-d.distance())}
	case Anomaly:
		past := make([]time.Time, seasons)
		for i := range past {
			past[i] = tick.Add(-time.Duration(i+1) * week)
		}
		return past
	case Threshold, NoDataKnown:
	}
	return nil
}

func (d Definition) distance() time.Duration {
	switch {
	case d.Condition.Against == AgainstDay:
		return 24 * time.Hour
	case d.Condition.Against == AgainstWeek:
		return week
	case d.Measure.Window > 0:
		return d.Measure.Window
	default:
		return d.Interval
	}
}

// verdict is what a value amounts to.
type verdict int

const (
	fine  verdict = iota
	wrong         // the condition holds
	keep          // nobody can tell: the rule stays as it is
)

// judgement is a verdict and what it is founded on.
type judgement struct {
	verdict             verdict
	previous, low, high *float64
	note                string
}

// judge tells whether the condition holds.
func (d Definition) judge(s Sample) judgement {
	if s.Fault != "" {
		return judgement{verdict: keep, note: s.Fault}
	}
	if d.Condition.Kind == NoDataKnown {
		return judgement{verdict: verdictOf(s.Value == nil || *s.Value == 0 && d.Measure.zeroIsNothing())}
	}
	if s.Value == nil {
		v := map[NoData]verdict{NoDataFiring: wrong, NoDataKeep: keep}[d.NoData]
		return judgement{verdict: v, note: "There was nothing to measure."}
	}
	switch d.Condition.Kind {
	case Change:
		return d.judgeChange(*s.Value, s.Past)
	case Anomaly:
		return d.judgeAnomaly(*s.Value, s.Past)
	case Threshold, NoDataKnown:
	}
	return judgement{verdict: verdictOf(d.Condition.beyond(*s.Value, d.Condition.Value, d.Condition.Value))}
}

func (d Definition) judgeChange(value float64, past []*float64) judgement {
	if len(past) == 0 || past[0] == nil || *past[0] == 0 {
		return judgement{verdict: fine, note: "There is nothing to compare with."}
	}
	before := *past[0]
	percent := (value - before) / math.Abs(before) * 100
	return judgement{
		verdict: verdictOf(d.Condition.beyond(percent, -d.Condition.Value, d.Condition.Value)), previous: &before,
		note: "Changed by " + Number(percent) + " %.",
	}
}

func (d Definition) judgeAnomaly(value float64, past []*float64) judgement {
	low, high, ok := d.usual(past)
	if !ok {
		return judgement{verdict: fine, note: "There is not enough history: fewer than " + strconv.Itoa(minSeasons) + " of the past " + strconv.Itoa(seasons) + " weeks."}
	}
	return judgement{verdict: verdictOf(d.Condition.beyond(value, low, high)), low: &low, high: &high}
}

// usual is the range that values of this time of the week lie in. Weeks before the first one with anything in it do not count: most
// likely nothing was sent yet.
func (d Definition) usual(past []*float64) (low, high float64, ok bool) {
	var samples []float64
	for i := len(past) - 1; i >= 0; i-- {
		if past[i] == nil || len(samples) == 0 && *past[i] == 0 && d.Measure.zeroIsNothing() {
			continue
		}
		samples = append(samples, *past[i])
	}
	if len(samples) < minSeasons {
		return 0, 0, false
	}
	middle := robust.Median(samples)
	spread := max(sigma*robust.MAD(samples), leastSpread*math.Abs(middle))
	if d.Measure.counts() {
		spread = max(spread, math.Sqrt(max(middle, 1))) // what comes one by one varies by the root of what is expected
	}
	return middle - d.Condition.Deviations*spread, middle + d.Condition.Deviations*spread, true
}

// beyond tells whether a value lies outside of low to high on a side where that is wrong.
func (c Condition) beyond(value, low, high float64) bool {
	return c.Direction != Below && value > high || c.Direction != Above && value < low
}

func verdictOf(holds bool) verdict {
	if holds {
		return wrong
	}
	return fine
}

// Number is a value as people read it.
func Number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
