package repair

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/fault"
)

func TestRunnerOutlivesAPanic(t *testing.T) {
	t.Parallel()
	r := NewRunner(RunnerDeps{}) // nothing to work with
	err := r.attempt(t.Context(), &Replay{Spec: Spec{Kind: Repair, Cause: uuid.New()}, StartedAt: new(time.Time)})
	require.ErrorContains(t, err, "panic")
	require.Equal(t, fault.Internal, fault.KindOf(err), "so that it is counted as a failure")
}
