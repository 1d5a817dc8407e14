package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/internal/jobs"
)

// KeepRollups keeps rollups as the events are: every few seconds what has changed, every night a look back.
func KeepRollups(s *rollup.Service) Work {
	const (
		often = 5 * time.Second
		day   = 24 * time.Hour
	)
	nothing := func(run func(context.Context, *jobs.Run) error) func(context.Context, *jobs.Run, struct{}) error {
		return func(ctx context.Context, r *jobs.Run, _ struct{}) error { return run(ctx, r) }
	}
	return Work{
		Handlers: []Handler{
			On(rollup.FindJob(), nothing(s.Find)),
			On(rollup.RecomputeJob(), s.RecomputeHours),
			On(rollup.CatchUpJob(), nothing(s.CatchUp)),
			On(rollup.BackfillJob(), s.Fill),
			On(rollup.LookBackJob(), nothing(s.BeginLookBack)),
			On(rollup.CompareJob(), s.Compare),
			On(rollup.CleanJob(), func(ctx context.Context, _ *jobs.Run, _ struct{}) error { return s.Clean(ctx) }),
		},
		Schedules: []jobs.Schedule{
			Every(rollup.FindJob().Name, often, rollup.FindJob()),
			at(2*time.Hour, Every(rollup.LookBackJob().Name, day, rollup.LookBackJob())),
			at(3*time.Hour, Every(rollup.CleanJob().Name, day, rollup.CleanJob())),
		},
	}
}

// at moves the ticks of a schedule.
func at(offset time.Duration, s jobs.Schedule) jobs.Schedule {
	s.Offset = offset
	return s
}
