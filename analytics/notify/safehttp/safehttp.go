// Package safehttp calls addresses that tenants name, without letting them reach what only we can reach.
//
// Which address a name stands for is judged when the connection is made and not before, so that a name that changes its
// mind (DNS rebinding), a redirect and a literal in some odd notation all meet the same check: only public unicast
// addresses are dialled. No proxy is asked, as it would dial in our place.
package safehttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"github.com/observatory/observatory/internal/fault"
)

// The faults of addresses.
var (
	ErrNotPublic = fault.New(fault.Invalid, "address_not_public", "The URL leads to an address that is not on the public internet.")
	ErrURL       = fault.New(fault.Invalid, "url_invalid", "The URL must be as in https://hooks.example.com/path, without user name, password and #.")
)

const (
	// MaxAnswer is how much of an answer is read, in bytes.
	MaxAnswer = 200

	defaultTimeout = 10 * time.Second
	connectTimeout = 5 * time.Second
	maxRedirects   = 3
	maxHeaders     = 16 << 10 // bytes
)

// Config says how addresses are called; the zero value is good.
type Config struct {
	// AllowPrivate switches the check off, and allows http://. For development and tests only.
	AllowPrivate bool
	Timeout      time.Duration // of a call with its redirects and its answer; default 10 s
	Resolver     *net.Resolver // nil: that of the system
}

// Client makes calls. It keeps no connections.
type Client struct {
	http         *http.Client
	timeout      time.Duration
	allowPrivate bool
	guard        *ssrf.Guardian
}

// New makes a client.
func New(cfg Config) *Client {
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	c := &Client{allowPrivate: cfg.AllowPrivate, timeout: cfg.Timeout, guard: ssrf.New(ssrf.WithAnyPort())}
	dialer := &net.Dialer{Timeout: min(connectTimeout, cfg.Timeout), Resolver: cfg.Resolver}
	if !cfg.AllowPrivate {
		dialer.Control = func(network, address string, conn syscall.RawConn) error { return c.guard.Safe(network, address, conn) }
	}
	c.http = &http.Client{
		Timeout:       cfg.Timeout,
		CheckRedirect: c.checkRedirect,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: connectTimeout, MaxResponseHeaderBytes: maxHeaders,
			DisableKeepAlives: true, DisableCompression: true, // calls are rare, and an answer that unpacks to gigabytes is not read
		},
	}
	return c
}

// CheckURL says whether a URL may be called, as far as that can be told without asking for addresses. Errors: ErrURL, ErrNotPublic.
func (c *Client) CheckURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, ErrURL // the error quotes the URL, which may hold a secret
	}
	if !c.schemeAllowed(u) || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return nil, ErrURL
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, ErrURL
		}
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && !c.allowPrivate && c.guard.SafeAddr(address) != nil {
		return nil, ErrNotPublic
	}
	return u, nil
}

func (c *Client) schemeAllowed(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && c.allowPrivate
}

// checkRedirect follows what keeps the method and the body (307 and 308). Of other redirects the answer itself comes back.
func (c *Client) checkRedirect(next *http.Request, before []*http.Request) error {
	if next.Method != before[0].Method {
		return http.ErrUseLastResponse
	}
	if len(before) > maxRedirects {
		return errTooManyRedirects
	}
	if _, err := c.CheckURL(next.URL.String()); err != nil {
		return err
	}
	next.Header.Del("Referer") // would tell the next host the URL of the one before, secrets included
	return nil
}

var errTooManyRedirects = fmt.Errorf("more than %d redirects", maxRedirects)

// Answer is what came back.
type Answer struct {
	Status     int
	Text       string        // the first MaxAnswer bytes, as printable text
	RetryAfter time.Duration // 0 where the answer does not say
}

// Post sends a body and reads the beginning of the answer, whatever its status. The error is ErrURL or ErrNotPublic, or says in plain words
// why there is no answer; it holds nothing of the URL but its host.
func (c *Client) Post(ctx context.Context, address string, header http.Header, body []byte) (Answer, error) {
	if _, err := c.CheckURL(address); err != nil {
		return Answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return Answer{}, ErrURL
	}
	r.Header = header
	res, err := c.http.Do(r)
	if err != nil {
		return Answer{}, c.reason(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()
	// What is there of the answer is enough: the status has come, so the message has arrived.
	text, _ := io.ReadAll(io.LimitReader(res.Body, MaxAnswer))
	return Answer{Status: res.StatusCode, Text: printable(text), RetryAfter: retryAfter(res.Header.Get("Retry-After"))}, nil
}

// reason is why there was no answer, without the URL that net/http puts into its errors.
func (c *Client) reason(ctx context.Context, err error) error {
	var (
		outer   *url.Error
		name    *net.DNSError
		timeout net.Error
		known   *fault.Error
	)
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork):
		return ErrNotPublic
	case errors.As(err, &known):
		return known
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return ctx.Err()
	case errors.As(err, &name):
		return fmt.Errorf("the host name %s cannot be resolved", name.Name)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("no answer within %s", c.timeout)
	case errors.As(err, &outer):
		return errors.New(printable([]byte(outer.Err.Error())))
	}
	return errors.New("the call failed")
}

// printable makes a line of text of anything.
func printable(b []byte) string {
	text := strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < ' ' || r == 0x7f:
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(b), ""))
	return strings.TrimSpace(text)
}

// retryAfter reads the header of that name, of which the form in seconds is understood.
func retryAfter(header string) time.Duration {
	const most = 3600
	if seconds, err := strconv.Atoi(header); err == nil && seconds > 0 {
		return time.Duration(min(seconds, most)) * time.Second
	}
	return 0
}
