package jobspg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg/db"
)

// Channel is notified when a job is made, so that nobody has to wait for the next look.
const Channel = "observatory_jobs"

// maxLosses is how many workers in a row a job may lose without having saved anything. One that brings its worker down,
// for want of memory for example, would do so for ever.
const maxLosses = 20

// keptAttempts is how many attempts of an open job are remembered: of one that rests for 10 s between slices, three hours' worth.
const keptAttempts = 1000

// Know implements jobs.Dispatching.
func (s *Store) Know(ctx context.Context, schedules []jobs.Schedule) error {
	return s.system(ctx, func(q *db.Queries) error {
		for _, sc := range schedules {
			err := q.KnowSchedule(ctx, db.KnowScheduleParams{
				Name: sc.Name, Kind: sc.Make().Kind,
				EverySeconds: int32(sc.Every / time.Second), OffsetSeconds: int32(sc.Offset / time.Second), //nolint:gosec // days at most
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Tick implements jobs.Dispatching. The row of a schedule is locked while its job is made, and a tick has one job at most.
func (s *Store) Tick(ctx context.Context, schedules []jobs.Schedule) (made int, err error) {
	names, byName := make([]string, len(schedules)), make(map[string]jobs.Schedule, len(schedules))
	for i, sc := range schedules {
		names[i], byName[sc.Name] = sc.Name, sc
	}
	err = s.pool.AcrossTenants(ctx, func(tx pgx.Tx) error {
		q := db.New(tx)
		due, err := q.DueSchedules(ctx, names)
		if err != nil {
			return err
		}
		for _, d := range due {
			j := byName[d.Name].Make()
			j.Schedule, j.Tick, j.Missed = d.Name, &d.Tick, int(d.Missed)
			if err := Insert(ctx, tx, j); err != nil {
				return err
			}
			if err := q.MoveSchedule(ctx, db.MoveScheduleParams{Name: d.Name, Tick: d.Tick}); err != nil {
				return err
			}
		}
		made = len(due)
		return nil
	})
	return made, err
}

// Dispatch implements jobs.Dispatching.
func (s *Store) Dispatch(ctx context.Context, kinds []string, room jobs.Slots) (all []jobs.Message, err error) {
	err = s.system(ctx, func(q *db.Queries) error {
		rows, err := q.Dispatch(ctx, db.DispatchParams{
			Kinds: kinds, Urgent: int32(room[jobs.Urgent]), Standard: int32(room[jobs.Default]), Bulk: int32(room[jobs.Bulk]), //nolint:gosec // small
		})
		for _, r := range rows {
			all = append(all, jobs.Message{ID: r.ID, Queue: jobs.Queue(r.Queue), Kind: r.Kind, Dispatch: int(r.Dispatches)})
		}
		return err
	})
	return all, err
}

// Undispatch implements jobs.Dispatching.
func (s *Store) Undispatch(ctx context.Context, all []jobs.Message) error {
	return s.system(ctx, func(q *db.Queries) error {
		for _, m := range all {
			if err := q.Undispatch(ctx, db.UndispatchParams{ID: m.ID, Dispatches: int32(m.Dispatch)}); err != nil { //nolint:gosec // came from there
				return err
			}
		}
		return nil
	})
}

// Unclaimed implements jobs.Dispatching.
func (s *Store) Unclaimed(ctx context.Context, kinds []string, after time.Duration) (all []jobs.Message, err error) {
	err = s.system(ctx, func(q *db.Queries) error {
		rows, err := q.Unclaimed(ctx, db.UnclaimedParams{Kinds: kinds, After: after})
		for _, r := range rows {
			all = append(all, jobs.Message{ID: r.ID, Queue: jobs.Queue(r.Queue), Kind: r.Kind, Dispatch: int(r.Dispatches)})
		}
		return err
	})
	return all, err
}

// Reap implements jobs.Dispatching.
func (s *Store) Reap(ctx context.Context, grace time.Duration) (done jobs.Reaped, err error) {
	err = s.system(ctx, func(q *db.Queries) error {
		lost, err := q.ReapLost(ctx, db.ReapLostParams{Grace: grace, Most: maxLosses, Error: "Its worker was not heard of any more."})
		if err != nil {
			return err
		}
		overdue, err := q.ReapOverdue(ctx, "Its deadline passed before it was done.")
		done = jobs.Reaped{Lost: len(lost), Overdue: int(overdue)}
		return err
	})
	return done, err
}

// Sweep implements jobs.Housekeeping.
func (s *Store) Sweep(ctx context.Context, limit int) (forgotten int, err error) {
	err = s.system(ctx, func(q *db.Queries) error {
		n, err := q.Sweep(ctx, int32(limit)) //nolint:gosec // small
		if err != nil {
			return err
		}
		forgotten = int(n)
		if _, err := q.SweepAttempts(ctx, keptAttempts); err != nil {
			return err
		}
		return q.SweepWorkers(ctx)
	})
	return forgotten, err
}

// system runs fn in a transaction across tenants.
func (s *Store) system(ctx context.Context, fn func(*db.Queries) error) error {
	return s.pool.AcrossTenants(ctx, func(tx pgx.Tx) error { return fn(db.New(tx)) })
}
