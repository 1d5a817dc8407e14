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

const (
	pageDefault = 50
	pageMost    = 500
)

// List implements jobs.History.
func (s *Store) List(ctx context.Context, tenant uuid.UUID, f jobs.Filter) (all []jobs.Record, err error) {
	err = s.pool.WithTenant(ctx, tenant, func(tx pgx.Tx) error {
		all, err = list(ctx, db.New(tx), &tenant, f)
		return err
	})
	return all, err
}

// ListAll is List for operators: of all tenants, and of the system itself.
func (s *Store) ListAll(ctx context.Context, f jobs.Filter) (all []jobs.Record, err error) {
	err = s.system(ctx, func(q *db.Queries) error {
		all, err = list(ctx, q, nil, f)
		return err
	})
	return all, err
}

// Job implements jobs.History.
func (s *Store) Job(ctx context.Context, tenant, id uuid.UUID) (found jobs.Detail, err error) {
	err = s.pool.WithTenant(ctx, tenant, func(tx pgx.Tx) error {
		found, err = detail(ctx, db.New(tx), &tenant, id)
		return err
	})
	return found, err
}

// AnyJob is Job for operators. Its attempts tell their failures in all detail.
func (s *Store) AnyJob(ctx context.Context, id uuid.UUID) (found jobs.Detail, err error) {
	err = s.system(ctx, func(q *db.Queries) error {
		if found, err = detail(ctx, q, nil, id); err != nil {
			return err
		}
		causes, err := q.Causes(ctx, id)
		for _, c := range causes {
			for i := range found.Tries {
				if found.Tries[i].Number == int(c.Attempt) {
					found.Tries[i].Error = orZero(c.Cause)
				}
			}
		}
		return err
	})
	return found, err
}

// Durations implements jobs.History.
func (s *Store) Durations(ctx context.Context, tenant uuid.UUID, kind string, from, to time.Time, bucket time.Duration) (all []jobs.Spell, err error) {
	err = s.pool.WithTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := db.New(tx).Durations(ctx, db.DurationsParams{Tenant: &tenant, Kind: kind, FromTime: from, ToTime: to, Bucket: max(bucket, time.Second)})
		all, err = pg.Each(rows, err, func(r db.DurationsRow) jobs.Spell {
			return jobs.Spell{
				Kind: r.Kind, Start: r.Start.UTC(), Count: int(r.N), Failed: int(r.Failed), Ended: int(r.Ended),
				P50: seconds(r.P50), P95: seconds(r.P95), Max: seconds(r.Longest),
			}
		})
		return err
	})
	return all, err
}

// Standings implements jobs.History.
func (s *Store) Standings(ctx context.Context, tenant uuid.UUID) (all []jobs.Standing, err error) {
	err = s.pool.WithTenant(ctx, tenant, func(tx pgx.Tx) error {
		rows, err := db.New(tx).Standings(ctx, db.StandingsParams{Tenant: &tenant, Back: jobs.StandingWindow})
		if err != nil {
			return err
		}
		all = make([]jobs.Standing, len(jobs.Queues()))
		for i, queue := range jobs.Queues() {
			all[i].Queue = queue
			for _, r := range rows {
				if r.Queue == string(queue) {
					all[i] = jobs.Standing{
						Queue: queue, Waiting: int(r.Waiting), Running: int(r.Running), Oldest: seconds(r.OldestSeconds), Ended: int(r.Ended), Lag: seconds(r.LagSeconds),
					}
				}
			}
		}
		return nil
	})
	return all, err
}

// Depths implements jobs.History.
func (s *Store) Depths(ctx context.Context) (all []jobs.Depth, err error) {
	err = s.system(ctx, func(q *db.Queries) error {
		slots, err := liveSlots(ctx, q)
		if err != nil {
			return err
		}
		rows, err := q.Depths(ctx)
		if err != nil {
			return err
		}
		all = make([]jobs.Depth, len(jobs.Queues()))
		for i, queue := range jobs.Queues() {
			all[i] = jobs.Depth{Queue: queue, Slots: slots[queue]}
			for _, r := range rows {
				if r.Queue == string(queue) {
					all[i].Visible, all[i].Later, all[i].InFlight, all[i].Oldest = int(r.Visible), int(r.Later), int(r.InFlight), seconds(r.OldestSeconds)
				}
			}
		}
		return nil
	})
	return all, err
}

