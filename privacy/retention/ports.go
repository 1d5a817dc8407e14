package retention

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// RunID identifies a run. It is a UUIDv7.
type RunID uuid.UUID

func (id RunID) String() string { return uuid.UUID(id).String() }

// Run is one application of a tenant's policy.
type Run struct {
	ID       RunID
	Tenant   tenants.ID
	Version  int       // of the policy
	Today    time.Time // midnight UTC from which days are counted back
	State    RunState
	Counted  bool     // Results are what goes; they are not counted again
	Results  []Result // of each rule, in the order of the policy's rules of that day
	Evidence privacy.Evidence
	Error    string
	AskedBy  string // label
	Started  time.Time
	Ended    *time.Time
}

// RunState is how far a run is.
type RunState string

// The states.
const (
	Running RunState = "running"
	Done    RunState = "done"
	Failed  RunState = "failed"
)

// Result is what a rule comes to.
type Result struct {
	Event    string    `json:"event,omitempty"`
	Path     string    `json:"path,omitempty"`
	KeepDays int       `json:"keep_days"`
	Before   time.Time `json:"before"`
	Counts   []Count   `json:"counts"`
}

// Count is how much of it one copy has.
type Count struct {
	Copy  string `json:"copy"`
	Items int64  `json:"items"`
}

// Total is how much goes altogether.
func Total(results []Result) (n int64) {
	for _, r := range results {
		for _, c := range r.Counts {
			n += c.Items
		}
	}
	return n
}

// Policies know what tenants declare.
type Policies interface {
	// Retention is the document in force and its version; version 0 is the default, which keeps everything.
	Retention(ctx context.Context, tenant tenants.ID) (document []byte, version int, err error)
}

// Runs keeps runs.
type Runs interface {
	// Tenants lists those who have published a policy, or have a run that is not over.
	Tenants(ctx context.Context) ([]tenants.ID, error)
	// Begin adds a run, unless one of the tenant is not over: then it returns that one.
	Begin(ctx context.Context, run Run) (Run, error)
	// Save writes down what is counted and proven.
	Save(ctx context.Context, run Run) error
	// End writes down the end, with an entry in the audit log unless that is nil.
	End(ctx context.Context, run Run, entry *tenants.AuditEntry) error
	// List returns runs, newest first, that began before the one with the ID (zero: from the newest).
	List(ctx context.Context, tenant tenants.ID, before RunID, limit int) ([]Run, error)
}

// Copy is one place where events are kept. Each method may be called again after a crash, with the same outcome; ctx bounds it.
type Copy interface {
	// Name is as in privacy.Copy.
	Name() string
	// Count tells how many items each of the rules would remove, or take a property out of. An item that falls under several rules counts for
	// each of them.
	Count(ctx context.Context, tenant tenants.ID, rules []Rule) ([]int64, error)
	// Remove applies the rules. What goes is no longer found when it returns, and will be removed from the disk. It may have begun something
	// that takes longer, see Pending. Before anything of an accounted place goes, the books say that it goes, under the run's ID.
	Remove(ctx context.Context, tenant tenants.ID, run RunID, rules []Rule) (privacy.Evidence, error)
	// Pending says in words what a run's Remove has begun and is not over; empty when nothing is. Once it has said that, the run is over for
	// this copy.
	Pending(ctx context.Context, tenant tenants.ID, run RunID) (string, error)
}

// Hourly is a Copy that others are computed from, by the hour.
type Hourly interface {
	Copy
	// Hours counts the hours that would have to be computed anew.
	Hours(ctx context.Context, tenant tenants.ID, rules []Rule) (int64, error)
}

// ErrRunOver is returned for a run that is not open any more.
var ErrRunOver = fault.New(fault.Conflict, "retention_run_over", "The run is over.")
