package plan

import (
	"slices"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// The faults of what is looked up in a catalogue.
var (
	ErrUnknown       = fault.New(fault.Invalid, "plan_unknown", "There is no such plan.")
	ErrCouponUnknown = fault.New(fault.Invalid, "coupon_unknown", "There is no such coupon.")
)

// Catalogue is the file of plans. It does not change.
type Catalogue struct {
	Currencies []billing.Currency // the first is that of a tenant who chose none
	Versions   []Version          // by number, from 1
	Coupons    map[string]Coupon  // by code
	Dunning    Dunning
	Costs      Costs
}

// Version is the plans as they were offered from a day on.
type Version struct {
	Number int
	From   time.Time // midnight UTC
	Plans  []Plan    // by rank. The first is that of a tenant who chose none, and costs nothing but usage
}

// Currency is that of a tenant who chose none.
func (c *Catalogue) Currency() billing.Currency { return c.Currencies[0] }

// Accepts tells whether plans have prices in a currency.
func (c *Catalogue) Accepts(currency billing.Currency) bool {
	return slices.Contains(c.Currencies, currency)
}

// At is the version that is offered at a time: the first one before its own day, too.
func (c *Catalogue) At(t time.Time) Version {
	for _, v := range slices.Backward(c.Versions) {
		if !t.Before(v.From) {
			return v
		}
	}
	return c.Versions[0]
}

// Plan finds a plan of a version, or returns ErrUnknown.
func (c *Catalogue) Plan(version int, key string) (Plan, error) {
	if version < 1 || version > len(c.Versions) {
		return Plan{}, ErrUnknown
	}
	return c.Versions[version-1].Plan(key)
}

// PlanOf is the plan that terms are about, or ErrUnknown for a plan that was taken out of the file, which must not be.
func (c *Catalogue) PlanOf(t billing.Terms) (Plan, error) { return c.Plan(t.Catalogue, t.Plan) }

// Plan finds a plan, or returns ErrUnknown.
func (v Version) Plan(key string) (Plan, error) {
	for _, p := range v.Plans {
		if p.Key == key {
			return p, nil
		}
	}
	return Plan{}, ErrUnknown
}

// Coupon finds a coupon, or returns ErrCouponUnknown.
func (c *Catalogue) Coupon(code string) (Coupon, error) {
	coupon, ok := c.Coupons[code]
	if !ok {
		return coupon, ErrCouponUnknown
	}
	return coupon, nil
}

// FirstTerms are those of a tenant that has agreed to none: the first plan from its first hour on, as it was offered then. No other place decides
// that.
func (c *Catalogue) FirstTerms(tenant tenants.ID, created time.Time) billing.Terms {
	from := created.UTC().Truncate(time.Hour)
	version := c.At(from)
	return billing.Terms{
		Tenant: tenant, From: from, Plan: version.Plans[0].Key, Catalogue: version.Number, Currency: c.Currency(), Interval: billing.Monthly,
		Reason: "signed up", At: created.UTC(),
	}
}
