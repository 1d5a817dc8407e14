package rollup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// The jobs of rollups. Two of them, Find and Clean, and what LookBack begins with, are the system's own; the others are a tenant's.

// FindJob looks for hours that are due, and makes RecomputeJobs.
func FindJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "rollups:find", Queue: jobs.Default, Timeout: 30 * time.Second, Attempts: 1}
}

// RecomputeParams are the hours to compute.
type RecomputeParams struct {
	Hours []time.Time `json:"hours"`
}

// RecomputeJob computes some hours of a tenant.
func RecomputeJob() jobs.Kind[RecomputeParams] {
	return jobs.Kind[RecomputeParams]{Name: "rollups:recompute", Queue: jobs.Default, Timeout: 30 * time.Minute, Attempts: 1, Keep: 3 * 24 * time.Hour}
}

// CatchUpJob computes all hours of a tenant that are due, where they are more than one RecomputeJob is given.
func CatchUpJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "rollups:catch-up", Queue: jobs.Bulk, Timeout: 10 * time.Minute}
}

// LookBackJob makes a CompareJob for each tenant.
func LookBackJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "rollups:look-back", Queue: jobs.Bulk}
}

// RangeParams are a stretch of time.
type RangeParams struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"` // exclusive
}

// CompareJob compares a tenant's rollups with its events.
func CompareJob() jobs.Kind[RangeParams] {
	return jobs.Kind[RangeParams]{Name: "rollups:compare", Queue: jobs.Bulk, Timeout: 10 * time.Minute, Attempts: 3}
}

// BackfillJob computes what a tenant's rollups lack.
func BackfillJob() jobs.Kind[RangeParams] {
	return jobs.Kind[RangeParams]{Name: "rollups:backfill", Queue: jobs.Bulk, Timeout: 10 * time.Minute}
}

// CleanJob deletes superseded rows.
func CleanJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "rollups:clean", Queue: jobs.Default, Timeout: 10 * time.Minute}
}

const (
	// maxDue is how many hours one job is given: about a week's. What is beyond them is left to a bulk job, which waits behind others.
	maxDue = 200
	// atOnce is how many hours are computed between two looks at the clock, and at whether somebody wants the job to pause.
	atOnce = 24
	// rest is how long a job that takes long lets others work, after each slice of it.
	rest = 5 * time.Second
)

// Find makes jobs for all hours that are due. It is FindJob.
func (s *Service) Find(ctx context.Context, run *jobs.Run) error {
	work, err := s.Due(ctx)
	if err != nil {
		return err
	}
	var all []jobs.Job
	for _, w := range work {
		tenant := uuid.UUID(w.Tenant)
		all = append(all, RecomputeJob().New(tenant, RecomputeParams{Hours: w.Hours[:min(len(w.Hours), maxDue)]}, jobs.Unique("due"), jobs.From(run)))
		if len(w.Hours) > maxDue {
			all = append(all, CatchUpJob().New(tenant, struct{}{}, jobs.Unique("due"), jobs.From(run)))
		}
	}
	if err := s.enqueue(ctx, all); err != nil {
		return fmt.Errorf("make jobs for dirty hours: %w", err)
	}
	return nil
}

// enqueue puts jobs into the ledger, all at once, or where that cannot be done each by itself: a tenant that the ledger does not know must
// not keep others waiting.
func (s *Service) enqueue(ctx context.Context, all []jobs.Job) error {
	if len(all) == 0 {
		return nil
	}
	_, err := s.jobs.Enqueue(ctx, all...)
	if err == nil || len(all) == 1 || ctx.Err() != nil {
		return err
	}
	err = nil
	for _, job := range all {
		_, failed := s.jobs.Enqueue(ctx, job)
		err = errors.Join(err, failed)
	}
	return err
}

