package main

import (
	"context"
	"slices"
	"time"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/analytics/analyticspg"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

// alerts are the services of alert rules and incidents.
type alerts struct {
	evaluator *alert.Evaluator
	rules     *alert.Rules
	incidents *alert.Incidents
	silences  *alert.Silences
}

func (n *node) alerts() alerts {
	store := analyticspg.New(n.postgres).Alerts()
	values := &alert.Values{
		Plans:  planAmounts{n.quotas},
		Trends: analytics.New(analytics.Deps{Store: n.asked(), Now: n.now}),
		Books:  watchedBooks{n}, Checks: store,
	}
	return alerts{
		evaluator: alert.NewEvaluator(store, values, n.logger), rules: alert.NewRules(store, values, n.now),
		incidents: alert.NewIncidents(store, n.now), silences: alert.NewSilences(store, n.now),
	}
}

// watchedBooks are the books of ingestion as alert rules look at them.
type watchedBooks struct{ *node }

var _ alert.Books = watchedBooks{}

// Outcomes implements alert.Books.
func (b watchedBooks) Outcomes(ctx context.Context, tenant tenants.ID, cuts []time.Time) ([]alert.Outcomes, error) {
	counts, err := b.store.ReceivedBetween(ctx, tenant, cuts)
	outcomes := make([]alert.Outcomes, len(counts))
	for i, c := range counts {
		outcomes[i] = alert.Outcomes{Received: c.Received, Quarantined: c.Quarantined}
	}
	return outcomes, err
}

// Newest implements alert.Books.
func (b watchedBooks) Newest(ctx context.Context, tenant tenants.ID, event string, cuts []time.Time) ([]time.Time, error) {
	return b.store.NewestBetween(ctx, tenant, event, cuts)
}

// Hours implements alert.Books. A batch that is being stored may show as an imbalance once, so only what shows twice counts.
func (b watchedBooks) Hours(ctx context.Context, tenant tenants.ID, from, to time.Time) ([]alert.Hour, error) {
	unbalanced := func(h ingest.LedgerHour) bool { return !h.Balanced() }
	first, err := b.books.Ledger(ctx, tenant, from, to)
	if err != nil {
		return nil, err
	}
	second := first
	if slices.ContainsFunc(first, unbalanced) {
		if second, err = b.books.Ledger(ctx, tenant, from, to); err != nil {
			return nil, err
		}
	}
	hours := make([]alert.Hour, len(second))
	for i, h := range second {
		before := slices.IndexFunc(first, func(o ingest.LedgerHour) bool { return o.Hour.Equal(h.Hour) })
		hours[i] = alert.Hour{Start: h.Hour.UTC(), Stored: h.Counts.Stored, Balanced: h.Balanced() || before < 0 || first[before].Counts != h.Counts}
	}
	return hours, nil
}
