package api

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/observatory/observatory/tenants"
)

// trialsAtOnce is how many requests may look at stored events at a time: each holds up to 32 MB of them, several times over, and keeps
// a processor busy.
const trialsAtOnce = 4

// trials lets one request of each tenant look at stored events at a time, and few in all: rehearsals and inference. Who comes next waits,
// so that no tenant takes the turns of the others.
type trials struct {
	room *semaphore.Weighted

	mu sync.Mutex
	of map[tenants.ID]*trialTurn
}

type trialTurn struct {
	free  *semaphore.Weighted
	users int // who look or wait
}

func newTrials() *trials {
	return &trials{room: semaphore.NewWeighted(trialsAtOnce), of: map[tenants.ID]*trialTurn{}}
}

// take waits for the tenant's turn and for room, or returns ctx's error. Whoever has both gives them back by calling done.
func (t *trials) take(ctx context.Context, tenant tenants.ID) (done func(), err error) {
	t.mu.Lock()
	turn := t.of[tenant]
	if turn == nil {
		turn = &trialTurn{free: semaphore.NewWeighted(1)}
		t.of[tenant] = turn
	}
	turn.users++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if turn.users--; turn.users == 0 {
			delete(t.of, tenant)
		}
	}
	if err := turn.free.Acquire(ctx, 1); err != nil {
		leave()
		return nil, err
	}
	if err := t.room.Acquire(ctx, 1); err != nil {
		turn.free.Release(1)
		leave()
		return nil, err
	}
	return func() {
		t.room.Release(1)
		turn.free.Release(1)
		leave()
	}, nil
}
