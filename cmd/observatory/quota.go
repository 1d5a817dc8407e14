package main

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/quota"
	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/ingestch"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

// newQuotas makes what keeps quotas as plans have them.
func newQuotas(n *node) *quota.Service {
	return quota.New(quota.Deps{
		Book: n.billing.Quotas(n.tenants.Outbox, n.logger), Plans: planLimits{n.plans, n.usage}, Held: heldForQuota{n.store}, Releases: quotaReleases{n.releases},
		Forecast: ahead{n.usage}, Now: n.now, Logger: n.logger,
	})
}

// heldForQuota is the quota.HeldEvents of the store of events.
type heldForQuota struct{ store *ingestch.Store }

func (h heldForQuota) HeldFor(ctx context.Context, tenant tenants.ID) ([]quota.Held, error) {
	found, err := h.store.HeldForQuota(ctx, tenant)
	all := make([]quota.Held, 0, len(found[tenant]))
	for _, f := range found[tenant] {
		all = append(all, quota.Held{Reason: f.Reason, Events: f.Events, Since: f.Since, ExpireFrom: f.Until, ExpireTo: f.Last})
	}
	return all, err
}

// quotaReleases is the quota.Releases of held events.
type quotaReleases struct{ *repair.Releases }

func (r quotaReleases) Release(ctx context.Context, tenant tenants.ID, id uuid.UUID) (done bool, err error) {
	replay, err := r.Begin(ctx, tenant, id, true)
	switch replay.State {
	case repair.Done, repair.Failed, repair.Cancelled: // what is still held is released by another
		done = true
	case repair.Waiting, repair.Running, repair.Pausing, repair.Cancelling, repair.Paused:
	}
	return done, err
}

// ahead is the quota.Forecaster of the usage ledger.
type ahead struct{ *usage.Service }

func (a ahead) Ahead(ctx context.Context, tenant tenants.ID, month billing.Period, used, events int64) (expected int64, reached time.Time, known bool, err error) {
	all, err := a.Forecast(ctx, tenant)
	if err != nil {
		return 0, time.Time{}, false, err
	}
	for _, f := range all {
		if f.Meter != billing.Events {
			continue
		}
		expected = max(f.Expected, used)
		if hour, ok := f.Reaches(events); ok && events >= 0 && used < events && hour.Before(month.To) {
			reached = hour
		}
		return expected, reached, true, nil
	}
	return 0, time.Time{}, false, nil
}

// gate is the ingest.Quota of a quota.Gate.
type gate struct {
	*quota.Gate
	pool *pg.Pool // its own: events wait for its answers, and must not wait for requests
}

// newGate makes the gate of a log.
func newGate(ctx context.Context, n *node, log uuid.UUID) (gate, error) {
	pool, err := pg.Open(ctx, n.urls.Postgres, pg.Options{MaxConns: 3})
	if err != nil {
		return gate{}, err
	}
	book := billingpg.New(pool).Quotas(n.tenants.Outbox, n.logger)
	g := gate{Gate: quota.NewGate(quota.GateConfig{Log: log, Claims: book, Feed: book, Logger: n.logger, Now: n.now}), pool: pool}
	promauto.With(n.metrics).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "observatory_quotas_staleness_seconds", Help: "Time since the quotas were last known to be up to date. Events beyond them pass while they cannot be asked for.",
	}, func() float64 { return g.Staleness().Seconds() })
	return g, nil
}

// Admit implements ingest.Quota.
func (g gate) Admit(ctx context.Context, asked []ingest.Asked) []ingest.Admission {
	batch := make([]quota.Want, len(asked))
	for i, a := range asked {
		batch[i] = quota.Want{Tenant: a.Tenant, Month: billing.PeriodOf(a.Month.From()), Counted: a.Before, Events: a.Events}
	}
	var out []ingest.Admission
	for _, a := range g.Gate.Admit(ctx, batch) {
		verdict := ingest.HoldQuota
		if a.Reason == quota.Unpaid {
			verdict = ingest.HoldUnpaid
		}
		out = append(out, ingest.Admission{
			Metered: ingest.Metered{Tenant: a.Tenant, Month: ingest.MonthOf(a.Month.From), Events: a.Events}, Verdict: verdict, KeepDays: a.KeepDays,
		})
	}
	return out
}

// Settled implements ingest.Quota.
func (g gate) Settled(stored []ingest.Metered) {
	counts := make([]quota.Count, len(stored))
	for i, s := range stored {
		counts[i] = quota.Count{Tenant: s.Tenant, Month: billing.PeriodOf(s.Month.From()), Counted: s.Events}
	}
	g.Gate.Settled(counts)
}

var errPaymentRequired = fault.New(fault.PaymentRequired, "payment_required", "This organization is suspended, because an invoice is unpaid. Nothing of this request was accepted.")

// refuse says why nothing of a tenant is accepted.
func (g gate) refuse(tenant tenants.ID) error {
	if q, ok := g.Of(tenant); ok && q.Standing == quota.Suspended {
		return errPaymentRequired
	}
	return nil
}

// followTerms has a tenant's quota be as its terms are. Where that fails now, the workers do it.
func (n *node) followTerms(ctx context.Context, tenant tenants.ID) {
	if _, err := n.quotas.Follow(ctx, tenant); err != nil {
		n.logger.Warn("a quota could not be changed with the plan; it will be within a minute", "tenant", tenant, "error", err)
	}
}

// planAmounts is the alert.Plans of quotas.
type planAmounts struct{ *quota.Service }

// Limit implements alert.Plans.
func (p planAmounts) Limit(ctx context.Context, tenant tenants.ID) (events int64, limited bool, err error) {
	q, err := p.Follow(ctx, tenant)
	if err != nil || q.Limit == nil {
		return 0, false, err
	}
	return q.Events(billing.PeriodOf(p.Now())), true, nil
}
