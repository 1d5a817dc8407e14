// Package jobspg keeps the ledger of work in PostgreSQL. It holds no rules but those that have to be one statement: who
// gets a job, and what becomes of it. The server's clock is the only one that counts.
package jobspg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg/db"
	"github.com/observatory/observatory/internal/pg"
)

// DefaultLease is for how long a worker that is not heard of keeps its jobs.
const DefaultLease = 15 * time.Second

// Config of a store; the zero value is good.
type Config struct {
	Lease time.Duration // 0 means DefaultLease
}

// Store is the ledger in a database that is migrated.
type Store struct {
	pool  *pg.Pool
	lease time.Duration
}

var (
	_ jobs.Enqueuer = (*Store)(nil)
	_ jobs.Ledger   = (*Store)(nil)
	_ jobs.History  = (*Store)(nil)
	_ jobs.Control  = (*Store)(nil)
)

// New makes a Store. It does not connect yet.
func New(pool *pg.Pool, c Config) *Store {
	if c.Lease == 0 {
		c.Lease = DefaultLease
	}
	return &Store{pool: pool, lease: c.Lease}
}

// Insert puts jobs into the ledger in a transaction of the caller's, so that they are there exactly if the change is that
// calls for them. In a tenant's transaction they are that tenant's jobs. One whose unique key another open job has is not
// made.
func Insert(ctx context.Context, tx pgx.Tx, all ...jobs.Job) error {
	_, err := insert(ctx, tx, all)
	return err
}

// Done ends the job of a run in a transaction of the caller's, which holds the job's effect: both happen, or neither. The
// transaction is the tenant's (for a tenant's job) or one across tenants. ErrLost when another attempt has the job now: the
// handler returns it, and the transaction is rolled back. Otherwise the handler returns nil.
//
// The job's row is locked until the transaction ends, so this comes last.
func Done(ctx context.Context, tx pgx.Tx, r *jobs.Run) error {
	return end(ctx, db.New(tx), r.Held(), jobs.Ending{Outcome: jobs.OutcomeOK})
}

// Enqueue implements jobs.Enqueuer.
func (s *Store) Enqueue(ctx context.Context, all ...jobs.Job) (made []jobs.Enqueued, err error) {
	within := s.pool.AcrossTenants
	if tenant, ok := onlyTenant(all); ok {
		within = func(ctx context.Context, fn func(pgx.Tx) error) error { return s.pool.WithTenant(ctx, tenant, fn) }
	}
	err = within(ctx, func(tx pgx.Tx) error {
		made, err = insert(ctx, tx, all)
		return err
	})
	return made, err
}

func onlyTenant(all []jobs.Job) (tenant uuid.UUID, ok bool) {
	for i, j := range all {
		if j.Tenant == uuid.Nil || i > 0 && j.Tenant != tenant {
			return tenant, false
		}
		tenant = j.Tenant
	}
	return tenant, len(all) > 0
}

func insert(ctx context.Context, tx pgx.Tx, all []jobs.Job) ([]jobs.Enqueued, error) {
	made := make([]jobs.Enqueued, len(all))
	for i, j := range all {
		if err := j.Check(); err != nil {
			return nil, err
		}
		var err error
		if made[i], err = insertOne(ctx, db.New(tx), j); err != nil {
			return nil, fmt.Errorf("add a job %s: %w", j.Kind, err)
		}
	}
	return made, nil
}

// insertOne tries again when the job that was in the way has ended since.
func insertOne(ctx context.Context, q *db.Queries, j jobs.Job) (jobs.Enqueued, error) {
	const tries = 3
	for range tries {
		n, err := q.AddJob(ctx, db.AddJobParams{
			ID: j.ID, TenantID: orNil(j.Tenant), Kind: j.Kind, Queue: string(j.Queue), Params: j.Params, UniqueKey: orNil(j.Unique),
			RunAt: j.At, DeadlineAt: j.Deadline, MaxAttempts: int32(j.Attempts), KeepSeconds: int32(j.Keep / time.Second), //nolint:gosec // small
			ParentID: j.Parent, Schedule: orNil(j.Schedule), Tick: j.Tick, Missed: int32(j.Missed), CorrelationID: j.Correlation, CreatedBy: j.By, //nolint:gosec // small
		})
		if err != nil {
			return jobs.Enqueued{}, err
		}
		if n == 1 {
			return jobs.Enqueued{ID: j.ID}, nil
		}
		if j.Unique == "" {
			return jobs.Enqueued{ID: j.ID, Existing: true}, nil // put in before, by the same ID or for the same tick
		}
		id, err := q.OpenJob(ctx, db.OpenJobParams{Tenant: j.Tenant, Kind: j.Kind, UniqueKey: j.Unique})
		if !errors.Is(err, pgx.ErrNoRows) {
			return jobs.Enqueued{ID: id, Existing: true}, err
		}
	}
	return jobs.Enqueued{}, pg.ErrChanged
}

// orNil is null for a zero value.
func orNil[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func orZero[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}

func encode(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types of numbers and texts
	}
	return text
}
