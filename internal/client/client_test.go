package client_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/client/clienttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs the stand-in on a real socket and returns a client of it.
func serve(t *testing.T, h http.Handler, change ...func(*client.Config)) *client.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	cfg := client.Config{URL: server.URL + "/", Key: clienttest.Key, RetryFor: 20 * time.Second}
	for _, f := range change {
		f(&cfg)
	}
	c, err := client.New(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func events(n int) []client.Event {
	list := make([]client.Event, n)
	for i := range list {
		list[i] = client.Event{Name: "page_view", ID: fmt.Sprintf("e-%d", i), Ref: int64(i), Properties: map[string]any{"path": "/a?b&c<d>", "n": i}}
	}
	return list
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "localhost:8080", "ftp://localhost", "http://", "http://a b"} {
		_, err := client.New(client.Config{URL: url})
		require.ErrorContains(t, err, "is not an address of Observatory", "URL %q", url)
	}
	_, err := client.New(client.Config{URL: "http://localhost", Encoding: "br"})
	require.ErrorContains(t, err, "zstd, gzip or identity")
}

func TestEventsArriveAsTheyWereSentInEveryEncoding(t *testing.T) {
	t.Parallel()
	for _, encoding := range []client.Encoding{client.Zstd, client.Gzip, client.Identity} {
		t.Run(string(encoding), func(t *testing.T) {
			t.Parallel()
			var h clienttest.Handler
			c := serve(t, &h, func(cfg *client.Config) { cfg.Encoding = encoding })
			at := time.Date(2015, 5, 17, 10, 5, 3, 0, time.UTC)
			ack, err := c.Send(t.Context(), []client.Event{
				{Name: "page_view", ID: "e-1", UserID: "u", AnonymousID: "a", SessionID: "s", Timestamp: at, Properties: map[string]any{"path": "/<&>"}, Context: map[string]any{"locale": "de"}},
				{Name: "page_view"},
			})
			require.NoError(t, err)
			require.Equal(t, 2, ack.Accepted)
			require.Equal(t, map[string]int{string(encoding): 1}, h.Encodings())
			got := h.Events()
			require.Equal(t, clienttest.Event{
				Name: "page_view", ID: "e-1", UserID: "u", AnonymousID: "a", SessionID: "s", Timestamp: "2015-05-17T10:05:03Z",
				Properties: map[string]any{"path": "/<&>"}, Context: map[string]any{"locale": "de"},
			}, got[0])
			require.NotEmpty(t, got[1].ID, "an event without an ID gets one")
			require.Empty(t, got[1].Timestamp)
		})
	}
}

func TestAnEmptyBatchIsNotSent(t *testing.T) {
	t.Parallel()
	var h clienttest.Handler
	ack, err := serve(t, &h).Send(t.Context(), nil)
	require.NoError(t, err)
	require.Zero(t, ack)
	require.Empty(t, h.Batches())
}

func TestAnEventThatIsNotJSONIsNamed(t *testing.T) {
	t.Parallel()
	_, err := serve(t, &clienttest.Handler{}).Send(t.Context(), []client.Event{{Name: "odd", ID: "e-1", Properties: map[string]any{"f": func() {}}}})
	require.ErrorContains(t, err, `encode event "odd" (e-1)`)
}

func TestAProblemIsToldWithCodeAndCorrelationID(t *testing.T) {
	t.Parallel()
	c := serve(t, &clienttest.Handler{}).WithKey("another")
	_, err := c.Send(t.Context(), events(1))
	var p *client.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, "key_unknown", p.Code)
	require.Equal(t, http.StatusUnauthorized, p.Status)
	require.Equal(t, "This key is not known here. (key_unknown, HTTP 401, correlation ID correlation-1)", err.Error())
}

func TestAnAnswerThatIsNotFromObservatoryIsShortAndPrintable(t *testing.T) {
	t.Parallel()
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Correlation-ID", "from-header")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<h1>\x1b[31mNo</h1>\n\n"+strings.Repeat("x", 10_000))
	}))
	_, err := c.Send(t.Context(), events(1))
	require.ErrorContains(t, err, "<h1> [31mNo</h1> xxx")
	require.ErrorContains(t, err, "... (HTTP 403, correlation ID from-header)")
	require.Less(t, len(err.Error()), 300)
}

func TestASuccessThatIsNotFromObservatoryIsAnError(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"a page": "<html>", "another API": `{"ok":true}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
			_, err := c.Send(t.Context(), events(3))
			require.ErrorContains(t, err, "not")
			require.ErrorContains(t, err, "Observatory")
		})
	}
}

func TestAKeyThatCannotBeSentIsExplained(t *testing.T) {
	t.Parallel()
	c := serve(t, &clienttest.Handler{}).WithKey("half\nkey")
	_, err := c.Send(t.Context(), events(1))
	require.ErrorContains(t, err, "characters that no key has")
}

func TestPingTellsAtOnceThatNothingListens(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	c, err := client.New(client.Config{URL: "http://" + address, OnRetry: func(error, time.Duration) { t.Error("it was tried again") }})
	require.NoError(t, err)
	err = c.Ping(t.Context())
	var u *client.Unreachable
	require.ErrorAs(t, err, &u)
	require.ErrorContains(t, err, "cannot reach http://"+address)
	require.ErrorContains(t, err, "connection refused")
}

func TestPingIsContentWithAnyAnswer(t *testing.T) {
	t.Parallel()
	require.NoError(t, serve(t, http.NotFoundHandler()).Ping(t.Context()))
}

func TestWhoSignsUpIsLoggedIn(t *testing.T) {
	t.Parallel()
	var h clienttest.Handler
	c := serve(t, &h, func(cfg *client.Config) { cfg.Key = "" })
	_, err := c.CreateSource(t.Context(), "App", "app")
	require.ErrorContains(t, err, "session_missing")
	account, err := c.SignUp(t.Context(), client.SignUpInput{Email: "a@b.example", Password: "long enough", Organization: "Test"})
	require.NoError(t, err)
	require.Equal(t, clienttest.Key, account.Keys.Secret)
	source, err := c.CreateSource(t.Context(), "App", "app")
	require.NoError(t, err)
	require.NoError(t, c.RenameSource(t.Context(), account.Source.ID, "Shop"))
	require.Equal(t, []string{"Shop", "App"}, h.Sources())
	key, err := c.CreateSecretKey(t.Context(), source.ID, "App")
	require.NoError(t, err)
	require.Equal(t, clienttest.Key, key)
	_, err = c.WithKey(key).CreateSource(t.Context(), "App", "app")
	require.ErrorContains(t, err, "session_missing", "a client with a key leaves the session behind")
}

func TestCancellingEndsAWaitForTheServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	h := clienttest.Handler{Meddle: func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.Header().Set("Retry-After", "15")
		clienttest.Problem(w, http.StatusServiceUnavailable, "log_full", "The disk is nearly full.")
		return true
	}}
	c := serve(t, &h, func(cfg *client.Config) { cfg.OnRetry = func(error, time.Duration) { cancel() } })
	_, err := c.Send(ctx, events(1))
	require.ErrorIs(t, err, context.Canceled)
}
