package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/analytics/analyticspg"
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/cost"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/billing/quota"
	"github.com/observatory/observatory/billing/subscription"
	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/ingestch"
	"github.com/observatory/observatory/ingest/ingestpg"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/config"
	"github.com/observatory/observatory/internal/embedded"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/internal/latch"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy/removals"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/mail"
	"github.com/observatory/observatory/tenants/tenantspg"
	"github.com/observatory/observatory/workers"
)

// node is what serve, worker and the operators' tools have in common: configuration, connections and the domains on them.
type node struct {
	cfg     config.Config
	urls    embedded.URLs
	logger  *slog.Logger
	metrics *prometheus.Registry
	now     func() time.Time

	postgres *pg.Pool
	working  *pg.Pool // of the workers: a lease must not be lost because requests take all connections, nor the other way round
	// following hears what changed of keys, rules and suppressions. A connection that died silently holds its place for 15 s: among those of
	// requests there might be none left to hear a revocation by.
	following *pg.Pool
	events    driver.Conn // reaches the server once schema says that it may
	schema    eventSchema
	objects   *objects.Store // archive and exports

	control  *tenantspg.Store
	jobs     *jobspg.Store
	declared *ingestpg.Store // what tenants declare about their events
	keys     *tenants.KeyRing
	tenants  *tenants.Services
	store    *ingestch.Store
	releases *repair.Releases // of held events
	receipts ingest.Receipts
	books    *ingest.Books
	schemas  *schema.Registry
	rollups  *rollup.Service
	metering metering.Key // of those who count
	billing  *billingpg.Store
	usage    *usage.Service
	stitcher *people.Stitcher
	notify   notifying
	privacy  answering

	quotas *quota.Service

	lifecycle lifecycle
	consumed  *cost.Recorder
	payment   *payment.Service
	plans     *subscription.Service
	invoices  *invoicing.Service

	freshness analytics.Freshness // nil where no events are accepted
}

// newNode opens the connections, which need not answer yet, and makes the domains.
func newNode(ctx context.Context, cfg config.Config, urls embedded.URLs) (*node, error) {
	n := &node{cfg: cfg, urls: urls, logger: newLogger(cfg), metrics: prometheus.NewRegistry()}
	n.now = newClock(cfg.ClockFile, n.logger)
	n.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	public, err := url.Parse(cfg.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("parse the public URL: %w", err)
	}
	if n.postgres, err = pg.Open(ctx, urls.Postgres, pg.Options{}); err != nil {
		return nil, err
	}
	if n.working, err = pg.Open(ctx, urls.Postgres, pg.Options{MaxConns: 6}); err != nil {
		return nil, err
	}
	if n.following, err = pg.Open(ctx, urls.Postgres, pg.Options{MaxConns: 8}); err != nil {
		return nil, err
	}
	n.schema = eventSchema{current: latch.New(), tried: latch.New()}
	if n.events, err = ch.OpenAfter(ctx, urls.ClickHouse, n.schema.current.Done()); err != nil {
		return nil, err
	}
	if n.objects, err = objects.Open(ctx, cfg.Archive()); err != nil {
		return nil, err
	}
	mailer, err := mail.New(mail.Config{SMTPURL: cfg.SMTPURL, Folder: filepath.Join(cfg.DataDir, "mail"), Log: n.logger})
	if err != nil {
		return nil, err
	}
	n.control = tenantspg.New(n.postgres, n.logger)
	n.consumed = newRecorder(n)
	n.jobs = jobspg.New(n.postgres, jobspg.Config{})
	n.keys = tenants.NewKeyRing(tenants.KeyRingConfig{}, tenants.KeyRingDeps{Feed: tenantspg.New(n.following, n.logger), Log: n.logger, Now: n.now})
	n.tenants, err = tenants.New(
		tenants.Config{PublicURL: public, SecretKey: cfg.SecretKey, Region: cfg.Region},
		tenants.Deps{Store: n.control, Mailer: mailer, Ring: n.keys, Log: n.logger, Now: n.now},
	)
	if err != nil {
		return nil, err
	}
	n.declared = ingestpg.New(n.postgres, n.logger)
	n.store = ingestch.New(n.events)
	n.receipts = ingest.NewReceipts(cfg.SecretKey)
	n.schemas = schema.NewRegistry(schema.Deps{Store: n.declared.Schemas(), Formats: schemaFormats(), Now: n.now})
	n.releases = repair.NewReleases(n.declared, n.store, n.now)
	n.books = ingest.NewBooks(n.store, n.receipts, n.now, n.logger)
	n.rollups = rollup.New(rollup.Deps{
		Store: analyticsch.NewRollups(analyticsch.Config{Conn: n.events, Now: n.now}), Settings: analyticspg.New(n.postgres).Rollups(),
		Jobs: n.jobs, Now: n.now, Logger: n.logger, Metrics: n.metrics,
	})
	if n.metering, err = metering.NewKey(cfg.SecretKey); err != nil {
		return nil, err
	}
	n.billing = billingpg.New(n.postgres)
	n.usage = newUsage(n)
	links := people.NewLinker(analyticsch.NewLinks(analyticsch.Config{Conn: n.events, Now: n.now}), n.rollups)
	n.stitcher = people.NewStitcher(links, n.jobs, n.now)
	if n.notify, err = newNotifying(n, public, mailer); err != nil {
		return nil, err
	}
	if n.privacy, err = newAnswering(n, public); err != nil {
		return nil, err
	}
	if n.plans, err = newSubscriptions(n); err != nil {
		return nil, err
	}
	n.invoices = newInvoices(n)
	n.payment = newPayment(n, public)
	if n.lifecycle, err = newLifecycle(n, public); err != nil {
		return nil, err
	}
	n.quotas = newQuotas(n)
	return n, nil
}

