package main

import (
	"github.com/observatory/observatory/billing/billingch"
	"github.com/observatory/observatory/billing/usage"
)

// newUsage makes what meters.
func newUsage(n *node) *usage.Service {
	return usage.New(usage.Deps{
		Books: n.billing.Usage(), Counter: billingch.NewCounter(n.events), Consumption: n.billing.Consumption(), Jobs: n.jobs, Now: n.now, Logger: n.logger,
	})
}
