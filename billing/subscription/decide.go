package subscription

import (
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/internal/fault"
)

// decision turns a wish into terms, or says why not. It looks at nothing but its fields.
type decision struct {
	plans    *plan.Catalogue
	state    State
	now      time.Time
	operator bool
}

func (d decision) terms(o Override) (billing.Terms, plan.Plan, error) {
	p, err := d.plan(o.Wish)
	if err != nil {
		return billing.Terms{}, p, err
	}
	was := d.state.Terms
	t := billing.Terms{
		Tenant: was.Tenant, Revision: d.state.Newest + 1, Plan: p.Key, Catalogue: p.Catalogue, Currency: o.Currency, Interval: o.Interval,
		Coupon: o.Coupon, SpendCap: o.SpendCap, At: d.now,
	}
	if t.Currency == "" {
		t.Currency = was.Currency
	}
	if t.Interval == "" {
		t.Interval = billing.Monthly
	}
	if !d.plans.Accepts(t.Currency) {
		return t, p, fault.New(fault.Invalid, "currency_not_offered", "Plans have no prices in %s.", t.Currency)
	}
	if _, ok := p.Fees[t.Currency].Of(t.Interval); !ok {
		return t, p, ErrNotByYear
	}
	t.From, t.Reason = d.from(o.NextMonth, p)
	if o.Reason != "" {
		t.Reason = o.Reason
	}
	if err := d.currency(t); err != nil {
		return t, p, err
	}
	if t.TrialUntil, err = d.trial(o, t.From, p); err != nil {
		return t, p, err
	}
	return t, p, d.coupon(t)
}

// plan finds the plan that is wished for. Who stays with a plan keeps its version.
func (d decision) plan(w Wish) (plan.Plan, error) {
	was, newest := d.state.Plan, d.plans.At(d.now).Number
	version := w.Version
	switch {
	case version == 0 && w.Plan == was.Key:
		version = was.Catalogue
	case version == 0:
		version = newest
	}
	p, err := d.plans.Plan(version, w.Plan)
	mine := p.Key == was.Key && p.Catalogue == was.Catalogue
	switch {
	case err != nil || d.operator || mine:
		return p, err
	case version != newest:
		return p, plan.ErrUnknown
	case p.ByAgreement:
		return p, ErrByAgreement
	}
	return p, nil
}

// from is the hour from which a change holds. The running hour belongs to a higher plan as a whole; a lower one begins with the next, or what was
// released under the higher would be priced by the lower.
func (d decision) from(nextMonth bool, p plan.Plan) (from time.Time, reason string) {
	hour := later(d.now.Truncate(time.Hour), d.state.History[0].From)
	reason = "changed"
	switch {
	case p.Rank > d.state.Plan.Rank:
		from, reason = hour, "upgraded"
	case p.Rank < d.state.Plan.Rank:
		from, reason = hour.Add(time.Hour), "downgraded"
	default:
		from = hour
	}
	if nextMonth {
		from = billing.PeriodOf(d.now).To
	}
	return from, reason
}

// currency refuses another currency for a month that has cost something in the one that there is.
func (d decision) currency(t billing.Terms) error {
	if t.Currency == d.state.Terms.Currency {
		return nil
	}
	hour := d.now.Truncate(time.Hour)
	for _, s := range billing.InForce(d.state.History, hour, later(t.From, hour.Add(time.Hour))) { // what is in force, and what is to come before
		if s.Terms.Interval == billing.Yearly {
			return ErrCurrencyFixed
		}
	}
	if month := billing.PeriodOf(d.now); t.From.Equal(month.To) {
		return nil
	}
	// the hour before the month: a year that ended with it is credited in the month
	for _, s := range billing.InForce(d.state.History, billing.PeriodOf(t.From).From.Add(-time.Hour), t.From.Add(time.Hour)) {
		p, err := d.plans.PlanOf(s.Terms)
		if err != nil {
			return err
		}
		if s.Terms.Interval == billing.Yearly || !p.Free() {
			return ErrCurrencyFixed
		}
	}
	return nil
}

// trial says until when nothing costs anything. A trial that is running goes on in any plan that has trials.
func (d decision) trial(o Override, from time.Time, p plan.Plan) (time.Time, error) {
	running := d.state.Terms.TrialUntil
	switch {
	case d.operator && !o.TrialUntil.IsZero():
		until := o.TrialUntil.UTC().Truncate(time.Hour)
		return until, nil
	case from.Before(running) && p.TrialDays > 0:
		return running, nil
	case !o.Trial:
		return time.Time{}, nil
	case p.TrialDays == 0:
		return time.Time{}, ErrNoTrial
	case d.had(func(t billing.Terms) bool { return !t.TrialUntil.IsZero() }) && !d.operator:
		return time.Time{}, ErrTrialUsed
	}
	return from.AddDate(0, 0, p.TrialDays), nil
}

func (d decision) coupon(t billing.Terms) error {
	if t.Coupon == "" {
		return nil
	}
	c, err := d.plans.Coupon(t.Coupon)
	switch {
	case err != nil:
		return err
	case !c.For(t.Plan, t.Currency):
		return ErrCouponNot
	case t.Coupon == d.state.Terms.Coupon && d.until(t.From, t.Coupon):
		return nil
	case !c.RedeemUntil.IsZero() && !d.now.Before(c.RedeemUntil):
		return ErrCouponOver
	case d.had(func(was billing.Terms) bool { return was.Coupon == t.Coupon }):
		return ErrCouponUsed
	}
	return nil
}

// until tells whether a coupon stays in force until an hour: with terms without it in between its months would begin anew.
func (d decision) until(hour time.Time, coupon string) bool {
	for _, s := range billing.InForce(d.state.History, d.now, hour) {
		if s.Terms.Coupon != coupon {
			return false
		}
	}
	return true
}

// had tells whether terms of some kind were ever in force.
func (d decision) had(kind func(billing.Terms) bool) bool {
	for _, s := range billing.InForce(d.state.History, time.Time{}, d.now) {
		if kind(s.Terms) {
			return true
		}
	}
	return false
}

// capTooLow refuses a cap that would give away what was used already, or the fee. One that is kept or raised is no reason.
func (d decision) capTooLow(p Preview) error {
	t, was := p.Terms, d.state.Terms
	if t.SpendCap == nil {
		return nil
	}
	kept := was.SpendCap != nil && *t.SpendCap >= *was.SpendCap && t.Currency == was.Currency
	if kept && t.Plan == was.Plan && t.Catalogue == was.Catalogue && t.Interval == was.Interval {
		return nil
	}
	if fee, _ := p.Plan.Fees[t.Currency].Of(billing.Monthly); t.Interval == billing.Monthly && *t.SpendCap < fee {
		return tooLow(fee, t.Currency)
	}
	if t.From.After(d.now) && t.From.Equal(billing.PeriodOf(d.now).To) {
		return nil
	}
	var ofMonth []billing.Line
	for _, l := range p.Changed.Lines {
		if l.Kind == billing.CapLine {
			ofMonth = append(ofMonth, l)
		}
	}
	if over := -billing.Total(ofMonth); over > 0 {
		return tooLow(*t.SpendCap+over, t.Currency)
	}
	return nil
}
