package workers_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/workers"
)

// farLedger is a ledger that one worker cannot reach any more once it is cut off.
type farLedger struct {
	jobs.Ledger
	cut atomic.Bool
}

func (l *farLedger) Beat(ctx context.Context, w jobs.Worker, held []jobs.Held) (map[jobs.Held]jobs.Wanted, jobs.Slots, error) {
	if l.cut.Load() {
		return nil, nil, pg.ErrUnavailable
	}
	return l.Ledger.Beat(ctx, w, held)
}

func (l *farLedger) Claim(ctx context.Context, m jobs.Message, worker string) (*jobs.Claim, error) {
	if l.cut.Load() {
		return nil, pg.ErrUnavailable
	}
	return l.Ledger.Claim(ctx, m, worker)
}

func (l *farLedger) End(ctx context.Context, held jobs.Held, e jobs.Ending) error {
	if l.cut.Load() {
		return pg.ErrUnavailable
	}
	return l.Ledger.End(ctx, held, e)
}

// A worker that is cut off from the ledger ends its jobs before another takes them over: none runs on two at a time.
func TestWorkerIsCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	redis := testkit.Redis(t)
	kind := jobs.Kind[none]{Name: "test:lonely", Queue: jobs.Default}
	far := &farLedger{Ledger: w.Store}
	var running, together atomic.Int64
	begun := make(chan struct{}, 1)
	work := func(ctx context.Context, r *jobs.Run, _ none) error {
		if running.Add(1) > 1 {
			together.Add(1)
		}
		defer running.Add(-1)
		if r.Attempt > 1 {
			return nil
		}
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
	deps := w.deps(t)
	deps.Ledger = far
	working, err := workers.New(workers.Config{RedisURL: redis, Drain: time.Millisecond}, deps, handle(kind, work))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- working.Run(ctx) }()

	id := w.enqueue(t, kind.New(uuid.Nil, none{}))
	<-begun
	far.cut.Store(true)
	w.run(t, workers.Config{RedisURL: redis}, handle(kind, work))
	d := w.await(t, id, jobs.Done)
	require.Equal(t, []jobs.Outcome{jobs.OutcomeLost, jobs.OutcomeOK}, outcomes(d))
	require.NotEqual(t, d.Tries[0].Worker, d.Tries[1].Worker)
	require.Zero(t, together.Load())

	far.cut.Store(false)
	stop()
	require.NoError(t, <-ended)
}
