package schema

import (
	"context"
	"sync"

	"github.com/observatory/observatory/tenants"
)

// turns lets one caller of each tenant through at a time.
type turns struct {
	mu sync.Mutex
	of map[tenants.ID]*turn
}

type turn struct {
	free  chan struct{} // holds one token while nobody is through
	users int           // who are through or wait
}

func newTurns() *turns { return &turns{of: map[tenants.ID]*turn{}} }

// take waits for the tenant's turn, or returns ctx's error. Whoever has it gives it back by calling done.
func (t *turns) take(ctx context.Context, tenant tenants.ID) (done func(), err error) {
	t.mu.Lock()
	it := t.of[tenant]
	if it == nil {
		it = &turn{free: make(chan struct{}, 1)}
		it.free <- struct{}{}
		t.of[tenant] = it
	}
	it.users++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if it.users--; it.users == 0 {
			delete(t.of, tenant)
		}
	}
	select {
	case <-it.free:
		return func() {
			it.free <- struct{}{}
			leave()
		}, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