func list(ctx context.Context, q *db.Queries, tenant *uuid.UUID, f jobs.Filter) ([]jobs.Record, error) {
	in := db.ListJobsParams{
		Tenant: tenant, Kind: f.Kind, Queue: string(f.Queue), Schedule: f.Schedule, States: make([]string, len(f.States)), Parent: f.Parent,
		FromTime: orNil(f.From), ToTime: orNil(f.To), Before: uuid.Max, Most: pageDefault,
	}
	for i, state := range f.States {
		in.States[i] = string(state)
	}
	if f.Before != nil {
		in.Before = *f.Before
	}
	if f.Limit > 0 {
		in.Most = int32(min(f.Limit, pageMost)) //nolint:gosec // a page
	}
	rows, err := q.ListJobs(ctx, in)
	if err != nil {
		return nil, err
	}
	return toRecords(ctx, q, rows)
}

func detail(ctx context.Context, q *db.Queries, tenant *uuid.UUID, id uuid.UUID) (jobs.Detail, error) {
	family, err := records(ctx, q, tenant, id)
	if err != nil {
		return jobs.Detail{}, err
	}
	d := jobs.Detail{Record: family}
	if d.Parent != nil {
		parent, err := records(ctx, q, tenant, *d.Parent)
		if err == nil {
			d.ParentJob = &parent
		} else if !errors.Is(err, jobs.ErrNoSuchJob) {
			return d, err
		}
	}
	children, err := q.Children(ctx, db.ChildrenParams{Parent: &id, Tenant: tenant, Most: jobs.MaxChildren})
	if err != nil {
		return d, err
	}
	d.Children, err = toRecords(ctx, q, children)
	return d, err
}

// records returns one.
func records(ctx context.Context, q *db.Queries, tenant *uuid.UUID, id uuid.UUID) (jobs.Record, error) {
	row, err := q.GetJob(ctx, db.GetJobParams{ID: id, Tenant: tenant})
	if err != nil {
		return jobs.Record{}, pg.OrNotFound(err, jobs.ErrNoSuchJob)
	}
	all, err := toRecords(ctx, q, []db.Job{row})
	if err != nil {
		return jobs.Record{}, err
	}
	return all[0], nil
}

func toRecords(ctx context.Context, q *db.Queries, rows []db.Job) ([]jobs.Record, error) {
	ids, all := make([]uuid.UUID, len(rows)), make([]jobs.Record, len(rows))
	place := make(map[uuid.UUID]int, len(rows))
	for i := range rows {
		var err error
		if all[i], err = toRecord(&rows[i]); err != nil {
			return nil, err
		}
		ids[i], place[rows[i].ID] = rows[i].ID, i
	}
	tries, err := q.Attempts(ctx, db.AttemptsParams{Ids: ids, Most: jobs.MaxTries})
	for _, t := range tries {
		r := &all[place[t.JobID]]
		r.Tries = append(r.Tries, jobs.Attempt{
			Number: int(t.Attempt), Worker: t.Worker, StartedAt: t.StartedAt.UTC(), EndedAt: pg.UTC(t.EndedAt),
			Outcome: jobs.Outcome(t.Outcome), Error: orZero(t.Error),
		})
	}
	return all, err
}

func toRecord(row *db.Job) (jobs.Record, error) {
	r := jobs.Record{
		ID: row.ID, Tenant: orZero(row.TenantID), Kind: row.Kind, Queue: jobs.Queue(row.Queue), Params: row.Params, Unique: orZero(row.UniqueKey),
		State: jobs.State(row.State), Wanted: jobs.Wanted(row.Wanted), RunAt: row.RunAt.UTC(), Deadline: pg.UTC(row.DeadlineAt),
		Attempts: int(row.Attempts), Failures: int(row.Failures), MaxAttempts: int(row.MaxAttempts), Parent: row.ParentID,
		Schedule: orZero(row.Schedule), Tick: pg.UTC(row.Tick), Missed: int(row.Missed), Correlation: row.CorrelationID,
		CreatedAt: row.CreatedAt.UTC(), CreatedBy: row.CreatedBy, AskedAt: pg.UTC(row.AskedAt), AskedBy: orZero(row.AskedBy),
		StartedAt: pg.UTC(row.StartedAt), EndedAt: pg.UTC(row.EndedAt), Worker: orZero(row.Worker), Error: orZero(row.Error),
	}
	if len(row.Progress) > 0 {
		r.Progress = new(jobs.Progress)
		if err := json.Unmarshal(row.Progress, r.Progress); err != nil {
			return r, fmt.Errorf("read how far job %s is: %w", row.ID, err)
		}
	}
	return r, nil
}

func isNotFound(err error) bool { return errors.Is(err, pg.ErrNotFound) }
