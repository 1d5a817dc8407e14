package quota

import (
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/tenants"
)

// Because says what sets a limit.
type Because string

// What sets limits.
const (
	OfPlan     Because = "plan"
	OfSpendCap Because = "spend_cap"
)

// Limit is how many events a tenant may have stored in a calendar month (UTC): those that the meter "events" counts.
type Limit struct {
	Events   int64 // 0 or more
	Hold     bool  // what is more is held; otherwise it is stored, and paid for
	KeepDays int   // how long it is held: 1 to 365
	Because  Because
}

// Standing is what the payment of its invoices lets a tenant do.
type Standing string

// The standings.
const (
	Open       Standing = "open"
	Restricted Standing = "restricted" // its events are held
	Suspended  Standing = "suspended"  // its events are refused
)

// Quota is what holds for a tenant.
type Quota struct {
	Tenant   tenants.ID
	Limit    *Limit         // nil: as many as it likes
	Extra    int64          // what operators have granted on top
	ExtraIn  billing.Period // in which month
	Standing Standing
	RaisedAt time.Time  // since when there is more room: what was held before is to be released; zero: it was
	Release  *uuid.UUID // the release that does so; nil: it has not begun
}

// Room is how many events may be stored in a month, and ok false where nothing is held for their number.
func (q Quota) Room(month billing.Period) (events int64, ok bool) {
	if q.Limit == nil || !q.Limit.Hold {
		return 0, false
	}
	return q.Events(month), true
}

// Events is the limit of a month with what operators have granted on top. There must be a limit.
func (q Quota) Events(month billing.Period) int64 {
	if q.ExtraIn == month {
		return q.Limit.Events + q.Extra
	}
	return q.Limit.Events
}

// asks tells whether there is a bound to what may be stored in a month.
func (q Quota) asks(month billing.Period) bool {
	_, bounded := q.Room(month)
	return bounded || q.Standing != Open
}

// Claim is up to how many events a log may store of the tenant in a month: at least counted, as many as it wants if there is room, and a little
// more while there is plenty. others is what the other logs have claimed, and spare how much of that they have not stored yet.
func (q Quota) Claim(month billing.Period, counted, wants, others, spare int64) int64 {
	room, bounded := q.Room(month)
	switch {
	case q.Standing != Open:
		return counted
	case !bounded:
		return counted + wants
	}
	left := max(room-others-counted, 0)
	// A hundredth of the room may be claimed and not used, by all together. Half of what there is of that is left to the next.
	more := max((room/100-spare)/2, 0)
	return counted + min(wants+more, left)
}

// reason is why events are held that may not be stored.
func (q Quota) reason() string {
	if q.Standing != Open {
		return Unpaid
	}
	return OverQuota
}

// KeepUnpaid is how many days events are held for tenants without a limit.
const KeepUnpaid = 30

func (q Quota) keepDays() int {
	if q.Limit == nil {
		return KeepUnpaid
	}
	return q.Limit.KeepDays
}

// Reasons why events are held, as receipts name them.
const (
	OverQuota = "over_quota"
	Unpaid    = "unpaid"
)

// Held are the events of a tenant that are held for a reason.
type Held struct {
	Reason     string
	Events     int64
	Since      time.Time // the oldest
	ExpireFrom time.Time // when the first of them expires
	ExpireTo   time.Time // and the last
}

// Notice is what a tenant's people are told.
type Notice string

// The notices. Each is given once a month.
const (
	Half     Notice = "half"     // half of the limit is used
	Most     Notice = "most"     // 80 % of it
	Reached  Notice = "reached"  // all of it
	Forecast Notice = "forecast" // it will be used before the month is over, as it looks now
	Expiring Notice = "expiring" // events that are held expire within days
)

// Warning is a notice that was given.
type Warning struct {
	Notice Notice
	Used   int64     // then
	Events int64     // the limit then
	Day    time.Time // of a forecast: when it will be reached; of what expires: when it begins to. Zero: of neither
	At     time.Time
}

// View is how a tenant stands with its quota.
type View struct {
	Quota
	Month    billing.Period
	Used     int64 // events that the limit counts, as all nodes say: at most seconds old
	Held     []Held
	Expected int64     // at the end of the month, as it looks now; -1: there is too little to tell
	Reached  time.Time // when the limit was or will be reached; zero: not this month
	Warnings []Warning
}
