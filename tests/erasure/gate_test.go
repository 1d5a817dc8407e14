package erasure_test

import (
	"context"
	"sync"
	"testing"

	"github.com/observatory/observatory/ingest"
)

// gate is open until it is shut.
type gate struct {
	mu      sync.Mutex
	opens   chan struct{} // nil: it is open
	arrives chan struct{}
}

// shut shuts it until it is opened, or the test is over, and returns what is closed once somebody waits before it.
func (g *gate) shut(t *testing.T) (arrives <-chan struct{}) {
	t.Cleanup(g.open)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opens, g.arrives = make(chan struct{}), make(chan struct{})
	return g.arrives
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opens != nil {
		close(g.opens)
		g.opens = nil
	}
}

// pass waits while the gate is shut.
func (g *gate) pass(ctx context.Context) error {
	g.mu.Lock()
	opens := g.opens
	if opens != nil && g.arrives != nil {
		close(g.arrives)
		g.arrives = nil
	}
	g.mu.Unlock()
	if opens == nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-opens:
		return nil
	}
}

// gatedLog is a log whose reader waits before a gate with what has come.
type gatedLog struct {
	ingest.Log
	gate *gate
}

func (l gatedLog) Wait(ctx context.Context, after ingest.Offset) error {
	if err := l.Log.Wait(ctx, after); err != nil {
		return err
	}
	return l.gate.pass(ctx)
}

// gatedStore is a store whose writer waits before a gate with what is ready.
type gatedStore struct {
	ingest.Store
	gate *gate
}

func (s gatedStore) Write(ctx context.Context, settled *ingest.Settlement, again bool) error {
	if err := s.gate.pass(ctx); err != nil {
		return err
	}
	return s.Store.Write(ctx, settled, again)
}