// RecomputeHours is RecomputeJob. What it does not come to in a while is found again, and done after other tenants' work.
func (s *Service) RecomputeHours(ctx context.Context, run *jobs.Run, p RecomputeParams) error {
	tenant := tenants.ID(run.Tenant)
	hours := slices.DeleteFunc(slices.Clone(p.Hours), func(hour time.Time) bool { return s.rests.has(tenant, hour, s.now()) })
	began, done, total := s.now(), 0, len(hours)
	var tooMuch error // of an hour, which keeps no other from being computed
	for some := range slices.Chunk(hours, atOnce) {
		if s.now().Sub(began) > jobs.SliceTime {
			return errors.Join(tooMuch, run.Progress(ctx, int64(done), int64(total), "the rest comes later, so that others have their turn"))
		}
		_, err := s.Recompute(ctx, tenant, some)
		if err != nil && !errors.Is(err, analytics.ErrTooExpensive) {
			return err
		}
		tooMuch = errors.Join(tooMuch, err)
		done += len(some)
		if err := run.Progress(ctx, int64(done), int64(total), ""); err != nil {
			return err
		}
	}
	return tooMuch
}

// CatchUp is CatchUpJob.
func (s *Service) CatchUp(ctx context.Context, run *jobs.Run) error {
	var done int64
	if _, err := run.Load(&done); err != nil {
		return err
	}
	for {
		hours, err := s.DueOf(ctx, tenants.ID(run.Tenant))
		if err != nil || len(hours) == 0 {
			return err
		}
		some := hours[max(0, len(hours)-atOnce):] // the oldest: the newest have a job of their own
		_, err = s.Recompute(ctx, tenants.ID(run.Tenant), some)
		if err != nil && !errors.Is(err, analytics.ErrTooExpensive) { // what takes too much is not due any more
			return err
		}
		done += int64(len(some))
		if err := run.Step(ctx, done, done, done+int64(len(hours)-len(some)), "hours"); err != nil {
			return throttled(err)
		}
	}
}

// throttled has a job rest when its slice is over.
func throttled(err error) error {
	if after, ok := jobs.Yielded(err); ok {
		return jobs.Yield(max(after, rest))
	}
	return err
}

// lookBackDays is how far the look-back goes, every night.
const lookBackDays = 3

// BeginLookBack is LookBackJob.
func (s *Service) BeginLookBack(ctx context.Context, run *jobs.Run) error {
	to := s.openHour()
	from := to.AddDate(0, 0, -lookBackDays)
	all, err := s.store.Tenants(ctx, from)
	if err != nil {
		return fmt.Errorf("list whose rollups to compare: %w", err)
	}
	for some := range slices.Chunk(all, 100) {
		var made []jobs.Job
		for _, tenant := range some {
			made = append(made, CompareJob().New(uuid.UUID(tenant), RangeParams{From: from, To: to}, jobs.Unique("look-back"), jobs.From(run)))
		}
		if err := s.enqueue(ctx, made); err != nil {
			return fmt.Errorf("make jobs to compare rollups: %w", err)
		}
	}
	return nil
}

// compared is how far a CompareJob is.
type compared struct {
	Next   time.Time `json:"next"`
	Differ int       `json:"differ"` // days in which something did
}

// Compare is CompareJob: a day at a time, to the end whatever is found. Then it fails if there was a difference.
func (s *Service) Compare(ctx context.Context, run *jobs.Run, p RangeParams) error {
	at := compared{Next: p.From}
	if _, err := run.Load(&at); err != nil {
		return err
	}
	total := int64(p.To.Sub(p.From) / time.Hour)
	for at.Next.Before(p.To) {
		to := earlier(at.Next.AddDate(0, 0, 1), p.To)
		err := s.LookBack(ctx, tenants.ID(run.Tenant), at.Next, to)
		if errors.Is(err, ErrDiffers) {
			s.logger.Error("the look-back found differences", "tenant", run.Tenant, "error", err)
			at.Differ++
		} else if err != nil {
			return err
		}
		at.Next = to
		if err := run.Step(ctx, at, int64(to.Sub(p.From)/time.Hour), total, "hours"); err != nil {
			return throttled(err)
		}
	}
	if at.Differ > 0 {
		return jobs.Permanent(ErrDiffers)
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
