package ingest

import (
	"context"
	"sync"
)

// Watermark is an offset that only grows and can be waited for.
type Watermark struct {
	mu   sync.Mutex
	at   Offset
	next chan struct{} // closed when at grows
}

// NewWatermark makes a watermark that stands at an offset.
func NewWatermark(at Offset) *Watermark {
	return &Watermark{at: at, next: make(chan struct{})}
}

// At is where it stands.
func (w *Watermark) At() Offset {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

// Advance moves it forward.
func (w *Watermark) Advance(to Offset) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = to
	close(w.next)
	w.next = make(chan struct{})
}

// Wait returns once it stands behind after, or with ctx's error.
func (w *Watermark) Wait(ctx context.Context, after Offset) error {
	for {
		w.mu.Lock()
		at, next := w.at, w.next
		w.mu.Unlock()
		if at > after {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
