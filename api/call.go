package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/redact"
	"github.com/observatory/observatory/tenants"
)

// call is what the edge knows about the request in hand. The generated handlers have nothing but a context to find it in; it goes no
// further: domains are told the tenant, the principal and the correlation ID as arguments.
type call struct {
	correlationID string
	traceparent   string
	principal     tenants.Principal
	session       *tenants.Session
	sessionToken  string
	address       netip.Addr
	client        ingest.Client // of somebody who sends events
	operator      string        // the name that an operator gave
	sent          int64         // bytes of the answer that were accounted for
	status        atomic.Int32  // the HTTP status that an answer over gRPC amounts to; 0: that of the answer
}

func (c *call) by() tenants.By {
	return tenants.By{Principal: c.principal, CorrelationID: c.correlationID}
}

// tenant is the caller's as packages below the domains know it.
func (c *call) tenant() uuid.UUID { return uuid.UUID(c.principal.Tenant) }

type callKey struct{}

const callName = "call" // in echo's context

func callOf(c echo.Context) *call {
	if it, ok := c.Get(callName).(*call); ok {
		return it
	}
	return &call{}
}

func withCall(ctx context.Context, it *call) context.Context {
	return context.WithValue(ctx, callKey{}, it)
}

// in finds the call of a generated handler. Without one there is nobody logged in.
func in(ctx context.Context) *call {
	if it, ok := ctx.Value(callKey{}).(*call); ok {
		return it
	}
	return &call{}
}

// newCall begins a call: it keeps the caller's correlation ID or traceparent (W3C Trace Context), or mints them. The ID is logged and stored,
// so that it is not kept where it holds what must not be.
func newCall(r *http.Request) *call {
	c := &call{}
	trace, ok := traceID(r.Header.Get("Traceparent"))
	if !ok {
		trace = randomHex(16)
	}
	c.traceparent = "00-" + trace + "-" + randomHex(8) + "-01"
	if c.correlationID = r.Header.Get("X-Correlation-ID"); !validCorrelationID(c.correlationID) || redact.Telling(c.correlationID) {
		c.correlationID = trace
	}
	return c
}

// traceID reads the trace ID of a traceparent header: 00-<32 hex digits>-<16 hex digits>-<2 hex digits>.
func traceID(header string) (string, bool) {
	parts := strings.Split(header, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || parts[0] == "ff" || len(parts[1]) != 32 || len(parts[2]) != 16 || len(parts[3]) != 2 {
		return "", false
	}
	id := parts[1]
	return id, strings.Trim(id, "0123456789abcdef") == "" && strings.Trim(id, "0") != ""
}

func validCorrelationID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for _, c := range []byte(id) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte("-_.:", c) < 0 {
			return false
		}
	}
	return true
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

func prefixNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Masked().Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// sessionCookie is the cookie's name: with TLS browsers enforce that nobody but this host can have set it.
func (s *server) sessionCookie() string {
	if s.cfg.PublicURL.Scheme == "https" {
		return "__Host-observatory_session"
	}
	return "observatory_session"
}

func (s *server) setSession(token string) *string {
	c := http.Cookie{
		Name: s.sessionCookie(), Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: s.cfg.PublicURL.Scheme == "https", MaxAge: int(tenants.SessionLimit.Seconds()),
	}
	if token == "" {
		c.MaxAge = -1
	}
	text := c.String()
	return &text
}

// bearer is the token of an Authorization header; false when there is no such header.
func bearer(r *http.Request) (token string, ok bool) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", false
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true
	}
	return strings.TrimSpace(token), true
}

// identify finds out who calls, by key or else by session. Somebody unknown is no error here.
func (s *server) identify(r *http.Request, it *call) error {
	if token, ok := bearer(r); ok {
		key, err := s.deps.Keys.Verify(token)
		if err != nil {
			return err
		}
		it.principal = key.Principal()
		return checkOrigin(r, key)
	}
	cookie, err := r.Cookie(s.sessionCookie())
	if err != nil || cookie.Value == "" {
		return nil //nolint:nilerr // no cookie, nobody
	}
	it.sessionToken = cookie.Value
	session, err := s.deps.Tenants.Accounts.Session(r.Context(), cookie.Value)
	if err != nil {
		return err
	}
	it.session = &session
	if it.principal, err = session.Principal(); errors.Is(err, tenants.ErrNoMembership) {
		return nil // their own account can still be looked after
	}
	return err
}

// checkOrigin refuses a browser that uses a key on a page of an origin that the key is not for.
func checkOrigin(r *http.Request, key *tenants.APIKey) error {
	if origin := r.Header.Get("Origin"); origin != "" && !key.AllowsOrigin(origin) {
		return tenants.ErrOriginNotAllowed
	}
	return nil
}
