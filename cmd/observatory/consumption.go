package main

import (
	"cmp"
	"os"
	"time"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingch"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/cost"
	"github.com/observatory/observatory/tenants"
)

// newRecorder makes the recorder of what tenants consume on this node.
func newRecorder(n *node) *cost.Recorder {
	host, _ := os.Hostname() // a node without a name consumes as much
	return cost.NewRecorder(billingpg.New(n.postgres).Consumption(), cmp.Or(host, "unnamed"), n.now, n.logger)
}

// newGauge makes what measures the rest.
func newGauge(n *node) *cost.Gauge {
	return cost.NewGauge(billingch.NewDisks(n.events), billingpg.New(n.working).Consumption(), n.now)
}

// worked books how long the store worked on a question of a member or key.
func (n *node) worked(tenant tenants.ID, work time.Duration, answered bool) {
	resource := billing.QueryWork
	if !answered {
		resource = billing.UnansweredWork
	}
	n.consumed.Worked(tenant, resource, work)
}

// eventsAsked answers what members and keys ask, and books how long that takes. Alerts, checks and rollups ask as well, but not here.
func (s *serving) eventsAsked() *analytics.Service {
	store := analyticsch.New(analyticsch.Config{Conn: s.events, Now: s.now, Worked: s.worked})
	return analytics.New(analytics.Deps{Store: analytics.Recording(store, s.lifecycle.uses), Freshness: s.freshness, Now: s.now})
}

// peopleAsked answers what members and keys ask about people, likewise.
func (s *serving) peopleAsked() *people.Service {
	return people.New(people.Deps{Store: analyticsch.NewPeople(analyticsch.Config{Conn: s.events, Now: s.now, Worked: s.worked}), Now: s.now})
}
