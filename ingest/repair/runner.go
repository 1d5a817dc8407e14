package repair

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
)

// Queue is where a runner finds replays to work on, and writes down how far it is. A replay that has run belongs to one log from then
// on, and so to the one node that has it.
type Queue interface {
	// ClaimReplay takes the oldest replay that waits or belongs to the log, and is not busy; nil when there is none.
	ClaimReplay(ctx context.Context, log uuid.UUID, busy []ID, now time.Time) (*Replay, error)
	// NoteReplay writes down how far a replay is, and returns the state that it is wanted in. Errors: ErrNoSuchReplay.
	NoteReplay(ctx context.Context, log uuid.UUID, id ID, p Progress, now time.Time) (State, error)
	// EndReplay is NoteReplay for the last time: with Paused, Cancelled, Done or Failed, and why it failed.
	EndReplay(ctx context.Context, log uuid.UUID, id ID, state State, p Progress, why string, now time.Time) error
}

// Sink is how far the log is stored.
type Sink interface {
	Settled() ingest.Offset
	// WaitSettled returns once everything before the offset can be queried, or with ctx's error.
	WaitSettled(ctx context.Context, end ingest.Offset) error
}

// RunnerDeps are what a runner works with.
type RunnerDeps struct {
	Queue       Queue
	Archive     Archive
	Prepare     ingest.Preparer
	Suppression ingest.Suppression // nil: nobody is suppressed
	Log         ingest.Log
	LogID       uuid.UUID // of that log, for as long as it lives
	Sink        Sink      // behind that log
	Now         func() time.Time
	Logger      *slog.Logger
	ChunkEvents int // read at a time; default 1000, which is the most
}

// Runner works on replays: it reads events in chunks, prepares them by the rules of the moment, and appends them to the log. A chunk's
// place is written down only when the sink has settled it, so that a runner that dies leaves nothing undone: the next one
// waits until all that lies in the log is settled, and goes on behind the last place, past what was repaired already.
type Runner struct {
	deps RunnerDeps
	mend *Mender
	wake chan struct{}

	mu       sync.Mutex
	busy     map[ID]struct{}
	failures map[ID]int // in a row
	failing  bool       // whether the last look for work failed
}

// Bounds of a runner's work.
const (
	atOnce      = 2    // replays
	chunkEvents = 1000 // read at a time, at most
	chunkBytes  = 8 << 20
	underWay    = 16                     // chunks that are appended and not settled yet
	lapEvents   = 50_000                 // whose IDs are looked up among the stored events at a time
	lapTime     = time.Hour              // after which they are looked up again, long before the sink forgets what was stored since
	noteEvery   = 500 * time.Millisecond // at least, while a replay runs
	pollEvery   = 500 * time.Millisecond
	retryAfter  = 2 * time.Second
	maxFailures = 5
)

// NewRunner makes a runner.
func NewRunner(deps RunnerDeps) *Runner {
	if deps.Suppression == nil {
		deps.Suppression = ingest.NoSuppression{}
	}
	if deps.ChunkEvents == 0 {
		deps.ChunkEvents = chunkEvents
	}
	return &Runner{
		deps: deps, mend: NewMender(deps.Prepare), wake: make(chan struct{}, 1), busy: map[ID]struct{}{}, failures: map[ID]int{},
	}
}

// Wake makes the runner look for work at once.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run works on replays until ctx ends. What it was working on then goes on with the next Run of a runner with the same log.
func (r *Runner) Run(ctx context.Context) error {
	var working sync.WaitGroup
	defer working.Wait()
	for {
		claimed := r.claim(ctx)
		if claimed != nil {
			working.Go(func() {
				defer r.release(claimed.ID)
				r.work(ctx, claimed)
			})
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
		case <-time.After(pollEvery):
		}
	}
}

func (r *Runner) claim(ctx context.Context) *Replay {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.busy) >= atOnce || ctx.Err() != nil {
		return nil
	}
	busy := make([]ID, 0, len(r.busy))
	for id := range r.busy {
		busy = append(busy, id)
	}
	claimed, err := r.deps.Queue.ClaimReplay(ctx, r.deps.LogID, busy, r.deps.Now())
	if err != nil {
		if !r.failing && ctx.Err() == nil {
			r.deps.Logger.Warn("replays cannot be looked for now", "error", err)
		}
		r.failing = true
		return nil
	}
	r.failing = false
	if claimed != nil {
		r.busy[claimed.ID] = struct{}{}
	}
	return claimed
}

func (r *Runner) release(id ID) {
	r.mu.Lock()
	delete(r.busy, id)
	r.mu.Unlock()
	r.Wake()
}

// work brings one replay as far as it can be brought.
func (r *Runner) work(ctx context.Context, claimed *Replay) {
	logger := r.deps.Logger.With("replay", claimed.ID, "tenant", claimed.Tenant)
	err := r.attempt(ctx, claimed)
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	if err == nil || fault.KindOf(err) == fault.Unavailable {
		delete(r.failures, claimed.ID)
	} else {
		r.failures[claimed.ID]++
	}
	failures := r.failures[claimed.ID]
	r.mu.Unlock()
	if err == nil {
		return
	}
	logger.Warn("a replay was interrupted; it goes on from where it was", "error", err)
	if failures >= maxFailures {
		if err = r.fail(ctx, claimed, err); err == nil {
			return
		}
		logger.Warn("a replay that failed could not be ended", "error", err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(retryAfter):
	}
}

// attempt runs a replay. Events that make us panic cost their replay, and not the server, which would take the replay up again.
func (r *Runner) attempt(ctx context.Context, claimed *Replay) (err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("panic: %v", why)
		}
	}()
	return newJob(r, claimed).run(ctx)
}

// fail ends a replay that fails again and again, once nothing of it is under way.
func (r *Runner) fail(ctx context.Context, claimed *Replay, because error) error {
	if err := r.deps.Sink.WaitSettled(ctx, r.deps.Log.End()); err != nil {
		return err
	}
	r.deps.Logger.Error("a replay failed", "replay", claimed.ID, "tenant", claimed.Tenant, "error", because)
	j := newJob(r, claimed)
	if err := j.recount(ctx); err != nil {
		return err
	}
	return r.deps.Queue.EndReplay(ctx, r.deps.LogID, claimed.ID, Failed, j.progress, fault.From(because).Message, r.deps.Now())
}
