package api_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tests/harness"
)

// Operators of this machine look into Redis, and change nothing there; nobody from elsewhere does.
func TestOperatorsLookIntoTheQueues(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Config{Engines: harness.SharedEngines(t)})
	ask := func(method, path string) (*http.Response, string) {
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, http.NoBody)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response, string(body)
	}
	page, text := ask("GET", "/internal/queues")
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Contains(t, text, "/internal/queues/static/js/")
	require.Contains(t, page.Header.Get("Content-Security-Policy"), "default-src 'self'")
	servers, text := ask("GET", "/internal/queues/api/servers")
	require.Equal(t, http.StatusOK, servers.StatusCode)
	require.Contains(t, text, `"servers"`)
	change, _ := ask("DELETE", "/internal/queues/api/queues/default")
	require.Equal(t, http.StatusMethodNotAllowed, change.StatusCode)

	server.SignUp(t).Session.Get(t, "/internal/queues").WantProblem(t, http.StatusUnauthorized, "operator_token_needed") // came through a proxy
}
