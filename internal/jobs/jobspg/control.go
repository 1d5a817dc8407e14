package jobspg

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg/db"
	"github.com/observatory/observatory/internal/pg"
)

// Retry implements jobs.Control.
func (s *Store) Retry(ctx context.Context, tenant, id uuid.UUID, by string) (jobs.Record, error) {
	return s.change(ctx, tenant, id, by, retry)
}

// RetryAny is Retry for operators.
func (s *Store) RetryAny(ctx context.Context, id uuid.UUID, by string) (found jobs.Record, err error) {
	err = s.system(ctx, func(q *db.Queries) error {
		found, err = change(ctx, q, nil, id, by, retry)
		return err
	})
	return found, err
}

// Pause implements jobs.Control.
func (s *Store) Pause(ctx context.Context, tenant, id uuid.UUID, by string) (jobs.Record, error) {
	return s.change(ctx, tenant, id, by, pause)
}

// Resume implements jobs.Control.
func (s *Store) Resume(ctx context.Context, tenant, id uuid.UUID, by string) (jobs.Record, error) {
	return s.change(ctx, tenant, id, by, resume)
}

// Cancel implements jobs.Control.
func (s *Store) Cancel(ctx context.Context, tenant, id uuid.UUID, by string) (jobs.Record, error) {
	return s.change(ctx, tenant, id, by, cancel)
}

// verb changes a job whose row is locked.
type verb func(ctx context.Context, q *db.Queries, now db.GetJobForUpdateRow) error

func (s *Store) change(ctx context.Context, tenant, id uuid.UUID, by string, do verb) (found jobs.Record, err error) {
	err = s.pool.WithTenant(ctx, tenant, func(tx pgx.Tx) error {
		found, err = change(ctx, db.New(tx), &tenant, id, by, do)
		return err
	})
	return found, err
}

func change(ctx context.Context, q *db.Queries, tenant *uuid.UUID, id uuid.UUID, by string, do verb) (jobs.Record, error) {
	now, err := q.GetJobForUpdate(ctx, db.GetJobForUpdateParams{ID: id, Tenant: tenant})
	if err != nil {
		return jobs.Record{}, pg.OrNotFound(err, jobs.ErrNoSuchJob)
	}
	if err := do(ctx, q, now); err != nil {
		return jobs.Record{}, err
	}
	if err := q.SetAsked(ctx, db.SetAskedParams{ID: id, AskedBy: by}); err != nil {
		return jobs.Record{}, err
	}
	return records(ctx, q, tenant, id)
}

func retry(ctx context.Context, q *db.Queries, now db.GetJobForUpdateRow) error {
	switch jobs.State(now.State) {
	case jobs.Failed, jobs.Cancelled:
		return pg.OrTaken(q.SetWaiting(ctx, now.ID), jobs.ErrJobOpenAlready)
	default:
		return jobs.ErrJobNotFailed
	}
}

// pause lets only bulk jobs rest: a tenant's alerts are one job that is made again and again, and would be off for as long as one rests.
func pause(ctx context.Context, q *db.Queries, now db.GetJobForUpdateRow) error {
	if now.Queue != string(jobs.Bulk) {
		return jobs.ErrJobNotPausable
	}
	switch jobs.State(now.State) {
	case jobs.Waiting:
		return q.SetPaused(ctx, now.ID)
	case jobs.Running:
		return q.SetWanted(ctx, db.SetWantedParams{ID: now.ID, Wanted: string(jobs.WantPause)})
	case jobs.Paused:
		return nil
	default:
		return jobs.ErrJobEnded
	}
}

func resume(ctx context.Context, q *db.Queries, now db.GetJobForUpdateRow) error {
	switch {
	case now.State == string(jobs.Paused):
		return q.SetWaiting(ctx, now.ID)
	case now.State == string(jobs.Running) && now.Wanted == string(jobs.WantPause):
		return q.SetWanted(ctx, db.SetWantedParams{ID: now.ID, Wanted: string(jobs.WantRun)})
	default:
		return jobs.ErrJobNotPaused
	}
}

func cancel(ctx context.Context, q *db.Queries, now db.GetJobForUpdateRow) error {
	switch jobs.State(now.State) {
	case jobs.Waiting, jobs.Paused:
		return q.SetCancelled(ctx, now.ID)
	case jobs.Running:
		return q.SetWanted(ctx, db.SetWantedParams{ID: now.ID, Wanted: string(jobs.WantCancel)})
	default:
		return jobs.ErrJobEnded
	}
}
