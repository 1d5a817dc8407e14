package repair

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
)

func TestRunnerOutlivesAPanic(t *testing.T) {
	t.Parallel()
	r := NewRunner(RunnerDeps{}) // nothing to work with
	err := r.attempt(t.Context(), &Replay{Spec: Spec{Kind: Repair, Cause: uuid.New()}, StartedAt: new(time.Time)})
	require.ErrorContains(t, err, "panic")
	require.Equal(t, fault.Internal, fault.KindOf(err), "so that it is counted as a failure")
}

// What is rehearsed leaves nothing behind, not even in memory.
func TestRehearsalsAreTrials(t *testing.T) {
	t.Parallel()
	var seen watcher
	s := NewService(nil, nil, &seen, time.Now)
	_, done, err := s.mend.Rerun(t.Context(), []Stored{{}})
	require.NoError(t, err)
	done()
	_, done, err = s.mend.Mend(t.Context(), Mapping{}, []Letter{{Format: ingest.FormatNative, Payload: []byte(`{"event":"a"}`)}})
	require.NoError(t, err)
	done()
	require.Equal(t, watcher{true, true}, seen)
}

// watcher notes whether what it prepares is tried only.
type watcher []bool

func (w *watcher) Prepare(_ context.Context, in *ingest.Preparation) (func(), error) {
	*w = append(*w, in.Trial)
	return func() {}, nil
}
