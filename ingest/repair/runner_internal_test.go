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

// An event of somebody else that goes through the log again loses an anonymous ID that was erased, and not one that is only suppressed: it may be
// what tells whose that is.
func TestWhatGoesAgainKeepsWhatItJoins(t *testing.T) {
	t.Parallel()
	var receipt ingest.ReceiptID
	for who, kept := range map[devices]string{{suppressed: "d"}: "d", {erased: "d"}: "", {}: "d"} {
		e := ingest.Event{UserID: []byte("u"), AnonymousID: []byte("d")}
		require.True(t, passes(who, &e, receipt))
		require.Equal(t, kept, string(e.AnonymousID), "%+v", who)
	}
	require.False(t, passes(devices{suppressed: "d"}, &ingest.Event{AnonymousID: []byte("d")}, receipt))
	require.True(t, passes(nil, &ingest.Event{AnonymousID: []byte("d")}, receipt))
}

// devices are anonymous IDs of which something holds.
type devices struct{ suppressed, erased string }

func (devices) Paths() []string { return nil }

func (d devices) Verdict(t ingest.Traces) ingest.Verdict {
	device := string(t.AnonymousID)
	switch {
	case device != d.erased && (device != d.suppressed || t.Entered):
		return ingest.Pass
	case len(t.UserID) > 0:
		return ingest.Unlink
	}
	return ingest.Bar
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
