package main

import (
	"sync"
	"time"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

// pace counts, tenant by tenant, what goes into the log of this node and what comes out of it. It begins with the process: what was left
// in the log before is not counted.
type pace struct {
	now   func() time.Time
	began time.Time

	mu      sync.Mutex
	tenants map[tenants.ID]*paceOf
}

// paceOf is the pace of one tenant.
type paceOf struct {
	accepted, settled, stored, aside meter

	waiting int64         // events that were accepted and have no outcome yet
	since   time.Time     // when the oldest of them was accepted, or a little before
	lag     time.Duration // of the last events that got their outcome
}

func newPace(now func() time.Time) *pace {
	return &pace{now: now, began: now().Truncate(time.Millisecond), tenants: map[tenants.ID]*paceOf{}}
}

// accepted is told of each request that is in the log.
func (p *pace) accepted(who ingest.Sender, events int) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.of(who.Tenant, now)
	if t.waiting <= 0 {
		t.since = now
	}
	t.waiting += int64(events)
	t.accepted.add(now, int64(events))
}

// stored is told of each settlement.
func (p *pace) stored(s *ingest.Settlement) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range s.Receipts {
		t := p.of(r.Tenant, now)
		var aside, other int64
		for _, e := range r.Exceptions {
			if e.Status == ingest.Quarantined {
				aside++
			} else {
				other++
			}
		}
		events := int64(len(r.EventIDs))
		t.settled.add(now, events)
		t.aside.add(now, aside)
		t.stored.add(now, events-aside-other)
		t.lag = max(0, now.Sub(r.ReceivedAt))
		if !r.ReceivedAt.Before(p.began) {
			t.waiting -= events
			t.since = r.ReceivedAt
		}
	}
}

// paceNow is the pace of a tenant at a moment.
type paceNow struct {
	accepted, settled, stored, aside float64 // events a second, over the last minute
	waiting                          int64
	oldest, lag                      time.Duration // 0: nothing waits; nothing got its outcome
}

// at tells the pace of a tenant. Idle: nothing is in the log.
func (p *pace) at(tenant tenants.ID, idle bool) paceNow {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tenants[tenant]
	if t == nil {
		return paceNow{}
	}
	if idle {
		t.waiting = 0 // a request can be settled before it was counted
	}
	out := paceNow{
		accepted: t.accepted.perSecond(now), settled: t.settled.perSecond(now), stored: t.stored.perSecond(now), aside: t.aside.perSecond(now),
		waiting: max(0, t.waiting), lag: t.lag,
	}
	if out.waiting > 0 {
		out.oldest = max(0, now.Sub(t.since))
	}
	return out
}

// of finds the pace of a tenant. Above a thousand tenants it forgets those of whom nothing waits and nothing came within the last minute.
func (p *pace) of(tenant tenants.ID, now time.Time) *paceOf {
	const most = 1000
	t := p.tenants[tenant]
	if t != nil {
		return t
	}
	if len(p.tenants) >= most {
		for id, other := range p.tenants {
			if other.waiting <= 0 && other.accepted.perSecond(now) == 0 && other.settled.perSecond(now) == 0 {
				delete(p.tenants, id)
			}
		}
	}
	t = &paceOf{}
	p.tenants[tenant] = t
	return t
}

// meter counts by the second over the last minute.
type meter struct {
	counts [60]int64
	newest int64 // Unix seconds
}

func (m *meter) add(now time.Time, n int64) {
	m.turn(now.Unix())
	m.counts[now.Unix()%int64(len(m.counts))] += n
}

func (m *meter) perSecond(now time.Time) float64 {
	m.turn(now.Unix())
	var sum int64
	for _, n := range m.counts {
		sum += n
	}
	return float64(sum) / float64(len(m.counts))
}

// turn forgets the seconds that lie more than a minute back.
func (m *meter) turn(second int64) {
	size := int64(len(m.counts))
	for s := max(m.newest+1, second-size+1); s <= second; s++ {
		m.counts[s%size] = 0
	}
	m.newest = max(m.newest, second)
}
