package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// SliceTime is how long a bulk job works before Step sends it behind the jobs of other tenants.
const SliceTime = 20 * time.Second

// Handlers return these, usually because Progress or Step did.
var (
	ErrPaused    = errors.New("the job is to pause")
	ErrCancelled = errors.New("the job is cancelled")
	ErrLost      = errors.New("the job was taken away: this worker was not heard of for too long")
)

// Yield ends an attempt of a job that has more to do: it runs again after that time, behind other tenants' jobs. What the
// next attempt has to know is saved before.
func Yield(after time.Duration) error { return yield{after} }

type yield struct{ after time.Duration }

func (y yield) Error() string { return "the job goes on " + y.after.String() + " later" }

// Yielded says whether an error came from Yield, and after which time the job goes on.
func Yielded(err error) (after time.Duration, ok bool) {
	var y yield
	ok = errors.As(err, &y)
	return y.after, ok
}

// Permanent marks an error that another attempt will not make good: the job fails at once.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// IsPermanent says whether an error was marked with Permanent.
func IsPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}

// Run is one attempt at a job, as its handler sees it. Its methods may be called from many goroutines.
type Run struct {
	ID          uuid.UUID // of the job: the same in every attempt
	Tenant      uuid.UUID
	Kind        string
	Queue       Queue
	Params      json.RawMessage
	Attempt     int       // from 1
	Tick        time.Time // that a schedule's job was made for; zero otherwise
	Missed      int       // ticks before Tick for which no job was made, because no worker ran or the job before took too long
	Correlation string

	keeper   Keeper
	draining func() bool
	began    time.Time

	mu     sync.Mutex
	noted  time.Time // when the ledger was last told
	cursor json.RawMessage
}

// Keeper is where a run is written down: the ledger.
type Keeper interface {
	// Note writes down what is not nil, extends the lease, and says what somebody wants of the job. ErrLost when the
	// attempt is not the job's any more.
	Note(ctx context.Context, held Held, n Note) (Wanted, error)
}

// Note is what a run tells of itself.
type Note struct {
	Progress *Progress
	Cursor   json.RawMessage
}

// Progress is how far a job is.
type Progress struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total"` // 0: not known
	Note  string `json:"note,omitempty"`
}

// Wanted is what somebody wants of a running job.
type Wanted string

// What may be wanted.
const (
	WantRun    Wanted = "run"
	WantPause  Wanted = "pause"
	WantCancel Wanted = "cancel"
)

// NewRun begins an attempt that was claimed. draining says whether the process is about to end.
func NewRun(c Claim, keeper Keeper, draining func() bool) *Run {
	r := &Run{
		ID: c.ID, Tenant: c.Tenant, Kind: c.Kind, Queue: c.Queue, Params: c.Params, Attempt: c.Attempt, Missed: c.Missed, Correlation: c.Correlation,
		keeper: keeper, draining: draining, began: time.Now(), cursor: c.Cursor,
	}
	if c.Tick != nil {
		r.Tick = *c.Tick
	}
	return r
}

// Unwatched is a run that is written down nowhere, to call a handler by hand, as tests do.
func Unwatched(tenant uuid.UUID) *Run {
	return NewRun(Claim{Held: Held{ID: newID(), Attempt: 1}, Tenant: tenant}, unwatched{}, func() bool { return false })
}

type unwatched struct{}

func (unwatched) Note(context.Context, Held, Note) (Wanted, error) { return WantRun, nil }

// Held names the attempt in the ledger.
func (r *Run) Held() Held { return Held{ID: r.ID, Attempt: r.Attempt} }

// Load reads what an attempt before this one saved into cursor, which is left alone, and false returned, where none did.
func (r *Run) Load(cursor any) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.cursor) == 0 {
		return false, nil
	}
	if err := json.Unmarshal(r.cursor, cursor); err != nil {
		return false, fmt.Errorf("read where %s was: %w", r.Kind, err)
	}
	return true, nil
}

// Save writes down how far the work is, for the next attempt. ErrLost when this attempt is not the job's any more: then
// another may be at work, and the handler returns at once.
func (r *Run) Save(ctx context.Context, cursor any) error {
	_, err := r.note(ctx, nil, cursor)
	return err
}

// Progress says how far the job is; a total of 0 is not known. A handler that takes longer than a few seconds calls it
// often (the ledger is told about once a second) and returns its error as it is: ErrPaused, ErrCancelled, or for a bulk
// job one that yields because the process ends.
func (r *Run) Progress(ctx context.Context, done, total int64, note string) error {
	const often = time.Second
	r.mu.Lock()
	recent := time.Since(r.noted) < often
	r.mu.Unlock()
	if recent && !r.draining() {
		return nil
	}
	return r.tell(ctx, &Progress{Done: done, Total: total, Note: note}, nil)
}

// Step is Save and Progress at once, for jobs that work in slices: after each piece of work the handler calls it and
// returns its error, if any. Besides those of Progress there is one that yields, when the slice of a bulk job is over.
func (r *Run) Step(ctx context.Context, cursor any, done, total int64, note string) error {
	if err := r.tell(ctx, &Progress{Done: done, Total: total, Note: note}, cursor); err != nil {
		return err
	}
	if r.Queue == Bulk && time.Since(r.began) >= SliceTime {
		return Yield(0)
	}
	return nil
}

func (r *Run) tell(ctx context.Context, p *Progress, cursor any) error {
	wanted, err := r.note(ctx, p, cursor)
	switch {
	case err != nil:
		return err
	case wanted == WantPause:
		return ErrPaused
	case wanted == WantCancel:
		return ErrCancelled
	case r.Queue == Bulk && r.draining():
		return Yield(0)
	}
	return nil
}

func (r *Run) note(ctx context.Context, p *Progress, cursor any) (Wanted, error) {
	n := Note{Progress: p}
	if cursor != nil {
		text, err := json.Marshal(cursor)
		if err != nil {
			return "", fmt.Errorf("write down where %s is: %w", r.Kind, err)
		}
		n.Cursor = text
	}
	wanted, err := r.keeper.Note(ctx, r.Held(), n)
	if err != nil {
		return "", fmt.Errorf("write down how far %s is: %w", r.Kind, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noted = time.Now()
	if n.Cursor != nil {
		r.cursor = n.Cursor
	}
	return wanted, nil
}

// From makes a job that a run asks for: its child, found by the same correlation ID.
func From(r *Run) Option {
	return func(j *Job) {
		j.Parent, j.Correlation = &r.ID, r.Correlation
	}
}
