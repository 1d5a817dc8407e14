package ingest

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// RateLimits bounds the events per second of each key, on this node.
type RateLimits struct {
	perSecond int
	mu        sync.RWMutex
	limiters  map[tenants.KeyID]*rate.Limiter
}

// NewRateLimits allows each key perSecond events a second, and two seconds' worth at once. 0: no limit.
func NewRateLimits(perSecond int) *RateLimits {
	return &RateLimits{perSecond: perSecond, limiters: map[tenants.KeyID]*rate.Limiter{}}
}

// Take takes n events from a key's allowance, or returns the fault rate_limited, which tells when to come again.
func (r *RateLimits) Take(key tenants.KeyID, n int, now time.Time) error {
	if r.perSecond == 0 {
		return nil
	}
	limiter := r.limiter(key)
	reservation := limiter.ReserveN(now, n)
	wait := reservation.DelayFrom(now)
	if reservation.OK() && wait == 0 {
		return nil
	}
	reservation.CancelAt(now)
	return fault.New(fault.RateLimited, "rate_limited", "This key may send %d events a second. Send this request again after the time in Retry-After.", r.perSecond).
		After(min(max(wait, time.Second), time.Minute))
}

func (r *RateLimits) limiter(key tenants.KeyID) *rate.Limiter {
	r.mu.RLock()
	l := r.limiters[key]
	r.mu.RUnlock()
	if l != nil {
		return l
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if l = r.limiters[key]; l == nil {
		l = rate.NewLimiter(rate.Limit(r.perSecond), max(2*r.perSecond, MaxEvents))
		r.limiters[key] = l
	}
	return l
}
