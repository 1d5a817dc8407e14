package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tests/harness"
)

// TestOrigins shows that a publishable key works on the pages of its origins and nowhere else.
func TestOrigins(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	made := account.CreateKey(t, "publishable", map[string]any{"origins": []string{"https://shop.example.com", "https://*.example.org", "http://localhost:3000"}})
	key := server.WithKey(t, made.Token)
	for _, path := range []string{"/v1/events", "/v1/t"} {
		status := map[string]int{"/v1/events": http.StatusAccepted, "/v1/t": http.StatusOK}[path]
		body := `{"event":"a","anonymous_id":"x"}`
		for _, origin := range []string{"https://shop.example.com", "https://a.example.org", "https://a.b.example.org", "http://localhost:3000"} {
			res := key.Post(t, path, body, "Origin", origin).Want(t, status)
			require.Equal(t, origin, res.Header.Get("Access-Control-Allow-Origin"))
			require.Contains(t, res.Header.Values("Vary"), "Origin")
			require.Contains(t, res.Header.Get("Access-Control-Expose-Headers"), "X-Correlation-ID")
			require.Empty(t, res.Header.Get("Access-Control-Allow-Credentials"))
		}
		for _, origin := range []string{
			"http://shop.example.com", "https://shop.example.com:8443", "https://shop.example.com.evil.com", "https://evil.com", "https://example.org",
			"https://aexample.org", "http://localhost:3001", "null", "file://", "https://shop.example.com/", "HTTPS://SHOP.EXAMPLE.COM.EVIL",
		} {
			res := key.Post(t, path, body, "Origin", origin).WantProblem(t, http.StatusForbidden, "origin_not_allowed")
			require.Empty(t, res.Header.Get("Access-Control-Allow-Origin"), "%s at %s", origin, path)
		}
		key.Post(t, path, body).Want(t, status) // no browser
	}
	// A secret key is for servers: it works on no page.
	account.Secret.Post(t, "/v1/events", anEvent, "Origin", "https://shop.example.com").WantProblem(t, http.StatusForbidden, "origin_not_allowed")
	account.Secret.Get(t, "/v1/sources", "Origin", "https://shop.example.com").WantProblem(t, http.StatusForbidden, "origin_not_allowed")
	// The first key of an organization works on any page until it is narrowed, and from then on on this node at once.
	account.Publishable.Post(t, "/v1/events", anEvent, "Origin", "https://any.example.net").Want(t, http.StatusAccepted)
	narrow := func(origins ...string) harness.Response {
		return account.Session.Do(t, "PATCH", "/v1/keys/"+made.ID, map[string]any{"origins": origins})
	}
	narrow("https://new.example.com").Want(t, http.StatusOK)
	key.Post(t, "/v1/events", anEvent, "Origin", "https://shop.example.com").WantProblem(t, http.StatusForbidden, "origin_not_allowed")
	key.Post(t, "/v1/events", anEvent, "Origin", "https://new.example.com").Want(t, http.StatusAccepted)
	for _, odd := range []string{"shop.example.com", "https://", "https://*", "https://a.*.com", "javascript:alert(1)", "https://a.com/path"} {
		narrow(odd).WantProblem(t, http.StatusBadRequest, "origin_invalid")
	}
}

