package main

import (
	"context"
	"time"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticspg"
	"github.com/observatory/observatory/analytics/quality"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

// quality is what people do with checks of their data.
func (n *node) quality() *quality.Service {
	return quality.NewService(analyticspg.New(n.postgres).Quality(), n.now)
}

// checks makes them.
func (n *node) checks() *quality.Runner {
	return quality.NewRunner(quality.RunnerDeps{
		Schedule: analyticspg.New(n.postgres).Quality(), Books: tenantBooks{n.books}, Now: n.now,
		Trends: analytics.New(analytics.Deps{Store: n.asked(), Freshness: n.freshness, Now: n.now}),
	})
}

// tenantBooks are the books of ingest as those who watch a tenant's data need them.
type tenantBooks struct{ *ingest.Books }

// UnbalancedHours implements quality.Books.
func (b tenantBooks) UnbalancedHours(ctx context.Context, tenant tenants.ID, since time.Time) ([]time.Time, error) {
	unbalanced, err := b.Unbalanced(ctx, tenant, since)
	var hours []time.Time
	for _, h := range unbalanced {
		hours = append(hours, h.Hour)
	}
	return hours, err
}
