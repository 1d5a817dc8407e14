package ingest

import (
	"sync"
	"sync/atomic"

	"github.com/observatory/observatory/tenants"
)

// LiveEvent is a stored event, copied out of its batch.
type LiveEvent struct {
	Header
	Event
	Index int
}

// Live tells watchers of events as they are stored. It remembers nothing and never waits for a slow watcher: what does
// not fit is counted as missed.
type Live struct {
	mu       sync.RWMutex
	watchers map[tenants.ID]map[*Watcher]struct{}
	closed   bool
}

// NewLive makes a Live without watchers.
func NewLive() *Live { return &Live{watchers: map[tenants.ID]map[*Watcher]struct{}{}} }

// Watcher receives the events of one tenant.
type Watcher struct {
	Events chan LiveEvent // closed when Live is
	missed atomic.Int64
	name   string // only events of this name; empty: all
}

// Missed tells how many events were left out since the last call.
func (w *Watcher) Missed() int64 { return w.missed.Swap(0) }

// Watch begins to watch a tenant's events, all or those of one name. Call stop when done.
func (l *Live) Watch(tenant tenants.ID, name string) (w *Watcher, stop func()) {
	const room = 256
	w = &Watcher{Events: make(chan LiveEvent, room), name: name}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		close(w.Events)
		return w, func() {}
	}
	if l.watchers[tenant] == nil {
		l.watchers[tenant] = map[*Watcher]struct{}{}
	}
	l.watchers[tenant][w] = struct{}{}
	return w, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.watchers[tenant], w)
		if len(l.watchers[tenant]) == 0 {
			delete(l.watchers, tenant)
		}
	}
}

// Close ends all watching.
func (l *Live) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, watchers := range l.watchers {
		for w := range watchers {
			close(w.Events)
		}
	}
	clear(l.watchers)
	l.closed = true
}

// Publish tells the watchers of a settlement.
func (l *Live) Publish(s *Settlement) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(l.watchers) == 0 {
		return
	}
	for i := range s.Events {
		e := &s.Events[i]
		for w := range l.watchers[e.Tenant] {
			if w.name != "" && w.name != string(e.Name) {
				continue
			}
			if len(w.Events) == cap(w.Events) {
				w.missed.Add(1)
				continue
			}
			w.Events <- LiveEvent{Header: *e.Header, Event: e.clone(), Index: e.Index}
		}
	}
}

// clone copies an event out of the buffer that it lies in.
func (e *Event) clone() Event {
	c := *e
	for _, field := range []*[]byte{&c.Name, &c.ID, &c.UserID, &c.AnonymousID, &c.SessionID, &c.Properties, &c.Context, &c.Client.Name, &c.Client.Version, &c.Bot, &c.Facts} {
		*field = append([]byte(nil), *field...)
	}
	return c
}