// TestPreflight asks what a browser asks before a page may send.
func TestPreflight(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	nobody := server.Anonymous(t)
	for _, path := range []string{"/v1/events", "/v1/track", "/v1/t", "/v1/b", "/v1/batch", "/v1/m", "/v1/i", "/v1/p", "/v1/s", "/v1/g", "/v1/a", "/v1/projects/x/settings"} {
		res := nobody.Do(t, "OPTIONS", path, nil, "Origin", "https://shop.example.com",
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,x-retry-count").Want(t, http.StatusNoContent)
		require.Equal(t, "*", res.Header.Get("Access-Control-Allow-Origin"), path)
		require.Contains(t, res.Header.Get("Access-Control-Allow-Methods"), "POST")
		allowed := strings.ToLower(res.Header.Get("Access-Control-Allow-Headers"))
		for _, name := range []string{"authorization", "content-type", "content-encoding", "x-retry-count", "x-correlation-id", "traceparent"} {
			require.Contains(t, allowed, name, path)
		}
		require.NotEmpty(t, res.Header.Get("Access-Control-Max-Age"))
	}
	// What a session protects is for no other page to ask.
	for _, path := range []string{"/v1/me", "/v1/keys", "/v1/query/trends", "/v1/login"} {
		res := nobody.Do(t, "OPTIONS", path, nil, "Origin", "https://evil.example.com", "Access-Control-Request-Method", "POST")
		require.Empty(t, res.Header.Get("Access-Control-Allow-Origin"), path)
		require.Empty(t, nobody.Get(t, path, "Origin", "https://evil.example.com").Header.Get("Access-Control-Allow-Origin"), path)
	}
}

// TestOtherPagesCannotUseTheSession sends what a page of another site can make a browser send, cookie included.
func TestOtherPagesCannotUseTheSession(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	here := server.URL
	for name, headers := range map[string][]string{
		"another site":             {"Origin", "https://evil.example.com", "Sec-Fetch-Site", "cross-site"},
		"another site, no Origin":  {"Sec-Fetch-Site", "cross-site"},
		"an old browser":           {"Origin", "https://evil.example.com"},
		"a sandboxed frame":        {"Origin", "null"},
		"another port":             {"Origin", "http://127.0.0.1:1", "Sec-Fetch-Site", "same-site"},
		"a subdomain of this site": {"Sec-Fetch-Site", "same-site"},
	} {
		as := account.Session.With(headers...)
		for _, o := range nothing().operations() {
			if o.method == "GET" || o.may == writing {
				continue
			}
			res := o.call(t, as)
			require.Equal(t, http.StatusForbidden, res.StatusCode, "%s from %s: %s", o.id, name, res.Body)
			require.Equal(t, "cross_origin", res.Code(), "%s from %s", o.id, name)
			require.Empty(t, res.Header.Get("Set-Cookie"))
		}
	}
	account.Session.Post(t, "/v1/sources", map[string]string{"name": "Shop", "kind": "site"}, "Origin", here, "Sec-Fetch-Site", "same-origin").Want(t, http.StatusCreated)
	account.Session.Post(t, "/v1/query/events", "{}", "Origin", here).Want(t, http.StatusOK)
	// A simple form post, which needs no preflight, is not understood in the first place.
	form := account.Session.Post(t, "/v1/sources", url.Values{"name": {"x"}, "kind": {"site"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	require.Contains(t, []int{http.StatusBadRequest, http.StatusUnsupportedMediaType}, form.StatusCode)
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	for public, want := range map[string]struct {
		name   string
		secure bool
	}{
		"http://localhost:8080":     {"observatory_session", false},
		"https://obs.example.com":   {"__Host-observatory_session", true},
		"https://obs.example.com:1": {"__Host-observatory_session", true},
	} {
		server, _ := start(t, "--public-url", public)
		nobody := server.Anonymous(t)
		res := nobody.Post(t, "/v1/signup", map[string]string{"email": "ada@example.com", "password": harness.Password, "organization": "Ada"}).Want(t, http.StatusCreated)
		check := func(r harness.Response) *http.Cookie {
			require.Len(t, r.Cookies(), 1)
			c := r.Cookies()[0]
			require.Equal(t, want.name, c.Name)
			require.Equal(t, want.secure, c.Secure)
			require.True(t, c.HttpOnly)
			require.Equal(t, http.SameSiteLaxMode, c.SameSite)
			require.Equal(t, "/", c.Path)
			require.Empty(t, c.Domain)
			return c
		}
		first := check(res)
		require.Positive(t, first.MaxAge)
		require.GreaterOrEqual(t, len(first.Value), 32)
		second := check(server.Anonymous(t).Post(t, "/v1/login", map[string]string{"email": "ada@example.com", "password": harness.Password}).Want(t, http.StatusOK))
		require.NotEqual(t, first.Value, second.Value, "every session has a token of its own")

		cookie := server.Anonymous(t).With("Cookie", want.name+"="+second.Value)
		cookie.Get(t, "/v1/me").Want(t, http.StatusOK)
		other := map[bool]string{true: "observatory_session", false: "__Host-observatory_session"}[want.secure]
		server.Anonymous(t).With("Cookie", other+"="+second.Value).Get(t, "/v1/me").WantProblem(t, http.StatusUnauthorized, "session_missing")
		out := check(cookie.Post(t, "/v1/logout", nil).Want(t, http.StatusNoContent))
		require.Negative(t, out.MaxAge)
		cookie.Get(t, "/v1/me").WantProblem(t, http.StatusUnauthorized, "session_ended")
		problem := nobody.Get(t, "/v1/none").WantProblem(t, http.StatusNotFound, "not_found")
		require.Contains(t, string(problem.Body), `"type":"`+public+`/docs#not_found"`)
	}
}
