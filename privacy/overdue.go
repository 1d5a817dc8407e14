package privacy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// Ref names a request of some tenant.
type Ref struct {
	Tenant tenants.ID
	ID     ID
}

// Lookout sees requests of all tenants.
type Lookout interface {
	// Awake lists requests about which something is to be done.
	Awake(ctx context.Context) ([]Ref, error)
	// Overdue lists open requests whose deadline has passed and of which nobody was told, and counts all whose deadline has passed.
	Overdue(ctx context.Context, now time.Time) (untold []Ref, overdue int, err error)
	// Tell queues mail to the owners and admins of the tenant and notes that they were told, once.
	Tell(ctx context.Context, r Ref, now time.Time) error
}

// Watch sees to it that no open request is without a job, and that those who answer for it know when it is late.
type Watch struct {
	lookout Lookout
	jobs    jobs.Enqueuer
	overdue func(int)
	now     func() time.Time
}

// NewWatch makes a Watch; overdue is told how many requests are.
func NewWatch(lookout Lookout, enqueuer jobs.Enqueuer, overdue func(int), now func() time.Time) *Watch {
	return &Watch{lookout: lookout, jobs: enqueuer, overdue: overdue, now: now}
}

// Run looks once.
func (w *Watch) Run(ctx context.Context) error {
	awake, err := w.lookout.Awake(ctx)
	if err != nil {
		return fmt.Errorf("look for open requests: %w", err)
	}
	var troubles []error
	for _, r := range awake {
		_, err := w.jobs.Enqueue(ctx, AdvanceJob(r.Tenant, r.ID))
		troubles = append(troubles, err)
	}
	untold, overdue, err := w.lookout.Overdue(ctx, w.now().UTC())
	if err != nil {
		return errors.Join(append(troubles, fmt.Errorf("look for overdue requests: %w", err))...)
	}
	w.overdue(overdue)
	for _, r := range untold {
		if err := w.lookout.Tell(ctx, r, w.now().UTC()); err != nil {
			troubles = append(troubles, fmt.Errorf("tell of an overdue request: %w", err))
		}
	}
	return errors.Join(troubles...)
}
