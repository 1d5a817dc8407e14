package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/internal/jobs"
)

// MeterUsage keeps the usage ledger as the events are: what has changed every so often, the running month every ten minutes, the last 35 days every
// night.
func MeterUsage(s *usage.Service, every time.Duration) Work {
	const day, often = 24 * time.Hour, 5
	nothing := func(run func(context.Context, *jobs.Run) error) func(context.Context, *jobs.Run, struct{}) error {
		return func(ctx context.Context, r *jobs.Run, _ struct{}) error { return run(ctx, r) }
	}
	return Work{
		Handlers: []Handler{
			On(usage.FindJob(), nothing(s.Find)),
			On(usage.CountJob(), s.Count),
			On(usage.MonthJob(), s.CountWhole),
			On(usage.MeasureJob(), nothing(s.MeasureAll)),
			On(usage.LookBackJob(), nothing(s.BeginLookBack)),
		},
		Schedules: []jobs.Schedule{
			Every(usage.FindJob().Name, every, usage.FindJob()),
			Every(usage.MeasureJob().Name, often*every, usage.MeasureJob()),
			at(4*time.Hour, Every(usage.LookBackJob().Name, day, usage.LookBackJob())),
		},
	}
}
