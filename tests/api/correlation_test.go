package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

const trace = "4bf92f3577b34da6a3ce929d0e0e4736"

// TestCorrelation follows one ID from the request to everywhere.
func TestCorrelation(t *testing.T) {
	t.Parallel()
	server, _ := start(t, "--log-level", "debug", "--log-format", "json")
	account := server.SignUp(t)

	// A traceparent is continued: its trace ID is the correlation ID, the span is ours.
	res := account.Secret.Post(t, "/v1/events", `[{"event":"good","event_id":"c-1"},{"event":7}]`, "Traceparent", "00-"+trace+"-00f067aa0ba902b7-01").Want(t, http.StatusAccepted)
	require.Equal(t, trace, res.Header.Get("X-Correlation-ID"))
	require.Regexp(t, "^00-"+trace+"-[0-9a-f]{16}-01$", res.Header.Get("Traceparent"))
	require.NotContains(t, res.Header.Get("Traceparent"), "00f067aa0ba902b7")
	receipt := account.Secret.Settled(t, harness.As[client.Ack](t, res).Receipt)
	require.Equal(t, trace, receipt.CorrelationID)
	require.Equal(t, trace, harness.As[harness.StoredEvent](t, account.Secret.Get(t, "/v1/events/c-1")).CorrelationID)
	found := account.Secret.Events(t, map[string]any{"filters": map[string]any{"property": "correlation_id", "operator": "equals", "value": trace}})
	require.Len(t, found, 1)
	quarantined := account.Secret.Get(t, "/v1/quarantine").Want(t, http.StatusOK)
	require.Contains(t, string(quarantined.Body), `"correlation_id":"`+trace+`"`)
	testkit.Eventually(t, harness.Patience, func() error {
		if lines := server.Logs.Lines(trace, `"route":"/v1/events"`, account.Tenant.ID); len(lines) != 1 {
			return fmt.Errorf("log lines of the request: %d", len(lines))
		}
		return nil
	})

	// An ID of the caller's wins over the trace, and follows a change into the audit log.
	own := "order-" + uuid.NewString()
	res = account.Session.Post(t, "/v1/sources", map[string]string{"name": "Shop", "kind": "site"}, "X-Correlation-ID", own, "Traceparent", "00-"+trace+"-00f067aa0ba902b7-01").Want(t, http.StatusCreated)
	require.Equal(t, own, res.Header.Get("X-Correlation-ID"))
	require.Contains(t, string(account.Session.Get(t, "/v1/audit").Body), `"correlation_id":"`+own+`"`)
	problem := account.Session.Get(t, "/v1/receipts/none", "X-Correlation-ID", own).WantProblem(t, http.StatusNotFound, "receipt_not_found")
	require.Contains(t, string(problem.Body), `"correlation_id":"`+own+`"`)

	// What is not an ID is not repeated, and something is made up.
	for _, odd := range []string{"<script>", strings.Repeat("x", 129), "a b"} {
		require.Regexp(t, "^[0-9a-f]{32}$", account.Session.Get(t, "/v1/me", "X-Correlation-ID", odd).Header.Get("X-Correlation-ID"))
	}
	for _, odd := range []string{"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01", "ff-" + trace + "-00f067aa0ba902b7-01", "00-" + strings.ToUpper(trace) + "-00f067aa0ba902b7-01", "00-x"} {
		made := account.Session.Get(t, "/v1/me", "Traceparent", odd).Header.Get("X-Correlation-ID")
		require.Regexp(t, "^[0-9a-f]{32}$", made)
		require.NotEqual(t, trace, made)
	}
}

// TestEveryAnswerHasACorrelationID asks for every kind of thing. (The transport looks at each answer for it; here each is named.)
func TestEveryAnswerHasACorrelationID(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	nobody := server.Anonymous(t)
	seen := map[string]bool{}
	for _, r := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/healthz", 200},
		{"GET", "/readyz", 200},
		{"GET", "/metrics", 200},
		{"GET", "/.well-known/jwks.json", 200},
		{"GET", "/docs", 200},
		{"GET", "/docs/docs.js", 200},
		{"GET", "/docs/docs.css", 200},
		{"GET", "/docs/errors.json", 200},
		{"GET", "/openapi.yaml", 200},
		{"GET", "/v1/none", 404},
		{"POST", "/v1/none", 404},
		{"GET", "/assets/none.js", 404},
		{"POST", "/", 405},
		{"DELETE", "/v1/me", 405},
		{"GET", "/v1/events", 405},
		{"GET", "/v1/me", 401},
		{"POST", "/v1/events", 401},
		{"OPTIONS", "/v1/events", 204},
		{"HEAD", "/v1/me", 405},
		{"HEAD", "/healthz", 200},
		{"HEAD", "/docs", 200},
	} {
		res := nobody.Do(t, r.method, r.path, nil).Want(t, r.status)
		id := res.Header.Get("X-Correlation-ID")
		require.Regexp(t, "^[0-9a-f]{32}$", id, "%s %s", r.method, r.path)
		require.False(t, seen[id], "an ID was given out twice")
		seen[id] = true
		if r.status == http.StatusMethodNotAllowed {
			require.NotEmpty(t, res.Header.Get("Allow"), "%s %s", r.method, r.path)
		}
	}
}
