package workers

import (
	"context"
	"fmt"
	"time"

	"github.com/observatory/observatory/internal/jobs"
)

const (
	lookEvery  = 500 * time.Millisecond // at the ledger, besides being told of new jobs
	roundLimit = 10 * time.Second
)

// window is how many messages about a queue may be under way, for each of its slots. Those are in nobody's turn any more: what
// is short may have more of them, so that asynq, which looks into an empty queue a few times a second, finds enough each time.
func window(queue jobs.Queue) int {
	if queue == jobs.Bulk {
		return 2
	}
	return 8
}

// Everything that has to do with death is measured by the lease, which is 15 s.

// grace is for how long after its lease a worker may take to end the handler, which it does by its own clock.
func (w *Workers) grace() time.Duration { return w.Ledger.Lease() / 8 }

// reviewEvery is how often lost jobs and messages are looked for.
func (w *Workers) reviewEvery() time.Duration { return w.Ledger.Lease() / 8 }

// quiet is for how long nobody acts on a message before it is looked for in Redis.
func (w *Workers) quiet() time.Duration { return w.Ledger.Lease() / 3 }

// lookSoon has dispatch look at the ledger without waiting for its next turn.
func (w *Workers) lookSoon() {
	select {
	case w.wake <- struct{}{}:
	default: // asked for already
	}
}

// dispatch makes jobs of ticks and messages of jobs until ctx ends. Every process does it; the ledger sees to it that each
// job has one message.
func (w *Workers) dispatch(ctx context.Context, queue *redis) {
	var reviewed time.Time
	failing := false
	pause := lookEvery
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-time.After(pause):
		}
		err := w.round(ctx, queue)
		if err == nil && time.Since(reviewed) >= w.reviewEvery() {
			err = w.review(ctx, queue)
			reviewed = time.Now()
		}
		pause = lookEvery
		if err != nil && ctx.Err() == nil {
			if !failing {
				w.Logger.Warn("jobs wait, because PostgreSQL or Redis is away", "error", err)
			}
			pause = 2 * lookEvery
		} else if failing {
			w.Logger.Info("jobs are dispatched again")
		}
		failing = err != nil
	}
}

// round makes jobs of ticks that are due, and messages of jobs that are due.
func (w *Workers) round(ctx context.Context, queue *redis) error {
	ctx, cancel := context.WithTimeout(ctx, roundLimit)
	defer cancel()
	if _, err := w.Ledger.Tick(ctx, w.schedules); err != nil {
		return fmt.Errorf("make jobs of ticks: %w", err)
	}
	room := make(jobs.Slots)
	for queue, slots := range *w.live.Load() {
		room[queue] = window(queue) * max(slots, w.cfg.Slots[queue])
	}
	messages, err := w.Ledger.Dispatch(ctx, w.kinds, room)
	if err != nil {
		return fmt.Errorf("choose jobs: %w", err)
	}
	w.more.Store(len(messages) > 0)
	for i, m := range messages {
		if err := queue.send(ctx, m); err != nil {
			if back := w.Ledger.Undispatch(ctx, messages[i:]); back != nil {
				w.Logger.Warn("messages that could not be sent are sent again later", "error", back) // review finds them
			}
			return fmt.Errorf("send a message: %w", err)
		}
	}
	return nil
}

// review sends messages again that were lost, and takes jobs from workers that are not heard of any more.
func (w *Workers) review(ctx context.Context, queue *redis) error {
	ctx, cancel := context.WithTimeout(ctx, roundLimit)
	defer cancel()
	reaped, err := w.Ledger.Reap(ctx, w.grace())
	if err != nil {
		return fmt.Errorf("look for lost jobs: %w", err)
	}
	if reaped.Lost > 0 {
		w.Logger.Warn("jobs were taken from workers that are not heard of any more", "jobs", reaped.Lost)
	}
	unclaimed, err := w.Ledger.Unclaimed(ctx, w.kinds, w.quiet())
	if err != nil {
		return fmt.Errorf("look for lost messages: %w", err)
	}
	var lost []jobs.Message
	for _, m := range unclaimed {
		waits, err := queue.waits(m)
		if err != nil {
			return fmt.Errorf("look for a message: %w", err)
		}
		if !waits {
			lost = append(lost, m)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	w.Logger.Warn("messages were lost; they are sent again", "messages", len(lost))
	w.lookSoon()
	if err := w.Ledger.Undispatch(ctx, lost); err != nil {
		return fmt.Errorf("take back lost messages: %w", err)
	}
	return nil
}
