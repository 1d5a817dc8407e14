// Package plan knows what plans there are and what they cost. It reads them from one file, in which every version of them stays, so that whoever
// agreed to a plan keeps it as it was. What a quantity costs under a plan is in billing/price.
package plan

import (
	"time"

	"github.com/observatory/observatory/billing"
)

// Plan is what a tenant can agree to. Quantities are those of the meters (billing.Meter), not the units in which they are shown.
type Plan struct {
	Key          string
	Catalogue    int // the version of the catalogue that it is of
	Rank         int // its place among the plans of that version, from 0: going to a higher one is an upgrade
	Title        string
	Summary      string // one sentence
	ByAgreement  bool   // only the operator gives it to somebody
	TrialDays    int    // 0: no trial
	Fees         map[billing.Currency]Fee
	Prices       map[billing.MeterName]Price // of every meter that is not free
	Limit        Limit
	Capabilities []string // what else it has, for people
}

// Free tells whether a plan can not cost anything, whatever is used.
func (p Plan) Free() bool {
	for _, fee := range p.Fees {
		if fee.Month != 0 || (fee.Year != nil && *fee.Year != 0) {
			return false
		}
	}
	for _, price := range p.Prices {
		if len(price.Tiers) > 0 {
			return false
		}
	}
	return true
}

// Fee is what a plan costs for an interval, apart from usage.
type Fee struct {
	Month billing.Amount
	Year  *billing.Amount // nil: it can not be had by the year
}

// Of is the fee for an interval; false when the plan can not be had for it.
func (f Fee) Of(interval billing.Interval) (billing.Amount, bool) {
	switch {
	case interval != billing.Yearly:
		return f.Month, true
	case f.Year == nil:
		return 0, false
	}
	return *f.Year, true
}

// Mode says which tier prices a quantity.
type Mode string

// The modes.
const (
	Graduated Mode = "graduated" // each part of the quantity by the tier that it lies in
	Volume    Mode = "volume"    // all of it, but for what is included, by the tier that its end lies in
)

// Price is what a meter costs in a month. The bounds of tiers count from 0, what is included lies below the first.
type Price struct {
	Included  int64 // in a whole month
	Unlimited bool  // nothing of it is ever charged; there are no tiers
	Mode      Mode
	Tiers     []Tier // ascending; the last has no end
}

// Tier is a part of a price.
type Tier struct {
	UpTo    int64 // the last quantity in it; 0: no end
	Per     int64 // the quantity that Amounts are for
	Amounts map[billing.Currency]billing.Amount
}

// Action is what happens to events beyond a limit.
type Action string

// The actions.
const (
	Overage Action = "overage" // they are stored and paid for by the tiers
	Hold    Action = "hold"    // they are kept aside for a time, and released on upgrade
)

// Limit is how much of a meter a month has. It is told of at 50, 80 and 100 %, whatever the action is.
type Limit struct {
	Meter    billing.MeterName // always billing.Events
	At       int64             // 0: none
	Then     Action
	KeepDays int // that events are held, before they expire
}

// LimitDuring is the limit in a trial or after it. In a trial nothing costs anything, so what goes beyond what is included is held.
func (p Plan) LimitDuring(trial bool) Limit {
	limit := p.Limit
	if included := p.Prices[limit.Meter]; trial && limit.Then == Overage && !included.Unlimited && included.Included > 0 {
		limit.At, limit.Then = included.Included, Hold
	}
	return limit
}

// Coupon lowers what months cost: their fees and usage, but not the fee of a year, which is lowered already.
type Coupon struct {
	Code        string // capitals and digits
	Title       string
	Percent     int                                 // 1 to 100; 0: Amounts hold
	Amounts     map[billing.Currency]billing.Amount // at most, of a month
	Months      int                                 // in a row, that of the redemption is the first
	Plans       []string                            // that it is for; nil: all
	RedeemUntil time.Time                           // zero: always
}

// For tells whether the coupon is for a plan and a currency.
func (c Coupon) For(plan string, currency billing.Currency) bool {
	if _, ok := c.Amounts[currency]; c.Percent == 0 && !ok {
		return false
	}
	for _, p := range c.Plans {
		if p == plan {
			return true
		}
	}
	return c.Plans == nil
}

// Dunning are the times of what becomes of an invoice that nobody pays.
type Dunning struct {
	Due      time.Duration   // after it was issued: until then nothing happens
	Remind   []time.Duration // after it was due: mails
	Restrict time.Duration   // after it was due: events are held
	Suspend  time.Duration   // after it was due: events are refused
}

// CostKind is something that the one who runs the installation pays for.
type CostKind string

// The kinds of cost.
const (
	QueryCost   CostKind = "query_time"
	JobCost     CostKind = "job_time"
	EgressCost  CostKind = "egress"
	StorageCost CostKind = "storage"
	EventCost   CostKind = "events"
)

// CostUnit says in what consumption of a kind is counted.
type CostUnit struct {
	Kind    CostKind
	Base    string // what a quantity of 1 is
	Unit    string // in which the file has it, in the plural
	PerUnit int64  // quantities in a unit
}

// CostKinds are all of them.
func CostKinds() []CostUnit {
	return []CostUnit{
		{Kind: QueryCost, Base: "millisecond", Unit: "seconds", PerUnit: 1000},
		{Kind: JobCost, Base: "millisecond", Unit: "seconds", PerUnit: 1000},
		{Kind: EgressCost, Base: "byte", Unit: "GB", PerUnit: 1_000_000_000},
		{Kind: StorageCost, Base: "byte stored for an hour", Unit: "GB-days", PerUnit: 24 * 1_000_000_000},
		{Kind: EventCost, Base: "event stored", Unit: "events", PerUnit: 1},
	}
}

// Costs are what consumption costs the one who runs the installation, for the margin of plans.
type Costs struct {
	Currency billing.Currency
	Rates    map[CostKind]CostRate // of every kind
}

// CostRate is Amount for each Per of the kind's quantity.
type CostRate struct {
	Amount billing.Amount
	Per    int64
}
