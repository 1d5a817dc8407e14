package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/observatory/observatory/api"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/config"
	"github.com/observatory/observatory/internal/embedded"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/web"
)

func newServeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the server, with the engines that are not configured", Args: cobra.NoArgs,
	}
	raw := config.Bind(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := raw.Load(os.Getenv)
		if err != nil {
			return err
		}
		return serve(cmd.Context(), cfg)
	}
	return cmd
}

// softMemory is where the garbage collector begins to work harder, in bytes. What is live at full load is about half of it.
const softMemory = 288 << 20

// hangs is how long a server that is asked to end may stand still because an engine does, beyond its drain timeouts: one is for requests and
// the sink, one for engines, and half of one for tasks. Most of it goes to connections that are being made, which heed no context.
const hangs = 6 * time.Second

// serve runs a node until ctx ends, then drains it: no request is cut off, no acknowledged event is lost, no engine is left behind.
func serve(ctx context.Context, cfg config.Config) (err error) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.HTTPAddr)
	if err != nil {
		return fmt.Errorf("listen on %s (another address: --http-addr): %w", cfg.HTTPAddr, err)
	}
	defer listener.Close() //nolint:errcheck // closed by the server, unless it never began
	defer endWithin(ctx, 3*cfg.DrainTimeout+hangs, newLogger(cfg))()
	if err := cfg.EnsureSecretKey(); err != nil {
		return err
	}
	engines, err := embedded.StartAll(ctx, embedded.Config{
		RuntimeDir: cfg.RuntimeDir, DataDir: cfg.DataDir, Logger: newLogger(cfg),
		Configured: embedded.URLs{ClickHouse: cfg.ClickHouseURL, Postgres: cfg.PostgresURL, Redis: cfg.RedisURL},
	})
	if err != nil {
		return unlessAsked(ctx, err)
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.DrainTimeout)
		defer cancel()
		engines.Stop(stopping)
	}()
	n, err := newNode(ctx, cfg, engines.URLs())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	s, err := newServing(ctx, n)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return s.run(ctx, listener)
}

// serving is a node that accepts events: with its log, the sink behind it, and the edge before it.
type serving struct {
	*node
	log       *durableLog
	sink      *ingest.Sink
	live      *ingest.Live
	collector *ingest.Collector
	rules     *rules
	replays   *replays
	metered   *sinkMetrics
	pace      *pace
	barrier   *privacy.LogAgent // tells how far the log is, for the sake of those who want to be forgotten

	suppressions suppressions
	quota        gate
}

func newServing(ctx context.Context, n *node) (*serving, error) {
	s := &serving{node: n, live: ingest.NewLive(), metered: newSinkMetrics(n.metrics), pace: newPace(n.now)}
	var err error
	if s.rules, err = newRules(n); err != nil {
		return nil, err
	}
	if s.log, err = openDurableLog(ctx, n, s.metered.synced); err != nil {
		return nil, err
	}
	if s.barrier, err = newLogAgent(s); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.suppressions, err = newSuppressions(n, s.barrier.Applied); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.quota, err = newGate(ctx, n, s.log.id); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.sink, err = ingest.NewSink(ingest.SinkConfig{}, ingest.SinkDeps{
		Log: s.log, State: s.log.state, Store: n.store.Writer(s.log.id), Now: n.now, Logger: n.logger, Stored: s.stored, Suppression: s.suppressions, Quota: s.quota,
	})
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.metered.backlog(n.metrics, s.log, s.sink)
	promauto.With(n.metrics).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "observatory_keys_staleness_seconds", Help: "Time since the API keys were last known to be up to date. They are served for a day without contact.",
	}, func() float64 { return n.keys.Staleness().Seconds() })
	promauto.With(n.metrics).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "observatory_rules_staleness_seconds", Help: "Time since the schemas and policies were last known to be up to date. They are applied as they are without contact.",
	}, func() float64 { return s.rules.pipeline.Rulebook().Staleness().Seconds() })
	s.freshness = freshness{s}
	s.collector = ingest.NewCollector(ingest.CollectorDeps{Log: s.log, Prepare: s.rules.pipeline, Receipts: n.receipts, Limits: ingest.NewRateLimits(n.cfg.RatePerKey), Suppression: s.suppressions, Refuse: s.quota.refuse, Now: n.now, Accepted: s.pace.accepted})
	s.replays = newReplays(s)
	return s, nil
}

func (s *serving) stored(set *ingest.Settlement, took time.Duration) {
	s.metered.stored(set, took)
	s.pace.stored(set)
	s.live.Publish(set)
}

func (s *serving) close() error {
	if s.quota.pool != nil {
		s.quota.pool.Close()
	}
	return s.log.close()
}

