// Package jobs is the ledger of work: what has to be done, what is being done, and how it went. A job is a row in
// PostgreSQL (package jobspg) before any message about it is sent, so that it runs whatever the queue forgets and whoever
// dies; package workers runs them.
//
// A job runs on one worker at a time and at least once: a worker that dies, or is cut off for longer than its lease, is
// followed by another. Effects must therefore be the same however often a job runs. In order of preference:
//
//   - write what is true now, instead of adjusting what is there (recompute an hour, upsert a row);
//   - in PostgreSQL, end the job in the transaction of its effect (jobspg.Done): then both happen, once, or neither;
//   - give what is made a key that comes from the job (its ID, or the tick), and make that key unique.
package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Queue is how urgent a job is. Each has its own slots on every worker, so that none waits for another.
type Queue string

// The queues.
const (
	Urgent  Queue = "urgent"  // somebody waits for it: alerts, mail
	Default Queue = "default" // rollups, checks
	Bulk    Queue = "bulk"    // takes long, and runs in slices: backfills, look-backs
)

// Queues lists all, the most urgent first.
func Queues() []Queue { return []Queue{Urgent, Default, Bulk} }

const (
	defaultTimeout  = time.Minute
	defaultAttempts = 5
	defaultKeep     = 14 * 24 * time.Hour
)

// Kind is a sort of job with its parameters, which are kept as JSON in the history: IDs and times, no personal data.
type Kind[P any] struct {
	Name     string // as in "mail:deliver": lower-case letters and hyphens around one colon
	Queue    Queue
	Timeout  time.Duration // of one attempt (for a bulk job: of one slice); 0 means a minute
	Attempts int           // that may fail in a row before the job has failed; 0 means 5
	Keep     time.Duration // of the history, at least a second; 0 means 14 days
}

// New makes a job for a tenant; the zero UUID is for work of the system itself, which no tenant sees.
func (k Kind[P]) New(tenant uuid.UUID, params P, options ...Option) Job {
	j := Job{
		ID: newID(), Tenant: tenant, Kind: k.Name, Queue: k.Queue, Attempts: k.Attempts, Keep: k.Keep, By: "system",
	}
	j.Params, j.broken = json.Marshal(params)
	if j.Attempts == 0 {
		j.Attempts = defaultAttempts
	}
	if j.Keep == 0 {
		j.Keep = defaultKeep
	}
	for _, o := range options {
		o(&j)
	}
	if j.Correlation == "" {
		j.Correlation = j.ID.String()
	}
	return j
}

// AttemptTimeout is Timeout with its default.
func (k Kind[P]) AttemptTimeout() time.Duration {
	if k.Timeout == 0 {
		return defaultTimeout
	}
	return k.Timeout
}

// Job is work to be put into the ledger. Kind.New makes one.
type Job struct {
	ID          uuid.UUID // a UUIDv7
	Tenant      uuid.UUID
	Kind        string
	Queue       Queue
	Params      json.RawMessage // at most 64 KiB
	Unique      string
	At          *time.Time
	Deadline    *time.Time
	Attempts    int
	Keep        time.Duration
	Parent      *uuid.UUID
	Correlation string
	By          string // label of who asked for it
	Schedule    string
	Tick        *time.Time
	Missed      int

	broken error // why Params could not be made
}

// Check says what is wrong with a job: nothing that a caller of the API can bring about, so it is no fault.
func (j Job) Check() error {
	const maxParams = 64 << 10
	switch {
	case j.broken != nil:
		return fmt.Errorf("encode the parameters of %s: %w", j.Kind, j.broken)
	case len(j.Params) > maxParams:
		return fmt.Errorf("the parameters of %s take %d bytes; split the work or keep them elsewhere", j.Kind, len(j.Params))
	}
	return nil
}

// Option says more about a job.
type Option func(*Job)

// Unique allows one open job of this tenant and kind with the key: as long as that one waits, runs or is paused, another is not made.
func Unique(key string) Option { return func(j *Job) { j.Unique = key } }

// At has the job wait until then.
func At(t time.Time) Option { return func(j *Job) { j.At = &t } }

// Deadline fails the job when it has not ended by then.
func Deadline(t time.Time) Option { return func(j *Job) { j.Deadline = &t } }

// Correlation is the ID by which everything that one request caused is found.
func Correlation(id string) Option { return func(j *Job) { j.Correlation = id } }

// By names who asked for the job; "system" otherwise.
func By(who string) Option { return func(j *Job) { j.By = who } }

// Parent is the job that made this one.
func Parent(id uuid.UUID) Option { return func(j *Job) { j.Parent = &id } }

// Enqueued is what became of a job that was to be put into the ledger.
type Enqueued struct {
	ID       uuid.UUID // of the job that is open now
	Existing bool      // another job with the same unique key is open; this one was not made
}

// Enqueuer puts jobs into the ledger, all or none. Where they come with another change in PostgreSQL, jobspg.Insert puts
// them into its transaction instead.
type Enqueuer interface {
	Enqueue(ctx context.Context, all ...Job) ([]Enqueued, error)
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) } // fails only where the system has no randomness
