package main

import (
	"net/http"
	"os/user"

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

// operator is whoever uses a command on this machine, as audit logs and the history of jobs name them.
func operator() string {
	if u, err := user.Current(); err == nil {
		return "operator " + u.Username
	}
	return "operator"
}
