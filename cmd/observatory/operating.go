package main

import (
	"net/http"

	"github.com/observatory/observatory/api"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/cost"
)

// operators is what whoever runs the installation can see and do.
func (s *serving) operators(queues http.Handler) api.Operators {
	store := billingpg.New(s.postgres)
	return api.Operators{
		Token: s.cfg.OperatorToken, Depths: s.jobs.Depths, Queues: queues,
		Costs: cost.New(s.plans.Plans(), store.Operator(), s.usage, s.now), Plans: s.plans, Books: store.Invoices(),
	}
}
