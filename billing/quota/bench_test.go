package quota_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/quota"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/tenants"
)

// plenty is a PostgreSQL in memory with one tenant.
type plenty struct {
	quota quota.Quota
	asked int
}

func (p *plenty) Claim(_ context.Context, _ uuid.UUID, wanted []quota.Want) ([]quota.Grant, error) {
	p.asked++
	return []quota.Grant{{Quota: p.quota, Claimed: p.quota.Claim(wanted[0].Month, wanted[0].Counted, wanted[0].Events, 0, 0)}}, nil
}
func (p *plenty) Publish(context.Context, uuid.UUID, []quota.Count) error { return nil }
func (p *plenty) ListenQuotas(ctx context.Context, _ func())              { <-ctx.Done() }
func (p *plenty) QuotaChanges(context.Context, follow.Mark) (quota.Changes, error) {
	return quota.Changes{Quotas: []quota.Quota{p.quota}, Complete: true, Mark: 1}, nil
}

// A batch with a thousand events of a tenant far from its limit: what the gate costs for it, and how often it asks.
func BenchmarkGate(b *testing.B) {
	tenant := tenants.NewID()
	p := &plenty{quota: quota.Quota{Tenant: tenant, Standing: quota.Open, Limit: &quota.Limit{Events: 1 << 50, Hold: true, KeepDays: 30}}}
	g := quota.NewGate(quota.GateConfig{Claims: p, Feed: p, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, g.Refresh(b.Context()))
	month := billing.PeriodOf(time.Now())
	const events = 1000
	var counted int64
	batch, stored := make([]quota.Want, 1), make([]quota.Count, 1)
	for b.Loop() {
		batch[0] = quota.Want{Tenant: tenant, Month: month, Counted: counted, Events: events}
		if g.Admit(b.Context(), batch) != nil {
			b.Fatal("not admitted")
		}
		counted += events
		stored[0] = quota.Count{Tenant: tenant, Month: month, Counted: counted}
		g.Settled(stored)
	}
	b.ReportMetric(float64(p.asked), "asked")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/events, "ns/event")
}
