package jobspg_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg"
)

func TestJobsAreThereExactlyIfTheirChangeIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant, other := w.tenant(), w.tenant()
	changed := errors.New("changed my mind")
	for _, fail := range []error{changed, nil} {
		err := w.pool.WithTenant(t.Context(), tenant, func(tx pgx.Tx) error {
			if err := jobspg.Insert(t.Context(), tx, chore.New(tenant, params{1})); err != nil {
				return err
			}
			return fail
		})
		require.ErrorIs(t, err, fail)
	}
	all, err := w.List(t.Context(), tenant, jobs.Filter{})
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.JSONEq(t, `{"n": 1}`, string(all[0].Params))

	require.Error(t, w.pool.WithTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		return jobspg.Insert(t.Context(), tx, chore.New(other, params{}))
	}), "of another tenant")
	require.Error(t, w.pool.WithTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		return jobspg.Insert(t.Context(), tx, chore.New(uuid.Nil, params{}))
	}), "of the system")
	_, err = w.Enqueue(t.Context(), chore.New(tenant, params{}), chore.New(uuid.New(), params{}))
	require.Error(t, err, "a tenant that is not there")
	all, err = w.ListAll(t.Context(), jobs.Filter{})
	require.NoError(t, err)
	require.Len(t, all, 1, "all or none")
}

func TestOneOpenJobPerKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant := w.tenant()
	first := w.add(chore.New(tenant, params{1}, jobs.Unique("k")))[0]
	second, err := w.Enqueue(t.Context(), chore.New(tenant, params{2}, jobs.Unique("k")))
	require.NoError(t, err)
	require.Equal(t, jobs.Enqueued{ID: first, Existing: true}, second[0])
	c := w.take()
	require.Equal(t, first, w.add(chore.New(tenant, params{3}, jobs.Unique("k")))[0], "also while it runs")
	require.NotEqual(t, first, w.add(big.New(tenant, params{}, jobs.Unique("k")))[0], "another kind")
	require.NotEqual(t, first, w.add(chore.New(w.tenant(), params{}, jobs.Unique("k")))[0], "another tenant")
	w.end(c, jobs.Ending{Outcome: jobs.OutcomeFailed, Permanent: true})
	next := w.add(chore.New(tenant, params{4}, jobs.Unique("k")))[0]
	require.NotEqual(t, first, next)
	_, err = w.Retry(t.Context(), tenant, first, "me")
	require.ErrorIs(t, err, jobs.ErrJobOpenAlready)
}

// Many workers get many messages, some twice and some of them old: each job is claimed once.
func TestOneWorkerHasAJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 20
	for range n {
		w.add(chore.New(uuid.Nil, params{}))
	}
	old := w.dispatch(plenty)
	require.Len(t, old, n)
	require.Empty(t, w.dispatch(plenty), "each is under way once")
	require.NoError(t, w.Undispatch(t.Context(), old[:n/2]))
	again := w.dispatch(plenty)
	require.Len(t, again, n/2)
	require.Nil(t, w.claim(old[0]), "a newer message counts")

	var claimed atomic.Int64
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for _, m := range append(again, old[n/2:]...) {
				if c, err := w.Claim(t.Context(), m, "me"); err == nil && c != nil {
					claimed.Add(1)
				}
			}
		})
	}
	workers.Wait()
	require.EqualValues(t, n, claimed.Load())
}

// A job goes back when its worker is not heard of any more, and what that worker says later changes nothing.
func TestLostWorker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.add(chore.New(uuid.Nil, params{}))[0]
	lost := w.take()
	require.Equal(t, jobs.Reaped{}, w.reap(), "its lease is not over")
	require.Equal(t, jobs.Reaped{Lost: 1}, w.loseWorkers())
	now := w.take()
	require.Equal(t, 2, now.Attempt)

	ctx := t.Context()
	_, err := w.Note(ctx, lost.Held, jobs.Note{Progress: &jobs.Progress{Done: 1}})
	require.ErrorIs(t, err, jobs.ErrLost)
	require.ErrorIs(t, w.End(ctx, lost.Held, jobs.Ending{Outcome: jobs.OutcomeOK}), jobs.ErrLost)
	err = w.pool.AcrossTenants(ctx, func(tx pgx.Tx) error { return jobspg.Done(ctx, tx, jobs.NewRun(*lost, w, nil)) })
	require.ErrorIs(t, err, jobs.ErrLost)
	wanted, _, err := w.Beat(ctx, jobs.Worker{ID: "me"}, []jobs.Held{lost.Held, now.Held})
	require.NoError(t, err)
	require.Equal(t, map[jobs.Held]jobs.Wanted{now.Held: jobs.WantRun}, wanted)

	w.end(now, jobs.Ending{Outcome: jobs.OutcomeOK})
	d := w.job(id)
	require.Equal(t, jobs.Done, d.State)
	require.Equal(t, []jobs.Outcome{jobs.OutcomeLost, jobs.OutcomeOK}, outcomes(d))
	for _, a := range d.Tries {
		require.NotNil(t, a.EndedAt)
	}
}

