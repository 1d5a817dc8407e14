// Package workers runs jobs. The ledger in PostgreSQL (package jobs) says what has to be done; every process with workers
// makes messages of what is due and puts them into Redis through asynq, and whichever has room takes them out, claims the
// job in the ledger and does it. Redis is disposable: a message that is lost is sent again, and one that comes twice finds
// its job taken.
package workers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/observatory/observatory/internal/jobs"
)

// Config of the workers of a process; RedisURL is needed.
type Config struct {
	RedisURL     string
	Slots        jobs.Slots    // jobs at a time; default 4 urgent, 4 default, 1 bulk
	Drain        time.Duration // for jobs that are running when the process is asked to end; default 10 s
	ExitWhenIdle bool          // end when no job is due or running anywhere
}

// Deps are what workers work with.
type Deps struct {
	Ledger jobs.Ledger
	Depths func(context.Context) ([]jobs.Depth, error)
	// Listen calls changed when a job was made, until ctx ends. A call may be lost.
	Listen  func(ctx context.Context, changed func())
	Logger  *slog.Logger
	Metrics *prometheus.Registry
}

// Workers are the workers of a process.
type Workers struct {
	Deps
	cfg       Config
	self      jobs.Worker
	handlers  map[string]Handler
	kinds     []string
	schedules []jobs.Schedule

	slots    map[jobs.Queue]chan struct{}
	held     *holdings
	live     atomic.Pointer[jobs.Slots] // of all processes
	draining atomic.Bool
	more     atomic.Bool   // the last look at the ledger found due jobs
	wake     chan struct{} // holds at most one request to look soon
	runs     *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

// New makes workers. No two handlers do the same kind, and each schedule's kind has one.
func New(cfg Config, deps Deps, all ...Work) (*Workers, error) {
	if cfg.Slots == nil {
		cfg.Slots = jobs.Slots{jobs.Urgent: 4, jobs.Default: 4, jobs.Bulk: 1}
	}
	if cfg.Drain == 0 {
		cfg.Drain = 10 * time.Second
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find out the name of this machine: %w", err)
	}
	f := promauto.With(deps.Metrics)
	w := &Workers{
		Deps: deps, cfg: cfg, handlers: make(map[string]Handler), slots: make(map[jobs.Queue]chan struct{}),
		self: jobs.Worker{ID: fmt.Sprintf("%s/%d/%.4s", host, os.Getpid(), uuid.NewString()), Host: host, Slots: cfg.Slots},
		held: newHoldings(), wake: make(chan struct{}, 1),
		runs: f.NewCounterVec(prometheus.CounterOpts{Name: "observatory_task_runs_total", Help: "Attempts at jobs."}, []string{"task", "outcome"}),
		took: f.NewHistogramVec(prometheus.HistogramOpts{Name: "observatory_task_duration_seconds", Help: "Duration of attempts at jobs.", Buckets: prometheus.ExponentialBuckets(.01, 4, 8)}, []string{"task"}),
	}
	w.live.Store(&cfg.Slots)
	for _, queue := range jobs.Queues() {
		w.slots[queue] = make(chan struct{}, cfg.Slots[queue])
	}
	for _, work := range all {
		for _, h := range work.Handlers {
			if _, ok := w.handlers[h.kind]; ok {
				return nil, fmt.Errorf("two handlers for jobs of the kind %s", h.kind)
			}
			w.handlers[h.kind] = h
			w.kinds = append(w.kinds, h.kind)
		}
		w.schedules = append(w.schedules, work.Schedules...)
	}
	for i, s := range w.schedules {
		if !slices.Contains(w.kinds, s.Make().Kind) || s.Every < time.Second {
			return nil, fmt.Errorf("the schedule %s has no handler, or its time is too short", s.Name)
		}
		if slices.ContainsFunc(w.schedules[:i], func(o jobs.Schedule) bool { return o.Name == s.Name }) {
			return nil, fmt.Errorf("two schedules %s", s.Name)
		}
	}
	return w, nil
}

// Run works until ctx ends, then waits for what is running. While PostgreSQL or Redis is away nothing is done, and nothing
// is lost by it.
func (w *Workers) Run(ctx context.Context) error {
	connection, err := asynq.ParseRedisURI(w.cfg.RedisURL)
	if err != nil {
		return fmt.Errorf("parse the Redis URL: %w", err)
	}
	if err := w.introduce(ctx); err != nil {
		return nil //nolint:nilerr // asked to end before PostgreSQL answered
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	longer, release := context.WithCancel(context.WithoutCancel(ctx)) // for what goes on while jobs come to their end
	defer release()

	queue := newRedis(connection, w.Logger)
	servers := make([]*asynq.Server, 0, len(jobs.Queues()))
	for _, q := range jobs.Queues() {
		if w.cfg.Slots[q] == 0 {
			continue
		}
		server, err := w.serve(longer, connection, q)
		if err != nil {
			return errors.Join(err, queue.close())
		}
		servers = append(servers, server)
	}
	var asking, beating sync.WaitGroup
	asking.Go(func() { w.dispatch(ctx, queue) })
	asking.Go(func() { w.Listen(ctx, w.lookSoon) })
	if w.cfg.ExitWhenIdle {
		asking.Go(func() { w.awaitIdle(ctx, stop) })
	}
	beating.Go(func() { w.beat(longer) })

	<-ctx.Done()
	w.draining.Store(true)
	for _, server := range servers {
		server.Stop()
	}
	asking.Wait()
	w.drain()
	for _, server := range servers {
		server.Shutdown()
	}
	release()
	beating.Wait()
	w.leave(context.WithoutCancel(ctx))
	return queue.close()
}

// introduce makes the process and its schedules known to the ledger, as soon as that answers.
func (w *Workers) introduce(ctx context.Context) error {
	const pause = time.Second
	for {
		limited, cancel := context.WithTimeout(ctx, roundLimit)
		_, _, err := w.Ledger.Beat(limited, w.self, nil)
		if err == nil {
			err = w.Ledger.Know(limited, w.schedules)
		}
		cancel()
		if err == nil {
			return nil
		}
		w.Logger.Warn("the workers wait for PostgreSQL", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// leave takes back the introduction. Where that fails, the process counts as alive for some seconds more.
func (w *Workers) leave(ctx context.Context) {
	const limit = 2 * time.Second
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := w.Ledger.Leave(ctx, w.self.ID); err != nil {
		w.Logger.Warn("the workers could not say that they end", "error", err)
	}
}

// drain waits for the jobs that are running; those that take too long are interrupted, and go on elsewhere.
func (w *Workers) drain() {
	const last = 3 * time.Second // to write down that they were interrupted
	if w.held.wait(w.cfg.Drain) {
		return
	}
	w.held.interrupt()
	if !w.held.wait(last) {
		w.Logger.Warn("some jobs do not end; other workers take them over when their lease is over")
	}
}

// awaitIdle calls idle when no job is due or running, here or elsewhere.
func (w *Workers) awaitIdle(ctx context.Context, idle func()) {
	const often = 500 * time.Millisecond
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		limited, cancel := context.WithTimeout(ctx, roundLimit)
		depths, err := w.Depths(limited)
		cancel()
		busy := slices.ContainsFunc(depths, func(d jobs.Depth) bool { return d.Decide() != jobs.ScaleIn })
		if err == nil && !busy {
			w.Logger.Info("no job is due or running; the workers end")
			idle()
			return
		}
	}
}
