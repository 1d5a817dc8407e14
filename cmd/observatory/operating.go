package main

import (
	"net/http"

	"github.com/observatory/observatory/api"
	"github.com/observatory/observatory/billing/cost"
)

// operators is what whoever runs the installation can see and do.
func (s *serving) operators(queues http.Handler) api.Operators {
	return api.Operators{
		Token: s.cfg.OperatorToken, Depths: s.jobs.Depths, Queues: queues,
		Costs: cost.New(s.plans.Plans(), s.billing.Operator(), s.usage, s.now), Plans: s.plans, Books: s.invoices, Standing: s.payment,
	}
}
