package analytics

import (
	"time"

	"github.com/observatory/observatory/tenants"
)

// Bounds of a trend.
const (
	DefaultBreakdownLimit = 10
	MaxBreakdownLimit     = 100
	MaxPoints             = 100_000 // series times buckets; what a chart, and an answer, can hold
	MaxEventLength        = 200     // characters of an event's name
)

// TrendsQuery asks for a measure per bucket of a period.
type TrendsQuery struct {
	Event          string // the event's name; "" asks for all events
	Measure        Measure
	Property       string // the text of a Path, for the measures of a property; "" for the others
	Interval       Interval
	From, To       time.Time // From inclusive, To exclusive; milliseconds count
	Timezone       string    // IANA name; the caller puts in the tenant's where a request has none
	Filter         *Filter   // nil lets every event through
	Breakdown      string    // the text of a Path; "" for one series of all events
	BreakdownLimit int       // 1 to MaxBreakdownLimit; 0 means DefaultBreakdownLimit
	Compare        Comparison
	Source         Source
}

// TrendsResult is the answer. Compare is nil unless it was asked for, Other is nil when every value has a series.
type TrendsResult struct {
	Series      []Series // without a breakdown exactly one; with one by total, largest first, then by value
	Compare     *ComparedSeries
	Other       *OtherValues
	Timezone    string
	Explanation Explanation
}

// Series is one line of a trend.
type Series struct {
	// Breakdown is the text that the events have at the breakdown's path (see Operator). It is nil without a breakdown, and for the
	// events where the path is missing.
	Breakdown *string
	Points    []Point
	Total     *float64 // the measure over the whole period, by itself: not the sum of the points. nil when there is nothing to measure
}

// Point is one bucket.
type Point struct {
	Time    time.Time // the bucket's start, in the query's time zone; the first may be before From
	Value   *float64  // nil when there is nothing to measure; counts, sums and users are 0 then
	Partial bool      // the bucket is cut by From or To, or is not over yet
}

// ComparedSeries are those of an earlier period, for the same breakdown values in the same order. They may have more or fewer points.
type ComparedSeries struct {
	Period
	Series []Series
}

// OtherValues sum up the breakdown values that have no series.
type OtherValues struct {
	Values int64    // how many there are; events without the property count as one
	Total  *float64 // the measure over the events of all of them together
}

// Explanation says how a number was computed.
type Explanation struct {
	Query         string            // the SQL of the main period
	Parameters    map[string]string // its parameters as text
	ComputedAt    time.Time
	FreshUntil    *time.Time    // events received before are included; nil when unknown
	Elapsed       time.Duration // in the store, all queries together
	RowsRead      int64         // all queries together
	Estimated     bool          // every number is exact so far
	RollupHours   int64         // hours in UTC whose rollups answered, all queries together
	EventHours    int64         // hours whose events were read
	Quarantined   int64         // events of this name (or of any, when all events were asked for) received in the period that are in quarantine
	WithoutNumber int64         // events that match but have no JSON number at the measured property
}

// plan is a query that was checked and taken apart.
type plan struct {
	query TrendsQuery
	zone  *time.Location
	main  timespan
	other *timespan // what main is compared with; nil without a comparison
}

// timespan is a period, cut.
type timespan struct {
	Period
	Buckets
}

// Validate returns the first fault of the query: of kind Invalid, with one of this package's codes, or tenants.ErrTimezoneUnknown.
func (q TrendsQuery) Validate() error {
	_, err := q.plan()
	return err
}

func (q TrendsQuery) plan() (p plan, err error) {
	if q.BreakdownLimit == 0 {
		q.BreakdownLimit = DefaultBreakdownLimit
	}
	p = plan{query: q, main: timespan{Period: Period{From: q.From, To: q.To}}}
	for _, check := range []func() error{
		q.Measure.validate, q.Interval.validate, q.Compare.validate, q.Source.validate, p.main.validate,
		q.validateEvent, q.validateProperty, q.Filter.Validate, q.validateBreakdown,
	} {
		if err := check(); err != nil {
			return plan{}, err
		}
	}
	if p.zone, err = loadZone(q.Timezone); err != nil {
		return plan{}, err
	}
	if p.main, err = q.cut(p.main.Period, p.zone); err != nil {
		return plan{}, err
	}
	if q.Compare == CompareNone {
		return p, nil
	}
	earlier, err := q.Compare.earlier(p.main.Period, q.Interval, p.zone)
	if err != nil {
		return plan{}, err
	}
	compared, err := q.cut(earlier, p.zone)
	p.other = &compared
	return p, err
}

func (q TrendsQuery) cut(p Period, zone *time.Location) (timespan, error) {
	buckets, err := NewBuckets(q.Interval, zone, p.From, p.To)
	if err == nil && q.Breakdown != "" && len(buckets.Starts)*q.BreakdownLimit > MaxPoints {
		err = ErrTooManyPoints
	}
	return timespan{Period: p, Buckets: buckets}, err
}

func (q TrendsQuery) validateEvent() error { return validateEvent(q.Event) }

func (q TrendsQuery) validateProperty() error {
	if !q.Measure.OfProperty() {
		if q.Property != "" {
			return invalid(CodePropertyInvalid, "%s is not taken of a property: leave property out, or choose a measure such as sum.", q.Measure)
		}
		return nil
	}
	if q.Property == "" {
		return invalid(CodePropertyInvalid, "%s needs a property, such as properties.price.", q.Measure)
	}
	path, err := ParsePath(q.Property)
	if err == nil && !path.IsJSON() {
		return invalid(CodePropertyInvalid, "%s is text and cannot be measured: choose a property, such as properties.price.", path)
	}
	return within("property", err)
}

func (q TrendsQuery) validateBreakdown() error {
	if q.BreakdownLimit < 1 || q.BreakdownLimit > MaxBreakdownLimit {
		return invalid(CodeLimitInvalid, "breakdown_limit must be from 1 to %d.", MaxBreakdownLimit)
	}
	if q.Breakdown == "" {
		return nil
	}
	_, err := ParsePath(q.Breakdown)
	return within("breakdown", err)
}

func validateEvent(name string) error {
	if !validName(name, MaxEventLength) {
		return invalid(CodePropertyInvalid, "An event's name has at most %d characters.", MaxEventLength)
	}
	return nil
}

// loadZone refuses "" and "Local", which time.LoadLocation takes: they would mean whatever this machine is set to.
func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil, tenants.ErrTimezoneUnknown
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, tenants.ErrTimezoneUnknown.Because(err)
	}
	return zone, nil
}
