package api_test

import (
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/tests/harness"
)

const (
	megabyte = 1 << 20
	onWire   = 4 * megabyte  // largest body as sent
	inflated = 20 * megabyte // largest body decompressed
)

// TestLimits meets every limit of a request, from both sides where that can be told apart.
func TestLimits(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	events := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(`{"event":"a"},`, n), ",") + "]" }
	padded := func(size int) string { return `{"event":"a"}` + strings.Repeat(" ", size-len(`{"event":"a"}`)) }
	for name, c := range map[string]struct {
		body     any
		encoding string
		status   int
		code     string
	}{
		"largest body":              {body: padded(onWire), status: 202},
		"body too large":            {body: padded(onWire + 1), status: 413, code: "body_too_large"},
		"compressed body too large": {body: gzipped(t, noise(9*megabyte)), encoding: "gzip", status: 413, code: "body_too_large"},
		"largest inflated":          {body: gzipped(t, likeEvents(inflated-1024)), encoding: "gzip", status: 202},
		"inflated too large":        {body: gzipped(t, likeEvents(inflated+40_000)), encoding: "gzip", status: 413, code: "inflated_too_large"},
		"zstd inflated too large":   {body: zstandard(t, likeEvents(inflated+40_000)), encoding: "zstd", status: 413, code: "inflation_ratio"}, // compresses that much better
		"gzip bomb":                 {body: gzipped(t, padded(100*megabyte)), encoding: "gzip", status: 413, code: "inflation_ratio"},
		"zstd bomb":                 {body: zstandard(t, padded(100*megabyte)), encoding: "zstd", status: 413, code: "inflation_ratio"},
		"most events":               {body: events(2500), status: 202},
		"too many events":           {body: events(2501), status: 413, code: "too_many_events"},
		"gzip cut short":            {body: gzipped(t, events(100))[:40], encoding: "gzip", status: 400, code: "corrupt_body"},
		"zstd cut short":            {body: zstandard(t, likeEvents(100_000))[:2000], encoding: "zstd", status: 400, code: "corrupt_body"},
		"not gzip":                  {body: `{"event":"a"}`, encoding: "gzip", status: 400, code: "corrupt_body"},
		"unknown encoding":          {body: `{"event":"a"}`, encoding: "br", status: 400, code: "unsupported_encoding"},
		"two encodings":             {body: `{"event":"a"}`, encoding: "gzip, gzip", status: 400, code: "unsupported_encoding"},
		"nothing":                   {body: "", status: 400, code: "empty_body"},
		"no events":                 {body: `{"events":[]}`, status: 400, code: "empty_body"},
		"no JSON":                   {body: "event=a", status: 400, code: "invalid_json"},
		"JSON cut short":            {body: `[{"event":"a"},{"event":"b"`, status: 400, code: "invalid_json"},
		"envelope cut short":        {body: `{"events":[{"event":"a"}`, status: 400, code: "invalid_json"},
		"a member beside events":    {body: `{"events":[{"event":"a"}],"batch":1}`, status: 400, code: "unknown_field"},
		"events are no array":       {body: `{"events":{}}`, status: 400, code: "wrong_type"},
		"a million brackets":        {body: strings.Repeat("[", megabyte), status: 400, code: "invalid_json"},
	} {
		res := account.Secret.Post(t, "/v1/events", c.body, "Content-Encoding", c.encoding)
		require.Equal(t, c.status, res.StatusCode, "%s: %.300s", name, res.Body)
		require.Equal(t, c.code, res.Code(), name)
	}
	balanced(t, account)

	huge := server.WithKey(t, strings.Repeat("x", 4<<10+1))
	huge.Post(t, "/v1/events", `{"event":"a"}`).WantProblem(t, http.StatusUnauthorized, "key_malformed")
	huge.Get(t, "/v1/sources").WantProblem(t, http.StatusUnauthorized, "key_malformed")
	account.Session.Post(t, "/v1/sources", `{"name":"`+strings.Repeat("x", megabyte)+`","kind":"site"}`).WantProblem(t, http.StatusRequestEntityTooLarge, "body_too_large")
}

// noise is text of n bytes that hardly compresses.
func noise(n int) string {
	b := make([]byte, n/2)
	for i := range b {
		b[i] = byte(rand.UintN(256)) //nolint:gosec // not a secret
	}
	return hex.EncodeToString(b)
}

// likeEvents are events in an array, of about n bytes, that repeat themselves as real ones do.
func likeEvents(n int) string {
	event := `{"event":"a","properties":{"v":"` + noise(9000) + `"}},`
	return "[" + strings.TrimSuffix(strings.Repeat(event, n/len(event)), ",") + "]"
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	const perSecond = 50
	server, _ := start(t, "--rate-per-key", strconv.Itoa(perSecond))
	account := server.SignUp(t)
	batch := "[" + strings.Repeat(`{"event":"a"},`, 2499) + `{"event":"a"}]` // a whole batch is always let through
	account.Secret.Post(t, "/v1/events", batch).Want(t, http.StatusAccepted)
	limited := account.Secret.Post(t, "/v1/events", batch).WantProblem(t, http.StatusTooManyRequests, "rate_limited")
	require.InDelta(t, 2500/perSecond, limited.RetryAfter(t), 5)

	// Another key has an allowance of its own.
	account.Publishable.Post(t, "/v1/events", batch).Want(t, http.StatusAccepted)
	ack := harness.As[client.Ack](t, server.SignUp(t).Secret.Post(t, "/v1/events", batch).Want(t, http.StatusAccepted))
	require.Equal(t, 2500, ack.Accepted)

	// A small request is let through again before long.
	require.Eventually(t, func() bool {
		return account.Secret.Post(t, "/v1/events", `{"event":"a"}`).StatusCode == http.StatusAccepted
	}, harness.Patience, 100*1e6, "%d events a second", perSecond)
}
