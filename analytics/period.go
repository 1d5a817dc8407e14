package analytics

import "time"

// Period is a stretch of time, From inclusive, To exclusive.
type Period struct{ From, To time.Time }

// EarliestTime and LatestTime bound every period. No event is older or newer, and hours beyond them do not fit into the 32
// bits that they have in the store's sorting key.
func EarliestTime() time.Time { return time.Date(1970, time.January, 1, 0, 0, 0, 0, time.UTC) }
func LatestTime() time.Time   { return time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC) }

func (p Period) validate() error {
	if p.From.Before(EarliestTime()) || p.To.After(LatestTime()) {
		return invalid(CodePeriodInvalid, "The period must lie between the years 1970 and 2100.")
	}
	if !p.From.Before(p.To) {
		return invalid(CodePeriodInvalid, "from must be before to.")
	}
	return nil
}

// openPeriod puts the bounds of all time where from or to is the zero time, and validates the result.
func openPeriod(from, to time.Time) (Period, error) {
	p := Period{From: from, To: to}
	if from.IsZero() {
		p.From = EarliestTime()
	}
	if to.IsZero() {
		p.To = LatestTime()
	}
	return p, p.validate()
}

// Comparison says which earlier period a trend is compared with; "" is none.
type Comparison string

// The comparisons.
//
// ComparePreviousPeriod is the period of the same length directly before. Length goes by the calendar where the period does:
// whole months are compared with as many whole months (May with April), whole days with as many days, also where one of
// them has 23 or 25 hours; any other period is compared with the same number of seconds.
//
// ComparePreviousYear is the same dates and wall-clock times one year earlier, 29 February being compared with the 28th;
// with weekly buckets that begin on a Monday it is 52 weeks earlier, so that weeks are compared with whole weeks.
const (
	CompareNone           Comparison = ""
	ComparePreviousPeriod Comparison = "previous_period"
	ComparePreviousYear   Comparison = "previous_year"
)

func (c Comparison) validate() error {
	switch c {
	case CompareNone, ComparePreviousPeriod, ComparePreviousYear:
		return nil
	default:
		return invalid(CodeCompareUnknown, "compare must be previous_period, previous_year or absent.")
	}
}

// earlier returns the period to compare p with, or a fault with the code period_invalid when that is too long ago.
func (c Comparison) earlier(p Period, interval Interval, zone *time.Location) (Period, error) {
	earlier := c.shift(p, interval, zone)
	if earlier.From.Before(EarliestTime()) {
		return Period{}, invalid(CodePeriodInvalid, "The period to compare with begins before the year 1970. Choose a shorter one, or leave out compare.")
	}
	return earlier, nil
}

func (c Comparison) shift(p Period, interval Interval, zone *time.Location) Period {
	from, to := p.From.In(zone), p.To.In(zone)
	first, end := dateOf(from), dateOf(to)
	wholeDays := first.start(zone).Equal(from) && end.start(zone).Equal(to)
	if c == ComparePreviousYear {
		if wholeDays && interval == IntervalWeek && first.daysSinceMonday() == 0 {
			return Period{From: first.addDays(-364).start(zone), To: end.addDays(-364).start(zone)}
		}
		return Period{From: yearBefore(from), To: yearBefore(to)}
	}
	if !wholeDays {
		return Period{From: from.Add(-to.Sub(from)), To: from}
	}
	if first == first.firstOfMonth() && end == end.firstOfMonth() {
		return Period{From: first.addMonths(-end.monthsSince(first)).start(zone), To: from}
	}
	return Period{From: first.addDays(-end.daysSince(first)).start(zone), To: from}
}

// yearBefore goes back to the same date and time of day by the wall's clock.
func yearBefore(t time.Time) time.Time {
	day := dateOf(t)
	before := day.addMonths(-12)
	return before.start(t.Location()).Add(t.Sub(day.start(t.Location())))
}
