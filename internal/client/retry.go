package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"
)

// The first and the longest wait between two attempts, unless the server asks for a longer one.
const (
	firstWait   = 200 * time.Millisecond
	longestWait = 10 * time.Second
)

// Unreachable says that no answer came: nothing listens there, the connection broke, or the attempt took too long.
type Unreachable struct {
	URL   string
	cause error
}

func (e *Unreachable) Error() string { return fmt.Sprintf("cannot reach %s: %v", e.URL, e.cause) }

func (e *Unreachable) Unwrap() error { return e.cause }

// unreachable drops the method and path that net/http puts in front of what went wrong.
func (c *Client) unreachable(err error) error {
	var inner *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("no answer within %s: %w", c.timeout, context.DeadlineExceeded)
	case errors.As(err, &inner):
		err = inner.Err
	}
	return &Unreachable{URL: c.base, cause: err}
}

// retry attempts until it works, fails for good, or would have to wait past the time that is allowed. `again` says that
// acting twice on the request does no harm.
func (c *Client) retry(ctx context.Context, again bool, attempt func(context.Context) error) error {
	start := time.Now()
	for n := 1; ; n++ {
		err := attempt(ctx)
		if err == nil || ctx.Err() != nil || !worthAnotherTry(err, again) {
			return err
		}
		wait := waitBefore(n, err)
		if time.Since(start)+wait > c.retryFor {
			if n == 1 {
				return err
			}
			return fmt.Errorf("gave up after %d attempts: %w", n, err)
		}
		if c.onRetry != nil {
			c.onRetry(err, wait)
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// worthAnotherTry tells passing troubles from lasting ones.
func worthAnotherTry(err error, again bool) bool {
	var p *Problem
	if errors.As(err, &p) {
		switch p.Status {
		case http.StatusTooManyRequests, http.StatusServiceUnavailable: // refused before anything was done
			return true
		case http.StatusBadGateway, http.StatusGatewayTimeout: // a proxy that does not know what was done
			return again
		}
		return false
	}
	var u *Unreachable
	if !errors.As(err, &u) {
		return false
	}
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		op          *net.OpError
	)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound, errors.As(err, &certificate):
		return false
	case errors.As(err, &op) && op.Op == "dial":
		return true // nothing was sent
	}
	return again
}

// waitBefore is how long to wait after attempt n has failed with err. It doubles from attempt to attempt and is never
// shorter than the server asked for; the random part keeps senders that failed together from coming back together.
func waitBefore(n int, err error) time.Duration {
	wait := longestWait
	if n < 8 {
		wait = min(firstWait<<(n-1), longestWait)
	}
	var p *Problem
	if errors.As(err, &p) && p.RetryAfter > wait/2 {
		return p.RetryAfter + rand.N(wait/2)
	}
	return wait/2 + rand.N(wait/2)
}

// sleep waits for d, or returns ctx's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
