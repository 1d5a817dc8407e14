package jobspg

import (
	"context"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg/db"
	"github.com/observatory/observatory/internal/pg"
)

// Lease implements jobs.Executing.
func (s *Store) Lease() time.Duration { return s.lease }

// Claim implements jobs.Executing.
func (s *Store) Claim(ctx context.Context, m jobs.Message, worker string) (claim *jobs.Claim, err error) {
	err = s.system(ctx, func(q *db.Queries) error {
		r, err := q.Claim(ctx, db.ClaimParams{ID: m.ID, Dispatches: int32(m.Dispatch), Worker: worker, Lease: s.lease}) //nolint:gosec // came from there
		if err != nil {
			return err
		}
		claim = &jobs.Claim{
			Held: jobs.Held{ID: r.ID, Attempt: int(r.Attempts)}, Tenant: orZero(r.TenantID), Kind: r.Kind, Queue: jobs.Queue(r.Queue),
			Params: r.Params, Cursor: r.Cursor, Failures: int(r.Failures), Schedule: orZero(r.Schedule), Tick: pg.UTC(r.Tick), Missed: int(r.Missed),
			Correlation: r.CorrelationID, Waited: seconds(r.WaitedSeconds),
		}
		if r.LeftSeconds >= 0 {
			left := seconds(r.LeftSeconds)
			claim.Left = &left
		}
		return nil
	})
	if isNotFound(err) {
		return nil, nil //nolint:nilnil // nothing to do is no error
	}
	return claim, err
}

// Note implements jobs.Keeper.
func (s *Store) Note(ctx context.Context, held jobs.Held, n jobs.Note) (wanted jobs.Wanted, err error) {
	in := db.NoteParams{ID: held.ID, Attempt: int32(held.Attempt), Cursor: n.Cursor, Lease: s.lease} //nolint:gosec // came from there
	if n.Progress != nil {
		in.Progress = encode(n.Progress)
	}
	err = s.system(ctx, func(q *db.Queries) error {
		text, err := q.Note(ctx, in)
		wanted = jobs.Wanted(text)
		return pg.OrNotFound(err, jobs.ErrLost)
	})
	return wanted, err
}

// Beat implements jobs.Executing.
func (s *Store) Beat(ctx context.Context, w jobs.Worker, held []jobs.Held) (wanted map[jobs.Held]jobs.Wanted, slots jobs.Slots, err error) {
	ids := make([]uuid.UUID, len(held))
	for i, h := range held {
		ids[i] = h.ID
	}
	wanted = make(map[jobs.Held]jobs.Wanted, len(held))
	err = s.system(ctx, func(q *db.Queries) error {
		if err := q.SeeWorker(ctx, db.SeeWorkerParams{ID: w.ID, Host: w.Host, Slots: encode(w.Slots)}); err != nil {
			return err
		}
		if len(ids) > 0 {
			rows, err := q.ExtendLeases(ctx, db.ExtendLeasesParams{Ids: ids, Worker: w.ID, Lease: s.lease})
			if err != nil {
				return err
			}
			for _, r := range rows {
				wanted[jobs.Held{ID: r.ID, Attempt: int(r.Attempts)}] = jobs.Wanted(r.Wanted)
			}
		}
		slots, err = liveSlots(ctx, q)
		return err
	})
	if err != nil {
		s.pool.Reset() // the network may have forgotten all connections, and each would cost a part of the lease
	}
	return wanted, slots, err
}

func liveSlots(ctx context.Context, q *db.Queries) (jobs.Slots, error) {
	r, err := q.LiveSlots(ctx)
	return jobs.Slots{jobs.Urgent: int(r.Urgent), jobs.Default: int(r.Standard), jobs.Bulk: int(r.Bulk)}, err
}

// End implements jobs.Executing.
func (s *Store) End(ctx context.Context, held jobs.Held, e jobs.Ending) error {
	return s.system(ctx, func(q *db.Queries) error {
		if err := end(ctx, q, held, e); err != nil {
			return err
		}
		if e.Cause == "" {
			return nil
		}
		return q.SetCause(ctx, db.SetCauseParams{ID: held.ID, Attempt: int32(held.Attempt), Cause: e.Cause}) //nolint:gosec // came from there
	})
}

// Leave implements jobs.Executing.
func (s *Store) Leave(ctx context.Context, worker string) error {
	return s.system(ctx, func(q *db.Queries) error { return q.LeaveWorker(ctx, worker) })
}

// end writes what a tenant's own transaction may write as well.
func end(ctx context.Context, q *db.Queries, held jobs.Held, e jobs.Ending) error {
	attempt := int32(held.Attempt) //nolint:gosec // came from there
	next, count := consequence(e)
	n, err := q.EndJob(ctx, db.EndJobParams{ID: held.ID, Attempt: attempt, Next: next, Count: count, Error: orNil(e.Error), After: e.After})
	if err := pg.MustTouch(n, err, jobs.ErrLost); err != nil {
		return err
	}
	_, err = q.EndAttempt(ctx, db.EndAttemptParams{ID: held.ID, Attempt: attempt, Outcome: string(e.Outcome), Error: orNil(e.Error)})
	return err
}

// consequence says what becomes of a job, and what is counted, in the words of the query EndJob.
func consequence(e jobs.Ending) (next, count string) {
	switch {
	case e.Outcome == jobs.OutcomeOK:
		return "done", "progress"
	case e.Outcome == jobs.OutcomeFailed && e.Permanent:
		return "failed", "failure"
	case e.Outcome == jobs.OutcomeFailed:
		return "retry", "failure"
	case e.Outcome == jobs.OutcomePaused:
		return "paused", ""
	case e.Outcome == jobs.OutcomeCancelled:
		return "cancelled", ""
	case e.Outcome == jobs.OutcomeYielded:
		return "waiting", "progress"
	default: // interrupted
		return "waiting", ""
	}
}

// seconds is a number of seconds as PostgreSQL gives it, to the microsecond that it measures.
func seconds(s float64) time.Duration { return time.Duration(math.Round(s*1e6)) * time.Microsecond }
