package api_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

type stage struct {
	Name, Unit, Health, Why string
	Depth                   *int64
	PerSecond               *float64 `json:"per_second"`
	OldestSeconds           *float64 `json:"oldest_seconds"`
}

func pipelineOf(t *testing.T, a harness.Account) map[string]stage {
	t.Helper()
	found := harness.As[struct {
		Stages []stage
		Edges  []struct{ From, To string }
	}](t, a.Session.Get(t, "/v1/pipeline").Want(t, http.StatusOK))
	stages := map[string]stage{}
	for _, s := range found.Stages {
		require.NotEmpty(t, s.Why, s.Name)
		stages[s.Name] = s
	}
	for _, e := range found.Edges {
		require.Contains(t, stages, e.From)
		require.Contains(t, stages, e.To)
	}
	return stages
}

// The stages are told as the tenant's own data goes through them, whatever others send.
func TestThePipelineCountsTheTenantsOwnEvents(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	a, other := server.SignUp(t), server.SignUp(t)
	sent := harness.As[client.Ack](t, a.Secret.Post(t, "/v1/events", []any{
		map[string]any{"event": "sale"}, map[string]any{"event": "sale"}, map[string]any{"event": "sale", "oops": true},
	}).Want(t, http.StatusAccepted))
	a.Secret.Settled(t, sent.Receipt)

	var mine map[string]stage
	testkit.Eventually(t, harness.Patience, func() error { // a receipt can be read a moment before its events are counted
		if mine = pipelineOf(t, a); *mine["log"].PerSecond == 0 {
			return errors.New("nothing has left the log")
		}
		return nil
	})
	for _, name := range []string{"accept", "log", "sink", "store"} {
		require.Equal(t, "events", mine[name].Unit)
		require.Equal(t, "ok", mine[name].Health, mine[name].Why)
		require.Positive(t, *mine[name].PerSecond, name)
	}
	require.Zero(t, *mine["log"].Depth)
	require.Nil(t, mine["log"].OldestSeconds, "nothing waits, so nothing is the oldest")
	require.Equal(t, int64(1), *mine["quarantine"].Depth)
	require.GreaterOrEqual(t, *mine["quarantine"].OldestSeconds, 0.)
	require.Zero(t, *mine["replay"].Depth)
	require.Equal(t, []string{"hours", "ok"}, []string{mine["rollups"].Unit, mine["rollups"].Health}, mine["rollups"].Why)
	require.Zero(t, *mine["rollups"].Depth, "the hour that is not over does not wait")

	theirs := pipelineOf(t, other)
	for _, name := range []string{"accept", "log", "sink", "store"} {
		require.Zero(t, *theirs[name].PerSecond, name)
	}
	require.Zero(t, *theirs["quarantine"].Depth)
	require.Nil(t, theirs["quarantine"].OldestSeconds)
}
