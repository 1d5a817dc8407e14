package tenants

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/observatory/observatory/internal/fault"
)

// Rate allows Burst attempts at once, and then one more per Every. The zero Rate means the default.
type Rate struct {
	Burst int
	Every time.Duration
}

// Limits slow down guessing and mass mailing. Each node counts for itself.
type Limits struct {
	LogInPerEmail    Rate // default 10, then one per 10 s; password changes and resets count too
	LogInPerAddress  Rate // default 30, then one per 2 s
	SignUpPerAddress Rate // default 10, then one per 30 s
	MailPerEmail     Rate // default 5, then one per 10 min: mail that anybody can have sent to an address
}

// ErrTooManyAttempts is returned, with the time to wait, by what is limited.
var ErrTooManyAttempts = fault.New(fault.RateLimited, "too_many_attempts", "Too many attempts. Wait a little before the next one.")

type limiters struct {
	logInPerEmail, logInPerAddress, signUpPerAddress, mailPerEmail *Limiter
}

func newLimiters(l Limits, now func() time.Time) *limiters {
	return &limiters{
		logInPerEmail:    NewLimiter(l.LogInPerEmail, Rate{10, 10 * time.Second}, now),
		logInPerAddress:  NewLimiter(l.LogInPerAddress, Rate{30, 2 * time.Second}, now),
		signUpPerAddress: NewLimiter(l.SignUpPerAddress, Rate{10, 30 * time.Second}, now),
		mailPerEmail:     NewLimiter(l.MailPerEmail, Rate{5, 10 * time.Minute}, now),
	}
}

// logIn counts an attempt to log in from an address as the person with this e-mail.
func (l *limiters) logIn(from netip.Addr, emailKey string) error {
	if err := l.logInPerAddress.Take(Network(from)); err != nil {
		return err
	}
	return l.logInPerEmail.Take(emailKey)
}

// Network is what one subscriber usually has: an IPv4 address, or a /64 of IPv6.
func Network(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// maxLimited is how many names one Limiter keeps count of: about 20 MB at most.
const maxLimited = 100_000

// Limiter is a token bucket per name. Each node counts for itself.
type Limiter struct {
	each Rate
	now  func() time.Time

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// NewLimiter makes one. A zero rate means byDefault.
func NewLimiter(r, byDefault Rate, now func() time.Time) *Limiter {
	if r == (Rate{}) {
		r = byDefault
	}
	return &Limiter{each: r, now: now, buckets: make(map[string]*rate.Limiter)}
}

// Take counts one attempt, or returns ErrTooManyAttempts with the time to wait.
func (l *Limiter) Take(name string) error {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets[name]
	if !ok {
		if len(l.buckets) >= maxLimited {
			l.makeRoom(now)
		}
		b = rate.NewLimiter(rate.Every(l.each.Every), l.each.Burst)
		l.buckets[name] = b
	}
	r := b.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return ErrTooManyAttempts.After(wait)
	}
	return nil
}

// makeRoom forgets the names that have recovered, which loses nothing; and if there are none, one name out of eight,
// chosen by the map's random order, so that an attacker with many names cannot choose which.
func (l *Limiter) makeRoom(now time.Time) {
	for name, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.each.Burst) {
			delete(l.buckets, name)
		}
	}
	if len(l.buckets) < maxLimited {
		return
	}
	excess := maxLimited / 8
	for name := range l.buckets {
		if excess--; excess < 0 {
			return
		}
		delete(l.buckets, name)
	}
}
