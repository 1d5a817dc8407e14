package quality

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/observatory/observatory/tenants"
)

// Schedule knows which checks are due, and keeps what they found.
type Schedule interface {
	// Due are the tenants with checks that are due, and those that do not have the built-in ones yet.
	Due(ctx context.Context, now time.Time) ([]tenants.ID, error)
	AddBuiltins(ctx context.Context, tenant tenants.ID, checks []Check) error
	// DueChecks are the checks of a tenant that are due, and its time zone.
	DueChecks(ctx context.Context, tenant tenants.ID, now time.Time) ([]Check, *time.Location, error)
	// Record keeps a result and moves the check on to its next tick, both or neither. It does nothing and returns false when the check is
	// not as it was read any more: changed, removed, or made for this tick by somebody else.
	Record(ctx context.Context, tenant tenants.ID, c Check, r Result, next time.Time) (recorded bool, err error)
	// Standing counts enabled checks of all tenants by what they found last; those that were never made are unknown.
	Standing(ctx context.Context) (map[Kind]map[Verdict]int, error)
	// Forget deletes results with ticks before a time.
	Forget(ctx context.Context, before time.Time) (deleted int64, err error)
}

// maxMissed is how many ticks that were missed, or lie before a check that looks back was made, are made up for.
const maxMissed = 24

// RunnerDeps are what a Runner needs.
type RunnerDeps struct {
	Schedule Schedule
	Trends   Trends
	Books    Books
	Now      func() time.Time
}

// Runner makes checks. Any number of runners may work at once, also on the same tenant: each tick of a check gets one result.
type Runner struct {
	schedule Schedule
	measurer measurer
	now      func() time.Time
}

// NewRunner makes a Runner.
func NewRunner(d RunnerDeps) *Runner {
	return &Runner{schedule: d.Schedule, measurer: measurer{trends: d.Trends, books: d.Books, now: d.Now}, now: d.Now}
}

// Due are the tenants for which there is something to do.
func (r *Runner) Due(ctx context.Context) ([]tenants.ID, error) { return r.schedule.Due(ctx, r.now()) }

// Run makes the checks of a tenant that are due. A check that fails to be made does not keep the others from it; it stays due.
func (r *Runner) Run(ctx context.Context, tenant tenants.ID) error {
	if err := addBuiltins(ctx, r.schedule, tenant, r.now()); err != nil {
		return err
	}
	checks, zone, err := r.schedule.DueChecks(ctx, tenant, r.now())
	if err != nil {
		return err
	}
	var failed error
	for _, c := range checks {
		if err := r.check(ctx, tenant, zone, c); err != nil {
			failed = errors.Join(failed, fmt.Errorf("check %s: %w", c.ID, err))
		}
	}
	return failed
}

// check makes a check for the ticks that are due. What looks back is made for every one of them; of what looks at now only the newest
// can be made.
func (r *Runner) check(ctx context.Context, tenant tenants.ID, zone *time.Location, c Check) error {
	newest := c.newestTick(r.now())
	tick := newest
	if c.Kind.looksBack() {
		tick = c.Next
		if first := c.firstTick(r.now()); tick.Before(first) {
			tick = first
		}
	}
	for ; !tick.After(newest); tick = tick.Add(c.Interval) {
		result, err := r.measurer.measure(ctx, tenant, zone, c.Definition, tick)
		if err != nil {
			return err
		}
		result.Check = c.ID
		next := tick.Add(c.Interval)
		recorded, err := r.schedule.Record(ctx, tenant, c, result, next)
		if err != nil || !recorded {
			return err
		}
		c.Next = next
	}
	return nil
}

// Standing counts enabled checks of all tenants by what they found last.
func (r *Runner) Standing(ctx context.Context) (map[Kind]map[Verdict]int, error) {
	return r.schedule.Standing(ctx)
}

// Forget deletes results that are too old.
func (r *Runner) Forget(ctx context.Context) (deleted int64, err error) {
	return r.schedule.Forget(ctx, r.now().Add(-KeptFor))
}
