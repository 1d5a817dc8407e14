package usage

import (
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Month is what a tenant used in a calendar month.
type Month struct {
	Period billing.Period
	Meters map[billing.MeterName]Meter // of all that there are
	Free   Free
	State  State
}

// Meter is what a meter came to in a month.
type Meter struct {
	Quantity  int64
	Corrected int64 // how much of it was booked as correction: late events, duplicates, repairs. May be below 0
	Hours     []billing.HourUse
}

// State is how far the counting of a month is.
type State struct {
	CountedAt time.Time // when all its hours were last counted; zero: never
	Complete  bool      // it was over then, and everything that was received in it stored
}

// Free are events that came and are not billed, because they were not stored.
type Free struct{ Duplicate, Quarantined, Suppressed, Held int64 }

// Sum is all of them.
func (f Free) Sum() int64 { return f.Duplicate + f.Quarantined + f.Suppressed + f.Held }

// Event is an event that a meter counted.
type Event struct {
	ID         string // empty where the sender's ID holds data of somebody and was taken out
	Name       string
	Receipt    uuid.UUID // see ingest.ReceiptID
	Index      int       // in its request
	ReceivedAt time.Time
}

// Count is what a meter comes to in an hour.
type Count struct {
	Meter billing.MeterName
	Hour  time.Time
	Found int64
	Gone  int64
}

// Weight is what the events of an hour take up, as texts.
type Weight struct {
	Hour  time.Time
	Bytes int64
}

// Due is an hour about which something was written down.
type Due struct {
	Tenant tenants.ID
	Hour   time.Time
	Change
}

// Change is when something was last written down about an hour, by the store's clock; zero: never.
type Change struct {
	Received time.Time // events were received in it
	Moved    time.Time // events of it were repaired, held, released or written anew
	Removed  time.Time // events of it were removed on purpose
}

// Last is the last time of all.
func (c Change) Last() time.Time { return latest(latest(c.Received, c.Moved), c.Removed) }

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Seen is how far the counting of an hour is.
type Seen struct {
	At     time.Time // what was written down before was counted; by the store's clock
	Closed bool      // it was over, and everything that was received in it stored
}

// Counted is what a look at the store came to.
type Counted struct {
	From, To time.Time           // hours that were counted
	Meters   []billing.MeterName // that were counted
	Counts   []Count             // of hours and meters that came to something
	Weights  []Weight            // likewise
	Weighed  bool

	Seen    time.Time            // what was written down before was counted
	At      time.Time            // when it was counted
	Carried time.Time            // hours that end by then are closed by this
	Changes map[time.Time]Change // what is known of the reasons
	Month   bool                 // From to To is a month: users were counted
	Took    time.Duration
}

// MonthState is when a tenant's month was last counted as a whole; zero: never.
type MonthState struct {
	Tenant    tenants.ID
	Period    billing.Period
	CountedAt time.Time
	Took      time.Duration
}

// ErrHoursInvalid is returned for a stretch of hours that makes no sense.
var ErrHoursInvalid = fault.New(fault.Invalid, "invalid_period", "`from` must lie before `to`, by 31 days at most.")

// ErrMeterUnknown is returned for a name that no meter has.
var ErrMeterUnknown = fault.New(fault.Invalid, "meter_unknown", "There is no meter of this name. GET /v1/usage lists them.")

// ErrNoSample is returned for a meter that counts no events.
var ErrNoSample = fault.New(fault.Invalid, "meter_not_of_events", "This meter does not count events one by one, so there are none to show.")
