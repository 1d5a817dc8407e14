package jobs

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// The side of the ledger that package workers works with. Every duration is measured by the ledger's own clock. All
// methods return an Unavailable fault while the database is away.

// Held is one attempt at a job. The number tells it from attempts before and after it, so what a worker says that has
// lost the job meanwhile changes nothing.
type Held struct {
	ID      uuid.UUID
	Attempt int
}

// Claim is a job that a worker has from now on, until its lease is over.
type Claim struct {
	Held
	Tenant      uuid.UUID
	Kind        string
	Queue       Queue
	Params      json.RawMessage
	Cursor      json.RawMessage // nil: nothing was saved
	Failures    int             // in a row, before this attempt
	Schedule    string
	Tick        *time.Time
	Missed      int
	Correlation string
	Waited      time.Duration  // since it was due
	Left        *time.Duration // until its deadline; nil: none
}

// Message is what goes through Redis: which job, and the how-manieth message about it. Only the newest counts.
type Message struct {
	ID       uuid.UUID
	Queue    Queue
	Kind     string
	Dispatch int
}

// Slots are numbers by queue.
type Slots map[Queue]int

// Dispatching is how due jobs become messages.
type Dispatching interface {
	// Know makes schedules known that are not yet, with their first tick ahead.
	Know(ctx context.Context, schedules []Schedule) error
	// Tick makes a job for each of the schedules that is due and whose job before has ended, one however many ask.
	Tick(ctx context.Context, schedules []Schedule) (made int, err error)
	// Dispatch picks due jobs of these kinds, fair between tenants, as long as fewer messages than room are under way in
	// their queue.
	Dispatch(ctx context.Context, kinds []string, room Slots) ([]Message, error)
	// Undispatch takes back messages that could not be sent.
	Undispatch(ctx context.Context, all []Message) error
	// Unclaimed lists messages of these kinds that nobody has acted on for that long.
	Unclaimed(ctx context.Context, kinds []string, after time.Duration) ([]Message, error)
	// Reap takes jobs from workers whose lease is over for longer than grace, and ends those whose deadline has passed.
	Reap(ctx context.Context, grace time.Duration) (Reaped, error)
}

// Reaped counts what Reap did.
type Reaped struct{ Lost, Overdue int }

// Executing is how workers take jobs and say how they went.
type Executing interface {
	Keeper
	// Lease is for how long a worker has a job from Claim, Note or Beat on.
	Lease() time.Duration
	// Claim takes the job; nil when it is not this message's turn (any more).
	Claim(ctx context.Context, m Message, worker string) (*Claim, error)
	// Beat says that a worker lives and extends its leases. Of the attempts that are still its own it returns what is
	// wanted; the others are lost. slots counts those of all workers that live.
	Beat(ctx context.Context, w Worker, held []Held) (wanted map[Held]Wanted, slots Slots, err error)
	// End writes down how an attempt ended. ErrLost when it is not the job's any more; what it says then is dropped.
	End(ctx context.Context, held Held, e Ending) error
	// Leave says that a worker has ended.
	Leave(ctx context.Context, worker string) error
}

// Worker is a process that runs jobs.
type Worker struct {
	ID    string
	Host  string
	Slots Slots
}

// Outcome is how an attempt ended.
type Outcome string

// The outcomes.
const (
	OutcomeRunning     Outcome = "running"
	OutcomeOK          Outcome = "ok"
	OutcomeFailed      Outcome = "failed"
	OutcomeLost        Outcome = "lost"        // its worker was not heard of any more
	OutcomeYielded     Outcome = "yielded"     // there is more to do
	OutcomeInterrupted Outcome = "interrupted" // its worker was asked to end
	OutcomePaused      Outcome = "paused"
	OutcomeCancelled   Outcome = "cancelled"
)

// Ending is how an attempt ended, in the worker's words.
type Ending struct {
	Outcome   Outcome
	Error     string        // in words that the tenant may see
	Cause     string        // in all detail, for operators
	After     time.Duration // until the next attempt, if there is one
	Permanent bool          // no further attempt
}

// Housekeeping keeps the ledger small.
type Housekeeping interface {
	// Sweep forgets jobs whose history need not be kept any longer, at most limit of them.
	Sweep(ctx context.Context, limit int) (forgotten int, err error)
}

// Ledger is all of it.
type Ledger interface {
	Dispatching
	Executing
	Housekeeping
}

// Schedule has a job made again and again: once per tick, however many workers there are, and never beside the one before.
type Schedule struct {
	Name   string
	Every  time.Duration // at least a second; ticks are at its multiples since 1970 UTC
	Offset time.Duration // and this much later
	Make   func() Job    // makes the job; what concerns schedule and tick is filled in
}
