package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/client/clienttest"
)

// direct hands requests to a handler without a socket, so that a test can run on synctest's clock.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	d.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

// transport is a RoundTripper made of a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func clientOf(t *testing.T, rt http.RoundTripper, change ...func(*client.Config)) *client.Client {
	t.Helper()
	cfg := client.Config{URL: "http://observatory.test", Key: clienttest.Key, Transport: rt}
	for _, f := range change {
		f(&cfg)
	}
	c, err := client.New(cfg)
	require.NoError(t, err)
	return c
}

func refuse(status int, times int, retryAfter string) func(http.ResponseWriter, *http.Request, int) bool {
	return func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n > times {
			return false
		}
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		clienttest.Problem(w, status, "busy", "Too much at once.")
		return true
	}
}

func TestABusyServerIsAskedAgainAndTheEventsKeepTheirIDs(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout} {
		synctest.Test(t, func(t *testing.T) {
			h := clienttest.Handler{Meddle: refuse(status, 4, "")}
			var waits []time.Duration
			c := clientOf(t, direct{&h}, func(cfg *client.Config) {
				cfg.OnRetry = func(_ error, d time.Duration) { waits = append(waits, d) }
			})
			ack, err := c.Send(t.Context(), events(3))
			require.NoError(t, err)
			require.Equal(t, 3, ack.Accepted)
			require.Len(t, waits, 4)
			for i, upper := range []time.Duration{200, 400, 800, 1600} {
				require.GreaterOrEqual(t, waits[i], upper*time.Millisecond/2)
				require.Less(t, waits[i], upper*time.Millisecond)
			}
		})
	}
}

func TestTheServersRetryAfterIsKept(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]func() string{
		"seconds": func() string { return "7" },
		"a date":  func() string { return time.Now().UTC().Add(8 * time.Second).Format(http.TimeFormat) }, // whole seconds: up to one is lost
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := clienttest.Handler{Meddle: refuse(http.StatusTooManyRequests, 1, header())}
				start := time.Now()
				_, err := clientOf(t, direct{&h}).Send(t.Context(), events(1))
				require.NoError(t, err)
				require.GreaterOrEqual(t, time.Since(start), 7*time.Second)
				require.Less(t, time.Since(start), 9*time.Second)
			})
		})
	}
}

func TestItGivesUpWhenTheTimeIsSpent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := clienttest.Handler{Meddle: refuse(http.StatusServiceUnavailable, 1e6, "")}
		start := time.Now()
		_, err := clientOf(t, direct{&h}, func(cfg *client.Config) { cfg.RetryFor = time.Minute }).Send(t.Context(), events(1))
		require.ErrorContains(t, err, "gave up after")
		require.ErrorContains(t, err, "Too much at once.")
		require.LessOrEqual(t, time.Since(start), time.Minute)
		require.Greater(t, time.Since(start), 45*time.Second)
	})
}

func TestAWaitThatIsTooLongIsNotBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := clienttest.Handler{Meddle: refuse(http.StatusTooManyRequests, 1e6, "3600")}
		start := time.Now()
		_, err := clientOf(t, direct{&h}).Send(t.Context(), events(1))
		var p *client.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, time.Hour, p.RetryAfter)
		require.Zero(t, time.Since(start))
	})
}

func TestWhatWillNotChangeIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusInternalServerError} {
		h := clienttest.Handler{Meddle: refuse(status, 1, "")}
		_, err := clientOf(t, direct{&h}).Send(t.Context(), events(1))
		var p *client.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, status, p.Status)
		require.Empty(t, h.Batches())
	}
}

func TestALostAnswerDoesNotDoubleEvents(t *testing.T) {
	t.Parallel()
	h := clienttest.Handler{LoseAnswer: func(n int) bool { return n <= 2 }}
	c := serve(t, &h)
	ack, err := c.Send(t.Context(), append(events(3), client.Event{Name: "without_id"}))
	require.NoError(t, err)
	require.Equal(t, 4, ack.Accepted)
	require.Equal(t, []int{4, 4, 4}, h.Batches())
	require.Len(t, h.Events(), 4)
}

func TestAnAttemptThatTakesTooLongIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h clienttest.Handler
		attempts := 0
		rt := transport(func(r *http.Request) (*http.Response, error) {
			if attempts++; attempts == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return direct{&h}.RoundTrip(r)
		})
		var told error
		c := clientOf(t, rt, func(cfg *client.Config) {
			cfg.OnRetry = func(err error, _ time.Duration) { told = err }
		})
		_, err := c.Send(t.Context(), events(1))
		require.NoError(t, err)
		require.EqualError(t, told, "cannot reach http://observatory.test: no answer within 30s: context deadline exceeded")
	})
}

func TestSigningUpIsNotRepeatedUnlessNothingWasSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h clienttest.Handler
		attempts := 0
		fail := error(&net.OpError{Op: "dial", Err: errors.New("connection refused")})
		c := clientOf(t, transport(func(r *http.Request) (*http.Response, error) {
			if attempts++; attempts == 1 {
				return nil, fail
			}
			return direct{&h}.RoundTrip(r)
		}))
		in := client.SignUpInput{Email: "a@b.example", Password: "long enough", Organization: "Test"}
		_, err := c.SignUp(t.Context(), in)
		require.NoError(t, err)
		require.Equal(t, 2, attempts)

		attempts, fail = 0, &net.OpError{Op: "read", Err: errors.New("connection reset")}
		_, err = c.SignUp(t.Context(), in)
		require.ErrorContains(t, err, "connection reset")
		require.Equal(t, 1, attempts)
	})
}

func TestAnUnknownHostIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	attempts := 0
	c := clientOf(t, transport(func(*http.Request) (*http.Response, error) {
		attempts++
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "observatory.test", IsNotFound: true}}
	}))
	_, err := c.Send(context.Background(), events(1))
	require.ErrorContains(t, err, "no such host")
	require.Equal(t, 1, attempts)
}
