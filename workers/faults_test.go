package workers_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/workers"
)

func redisAt(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// own makes tables for the effects of the children's jobs.
func (w *world) own(t *testing.T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), w.url)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `
		CREATE TABLE tally (n integer NOT NULL);
		INSERT INTO tally VALUES (0);
		CREATE TABLE ticks (tick timestamptz NOT NULL, missed integer NOT NULL);
		CREATE TABLE pieces (job uuid, piece integer, PRIMARY KEY (job, piece));
		GRANT ALL ON tally, ticks, pieces TO observatory_system`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

func (w *world) number(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, w.pool.AcrossTenants(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), sql, args...).Scan(&n)
	}))
	return n
}

// TestWorkersAreKilledAndRedisForgets: whatever dies, each job's effect shows once, each tick has one job or is counted as
// missed, and the history explains every attempt.
func TestWorkersAreKilledAndRedisForgets(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB) string{"embedded": testkit.Redis, "redis-server": testkit.RealRedis} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tallies, sliced, blows := 200, 2, 6
			if os.Getenv("OBSERVATORY_TEST_LONG") == "1" {
				tallies, sliced, blows = 2000, 10, 40
			}
			w := newWorld(t)
			w.own(t)
			k := &killer{t: t, postgres: w.url, redis: start(t)}
			forgetful := redisAt(t, k.redis)
			k.start(3)
			began := time.Now()
			var all []uuid.UUID
			for i := range blows {
				for range tallies / blows {
					all = append(all, w.enqueue(t, tallyKind().New(uuid.Nil, none{})))
				}
				if i < sliced {
					all = append(all, w.enqueue(t, slicesKind().New(uuid.Nil, none{})))
				}
				if i > 0 {
					w.awaitMoreDone(t)
				}
				require.NoError(t, forgetful.FlushAll(t.Context()).Err())
				w.awaitMoreDone(t)
				k.killOne()
			}
			t.Logf("blows: %s", time.Since(began))
			for _, id := range all {
				w.await(t, id, jobs.Done)
			}
			t.Logf("all done: %s", time.Since(began))
			require.Equal(t, tallies/blows*blows, w.number(t, "SELECT n FROM tally"))
			require.Equal(t, sliced*pieces, w.number(t, "SELECT count(*) FROM pieces"))
			w.requireExplained(t, k, all)
			w.requireTicks(t)
		})
	}
}

// awaitMoreDone waits until something more was done, and something runs.
func (w *world) awaitMoreDone(t *testing.T) {
	t.Helper()
	before := w.number(t, "SELECT count(*) FROM jobs WHERE state = 'done'")
	testkit.Eventually(t, 30*time.Second, func() error {
		if n := w.number(t, "SELECT count(*) FROM jobs WHERE state = 'done'"); n <= before {
			return fmt.Errorf("nothing is done after %d jobs", n)
		}
		return nil
	})
}

// requireExplained: attempts are numbered without gaps, the last one went well, and those that were lost were so because we
// killed their worker.
func (w *world) requireExplained(t *testing.T, k *killer, all []uuid.UUID) {
	t.Helper()
	lost := 0
	for _, id := range all {
		d, err := w.AnyJob(t.Context(), id)
		require.NoError(t, err)
		require.Len(t, d.Tries, d.Attempts)
		for i, a := range d.Tries {
			require.Equal(t, i+1, a.Number)
			require.NotNil(t, a.EndedAt)
			if i == len(d.Tries)-1 {
				require.Equal(t, jobs.OutcomeOK, a.Outcome)
				break
			}
			require.Equal(t, jobs.OutcomeLost, a.Outcome, a.Error)
			require.True(t, k.hasKilled(a.Worker), "%s was not killed", a.Worker)
			lost++
		}
	}
	t.Logf("%d attempts were lost to %d kills", lost, len(k.killed))
}

