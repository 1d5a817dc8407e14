package workers

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// EvaluateAlerts looks every 5 seconds for tenants with alert rules that are due, and makes a job for each; and deletes old evaluations once an hour.
// A job that runs twice, or beside another, does no harm: a tick of a rule is settled once.
func EvaluateAlerts(evaluator *alert.Evaluator, enqueuer jobs.Enqueuer, now func() time.Time) Work {
	const day = 24 * time.Hour
	type none = struct{}
	// The next look makes another job at once, which is sooner than this one would be tried again, and what could be evaluated was.
	evaluate := jobs.Kind[none]{Name: "alerts:evaluate", Queue: jobs.Urgent, Timeout: 2 * time.Minute, Attempts: 1, Keep: day}
	due := jobs.Kind[none]{Name: "alerts:due", Queue: jobs.Urgent, Timeout: 30 * time.Second, Attempts: 1}
	sweep := jobs.Kind[none]{Name: "alerts:sweep", Queue: jobs.Default, Attempts: 1}

	find := Repeat(due, 5*time.Second, func(ctx context.Context, run *jobs.Run) error {
		found, err := evaluator.Due(ctx, now())
		if err != nil || len(found) == 0 {
			return err
		}
		work := make([]jobs.Job, len(found))
		for i, tenant := range found {
			work[i] = evaluate.New(uuid.UUID(tenant), none{}, jobs.Unique("alerts"), jobs.From(run))
		}
		_, err = enqueuer.Enqueue(ctx, work...)
		return err
	})
	clean := Repeat(sweep, time.Hour, func(ctx context.Context, _ *jobs.Run) error { return evaluator.Sweep(ctx, now()) })
	return Work{
		Handlers: append(append(find.Handlers, clean.Handlers...), Do(evaluate, func(ctx context.Context, run *jobs.Run) error {
			return evaluator.EvaluateTenant(ctx, tenants.ID(run.Tenant), now())
		})),
		Schedules: append(find.Schedules, clean.Schedules...),
	}
}
