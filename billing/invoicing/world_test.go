package invoicing_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/subscription"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

// world is an installation's books in a database of its own. Its clock is set by hand, and its connections can be cut.
type world struct {
	url      string
	admin    *pgxpool.Pool // bound by no policy
	store    *billingpg.Store
	plans    *subscription.Service
	rates    invoicing.Agreed
	cut      *cutting
	receipts receipts
	now      atomic.Pointer[time.Time]

	healthy, cuttable *invoicing.Service // the second over connections that are cut
	usage             *ledger
}

// cutting ends the connection of a query, when its turn comes.
type cutting struct{ in atomic.Int64 }

func (c *cutting) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if c.in.Add(-1) == 0 {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		return gone
	}
	return ctx
}

func (c *cutting) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{url: testkit.Postgres(t), cut: &cutting{}}
	config, err := pgxpool.ParseConfig(w.url)
	require.NoError(t, err)
	w.admin, err = pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(w.admin.Close)
	_, err = w.admin.Exec(t.Context(), `DO $$ DECLARE name text; BEGIN
		FOR name IN SELECT relname FROM pg_class WHERE relforcerowsecurity LOOP EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', name); END LOOP;
	END $$`)
	require.NoError(t, err)
	catalogue, err := plan.Open("")
	require.NoError(t, err)
	open := func(o pg.Options) (*billingpg.Store, *invoicing.Service) {
		pool, err := pg.Open(t.Context(), w.url, o)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		store := billingpg.New(pool)
		plans := subscription.New(subscription.Deps{Plans: catalogue, Rows: store.Terms(), Now: w.clock})
		w.plans, w.rates, w.usage = plans, invoicing.Agreed{Subscriptions: plans}, &ledger{Usage: store.Usage()}
		return store, invoicing.New(invoicing.Deps{
			Books: store.Invoices(), Usage: w.usage, Rates: w.rates, Receipts: &w.receipts, Store: &w.receipts, Jobs: jobspg.New(pool, jobspg.Config{}),
			Now: w.clock, Logger: testkit.Logger(t),
		})
	}
	_, w.cuttable = open(pg.Options{Tracer: w.cut})
	w.store, w.healthy = open(pg.Options{})
	w.setClock(time.Date(2026, 1, 10, 9, 30, 0, 0, time.UTC))
	return w
}

func (w *world) clock() time.Time      { return *w.now.Load() }
func (w *world) setClock(at time.Time) { w.now.Store(&at) }
func (w *world) pass(by time.Duration) { w.setClock(w.clock().Add(by)) }
func (w *world) hour() time.Time       { return w.clock().Truncate(time.Hour) }
func (w *world) month() billing.Period { return billing.PeriodOf(w.clock()) }

// tenant makes an organisation, as of now.
func (w *world) tenant(ctx context.Context) (tenants.ID, error) {
	id := tenants.NewID()
	_, err := w.admin.Exec(ctx, "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, $2, 'UTC', $3)", uuid.UUID(id), "Acme "+id.String()[24:], w.clock())
	return id, err
}

// book has an hour come to something else, as counting it again does.
func (w *world) book(ctx context.Context, tenant tenants.ID, meter billing.MeterName, hour time.Time, delta int64, reason billing.Reason) error {
	_, err := w.admin.Exec(ctx, `
		INSERT INTO usage_ledger (tenant_id, meter, hour, revision, quantity, delta, found, gone, reason, at)
		SELECT $1, $2, $3, coalesce(max(revision), 0) + 1, greatest(0, coalesce(max(quantity) FILTER (WHERE newest), 0) + $4),
			greatest(0, coalesce(max(quantity) FILTER (WHERE newest), 0) + $4) - coalesce(max(quantity) FILTER (WHERE newest), 0),
			greatest(0, coalesce(max(quantity) FILTER (WHERE newest), 0) + $4), 0, $5, $6
		FROM (SELECT revision, quantity, revision = max(revision) OVER () AS newest FROM usage_ledger WHERE tenant_id = $1 AND meter = $2 AND hour = $3) u`,
		uuid.UUID(tenant), string(meter), hour, delta, string(reason), w.clock())
	return err
}

// agree has a tenant go over to other terms from an hour on.
func (w *world) agree(ctx context.Context, tenant tenants.ID, change func(*billing.Terms)) error {
	history, err := w.plans.History(ctx, tenant)
	if err != nil {
		return err
	}
	next := history[len(history)-1]
	next.Tenant, next.Revision, next.From, next.At, next.By, next.Reason = tenant, len(history), w.hour(), w.clock(), "test", "test"
	change(&next)
	return w.store.Terms().Add(ctx, next, tenants.AuditEntry{At: w.clock(), Actor: tenants.Actor{Kind: tenants.ActorSystem, Label: "test"}, Action: "terms.changed", Target: "terms"})
}

// ledger is the usage ledger, all of which is settled unless a test says otherwise.
type ledger struct {
	billingpg.Usage
	waiting atomic.Pointer[string]
}

func (l *ledger) Use(ctx context.Context, tenant tenants.ID, month billing.Period) (invoicing.Use, error) {
	entries, err := l.Newest(ctx, tenant, month.From, month.To)
	use := invoicing.Use{}
	for _, e := range entries {
		use[e.Meter] = append(use[e.Meter], billing.HourUse{Hour: e.Hour, Quantity: e.Quantity})
	}
	return use, err
}

func (l *ledger) Count(context.Context, tenants.ID, billing.Period) error { return nil }

func (l *ledger) Settled(context.Context, tenants.ID, billing.Period) (string, error) {
	if waiting := l.waiting.Load(); waiting != nil {
		return *waiting, nil
	}
	return "", nil
}

func (l *ledger) EventIDs(_ context.Context, _ tenants.ID, meter billing.MeterName, hour time.Time, limit int) ([]string, error) {
	return []string{fmt.Sprint(meter, " ", hour.Format(time.RFC3339), " ", limit)}, nil
}
