package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/jobs"
)

func TestOperatorsOnly(t *testing.T) {
	t.Parallel()
	const token = "correct horse battery"
	with := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	password := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	for name, c := range map[string]struct {
		token, public string
		method, from  string // default GET, 127.0.0.1:5000
		change        func(*http.Request)
		want          int
	}{
		"this machine":                  {want: 200},
		"this machine, IPv6":            {from: "[::1]:5000", want: 200},
		"this machine, with a name":     {change: password("ada", ""), want: 200},
		"an organization's key":         {change: with("Authorization", "Bearer "+token), want: 401},
		"another machine":               {from: "10.0.0.7:5000", want: 401},
		"through a proxy":               {change: with("X-Forwarded-For", "203.0.113.7"), want: 401},
		"a name that leads to us":       {change: func(r *http.Request) { r.Host = "rebound.example" }, want: 401},
		"an installation for everybody": {public: "https://stats.example", want: 401},
		"no token given":                {token: token, want: 401},
		"bearer":                        {token: token, from: "10.0.0.7:5000", change: with("Authorization", "Bearer "+token), want: 200},
		"another bearer":                {token: token, change: with("Authorization", "Bearer "+token+"x"), want: 401},
		"password":                      {token: token, from: "10.0.0.7:5000", change: password("anybody", token), want: 200},
		"as user name":                  {token: token, change: password(token, ""), want: 401},
		"no token, empty bearer":        {public: "https://stats.example", change: with("Authorization", "Bearer "), want: 401},
		"a page of another site":        {token: token, method: http.MethodPost, change: func(r *http.Request) { r.SetBasicAuth("x", token); r.Header.Set("Sec-Fetch-Site", "cross-site") }, want: 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.public == "" {
				c.public = "http://localhost:8080"
			}
			public, err := url.Parse(c.public)
			require.NoError(t, err)
			s := &server{cfg: Config{PublicURL: public}, origins: http.NewCrossOriginProtection(), deps: Deps{Logger: slog.New(slog.DiscardHandler), Operators: Operators{
				Token:  c.token,
				Depths: func(context.Context) ([]jobs.Depth, error) { return nil, nil },
				Queues: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
			}}}
			e := echo.New()
			e.HTTPErrorHandler = func(err error, c echo.Context) { c.Response().WriteHeader(statusOf(faultOf(err))) }
			s.routeOperators(e)
			for _, path := range []string{"/internal/scale", "/internal/queues", "/internal/queues/api/queues"} {
				method := c.method
				if method == "" {
					method = http.MethodGet
				} else if path == "/internal/scale" {
					continue
				}
				r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost:8080"+path, nil)
				r.RemoteAddr = "127.0.0.1:5000"
				if c.from != "" {
					r.RemoteAddr = c.from
				}
				if c.change != nil {
					c.change(r)
				}
				answer := httptest.NewRecorder()
				e.ServeHTTP(answer, r)
				require.Equal(t, c.want, answer.Code, path)
			}
		})
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	public, err := url.Parse("http://localhost:8080")
	require.NoError(t, err)
	s := &server{cfg: Config{PublicURL: public}, origins: http.NewCrossOriginProtection(), deps: Deps{Operators: Operators{Depths: func(context.Context) ([]jobs.Depth, error) {
		return []jobs.Depth{
			{Queue: jobs.Urgent, Visible: 2, InFlight: 1, Slots: 4, Oldest: 1500 * time.Millisecond},
			{Queue: jobs.Default, InFlight: 1, Slots: 6},
			{Queue: jobs.Bulk, Later: 1, Slots: 2},
		}, nil
	}}}}
	e := echo.New()
	s.routeOperators(e)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost:8080/internal/scale", nil)
	r.RemoteAddr = "127.0.0.1:5000"
	answer := httptest.NewRecorder()
	e.ServeHTTP(answer, r)
	require.JSONEq(t, `{"queues": [
		{"queue": "urgent", "visible": 2, "in_flight": 1, "slots": 4, "oldest_seconds": 1.5, "decision": "out"},
		{"queue": "default", "visible": 0, "in_flight": 1, "slots": 6, "oldest_seconds": 0, "decision": "hold"},
		{"queue": "bulk", "visible": 0, "in_flight": 0, "slots": 2, "oldest_seconds": 0, "decision": "in"}
	]}`, answer.Body.String())
}