// requireTicks: from the first tick that had a job to the last, each has one or is counted as missed by the next.
func (w *world) requireTicks(t *testing.T) {
	t.Helper()
	var span, ticks, missed, made int
	require.NoError(t, w.pool.AcrossTenants(t.Context(), func(tx pgx.Tx) error {
		err := tx.QueryRow(t.Context(), "SELECT extract(epoch FROM max(tick) - min(tick))::int, count(*), sum(missed), count(DISTINCT tick) FROM ticks").
			Scan(&span, &ticks, &missed, &made)
		if err != nil {
			return err
		}
		return tx.QueryRow(t.Context(), "SELECT (SELECT sum(missed) FROM ticks) - (SELECT missed FROM ticks ORDER BY tick LIMIT 1)").Scan(&missed)
	}))
	require.Equal(t, ticks, made, "no tick has two effects")
	require.Equal(t, span+1, ticks+missed, "each tick has an effect, or is said to be missed")
}

// What asynq leaves behind when a worker dies between taking a message and noting that it has it: the message counts as
// being worked on, and nobody does.
func TestOrphanedMessage(t *testing.T) {
	t.Parallel()
	w, url := newWorld(t), testkit.RealRedis(t)
	client := redisAt(t, url)
	require.NoError(t, client.Set(t.Context(), "asynq:{default}:paused", "1", 0).Err())
	kind := jobs.Kind[none]{Name: "test:orphan", Queue: jobs.Default}
	w.run(t, workers.Config{RedisURL: url}, handle(kind, func(context.Context, *jobs.Run, none) error { return nil }))
	id := w.enqueue(t, kind.New(uuid.Nil, none{}))
	var message string
	testkit.Eventually(t, 20*time.Second, func() (err error) {
		message, err = client.LMove(t.Context(), "asynq:{default}:pending", "asynq:{default}:active", "RIGHT", "LEFT").Result()
		return err
	})
	require.NoError(t, client.HSet(t.Context(), "asynq:{default}:t:"+message, "state", "active").Err())
	require.NoError(t, client.Del(t.Context(), "asynq:{default}:paused").Err())
	d := w.await(t, id, jobs.Done)
	require.Equal(t, []jobs.Outcome{jobs.OutcomeOK}, outcomes(d))
}

// PostgreSQL goes away while a job runs, and comes back: how it went is written down, and it does not run again.
func TestPostgresComesBack(t *testing.T) {
	t.Parallel()
	engine := testkit.OwnPostgres(t)
	w := openWorld(t, engine.URL())
	kind := jobs.Kind[none]{Name: "test:outage", Queue: jobs.Urgent}
	begun, ends := make(chan struct{}, 10), make(chan struct{})
	w.run(t, workers.Config{RedisURL: testkit.Redis(t)}, handle(kind, func(context.Context, *jobs.Run, none) error {
		begun <- struct{}{}
		<-ends
		return nil
	}))
	id := w.enqueue(t, kind.New(uuid.Nil, none{}))
	<-begun
	engine.Kill()
	close(ends)
	engine.Start()
	d := w.await(t, id, jobs.Done)
	require.Len(t, d.Tries, 1)
	next := w.enqueue(t, kind.New(uuid.Nil, none{}))
	w.await(t, next, jobs.Done)
}

// A worker is ended while it has jobs: one in slices yields, one that takes too long is interrupted. Another goes on at once.
func TestDrain(t *testing.T) {
	t.Parallel()
	w, url := newWorld(t), testkit.Redis(t)
	slices := jobs.Kind[none]{Name: "test:slices", Queue: jobs.Bulk}
	long := jobs.Kind[none]{Name: "test:long", Queue: jobs.Default, Attempts: 1}
	begun, goOn := make(chan string, 10), make(chan struct{})
	work := func() workers.Work {
		return workers.Work{Handlers: []workers.Handler{
			workers.On(slices, func(ctx context.Context, r *jobs.Run, _ none) error {
				var n int64
				again, err := r.Load(&n)
				if err != nil || again {
					return err
				}
				for n = 0; ; n++ {
					if err := r.Step(ctx, n, n, 0, "on and on"); err != nil {
						return err
					}
					if n == 1 {
						begun <- r.Kind
					}
				}
			}),
			workers.On(long, func(ctx context.Context, r *jobs.Run, _ none) error {
				begun <- r.Kind
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-goOn:
					return nil
				}
			}),
		}}
	}
	stop := w.run(t, workers.Config{RedisURL: url, Drain: 200 * time.Millisecond}, work())
	sliced, lasting := w.enqueue(t, slices.New(uuid.Nil, none{})), w.enqueue(t, long.New(uuid.Nil, none{}))
	<-begun
	<-begun
	stop()
	close(goOn)
	w.run(t, workers.Config{RedisURL: url}, work())
	require.Equal(t, []jobs.Outcome{jobs.OutcomeYielded, jobs.OutcomeOK}, outcomes(w.await(t, sliced, jobs.Done)))
	require.Equal(t, []jobs.Outcome{jobs.OutcomeInterrupted, jobs.OutcomeOK}, outcomes(w.await(t, lasting, jobs.Done)))
}

