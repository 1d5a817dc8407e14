package harness_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestServerKeepsItsDataOverStopAndKill(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Config{Engines: harness.SharedEngines(t)})
	account := server.SignUp(t)
	send := func() {
		ack := account.Secret.Send(t, harness.Event{Name: "page_view"}, harness.Event{Name: "sale"})
		require.Equal(t, 2, account.Secret.Settled(t, ack.Receipt).Counts.Stored)
	}
	send()
	server.Stop(t)
	server.Start(t)
	send()
	server.Kill(t)
	server.Start(t)
	send()
	require.Equal(t, 6, account.Secret.Count(t, ""))
	require.Equal(t, 3, account.Secret.Count(t, "sale"))
	require.Len(t, server.Logs.Lines("Observatory is ready: "), 3)
	account.Session.Get(t, "/v1/me").Want(t, http.StatusOK)

	out, status := server.Run(t, "audit", "verify")
	require.Zero(t, status, out)
	require.Contains(t, out, account.Tenant.ID)
}
