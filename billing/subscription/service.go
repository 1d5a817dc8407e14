// Package subscription is what tenants agreed to: which plan is in force in which hour, and how that changes. Terms are rows that are only added
// to; a change shows what it will cost before it is made, and stands in the tenant's audit log.
package subscription

import (
	"context"
	"slices"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/price"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// The faults of a change. Those of plan come back as well.
var (
	ErrChanged       = fault.New(fault.Conflict, "subscription_changed", "The subscription was changed meanwhile. Look at it again.")
	ErrByAgreement   = fault.New(fault.Forbidden, "plan_by_agreement", "This plan is by agreement. Ask the operator for it.")
	ErrNotByYear     = fault.New(fault.Invalid, "interval_not_offered", "This plan can not be had by the year.")
	ErrCurrencyFixed = fault.New(fault.Conflict, "currency_fixed", "The currency changes with a month, and not while a year is paid for. Choose next_month, and go to monthly fees first.")
	ErrNoTrial       = fault.New(fault.Invalid, "trial_not_offered", "This plan has no trial.")
	ErrTrialUsed     = fault.New(fault.Conflict, "trial_used", "There was a trial before. Every organisation has one.")
	ErrCouponUsed    = fault.New(fault.Conflict, "coupon_used", "This coupon was redeemed before.")
	ErrCouponOver    = fault.New(fault.Conflict, "coupon_expired", "This coupon can not be redeemed any more.")
	ErrCouponNot     = fault.New(fault.Invalid, "coupon_not_for_plan", "This coupon is not for the plan or not for the currency.")
	ErrCapLow        = fault.New(fault.Invalid, "spend_cap_low", "The spend cap is below what the month comes to already.")
	ErrTooOften      = fault.New(fault.RateLimited, "subscription_changes", "The subscription was changed too often. Try again tomorrow.").After(time.Hour)
	ErrNoMeans       = fault.New(fault.Conflict, "payment_method_missing", "There is no way of paying yet. Go through the checkout, which ends with the change.")
)

// Rows are the terms of tenants. A revision that is taken is ErrChanged.
type Rows interface {
	// History returns when the tenant was made, and all terms that it agreed to, by revision.
	History(ctx context.Context, tenant tenants.ID) (created time.Time, all []billing.Terms, err error)
	Add(ctx context.Context, t billing.Terms, entry tenants.AuditEntry) error
	// InUse returns plan, catalogue and coupon of all terms of all tenants, each combination once.
	InUse(ctx context.Context) ([]billing.Terms, error)
}

// Usage knows what was used in the hours of a period, as far as it is known yet.
type Usage interface {
	Use(ctx context.Context, tenant tenants.ID, period billing.Period) (map[billing.MeterName][]billing.HourUse, error)
}

// Means knows whether a tenant has a way of paying.
type Means interface {
	CanPay(ctx context.Context, tenant tenants.ID) (bool, error)
}

// Deps are what a Service works with.
type Deps struct {
	Plans *plan.Catalogue
	Rows  Rows
	Usage Usage
	Means Means // nil: invoices are paid some other way, and nobody is asked before
	// Changed is told of tenants that agreed to other terms; nil: nobody wants to know.
	Changed func(ctx context.Context, tenant tenants.ID)
	Now     func() time.Time
}

// Service is what the edge, invoices, quotas and payments ask about terms.
type Service struct{ deps Deps }

// New makes a Service.
func New(d Deps) *Service { return &Service{deps: d} }

// Plans is the catalogue.
func (s *Service) Plans() *plan.Catalogue { return s.deps.Plans }

// Plan is the plan that terms are about.
func (s *Service) Plan(t billing.Terms) (plan.Plan, error) { return s.deps.Plans.PlanOf(t) }

// History is all that a tenant agreed to, in order; it begins with the terms of whoever agreed to none. It is what price.Rate is given.
func (s *Service) History(ctx context.Context, tenant tenants.ID) ([]billing.Terms, error) {
	created, rows, err := s.deps.Rows.History(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return append([]billing.Terms{s.deps.Plans.FirstTerms(tenant, created)}, rows...), nil
}

// Now are the terms in force, with their plan.
func (s *Service) Now(ctx context.Context, tenant tenants.ID) (billing.Terms, plan.Plan, error) {
	state, err := s.State(ctx, tenant)
	return state.Terms, state.Plan, err
}

// State is where a tenant stands.
type State struct {
	Terms   billing.Terms
	Plan    plan.Plan
	Next    *billing.Terms // that take their place at an hour to come
	NextOf  plan.Plan      // of Next
	Trial   bool
	Newest  int             // the revision of the last change, 0 where there was none
	History []billing.Terms // oldest first
}

// State says where a tenant stands now.
func (s *Service) State(ctx context.Context, tenant tenants.ID) (State, error) {
	history, err := s.History(ctx, tenant)
	if err != nil {
		return State{}, err
	}
	return s.stateOf(history)
}

func (s *Service) stateOf(history []billing.Terms) (state State, err error) {
	now := s.deps.Now()
	state.History, state.Newest = history, history[len(history)-1].Revision
	// a clock that is behind may lie before the first terms
	from := later(now.UTC().Truncate(time.Hour), history[0].From)
	stretches := billing.InForce(history, from, from.AddDate(100, 0, 0))
	state.Terms = stretches[0].Terms
	state.Trial = state.Terms.Trial(now)
	if state.Plan, err = s.Plan(state.Terms); err != nil {
		return state, err
	}
	if len(stretches) > 1 {
		state.Next = &stretches[1].Terms
		state.NextOf, err = s.Plan(*state.Next)
	}
	return state, err
}

// Coupon is the coupon of the terms, and which month of it the running one is; false where there is none.
func (s *Service) Coupon(state State) (coupon plan.Coupon, month int, ok bool) {
	if state.Terms.Coupon == "" {
		return coupon, 0, false
	}
	coupon, err := s.deps.Plans.Coupon(state.Terms.Coupon)
	return coupon, price.CouponMonth(state.History, coupon.Code, billing.PeriodOf(s.deps.Now())), err == nil
}

// Check returns plan.ErrUnknown or plan.ErrCouponUnknown, with what it is about, unless the catalogue has everything that somebody agreed to.
func (s *Service) Check(ctx context.Context) error {
	all, err := s.deps.Rows.InUse(ctx)
	for _, t := range all {
		if _, err := s.Plan(t); err != nil {
			return fault.New(fault.Internal, plan.ErrUnknown.Code, "The file of plans lacks the plan %s of version %d, which somebody has. Put it back.", t.Plan, t.Catalogue)
		}
		if t.Coupon == "" {
			continue
		}
		if _, err := s.deps.Plans.Coupon(t.Coupon); err != nil {
			return fault.New(fault.Internal, plan.ErrCouponUnknown.Code, "The file of plans lacks the coupon %s, which somebody has. Put it back.", t.Coupon)
		}
	}
	return err
}

func later(a, b time.Time) time.Time {
	return slices.MaxFunc([]time.Time{a, b}, time.Time.Compare)
}