func (n *node) close() error {
	n.postgres.Close()
	n.working.Close()
	n.following.Close()
	return errors.Join(n.events.Close(), n.objects.Close())
}

// workers are the workers of this node, and everything that they do.
func (n *node) workers(exitWhenIdle bool) (*workers.Workers, error) {
	work := append(workers.CheckLedger(n.books, n.metrics, n.now),
		workers.DeliverMail(n.tenants.Outbox, n.logger),
		workers.SweepAccounts(n.tenants.Accounts),
		workers.SweepJobs(n.jobs),
		workers.SweepFilings(n.privacy.form),
		workers.SweepExports(n.privacy.exports),
		workers.AnswerRequests(n.privacy.driver, n.privacy.store.Lookout(n.tenants.Outbox), n.jobs, n.metrics, n.now),
		workers.TellOfCauses(n.notices()),
		workers.ReleaseHeld(n.releases),
		workers.KeepQuotas(n.quotas, removals.NewExpired(n.events)),
		workers.KeepRollups(n.rollups),
		workers.MeterUsage(n.usage, n.cfg.BillingEvery),
		workers.StitchPeople(n.stitcher),
		workers.CheckQuality(n.checks(), n.jobs, n.metrics),
		workers.EvaluateAlerts(n.alerts().evaluator, n.jobs, n.now),
		workers.Notify(n.notify.escalator, n.notify.courier),
		workers.KeepArchive(n.privacy.archive, n.cfg.ArchiveQuiet),
		workers.Retain(n.lifecycle.retention),
		workers.Invoice(n.invoices, n.cfg.BillingEvery),
		workers.Leave(n.lifecycle.offboard),
		workers.MeasureConsumption(newGauge(n)),
		workers.Collect(n.payment, n.cfg.BillingEvery, n.metrics),
		workers.PurgeErased(n.privacy.erasing, n.cfg.PurgeEvery),
	)
	ledger := jobspg.New(n.working, jobspg.Config{})
	listen := func(ctx context.Context, changed func()) {
		n.working.Listen(ctx, n.logger, []string{jobspg.Channel}, func(pg.Notification) { changed() })
	}
	return workers.New(workers.Config{RedisURL: n.urls.Redis, Drain: n.cfg.DrainTimeout / 2, ExitWhenIdle: exitWhenIdle},
		workers.Deps{Ledger: ledger, Depths: ledger.Depths, Listen: listen, Logger: n.logger, Metrics: n.metrics}, work...)
}

func newLogger(cfg config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
