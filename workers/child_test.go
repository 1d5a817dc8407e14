package workers_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/workers"
)

// childVariable makes a process of the test binary a worker, which can be killed. It holds the URLs of both engines.
const childVariable = "OBSERVATORY_TEST_WORKER"

// child is such a process.
type child struct {
	cmd  *exec.Cmd
	logs string
}

func startChild(t *testing.T, postgres, redis string) *child {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "worker-*.log")
	require.NoError(t, err)
	defer func() { _ = log.Close() }()
	c := &child{cmd: exec.CommandContext(t.Context(), os.Args[0]), logs: log.Name()}
	c.cmd.Env = append(os.Environ(), childVariable+"="+postgres+" "+redis)
	c.cmd.Stderr = log
	_, err = c.cmd.StdinPipe() // which ends with us, whatever ends us
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	return c
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// pieces is how many pieces of work a job in slices has.
const pieces = 12

func tallyKind() jobs.Kind[none]  { return jobs.Kind[none]{Name: "test:tally", Queue: jobs.Default} }
func slicesKind() jobs.Kind[none] { return jobs.Kind[none]{Name: "test:slices", Queue: jobs.Bulk} }
func tickKind() jobs.Kind[none]   { return jobs.Kind[none]{Name: "test:tick", Queue: jobs.Urgent} }

// beWorker works until it is killed. Its effects are such that a second time would show: numbers that are counted up, in the
// transaction in which the job ends.
func beWorker(address string) (code int) {
	ctx, postgres, redis := context.Background(), "", ""
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	if _, err := fmt.Sscan(address, &postgres, &redis); err != nil {
		panic(err)
	}
	pool, err := pg.Open(ctx, postgres, pg.Options{})
	if err != nil {
		panic(err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	count := func(ctx context.Context, r *jobs.Run, sql string, args ...any) error {
		work(ctx)
		return pool.AcrossTenants(ctx, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, sql, args...); err != nil {
				return err
			}
			return jobspg.Done(ctx, tx, r)
		})
	}
	store := jobspg.New(pool, jobspg.Config{Lease: 2 * time.Second})
	working, err := workers.New(workers.Config{RedisURL: redis}, workers.Deps{
		Ledger: store, Depths: store.Depths, Logger: log, Metrics: prometheus.NewRegistry(),
		Listen: func(ctx context.Context, changed func()) {
			pool.Listen(ctx, log, []string{jobspg.Channel}, func(pg.Notification) { changed() })
		},
	},
		handle(tallyKind(), func(ctx context.Context, r *jobs.Run, _ none) error {
			return count(ctx, r, "UPDATE tally SET n = n + 1")
		}),
		workers.Repeat(tickKind(), time.Second, func(ctx context.Context, r *jobs.Run) error {
			return count(ctx, r, "INSERT INTO ticks (tick, missed) VALUES ($1, $2)", r.Tick, r.Missed)
		}),
		handle(slicesKind(), func(ctx context.Context, r *jobs.Run, _ none) error {
			var done int64
			if _, err := r.Load(&done); err != nil {
				return err
			}
			for done < pieces {
				work(ctx)
				err := pool.AcrossTenants(ctx, func(tx pgx.Tx) error { // a piece may be done twice, and shows once
					_, err := tx.Exec(ctx, "INSERT INTO pieces (job, piece) VALUES ($1, $2) ON CONFLICT DO NOTHING", r.ID, done)
					return err
				})
				if err != nil {
					return err
				}
				done++
				if err := r.Step(ctx, done, done, pieces, ""); err != nil {
					return err
				}
			}
			return nil
		}),
	)
	if err != nil {
		panic(err)
	}
	if err := working.Run(ctx); err != nil {
		log.Error("the worker ended", "error", err)
	}
	return 1
}

// work takes some time, in which a process can be killed.
func work(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(rand.IntN(100)) * time.Millisecond):
	}
}

// killer kills workers and starts others, and remembers which it killed.
type killer struct {
	t        *testing.T
	postgres string
	redis    string
	alive    []*child
	killed   []string // parts of the IDs of workers
}

func (k *killer) start(n int) {
	for range n {
		k.alive = append(k.alive, startChild(k.t, k.postgres, k.redis))
	}
	k.t.Cleanup(func() {
		for _, c := range k.alive {
			c.kill()
			if k.t.Failed() {
				text, _ := os.ReadFile(c.logs)
				k.t.Logf("worker %d: %s", c.cmd.Process.Pid, text)
			}
		}
	})
}

func (k *killer) killOne() {
	i := rand.IntN(len(k.alive))
	k.alive[i].kill()
	k.killed = append(k.killed, fmt.Sprintf("/%d/", k.alive[i].cmd.Process.Pid))
	k.alive[i] = startChild(k.t, k.postgres, k.redis)
}

func (k *killer) hasKilled(worker string) bool {
	for _, part := range k.killed {
		if strings.Contains(worker, part) {
			return true
		}
	}
	return false
}
