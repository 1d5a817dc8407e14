package jobs

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
)

// What goes wrong when somebody looks after jobs.
var (
	ErrNoSuchJob      = fault.New(fault.NotFound, "job_not_found", "There is no such job.")
	ErrJobNotFailed   = fault.New(fault.Conflict, "job_not_failed", "Only a job that has failed or was cancelled can be tried again.")
	ErrJobEnded       = fault.New(fault.Conflict, "job_ended", "The job has ended.")
	ErrJobNotPausable = fault.New(fault.Conflict, "job_not_pausable", "Only work in bulk can rest, such as a backfill.")
	ErrJobNotPaused   = fault.New(fault.Conflict, "job_not_paused", "The job is not paused.")
	ErrJobOpenAlready = fault.New(fault.Conflict, "job_open_already", "Another job does the same work already.")
)

// State is where a job stands.
type State string

// The states. The last three are final, but for Retry.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Paused    State = "paused"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Record is a job as the history shows it. Times are in UTC.
type Record struct {
	ID          uuid.UUID
	Tenant      uuid.UUID
	Kind        string
	Queue       Queue
	Params      json.RawMessage
	Unique      string
	State       State
	Wanted      Wanted // of a running job
	RunAt       time.Time
	Deadline    *time.Time
	Attempts    int // that began
	Failures    int // in a row
	MaxAttempts int // failures in a row after which it has failed
	Parent      *uuid.UUID
	Schedule    string
	Tick        *time.Time
	Missed      int
	Correlation string
	CreatedAt   time.Time
	CreatedBy   string
	AskedAt     *time.Time // when somebody last paused, resumed, cancelled or retried it
	AskedBy     string
	StartedAt   *time.Time // the first attempt
	EndedAt     *time.Time
	Worker      string // that has it, or had it last
	Progress    *Progress
	Error       string    // why it failed last
	Tries       []Attempt // the newest at most MaxTries, in their order
}

// MaxTries is how many attempts come with a job. One that works in slices may have thousands.
const MaxTries = 100

// Attempt is one try at a job.
type Attempt struct {
	Number    int
	Worker    string
	StartedAt time.Time
	EndedAt   *time.Time
	Outcome   Outcome
	Error     string
}

// Detail is a job and its family.
type Detail struct {
	Record
	ParentJob *Record  // nil where there is none, or its history is over
	Children  []Record // the oldest first, at most MaxChildren
}

// MaxChildren is how many children come with a job.
const MaxChildren = 100

// Filter chooses jobs; what is zero does not count.
type Filter struct {
	Kind     string
	States   []State
	Queue    Queue
	Parent   *uuid.UUID
	Schedule string
	From, To time.Time  // jobs that were open or ended between
	Before   *uuid.UUID // made before this job: for the next page
	Limit    int        // 1 to 500; 0 means 50
}

// Spell is how long the attempts at jobs of a kind took that began in one bucket of time. Of a job in slices each slice is one.
type Spell struct {
	Kind          string
	Start         time.Time
	Count, Failed int
	Ended         int
	P50, P95, Max time.Duration // of those that have ended
}

// Depth is what stands in a queue now, of all tenants together.
type Depth struct {
	Queue    Queue
	Visible  int           // due, and waiting for a worker
	Later    int           // waiting for their time
	InFlight int           // running
	Slots    int           // of all workers that live
	Oldest   time.Duration // how long the oldest visible one is due; 0: none
}

// Standing is what a tenant has in a queue now, and what left it within the last StandingWindow.
type Standing struct {
	Queue   Queue
	Waiting int // due, and waiting for a worker
	Running int
	Oldest  time.Duration // how long the oldest waiting one is due; 0: none
	Ended   int           // jobs that ended within the window
	Lag     time.Duration // the median of these, from when they were due to their end; 0: none
}

// StandingWindow is how far Standing looks back.
const StandingWindow = 5 * time.Minute

// History is for looking at a tenant's jobs.
type History interface {
	// List returns jobs, the newest first.
	List(ctx context.Context, tenant uuid.UUID, f Filter) ([]Record, error)
	// Job returns ErrNoSuchJob for what is not the tenant's.
	Job(ctx context.Context, tenant, id uuid.UUID) (Detail, error)
	// Durations returns, for each kind by its name, the buckets, of at least a second, in which an attempt began. Kind: of that one only.
	Durations(ctx context.Context, tenant uuid.UUID, kind string, from, to time.Time, bucket time.Duration) ([]Spell, error)
	// Standings returns one for each queue, the most urgent first.
	Standings(ctx context.Context, tenant uuid.UUID) ([]Standing, error)
	// Depths returns one for each queue, the most urgent first.
	Depths(ctx context.Context) ([]Depth, error)
}

// Control is for looking after them. Each returns the job as it is then; ErrNoSuchJob for what is not the tenant's.
// by is a label of who asked.
type Control interface {
	// Retry has a job that has failed or was cancelled run again, with its parameters, from where it was. ErrJobNotFailed,
	// ErrJobOpenAlready.
	Retry(ctx context.Context, tenant, id uuid.UUID, by string) (Record, error)
	// Pause holds a bulk job that waits, and asks one that runs to pause. ErrJobNotPausable, ErrJobEnded.
	Pause(ctx context.Context, tenant, id uuid.UUID, by string) (Record, error)
	// Resume lets a job go on. ErrJobNotPaused.
	Resume(ctx context.Context, tenant, id uuid.UUID, by string) (Record, error)
	// Cancel ends a job for good, one that runs within seconds. ErrJobEnded.
	Cancel(ctx context.Context, tenant, id uuid.UUID, by string) (Record, error)
}
