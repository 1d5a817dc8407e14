package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/jobs"
)

// diary is a keeper that remembers.
type diary struct {
	notes  []jobs.Note
	wanted jobs.Wanted
	err    error
}

func (d *diary) Note(_ context.Context, _ jobs.Held, n jobs.Note) (jobs.Wanted, error) {
	d.notes = append(d.notes, n)
	return d.wanted, d.err
}

func newRun(d *diary, queue jobs.Queue, draining bool) *jobs.Run {
	return jobs.NewRun(jobs.Claim{Held: jobs.Held{ID: uuid.New(), Attempt: 1}, Queue: queue}, d, func() bool { return draining })
}

func TestProgressIsToldOnceASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{wanted: jobs.WantRun}
		r := newRun(d, jobs.Default, false)
		for i := range int64(100) {
			require.NoError(t, r.Progress(t.Context(), i, 100, ""))
			time.Sleep(100 * time.Millisecond)
		}
		require.Len(t, d.notes, 10)
	})
}

func TestWhatIsWantedStopsTheHandler(t *testing.T) {
	t.Parallel()
	lost := fmt.Errorf("gone: %w", jobs.ErrLost)
	for _, c := range []struct {
		diary    diary
		queue    jobs.Queue
		draining bool
		want     error
	}{
		{diary: diary{wanted: jobs.WantRun}, queue: jobs.Bulk},
		{diary: diary{wanted: jobs.WantPause}, queue: jobs.Default, want: jobs.ErrPaused},
		{diary: diary{wanted: jobs.WantCancel}, queue: jobs.Bulk, want: jobs.ErrCancelled},
		{diary: diary{err: lost}, queue: jobs.Bulk, want: jobs.ErrLost},
		{diary: diary{wanted: jobs.WantRun}, queue: jobs.Default, draining: true},
		{diary: diary{wanted: jobs.WantRun}, queue: jobs.Bulk, draining: true, want: jobs.Yield(0)},
	} {
		r := newRun(&c.diary, c.queue, c.draining)
		require.ErrorIs(t, r.Progress(t.Context(), 1, 2, ""), c.want)
		require.ErrorIs(t, r.Step(t.Context(), 1, 1, 2, ""), c.want)
	}
}

func TestSliceIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &diary{wanted: jobs.WantRun}
		r := newRun(d, jobs.Bulk, false)
		var err error
		for n := 0; err == nil; n++ {
			time.Sleep(time.Second)
			err = r.Step(t.Context(), n, int64(n), 0, "")
		}
		after, ok := jobs.Yielded(err)
		require.True(t, ok)
		require.Zero(t, after)
		require.Len(t, d.notes, int(jobs.SliceTime/time.Second))
		require.JSONEq(t, "19", string(d.notes[19].Cursor))

		var at int
		found, err := r.Load(&at)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, 19, at)
	})
}

func TestErrorsOfHandlers(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := fmt.Errorf("more: %w", jobs.Permanent(cause))
	require.True(t, jobs.IsPermanent(err))
	require.ErrorIs(t, err, cause)
	require.False(t, jobs.IsPermanent(cause))
	after, ok := jobs.Yielded(fmt.Errorf("more: %w", jobs.Yield(time.Minute)))
	require.True(t, ok)
	require.Equal(t, time.Minute, after)
	_, ok = jobs.Yielded(cause)
	require.False(t, ok)
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]time.Duration{
		0: 2 * time.Second, 1: 2 * time.Second, 2: 4 * time.Second, 5: 32 * time.Second, 9: 512 * time.Second,
		10: 10 * time.Minute, 64: 10 * time.Minute, 1000: 10 * time.Minute,
	} {
		require.Equal(t, want/2, jobs.Backoff(failures, 0), failures)
		require.Equal(t, want, jobs.Backoff(failures, 0.5), failures)
		require.Less(t, jobs.Backoff(failures, 0.999), 3*want/2, failures)
	}
}

func TestParametersAreSmall(t *testing.T) {
	t.Parallel()
	require.Error(t, jobs.Kind[string]{Name: "test:big"}.New(uuid.Nil, string(make([]byte, 70<<10))).Check())
	require.Error(t, jobs.Kind[func()]{Name: "test:code"}.New(uuid.Nil, func() {}).Check())
	require.NoError(t, jobs.Kind[string]{Name: "test:small"}.New(uuid.Nil, "x").Check())
}
