package api_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/tests/harness"
)

// TestPayload sends events whose properties are a payload that nobody can read: they are rejected under the same code whichever way they
// come, with what their envelope says, and nothing of the payload is kept.
func TestPayload(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	const payload = "what nobody can read"
	send := func(path string, body any, headers ...string) harness.Response {
		return account.Secret.Post(t, path, body, headers...)
	}
	binary := []string{"Content-Type", "application/avro"}
	acks := map[string]client.Ack{
		"in JSON": harness.As[client.Ack](t, send("/v1/events", map[string]any{"event": "sale", "event_id": "e1", "payload": base64.StdEncoding.EncodeToString([]byte(payload))}).Want(t, http.StatusAccepted)),
		"as body": harness.As[client.Ack](t, send("/v1/events/sale?event_id=e2&user_id=u&timestamp="+url.QueryEscape("2026-11-01T12:00:00+01:00"), payload, binary...).Want(t, http.StatusAccepted)),
		"zipped":  harness.As[client.Ack](t, send("/v1/events/sale%2Fmade%20%C3%A9", gzipped(t, payload), "Content-Type", "application/vnd.observatory.payload", "Content-Encoding", "gzip").Want(t, http.StatusAccepted)),
		"stored":  harness.As[client.Ack](t, send("/v1/events/stream?wait=stored", payload, binary...).Want(t, http.StatusOK)),
		"nothing": harness.As[client.Ack](t, send("/v1/events/sale", "", binary...).Want(t, http.StatusAccepted)),
	}
	for name, ack := range acks {
		require.Zero(t, ack.Accepted, name)
		require.Len(t, ack.Rejected, 1, name)
		require.Equal(t, "payload_invalid", ack.Rejected[0].Code, name)
		require.Equal(t, 1, account.Secret.Settled(t, ack.Receipt).Counts.Quarantined, name)
	}
	require.Equal(t, "e2", account.Secret.Settled(t, acks["as body"].Receipt).Events[0].EventID)
	kept := account.Secret.Get(t, "/v1/quarantine").Want(t, http.StatusOK).Body
	require.Contains(t, string(kept), "sale/made é")
	require.NotContains(t, string(kept), payload)
	require.NotContains(t, string(kept), base64.StdEncoding.EncodeToString([]byte(payload)))

	both := harness.As[client.Ack](t, send("/v1/events", `{"event":"a","properties":{},"payload":"AAAA"}`).Want(t, http.StatusAccepted))
	require.Equal(t, "payload_invalid", both.Rejected[0].Code)
	late := harness.As[client.Ack](t, send("/v1/events/sale?timestamp=yesterday", payload, binary...).Want(t, http.StatusAccepted))
	require.Equal(t, "invalid_timestamp", late.Rejected[0].Code)
	large := harness.As[client.Ack](t, send("/v1/events/sale", make([]byte, 33<<10), binary...).Want(t, http.StatusAccepted))
	require.Equal(t, "event_too_large", large.Rejected[0].Code)

	send("/v1/events/sale", `{"event":"a"}`).WantProblem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	send("/v1/events/sale?evnt_id=e", payload, binary...).WantProblem(t, http.StatusBadRequest, "invalid_request")
	send("/v1/events/sale?wait=forever", payload, binary...).WantProblem(t, http.StatusBadRequest, "invalid_request")
	send("/v1/events/sale", make([]byte, 4<<20+1), binary...).WantProblem(t, http.StatusRequestEntityTooLarge, "body_too_large")
	server.Anonymous(t).Post(t, "/v1/events/sale", payload, binary...).WantProblem(t, http.StatusUnauthorized, "key_missing")
}