// What handlers do wrong becomes a failed attempt, and nothing else.
func TestHandlersFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kind := func(name string, attempts int) jobs.Kind[string] {
		return jobs.Kind[string]{Name: "test:" + name, Queue: jobs.Urgent, Attempts: attempts, Timeout: 100 * time.Millisecond}
	}
	secret := errors.New("a detail\x00 that is \xff ours")
	w.run(t, workers.Config{RedisURL: testkit.Redis(t)},
		handle(kind("panics", 1), func(context.Context, *jobs.Run, string) error { panic("help") }),
		handle(kind("hangs", 1), func(ctx context.Context, _ *jobs.Run, _ string) error { <-ctx.Done(); return ctx.Err() }),
		handle(kind("never", 5), func(context.Context, *jobs.Run, string) error { return jobs.Permanent(secret) }),
		handle(kind("second", 2), func(_ context.Context, r *jobs.Run, _ string) error {
			if r.Attempt == 1 {
				return secret
			}
			return nil
		}),
	)
	for name, want := range map[string]struct{ shown, cause string }{
		"panics": {shown: "Something went wrong", cause: "help"},
		"hangs":  {shown: "It took longer than 100ms", cause: "deadline"},
		"never":  {shown: "Something went wrong", cause: "a detail"},
	} {
		d := w.await(t, w.enqueue(t, kind(name, 1).New(uuid.Nil, "x")), jobs.Failed)
		require.Contains(t, d.Error, want.shown, name)
		require.Equal(t, []jobs.Outcome{jobs.OutcomeFailed}, outcomes(d), name)
		require.Contains(t, d.Tries[0].Error, want.cause, name)
	}
	d := w.await(t, w.enqueue(t, kind("second", 2).New(uuid.Nil, "x")), jobs.Done)
	require.Equal(t, []jobs.Outcome{jobs.OutcomeFailed, jobs.OutcomeOK}, outcomes(d))
	require.GreaterOrEqual(t, d.Tries[1].StartedAt.Sub(*d.Tries[0].EndedAt), time.Second, "the backoff is between 1 s and 3 s")
}

func TestCancelRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kind := jobs.Kind[none]{Name: "test:endless", Queue: jobs.Bulk}
	begun := make(chan struct{}, 1)
	w.run(t, workers.Config{RedisURL: testkit.Redis(t)}, handle(kind, func(ctx context.Context, _ *jobs.Run, _ none) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}))
	tenant := uuid.New()
	require.NoError(t, w.pool.WithTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'T', 'UTC', now())", tenant)
		return err
	}))
	id := w.enqueue(t, kind.New(tenant, none{}))
	<-begun
	_, err := w.Cancel(t.Context(), tenant, id, "ada")
	require.NoError(t, err)
	d := w.await(t, id, jobs.Cancelled)
	require.Equal(t, []jobs.Outcome{jobs.OutcomeCancelled}, outcomes(d))
}

// Workers that are to end when nothing is left do so: not before, and whoever started them need not ask.
func TestExitWhenIdle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kind := jobs.Kind[none]{Name: "test:few", Queue: jobs.Default}
	var all []uuid.UUID
	for range 10 {
		all = append(all, w.enqueue(t, kind.New(uuid.Nil, none{})))
	}
	later := w.enqueue(t, kind.New(uuid.Nil, none{}, jobs.At(time.Now().Add(time.Hour))))
	working, err := workers.New(workers.Config{RedisURL: testkit.Redis(t), ExitWhenIdle: true}, w.deps(t),
		handle(kind, func(ctx context.Context, _ *jobs.Run, _ none) error { work(ctx); return nil }))
	require.NoError(t, err)
	require.NoError(t, working.Run(t.Context()))
	for _, id := range all {
		w.await(t, id, jobs.Done)
	}
	w.await(t, later, jobs.Waiting)
}
