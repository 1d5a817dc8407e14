package workers_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/workers"
)

type none = struct{}

// world is a ledger in a database of the test's own, with leases short enough to wait for.
type world struct {
	*jobspg.Store
	pool *pg.Pool
	url  string // of the database
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return openWorld(t, testkit.Postgres(t))
}

func openWorld(t *testing.T, url string) *world {
	t.Helper()
	pool, err := pg.Open(t.Context(), url, pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return &world{Store: jobspg.New(pool, jobspg.Config{Lease: 2 * time.Second}), pool: pool, url: url}
}

// run starts workers and returns how to end them, which waits for what is running. They are ended with the test at the latest.
func (w *world) run(t *testing.T, cfg workers.Config, work ...workers.Work) (stop func()) {
	t.Helper()
	working, err := workers.New(cfg, w.deps(t), work...)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- working.Run(ctx) }()
	var once atomic.Bool
	stop = func() {
		if once.CompareAndSwap(false, true) {
			cancel()
			require.NoError(t, <-ended)
		}
	}
	t.Cleanup(stop)
	return stop
}

func (w *world) deps(t *testing.T) workers.Deps {
	log := testkit.Logger(t)
	return workers.Deps{
		Ledger: w.Store, Depths: w.Depths, Logger: log, Metrics: prometheus.NewRegistry(),
		Listen: func(ctx context.Context, changed func()) {
			w.pool.Listen(ctx, log, []string{jobspg.Channel}, func(pg.Notification) { changed() })
		},
	}
}

func (w *world) enqueue(t *testing.T, j jobs.Job) uuid.UUID {
	t.Helper()
	made, err := w.Enqueue(t.Context(), j)
	require.NoError(t, err)
	return made[0].ID
}

// await waits until a job is in a state, and returns it.
func (w *world) await(t *testing.T, id uuid.UUID, state jobs.State) (d jobs.Detail) {
	t.Helper()
	testkit.Eventually(t, 30*time.Second, func() (err error) {
		d, err = w.AnyJob(t.Context(), id)
		if err == nil && d.State != state {
			return errors.New("the job is " + string(d.State) + ": " + d.Error)
		}
		return err
	})
	return d
}

func outcomes(d jobs.Detail) (all []jobs.Outcome) {
	for _, a := range d.Tries {
		all = append(all, a.Outcome)
	}
	return all
}

func handle[P any](kind jobs.Kind[P], run func(context.Context, *jobs.Run, P) error) workers.Work {
	return workers.Work{Handlers: []workers.Handler{workers.On(kind, run)}}
}

// Schedules tick through a real Redis; one whose job fails ticks again; ending waits for what is running.
func TestSchedulesTick(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var good, bad, running atomic.Int64
	stop := w.run(t, workers.Config{RedisURL: testkit.RealRedis(t)},
		workers.Repeat(jobs.Kind[none]{Name: "test:good", Queue: jobs.Urgent}, time.Second, func(context.Context, *jobs.Run) error {
			running.Add(1)
			defer running.Add(-1)
			good.Add(1)
			return nil
		}),
		workers.Repeat(jobs.Kind[none]{Name: "test:bad", Queue: jobs.Default, Attempts: 1}, time.Second, func(context.Context, *jobs.Run) error {
			bad.Add(1)
			return errors.New("as always")
		}),
	)
	testkit.Eventually(t, 30*time.Second, func() error {
		if good.Load() < 2 || bad.Load() < 2 {
			return errors.New("the jobs have not run twice yet")
		}
		return nil
	})
	stop()
	require.Zero(t, running.Load())
	depths, err := w.Depths(t.Context())
	require.NoError(t, err)
	for _, d := range depths {
		require.Zero(t, d.InFlight)
		require.Zero(t, d.Slots, "the process has said that it ends")
	}
}

// Redis may be away at the start, and forget everything: work goes on by itself.
func TestRedisComesBack(t *testing.T) {
	t.Parallel()
	redis := testkit.OwnRedis(t)
	redis.Kill()
	var runs atomic.Int64
	newWorld(t).run(t, workers.Config{RedisURL: redis.URL()},
		workers.Repeat(jobs.Kind[none]{Name: "test:tick", Queue: jobs.Default}, time.Second, func(context.Context, *jobs.Run) error {
			runs.Add(1)
			return nil
		}))
	moreRuns := func() {
		before := runs.Load()
		testkit.Eventually(t, 60*time.Second, func() error {
			if runs.Load() < before+2 {
				return errors.New("the job does not run")
			}
			return nil
		})
	}
	redis.Start()
	moreRuns()
	redis.Kill()
	redis.Start()
	moreRuns()
}
