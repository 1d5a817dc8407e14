package alert

import (
	"reflect"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
)

// MeasureKind is what sort of number a rule watches.
type MeasureKind string

// The kinds. Shares are from 0 to 1.
const (
	Trend          MeasureKind = "trend"           // any measure of events
	Ratio          MeasureKind = "ratio"           // share of the events OfEvent that are Event and pass Filter
	QuarantineRate MeasureKind = "quarantine_rate" // share of what was received that was quarantined
	Freshness      MeasureKind = "freshness"       // seconds since an event was last received
	QuotaUse       MeasureKind = "quota_use"       // events stored this month (UTC) as a share of Amount
	LedgerBalance  MeasureKind = "ledger_balance"  // hours that do not balance
	Quality        MeasureKind = "quality"         // newest verdict of a check of the quality of data: 0 passed, 1 warned, 2 failed
)

// How long a window may be.
const (
	maxWindow          = 30 * 24 * time.Hour
	maxWindowIntervals = 60   // of what does not add up, and so is measured for each window anew
	maxAddedIntervals  = 1440 // of what adds up
)

// Measure is a number that a rule watches, as of a tick.
type Measure struct {
	Kind     MeasureKind
	Window   time.Duration // how far back from the tick is looked; 0 for those that take none
	Event    string        // of trend, ratio and freshness; "" is any
	Measure  analytics.Measure
	Property string            // of trend
	Filter   *analytics.Filter // of trend and ratio
	OfEvent  string            // of ratio; "" is any
	Amount   int64             // of quota_use: events a month; 0: what the plan has
	Check    uuid.UUID         // of quality
}

func (m Measure) equal(o Measure) bool { return reflect.DeepEqual(m, o) }

// windowed tells whether it is taken over a window.
func (m Measure) windowed() bool {
	return m.Kind == Trend || m.Kind == Ratio || m.Kind == QuarantineRate || m.Kind == LedgerBalance
}

// adds tells whether the measure of a window can be put together from those of its parts.
func (m Measure) adds() bool {
	return m.Kind != Trend || m.Measure == analytics.MeasureCount || m.Measure == analytics.MeasureSum || m.Measure == analytics.MeasureSessions
}

// counts tells whether it counts things that come one by one, so that it varies by itself as counts do.
func (m Measure) counts() bool {
	return m.Kind == Trend && (m.Measure == analytics.MeasureCount || m.Measure == analytics.MeasureUniqueUsers || m.Measure == analytics.MeasureSessions)
}

// zeroIsNothing tells whether 0 says that there was nothing to measure.
func (m Measure) zeroIsNothing() bool { return m.Kind == Trend && m.Measure.OfNothing() != nil }

func (m Measure) query() analytics.TrendsQuery {
	return analytics.TrendsQuery{Event: m.Event, Measure: m.Measure, Property: m.Property, Filter: m.Filter}
}

func (m Measure) validate(interval time.Duration) error {
	if err := m.validateParts(); err != nil {
		return err
	}
	switch most := maxWindowIntervals; {
	case !m.windowed() && m.Window != 0:
		return invalid("%s takes no window.", m.Kind)
	case !m.windowed():
		return nil
	case m.Window < time.Minute || m.Window > maxWindow || m.Window%time.Minute != 0:
		return invalid("The window must be whole minutes, from 1 minute to 30 days.")
	default:
		if m.adds() {
			most = maxAddedIntervals
		}
		if m.Window > time.Duration(most)*interval {
			return invalid("The window of this measure may be %d intervals long. Choose a shorter window or a longer interval.", most)
		}
		return nil
	}
}

// validateParts refuses parts that another kind has: they would be taken for a wish that is not fulfilled.
func (m Measure) validateParts() error {
	type part struct {
		name  string
		given bool
		of    []MeasureKind
	}
	for _, p := range []part{
		{"measure", m.Measure != "", []MeasureKind{Trend}},
		{"property", m.Property != "", []MeasureKind{Trend}},
		{"event", m.Event != "", []MeasureKind{Trend, Ratio, Freshness}},
		{"filters", m.Filter != nil, []MeasureKind{Trend, Ratio}},
		{"of_event", m.OfEvent != "", []MeasureKind{Ratio}},
		{"amount", m.Amount != 0, []MeasureKind{QuotaUse}},
		{"check_id", m.Check != uuid.Nil, []MeasureKind{Quality}},
	} {
		belongs := false
		for _, kind := range p.of {
			belongs = belongs || kind == m.Kind
		}
		if p.given && !belongs {
			return invalid("%s has no %s.", m.Kind, p.name)
		}
	}
	count := analytics.TrendsQuery{Measure: analytics.MeasureCount}
	switch m.Kind {
	case Trend:
		return m.query().ValidateMeasure()
	case Ratio:
		count.Event, count.Filter = m.Event, m.Filter
		if err := count.ValidateMeasure(); err != nil {
			return err
		}
		return analytics.TrendsQuery{Measure: analytics.MeasureCount, Event: m.OfEvent}.ValidateMeasure()
	case Freshness:
		count.Event = m.Event
		return count.ValidateMeasure()
	case QuarantineRate, LedgerBalance:
		return nil
	case QuotaUse:
		if m.Amount < 0 {
			return invalid("The amount of quota_use is at least 1; without one it is the plan's.")
		}
		return nil
	case Quality:
		if m.Check == uuid.Nil {
			return invalid("quality needs a check_id.")
		}
		return nil
	default:
		return invalid("The kind of a measure must be trend, ratio, quarantine_rate, freshness, quota_use, ledger_balance or quality.")
	}
}
