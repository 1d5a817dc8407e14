package people

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

const (
	// FindEvery is how often tenants are looked for whose IDs may have to be stitched anew.
	FindEvery = 10 * time.Second
	// restAfter is how long stitching may take before it is followed by a rest: of restFor times as long, and maxRest at most.
	restAfter = time.Second
	restFor   = 10
	maxRest   = 5 * time.Minute
)

// FindJob looks for tenants whose events have changed.
func FindJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "people:find", Queue: jobs.Default, Attempts: 3}
}

// StitchJob stitches the IDs of a tenant.
func StitchJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "people:stitch", Queue: jobs.Default, Timeout: 5 * time.Minute, Keep: 24 * time.Hour}
}

// Stitcher has the IDs of tenants stitched whose events have changed.
type Stitcher struct {
	linker *Linker
	jobs   jobs.Enqueuer
	now    func() time.Time
}

// NewStitcher makes a Stitcher. It panics when something is missing, which is a mistake in the wiring.
func NewStitcher(linker *Linker, enqueuer jobs.Enqueuer, now func() time.Time) *Stitcher {
	if linker == nil || enqueuer == nil || now == nil {
		panic("people: a Stitcher needs a linker, jobs and a clock")
	}
	return &Stitcher{linker: linker, jobs: enqueuer, now: now}
}

// Find makes a job for each tenant whose events have changed since the tick before the last one: so one of the ticks may fail.
func (s *Stitcher) Find(ctx context.Context, r *jobs.Run) error {
	ago := 2 * FindEvery
	if !r.Tick.IsZero() {
		ago = s.now().Sub(r.Tick) + time.Duration(2+r.Missed)*FindEvery
	}
	found, err := s.linker.Touched(ctx, ago)
	if err != nil {
		return fmt.Errorf("find tenants whose events have changed: %w", err)
	}
	all := make([]jobs.Job, 0, len(found))
	for _, tenant := range found {
		all = append(all, StitchJob().New(uuid.UUID(tenant), struct{}{}, jobs.Unique("stitch"), jobs.From(r)))
	}
	if len(all) == 0 {
		return nil
	}
	_, err = s.jobs.Enqueue(ctx, all...)
	return err
}

// stitched is when the attempt before this one began.
type stitched struct {
	Began time.Time `json:"began"`
}

// Stitch stitches the IDs of the run's tenant. Where that takes long the job rests afterwards, so that the tenant takes a small part of one
// core however much goes on, and then looks whether anything has changed since it began: Find passes over a tenant whose job is open.
func (s *Stitcher) Stitch(ctx context.Context, r *jobs.Run) error {
	tenant, now := tenants.ID(r.Tenant), stitched{Began: s.now()}
	var before stitched
	rested, err := r.Load(&before)
	if err != nil {
		return err
	}
	if rested {
		changed, err := s.linker.Touched(ctx, now.Began.Sub(before.Began))
		if err != nil || !slices.Contains(changed, tenant) {
			return err
		}
	}
	done, err := s.linker.Link(ctx, tenant)
	if err != nil {
		return err
	}
	note := fmt.Sprintf("%d IDs belong to somebody else now, in %d hours", done.Changed, len(done.Hours))
	if err := r.Progress(ctx, int64(done.Changed), int64(done.Changed), note); err != nil {
		return err
	}
	took := s.now().Sub(now.Began)
	if took < restAfter {
		return nil
	}
	if err := r.Save(ctx, now); err != nil {
		return err
	}
	return jobs.Yield(min(restFor*took, maxRest))
}
