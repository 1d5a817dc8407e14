package jobspg_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/jobs"
)

func everyMinute() jobs.Schedule {
	return jobs.Schedule{Name: "test:minute", Every: time.Minute, Make: func() jobs.Job { return chore.New(uuid.Nil, params{}) }}
}

// Many processes look at once, again and again: each tick has one job, and those that nobody looked for are counted.
func TestTicksOnce(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	all := []jobs.Schedule{everyMinute()}
	require.NoError(t, w.Know(ctx, all))
	n, err := w.Tick(ctx, all)
	require.NoError(t, err)
	require.Zero(t, n, "the first tick lies ahead")

	for round := range 3 {
		w.exec("UPDATE schedules SET next_tick = next_tick - $1 * interval '1 minute'", round+1) // so many are due now
		require.NoError(t, w.Know(ctx, all), "a process that starts changes nothing")
		var made atomic.Int64
		var processes sync.WaitGroup
		for range 4 {
			processes.Go(func() {
				for range 3 {
					if n, err := w.Tick(ctx, all); err == nil {
						made.Add(int64(n))
					}
				}
			})
		}
		processes.Wait()
		require.EqualValues(t, 1, made.Load())
		c := w.take()
		require.Equal(t, round, c.Missed)
		require.Zero(t, c.Tick.Unix()%60, "at whole minutes")
		w.exec("UPDATE schedules SET next_tick = next_tick - interval '1 minute'")
		n, err := w.Tick(ctx, all)
		require.NoError(t, err)
		require.Zero(t, n, "the job before still runs")
		w.exec("UPDATE schedules SET next_tick = next_tick + interval '1 minute'")
		w.end(c, jobs.Ending{Outcome: jobs.OutcomeOK})
		w.exec("UPDATE jobs SET tick = tick - interval '1 day'") // make room: the test goes back in time
	}
}

func TestScheduleChanges(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	s := everyMinute()
	next := func() (at time.Time) {
		require.NoError(t, w.Know(ctx, []jobs.Schedule{s}))
		require.NoError(t, w.pool.AcrossTenants(ctx, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, "SELECT next_tick FROM schedules").Scan(&at)
		}))
		return at
	}
	next()
	s.Every, s.Offset = 24*time.Hour, 3*time.Hour
	at := next().UTC()
	require.Equal(t, []int{3, 0, 0}, []int{at.Hour(), at.Minute(), at.Second()})
	require.Positive(t, time.Until(at))
}
