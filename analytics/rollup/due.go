package rollup

import (
	"time"

	"github.com/observatory/observatory/tenants"
)

const (
	// quiet is how long nothing must have changed in an hour before it is computed again: what comes together is computed once.
	quiet = 5 * time.Second
	// patience is how long an hour that changes all the time waits after its last rollup.
	patience = 30 * time.Second
	// closing is how long after its end an hour is still open: its last events are on their way.
	closing = time.Minute
)

// Dirty is an hour whose marks are not those that its rollup was computed from.
type Dirty struct {
	Tenant     tenants.ID
	Hour       time.Time
	Undecided  bool      // a batch of its events is under way, or was when its sink ended
	MarkedAt   time.Time // when it was last marked
	ComputedAt time.Time // when its rollup was; long ago when there is none
	Now        time.Time // by the clock that marked it
}

// Due tells whether the hour should be computed now. One that is not over is answered from its events; so is one in which a batch is
// under way, until that is stored.
func (d Dirty) Due() bool {
	if d.Undecided || d.Now.Before(d.Hour.Add(time.Hour+closing)) {
		return false
	}
	return d.Now.Sub(d.MarkedAt) >= quiet || d.Now.Sub(d.ComputedAt) >= patience
}

// Age is how long the hour has been due at most, 0 for one that need not be computed yet.
func (d Dirty) Age() time.Duration {
	since := d.Hour.Add(time.Hour + closing)
	if d.MarkedAt.After(since) {
		since = d.MarkedAt
	}
	return max(0, d.Now.Sub(since))
}
