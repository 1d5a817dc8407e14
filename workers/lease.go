package workers

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/observatory/observatory/internal/jobs"
)

// errInterrupted is why a job's context ended when the process could not wait for it any longer.
var errInterrupted = errors.New("the process ends")

// holdings are the jobs that this process has now.
type holdings struct {
	mu   sync.Mutex
	all  map[jobs.Held]*holding
	busy int           // messages that are being acted on
	none chan struct{} // closed while there is none
}

// holding is one of them. Its lease is measured by this process's clock, which may be ahead or behind, but runs as fast as the
// ledger's: the timer ends it before anybody else may have it.
type holding struct {
	end   context.CancelCauseFunc
	timer *time.Timer
}

func newHoldings() *holdings {
	none := make(chan struct{})
	close(none)
	return &holdings{all: make(map[jobs.Held]*holding), none: none}
}

// enter says that a message is being acted on, until leave.
func (h *holdings) enter() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy == 0 {
		h.none = make(chan struct{})
	}
	h.busy++
}

func (h *holdings) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy--; h.busy == 0 {
		close(h.none)
	}
}

func (h *holdings) add(held jobs.Held, end context.CancelCauseFunc, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all[held] = &holding{end: end, timer: time.AfterFunc(time.Until(until), func() { end(jobs.ErrLost) })}
}

func (h *holdings) remove(held jobs.Held) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all[held].timer.Stop()
	delete(h.all, held)
}

func (h *holdings) list() []jobs.Held {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]jobs.Held, 0, len(h.all))
	for held := range h.all {
		all = append(all, held)
	}
	return all
}

// extended takes over what the ledger said about asked: until when they are held, and what is wanted of them. Those of
// which it said nothing are lost.
func (h *holdings) extended(asked []jobs.Held, wanted map[jobs.Held]jobs.Wanted, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, held := range asked {
		mine, ok := h.all[held]
		if !ok {
			continue // it has ended meanwhile
		}
		switch want, ok := wanted[held]; {
		case !ok:
			mine.end(jobs.ErrLost)
		case want == jobs.WantCancel:
			mine.end(jobs.ErrCancelled)
		default:
			mine.timer.Reset(time.Until(until))
		}
	}
}

func (h *holdings) interrupt() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, mine := range h.all {
		mine.end(errInterrupted)
	}
}

// wait says whether everything that was begun ended within limit.
func (h *holdings) wait(limit time.Duration) bool {
	h.mu.Lock()
	none := h.none
	h.mu.Unlock()
	select {
	case <-none:
		return true
	case <-time.After(limit):
		return false
	}
}

// beat says regularly that this process lives, and keeps its leases, until ctx ends.
func (w *Workers) beat(ctx context.Context) {
	every := w.Ledger.Lease() / 4
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		asked, before := w.held.list(), time.Now()
		limited, cancel := context.WithTimeout(ctx, every)
		wanted, slots, err := w.Ledger.Beat(limited, w.self, asked)
		cancel()
		if err == nil { // whoever dispatches says what is wrong
			w.live.Store(&slots)
			w.held.extended(asked, wanted, before.Add(w.Ledger.Lease()))
		}
	}
}