func (w *world) reap() jobs.Reaped {
	done, err := w.Reap(w.t.Context(), time.Second)
	require.NoError(w.t, err)
	return done
}

func outcomes(d jobs.Detail) (all []jobs.Outcome) {
	for _, a := range d.Tries {
		all = append(all, a.Outcome)
	}
	return all
}

// A job that brings down every worker that takes it fails in the end, unless it gets further each time.
func TestJobThatKills(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.add(chore.New(uuid.Nil, params{}))[0]
	for i := range 30 {
		c := w.take()
		if i < 10 {
			_, err := w.Note(t.Context(), c.Held, jobs.Note{Cursor: []byte(`{}`)})
			require.NoError(t, err)
		}
		require.Equal(t, 1, w.loseWorkers().Lost)
		if w.job(id).State == jobs.Failed {
			require.GreaterOrEqual(t, i, 28)
			return
		}
	}
	t.Fatal("it goes on and on")
}

func TestRetries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.add(chore.New(uuid.Nil, params{}))[0]
	for i := range 3 {
		c := w.take()
		require.Equal(t, i, c.Failures)
		w.end(c, jobs.Ending{Outcome: jobs.OutcomeFailed, Error: "It broke.", Cause: "in detail", After: time.Hour})
		if i < 2 {
			require.Equal(t, jobs.Waiting, w.job(id).State)
			require.Empty(t, w.dispatch(plenty), "not yet")
			w.exec("UPDATE jobs SET run_at = now()")
		}
	}
	d := w.job(id)
	require.Equal(t, jobs.Failed, d.State)
	require.Equal(t, "It broke.", d.Error)
	require.Equal(t, "in detail", d.Tries[2].Error, "operators see the cause")

	_, err := w.RetryAny(t.Context(), id, "somebody")
	require.NoError(t, err)
	w.end(w.take(), jobs.Ending{Outcome: jobs.OutcomeOK})
	d = w.job(id)
	require.Equal(t, jobs.Done, d.State)
	require.Equal(t, "somebody", d.AskedBy)
	require.Empty(t, d.Error)
	_, err = w.RetryAny(t.Context(), id, "somebody")
	require.ErrorIs(t, err, jobs.ErrJobNotFailed)
}

func TestSlices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant := w.tenant()
	id := w.add(big.New(tenant, params{}))[0]
	for i := range 8 { // more than it may fail
		c := w.take()
		require.Equal(t, i > 0, len(c.Cursor) > 0)
		_, err := w.Note(t.Context(), c.Held, jobs.Note{Progress: &jobs.Progress{Done: int64(i), Total: 8}, Cursor: []byte(`{"at": 1}`)})
		require.NoError(t, err)
		outcome := jobs.OutcomeYielded
		if i%2 == 1 {
			outcome = jobs.OutcomeInterrupted
		}
		w.end(c, jobs.Ending{Outcome: outcome})
	}
	d, err := w.Job(t.Context(), tenant, id)
	require.NoError(t, err)
	require.Equal(t, &jobs.Progress{Done: 7, Total: 8}, d.Progress)
	require.Len(t, d.Tries, 8)
}

