package subscription

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/price"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Wish is a subscription as somebody wants it. It takes the place of the one that there is: what is left out is not kept, but for the currency
// and a trial that is running.
type Wish struct {
	Plan      string
	Version   int              // of the catalogue; 0: the one that the tenant has, or the newest for another plan
	Interval  billing.Interval // "": monthly
	Currency  billing.Currency // "": the one that there is
	Trial     bool             // begin one
	Coupon    string
	SpendCap  *billing.Amount
	NextMonth bool // from the next month on, instead of now
	Base      *int // State.Newest that the wish is about; nil: whatever it is
}

// Override is what only the operator may wish for.
type Override struct {
	Wish
	TrialUntil time.Time // zero: as Wish has it
	Reason     string
}

// Preview is what a change will lead to. All of it is before tax, and before what stands to the tenant's credit.
type Preview struct {
	Terms     billing.Terms
	Plan      plan.Plan
	Unchanged price.Bill // the month as it would be without the change, with what was used so far
	Changed   price.Bill // the month with it
	Next      price.Bill // the month behind it, before anything is used
}

// Preview says what a change will lead to, and changes nothing. It returns the faults of this package and of plan, but ErrNoMeans: the checkout asks
// it before there is a way of paying.
func (s *Service) Preview(ctx context.Context, tenant tenants.ID, w Wish) (Preview, error) {
	_, p, err := s.plan(ctx, tenant, Override{Wish: w}, false)
	return p, err
}

// maxChanges is how often a tenant may change its subscription in 24 hours: all changes stay, and are looked through for every price.
const maxChanges = 20

// Change makes a change for the tenant of by, and returns what came of it. It returns the faults of this package and of plan. To wish for what
// there is changes nothing.
func (s *Service) Change(ctx context.Context, by tenants.By, w Wish) (State, error) {
	return s.change(ctx, by, Override{Wish: w}, false)
}

// Override is Change for the operator, who may give plans that are by agreement, any version, trials again, and caps that are too low.
func (s *Service) Override(ctx context.Context, by tenants.By, o Override) (State, error) {
	return s.change(ctx, by, o, true)
}

func (s *Service) change(ctx context.Context, by tenants.By, o Override, operator bool) (State, error) {
	before, p, err := s.plan(ctx, by.Principal.Tenant, o, operator)
	if err != nil {
		return State{}, err
	}
	if before.Next == nil && same(before.Terms, p.Terms) {
		return before, nil
	}
	if n := len(before.History); !operator && n > maxChanges && before.History[n-maxChanges].At.After(p.Terms.At.AddDate(0, 0, -1)) {
		return State{}, ErrTooOften
	}
	if err := s.mayPay(ctx, p, operator); err != nil {
		return State{}, err
	}
	p.Terms.By = string(by.Principal.Actor.Kind) + ":" + cmp.Or(by.Principal.Actor.ID, by.Principal.Actor.Label)
	if by.Principal.Actor.Kind == tenants.ActorSystem {
		p.Terms.By = by.Principal.Actor.Label
	}
	if err := s.deps.Rows.Add(ctx, p.Terms, entry(by, before.Terms, p.Terms)); err != nil {
		return State{}, err
	}
	if s.deps.Changed != nil {
		s.deps.Changed(ctx, p.Terms.Tenant)
	}
	return s.stateOf(append(before.History, p.Terms))
}

// mayPay asks for a way of paying before somebody comes to owe something.
func (s *Service) mayPay(ctx context.Context, p Preview, operator bool) error {
	fee, _ := p.Plan.Fees[p.Terms.Currency].Of(p.Terms.Interval)
	if s.deps.Means == nil || operator || fee == 0 || p.Terms.Trial(p.Terms.From) {
		return nil
	}
	ok, err := s.deps.Means.CanPay(ctx, p.Terms.Tenant)
	if err == nil && !ok {
		err = ErrNoMeans
	}
	return err
}

// plan makes the terms of a wish and says what they lead to.
func (s *Service) plan(ctx context.Context, tenant tenants.ID, o Override, operator bool) (state State, p Preview, err error) {
	if state, err = s.State(ctx, tenant); err != nil {
		return state, p, err
	}
	if o.Base != nil && *o.Base != state.Newest {
		return state, p, ErrChanged
	}
	now := s.deps.Now().UTC()
	d := decision{plans: s.deps.Plans, state: state, now: now, operator: operator}
	if p.Terms, p.Plan, err = d.terms(o); err != nil {
		return state, p, err
	}
	period := billing.PeriodOf(now)
	use, err := s.deps.Usage.Use(ctx, tenant, period)
	if err != nil {
		return state, p, err
	}
	rate := func(history []billing.Terms, period billing.Period) (bill price.Bill) {
		if err == nil {
			bill, err = price.Rate(price.Input{Plans: s.deps.Plans, Period: period, History: history, Use: use})
		}
		return bill
	}
	changed := append(append([]billing.Terms{}, state.History...), p.Terms)
	p.Unchanged, p.Changed = rate(state.History, period), rate(changed, period)
	use = nil
	p.Next = rate(changed, period.Next())
	if err == nil && !operator {
		err = d.capTooLow(p)
	}
	return state, p, err
}

// same tells whether terms say the same, whenever and for whatever reason.
func same(a, b billing.Terms) bool {
	return a.Plan == b.Plan && a.Catalogue == b.Catalogue && a.Currency == b.Currency && a.Interval == b.Interval &&
		a.TrialUntil.Equal(b.TrialUntil) && a.Coupon == b.Coupon && shownCap(a) == shownCap(b)
}

func entry(by tenants.By, before, after billing.Terms) tenants.AuditEntry {
	details := tenants.Details{"revision": strconv.Itoa(after.Revision), "from": after.From.Format(time.RFC3339), "reason": after.Reason}
	for name, both := range map[string][2]string{
		"plan":        {before.Plan, after.Plan},
		"version":     {strconv.Itoa(before.Catalogue), strconv.Itoa(after.Catalogue)},
		"currency":    {string(before.Currency), string(after.Currency)},
		"interval":    {string(before.Interval), string(after.Interval)},
		"trial_until": {shownTime(before.TrialUntil), shownTime(after.TrialUntil)},
		"coupon":      {before.Coupon, after.Coupon},
		"spend_cap":   {shownCap(before), shownCap(after)},
	} {
		if both[0] != both[1] {
			details[name+"_before"], details[name] = both[0], both[1]
		}
	}
	return tenants.AuditEntry{
		At: after.At, Actor: by.Principal.Actor, Action: "subscription.changed", Target: "tenant:" + after.Tenant.String(), Details: details,
		CorrelationID: by.CorrelationID,
	}
}

func shownCap(t billing.Terms) string {
	if t.SpendCap == nil {
		return ""
	}
	return t.SpendCap.Format(t.Currency)
}

func shownTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// tooLow is ErrCapLow with the amount.
func tooLow(least billing.Amount, currency billing.Currency) error {
	return fault.New(ErrCapLow.Kind, ErrCapLow.Code, "The spend cap is below what the month comes to already. It must be %s at least.", least.Format(currency))
}
