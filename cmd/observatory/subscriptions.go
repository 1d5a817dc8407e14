package main

import (
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/subscription"
)

// newSubscriptions reads the plans, and makes the service of who agreed to which.
func newSubscriptions(n *node) (*subscription.Service, error) {
	plans, err := plan.Open(n.cfg.Plans)
	if err != nil {
		return nil, err
	}
	d := subscription.Deps{Plans: plans, Rows: n.billing.Terms(), Usage: n.usage, Now: n.now, Changed: n.followTerms}
	if n.cfg.StripeKey != "" {
		d.Means = means{n}
	}
	return subscription.New(d), nil
}
