package main

import (
	"context"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/price"
	"github.com/observatory/observatory/billing/quota"
	"github.com/observatory/observatory/billing/subscription"
	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/tenants"
)

// planLimits is the quota.Plans of subscriptions: the limit of a plan, or what a spend cap leaves of it.
type planLimits struct {
	plans *subscription.Service
	usage *usage.Service
}

// Limit implements quota.Plans.
func (p planLimits) Limit(ctx context.Context, tenant tenants.ID, at time.Time) (*quota.Limit, error) {
	state, err := p.plans.State(ctx, tenant)
	if err != nil {
		return nil, err
	}
	of := state.Plan.LimitDuring(state.Trial)
	var limit *quota.Limit
	if of.At > 0 {
		limit = &quota.Limit{Events: of.At, Hold: of.Then == plan.Hold, KeepDays: of.KeepDays, Because: quota.OfPlan}
	}
	if state.Terms.SpendCap == nil || limit != nil && limit.Hold {
		return limit, nil
	}
	events, bounded, err := p.within(ctx, state, at)
	if err != nil || !bounded {
		return limit, err
	}
	keep := of.KeepDays
	if keep == 0 {
		keep = quota.KeepUnpaid
	}
	return &quota.Limit{Events: events, Hold: true, KeepDays: keep, Because: quota.OfSpendCap}, nil
}

// within is how many events a month may have before it comes to more than the spend cap, and bounded false where no number of them does that. What
// other meters come to so far counts as well, so that it is lower later in the month than at its beginning.
func (p planLimits) within(ctx context.Context, state subscription.State, at time.Time) (events int64, bounded bool, err error) {
	period := billing.PeriodOf(at)
	use, err := p.usage.Use(ctx, state.Terms.Tenant, period)
	if err != nil {
		return 0, false, err
	}
	for _, h := range use[billing.Events] {
		events += h.Quantity
	}
	room, bounded, err := price.Room(price.Input{Plans: p.plans.Plans(), Period: period, History: state.History, Use: use}, at.UTC().Truncate(time.Hour))
	return events + room, bounded, err
}