func TestPauseResumeCancel(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	tenant := w.tenant()
	short := w.add(chore.New(tenant, params{}, jobs.Unique("alerts")))[0]
	_, err := w.Pause(ctx, tenant, short, "ada")
	require.ErrorIs(t, err, jobs.ErrJobNotPausable, "no other would be made while it rests")
	w.end(w.take(), jobs.Ending{Outcome: jobs.OutcomeOK})

	id := w.add(big.New(tenant, params{}))[0]
	_, err = w.Pause(ctx, w.tenant(), id, "mallory")
	require.ErrorIs(t, err, jobs.ErrNoSuchJob)
	r, err := w.Pause(ctx, tenant, id, "ada")
	require.NoError(t, err)
	require.Equal(t, jobs.Paused, r.State)
	require.Equal(t, "ada", r.AskedBy)
	require.Empty(t, w.dispatch(plenty))
	_, err = w.Resume(ctx, tenant, id, "ada")
	require.NoError(t, err)

	c := w.take()
	r, err = w.Pause(ctx, tenant, id, "ada")
	require.NoError(t, err)
	require.Equal(t, jobs.Running, r.State, "until its handler says so")
	wanted, err := w.Note(ctx, c.Held, jobs.Note{})
	require.NoError(t, err)
	require.Equal(t, jobs.WantPause, wanted)
	w.end(c, jobs.Ending{Outcome: jobs.OutcomeFailed}) // or fails instead
	require.Equal(t, jobs.Paused, w.job(id).State)
	_, err = w.Resume(ctx, tenant, id, "ada")
	require.NoError(t, err)

	c = w.take()
	_, err = w.Cancel(ctx, tenant, id, "ada")
	require.NoError(t, err)
	held, _, err := w.Beat(ctx, jobs.Worker{ID: "me"}, []jobs.Held{c.Held})
	require.NoError(t, err)
	require.Equal(t, jobs.WantCancel, held[c.Held])
	require.Equal(t, 1, w.loseWorkers().Lost) // or its worker dies instead
	require.Equal(t, jobs.Cancelled, w.job(id).State)
	for _, verb := range []func() (jobs.Record, error){
		func() (jobs.Record, error) { return w.Cancel(ctx, tenant, id, "ada") },
		func() (jobs.Record, error) { return w.Pause(ctx, tenant, id, "ada") },
	} {
		_, err = verb()
		require.ErrorIs(t, err, jobs.ErrJobEnded)
	}
	_, err = w.Resume(ctx, tenant, id, "ada")
	require.ErrorIs(t, err, jobs.ErrJobNotPaused)
	_, err = w.Retry(ctx, tenant, id, "ada")
	require.NoError(t, err)
	w.take()
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	soon := w.add(chore.New(uuid.Nil, params{}, jobs.Deadline(time.Now().Add(time.Hour))))[0]
	c := w.take()
	require.NotNil(t, c.Left)
	require.InDelta(t, time.Hour, *c.Left, float64(time.Minute))
	w.end(c, jobs.Ending{Outcome: jobs.OutcomeFailed, After: 2 * time.Hour})
	w.exec("UPDATE jobs SET deadline_at = now() - interval '1 second', run_at = now() - interval '2 seconds'")
	for _, m := range w.dispatch(plenty) {
		require.Nil(t, w.claim(m), "too late")
	}
	require.Equal(t, jobs.Reaped{Overdue: 1}, w.reap())
	require.Equal(t, jobs.Failed, w.job(soon).State)
}

// The effect and the end of its job are one transaction, also in the tenant's own.
func TestDoneWithItsEffect(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	tenant := w.tenant()
	id := w.add(chore.New(tenant, params{}))[0]
	c := w.take()
	run := jobs.NewRun(*c, w, nil)
	effect := func(fail error) error {
		return w.pool.WithTenant(ctx, tenant, func(tx pgx.Tx) error {
			if err := jobspg.Insert(ctx, tx, big.New(tenant, params{}, jobs.From(run))); err != nil {
				return err
			}
			if err := jobspg.Done(ctx, tx, run); err != nil {
				return err
			}
			return fail
		})
	}
	broken := errors.New("broken")
	require.ErrorIs(t, effect(broken), broken)
	require.Equal(t, jobs.Running, w.job(id).State)
	require.NoError(t, effect(nil))
	require.ErrorIs(t, effect(nil), jobs.ErrLost, "once")
	require.ErrorIs(t, w.End(ctx, c.Held, jobs.Ending{Outcome: jobs.OutcomeOK}), jobs.ErrLost)
	d := w.job(id)
	require.Equal(t, jobs.Done, d.State)
	require.Equal(t, []jobs.Outcome{jobs.OutcomeOK}, outcomes(d))
	require.Len(t, d.Children, 1)
	require.Equal(t, d.Correlation, d.Children[0].Correlation)
}
