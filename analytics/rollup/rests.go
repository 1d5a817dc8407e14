package rollup

import (
	"sync"
	"time"

	"github.com/observatory/observatory/tenants"
)

// restTooMuch is for how long an hour that took too much is left alone: it is answered from its events, and another attempt would cost as much.
const restTooMuch = 10 * time.Minute

// rests remembers which hours took too much. Each process does so by itself: forgetting costs one more attempt.
type rests struct {
	mu    sync.Mutex
	until map[tenantHour]time.Time
}

type tenantHour struct {
	tenant tenants.ID
	hour   int64 // Unix seconds
}

// begin leaves hours alone for a while.
func (r *rests) begin(tenant tenants.ID, hours []time.Time, now time.Time) {
	if len(hours) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := map[tenantHour]time.Time{}
	for key, until := range r.until {
		if now.Before(until) {
			kept[key] = until
		}
	}
	for _, hour := range hours {
		kept[tenantHour{tenant, hour.Unix()}] = now.Add(restTooMuch)
	}
	r.until = kept
}

// has tells whether an hour is left alone.
func (r *rests) has(tenant tenants.ID, hour, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.until[tenantHour{tenant, hour.Unix()}])
}