func (s *serving) run(ctx context.Context, listener net.Listener) (err error) {
	queues, err := newQueues(s.urls.Redis)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, queues.close()) }()
	group, running := errgroup.WithContext(ctx)
	handler, err := s.handler(ctx, running.Done(), queues)
	if err != nil {
		return err
	}
	unused := newNewcomers()
	server := &http.Server{
		Handler: handler, ConnState: unused.follow, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		Protocols: protocols(), HTTP2: &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second}, // streams may be quiet for long
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(s.live.Close)

	draining, stopDraining := outlive(running, s.cfg.DrainTimeout)
	defer stopDraining()
	work, stopWork := context.WithCancel(context.WithoutCancel(running))
	defer stopWork()
	group.Go(func() error { return s.control(work) })
	group.Go(func() error { return s.carry(work) })
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-running.Done()
		s.logger.Info("draining: no new requests, then everything that was acknowledged is stored")
		defer stopWork()
		defer time.AfterFunc(time.Second, unused.close).Stop()
		if err := server.Shutdown(draining); err != nil {
			s.logger.Warn("requests that took too long were cut off", "error", err)
			return server.Close()
		}
		return nil
	})
	if s.cfg.DebugAddr != "" {
		group.Go(func() error { return serveProfiles(work, s.cfg.DebugAddr) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.drain(draining)
	return nil
}

// control brings the control plane up to date, as soon as that answers, and keeps up with it. Until then no key is known, and whoever
// sends events is told to come again.
func (s *serving) control(ctx context.Context) error {
	err := s.migratePostgres(ctx)
	refreshes := []func(context.Context) error{s.claim, s.quota.Refresh, s.suppressions.set.Refresh, s.rules.pipeline.Rulebook().Refresh, s.keys.Refresh}
	for _, refresh := range refreshes { // nothing is stored before quotas and suppressions are known, nor accepted before all is: keys come last
		if err == nil {
			err = s.untilAnswers(ctx, "PostgreSQL", pg.ErrUnavailable, func() error { return refresh(ctx) })
		}
	}
	if err != nil {
		return unlessAsked(ctx, err)
	}
	working, err := s.workers(false)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.Go(func() error {
		if !s.schema.await(ctx) {
			return nil
		}
		s.announce()
		if !s.cfg.Workers {
			return nil
		}
		return working.Run(ctx)
	})
	group.Go(func() error { return s.keys.Run(ctx) })
	group.Go(func() error { return s.rules.run(ctx) })
	group.Go(func() error { return s.suppressions.set.Run(ctx) })
	group.Go(func() error { return s.quota.Run(ctx) })
	group.Go(func() error { return s.barrier.Run(ctx) })
	group.Go(func() error { return s.tellCarried(ctx) })
	group.Go(func() error { return s.lifecycle.uses.Run(ctx) })
	group.Go(func() error { return s.consumed.Run(ctx) })
	return group.Wait()
}

// carry carries the log into ClickHouse, as soon as that answers and it is known whose events are not to be stored.
func (s *serving) carry(ctx context.Context) error {
	if err := s.migrateClickHouse(ctx); err != nil {
		return unlessAsked(ctx, err)
	}
	if err := s.suppressions.await(ctx); err != nil {
		return unlessAsked(ctx, err)
	}
	var group errgroup.Group
	group.Go(func() error { return s.sink.Run(ctx) })
	group.Go(func() error { return s.replays.runner.Run(ctx) })
	return group.Wait()
}

// drain stores what is left in the log. What cannot be stored in time stays there for the next start.
func (s *serving) drain(ctx context.Context) {
	err := errors.Join(s.suppressions.known(), s.schema.known())
	if err == nil {
		err = s.sink.Drain(ctx)
	}
	if err != nil {
		s.logger.Warn("not everything could be stored; the rest is safe in the log and is stored at the next start", "error", err)
	}
	if err := s.barrier.End(ctx); err != nil {
		s.logger.Warn("that this node has ended could not be told; requests of data subjects wait until it starts again, or its log is retired", "error", err)
	}
}

// handler makes the edge. It is told when the server is asked to end.
func (s *serving) handler(ctx context.Context, ending <-chan struct{}, queues http.Handler) (http.Handler, error) {
	public, err := url.Parse(s.cfg.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("parse the public URL: %w", err)
	}
	alerts := s.alerts()
	return api.New(ctx, api.Config{PublicURL: public, TrustedProxies: s.cfg.TrustedProxies, Version: version, Region: s.cfg.Region}, api.Deps{
		Tenants: s.tenants, Keys: s.keys, Collector: s.collector, Settled: s.sink, Books: s.books, Live: s.live, Schemas: s.schemas,
		Policies: s.rules.policies, Rehearsals: s.rules.rehearsals, Trials: s.rules.rehearsals, Samples: s.store, Redaction: s.rules.redaction, Causes: s.replays.causes, Replays: s.replays.service,
		Analytics: s.eventsAsked(), People: s.peopleAsked(), Consumed: s.consumed.Consumed,
		Quality: s.quality(), Notify: s.notify.service, Privacy: s.privacy.service, Suppressed: s.privacy.store.Suppressions(), Proofs: s.privacy.proofs, Exports: s.privacy.exports,
		Form:      s.privacy.form,
		Retention: s.lifecycle.retention, Minimise: s.lifecycle.minimisation, Offboard: s.lifecycle.offboard, Payment: s.payment, Quotas: s.quotas, Plans: s.plans,
		Alerts: alerts.rules, Incidents: alerts.incidents, Silences: alerts.silences,
		Pipeline: newStages(s, alerts.rules), Jobs: s.jobs, Rollups: s.rollups, Archive: s.privacy.archive, Usage: s.usage, Invoices: s.invoices,
		Operators: s.operators(queues),
		Readiness: readiness{s}, Draining: ending, Dashboard: web.Handler(), Metrics: s.metrics, Logger: s.logger, Now: s.now,
	})
}

// announce says that the node is ready, on one line that people can click.
func (s *serving) announce() {
	fmt.Printf("Observatory is ready: %s\n", s.cfg.PublicURL)
}
