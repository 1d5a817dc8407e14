package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// Caller calls a server with one kind of credentials: a session, a key, or none. Each has a network address of its own.
type Caller struct {
	Key string // API key, sent as Bearer token; empty: none

	url     string
	client  *http.Client
	headers []string // of every request, in pairs
}

// Response is an answer, read to its end.
type Response struct {
	*http.Response
	Body []byte
}

// Anonymous calls without credentials. It becomes a session by signing up or logging in.
func (s *Server) Anonymous(tb testing.TB) *Caller {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(tb, err)
	from := fmt.Sprintf("10.%d.%d.%d", rand.N(256), rand.N(256), 1+rand.N(254)) //nolint:gosec // any will do
	return &Caller{url: s.URL, headers: []string{"X-Forwarded-For", from}, client: &http.Client{Jar: jar, Transport: s.transport}}
}

// WithKey calls with an API key.
func (s *Server) WithKey(tb testing.TB, key string) *Caller {
	tb.Helper()
	c := s.Anonymous(tb)
	c.Key = key
	return c
}

// With is a copy of the caller, with the same session, that sends these headers with every request. See Request for their form.
func (c *Caller) With(headers ...string) *Caller {
	other := *c
	other.headers = append(slices.Clone(c.headers), headers...)
	return &other
}

// SessionCookie is the cookie of the caller's session.
func (c *Caller) SessionCookie(tb testing.TB) *http.Cookie {
	tb.Helper()
	u, err := url.Parse(c.url)
	require.NoError(tb, err)
	cookies := c.client.Jar.Cookies(u)
	require.Len(tb, cookies, 1)
	return cookies[0]
}

// Request makes a request of this caller. Body is nil, bytes or text as they are, or a value to send as JSON. Headers come in pairs of name
// and value and win over the caller's own; an empty value takes the header out.
func (c *Caller) Request(ctx context.Context, method, path string, body any, headers ...string) (*http.Request, error) {
	var content io.Reader = http.NoBody
	contentType := "application/json"
	switch b := body.(type) {
	case nil:
		contentType = ""
	case []byte:
		content = bytes.NewReader(b)
	case string:
		content = bytes.NewReader([]byte(b))
	default:
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, content)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if c.Key != "" {
		r.Header.Set("Authorization", "Bearer "+c.Key)
	}
	for pair := range slices.Chunk(slices.Concat(c.headers, headers), 2) {
		if pair[1] == "" {
			r.Header.Del(pair[0])
			continue
		}
		r.Header.Set(pair[0], pair[1])
	}
	return r, nil
}

// Try sends a request that may fail, for example because the server is killed meanwhile. For the arguments see Request.
func (c *Caller) Try(ctx context.Context, method, path string, body any, headers ...string) (Response, error) {
	r, err := c.Request(ctx, method, path, body, headers...)
	if err != nil {
		return Response{}, err
	}
	res, err := c.client.Do(r)
	if err != nil {
		return Response{}, err
	}
	answer, err := io.ReadAll(res.Body)
	return Response{Response: res, Body: answer}, errors.Join(err, res.Body.Close())
}

// Do sends a request that is answered, whatever the answer. For the arguments see Request.
func (c *Caller) Do(tb testing.TB, method, path string, body any, headers ...string) Response {
	tb.Helper()
	res, err := c.Try(tb.Context(), method, path, body, headers...)
	require.NoError(tb, err)
	return res
}

// Get asks for a path.
func (c *Caller) Get(tb testing.TB, path string, headers ...string) Response {
	tb.Helper()
	return c.Do(tb, http.MethodGet, path, nil, headers...)
}

// Post sends a body to a path.
func (c *Caller) Post(tb testing.TB, path string, body any, headers ...string) Response {
	tb.Helper()
	return c.Do(tb, http.MethodPost, path, body, headers...)
}

// Stream sends a GET whose answer has no end, and returns as soon as it begins. Close its body.
func (c *Caller) Stream(ctx context.Context, tb testing.TB, path string) *http.Response {
	tb.Helper()
	r, err := c.Request(ctx, http.MethodGet, path, nil)
	require.NoError(tb, err)
	res, err := c.client.Do(r)
	require.NoError(tb, err)
	return res
}

// Code is the code of a problem document, and empty for any other answer.
func (r Response) Code() string {
	var problem struct{ Code string }
	if json.Unmarshal(r.Body, &problem) != nil {
		return ""
	}
	return problem.Code
}

// Want fails the test when the answer has another status.
func (r Response) Want(tb testing.TB, status int) Response {
	tb.Helper()
	require.Equal(tb, status, r.StatusCode, "%s %s: %s", r.Request.Method, r.Request.URL, r.Body)
	return r
}

// WantProblem fails the test when the answer is not a problem document of this status and code.
func (r Response) WantProblem(tb testing.TB, status int, code string) Response {
	tb.Helper()
	r.Want(tb, status)
	require.Equal(tb, "application/problem+json", r.Header.Get("Content-Type"))
	require.Equal(tb, code, r.Code(), "%s %s: %s", r.Request.Method, r.Request.URL, r.Body)
	return r
}

// RetryAfter is in how many seconds, at least one, the answer says to come again. It fails the test when the answer does not say so.
func (r Response) RetryAfter(tb testing.TB) int {
	tb.Helper()
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	require.NoError(tb, err)
	require.Positive(tb, seconds)
	return seconds
}

// JSON reads the answer into out.
func (r Response) JSON(tb testing.TB, out any) {
	tb.Helper()
	require.NoError(tb, json.Unmarshal(r.Body, out), "%s", r.Body)
}

// As is the answer as a T.
func As[T any](tb testing.TB, r Response) (out T) {
	tb.Helper()
	r.JSON(tb, &out)
	return out
}
