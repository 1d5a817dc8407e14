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
	return Work{
		Handlers: []Handler{
			Do(rollup.FindJob(), s.Find),
			On(rollup.RecomputeJob(), s.RecomputeHours),
			Do(rollup.CatchUpJob(), s.CatchUp),
			On(rollup.BackfillJob(), s.Fill),
			Do(rollup.LookBackJob(), s.BeginLookBack),
			On(rollup.CompareJob(), s.Compare),
			Do(rollup.CleanJob(), func(ctx context.Context, _ *jobs.Run) error { return s.Clean(ctx) }),
		},
		Schedules: []jobs.Schedule{
			Every(often, rollup.FindJob()),
			at(2*time.Hour, Every(day, rollup.LookBackJob())),
			at(3*time.Hour, Every(day, rollup.CleanJob())),
		},
	}
}

// at moves the ticks of a schedule.
func at(offset time.Duration, s jobs.Schedule) jobs.Schedule {
	s.Offset = offset
	return s
}
