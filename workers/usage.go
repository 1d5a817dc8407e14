package workers

import (
	"time"

	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/internal/jobs"
)

// MeterUsage keeps the usage ledger as the events are: what has changed every so often, the running month every ten minutes, the last 35 days every
// night.
func MeterUsage(s *usage.Service, every time.Duration) Work {
	const day, often = 24 * time.Hour, 5
	return Work{
		Handlers: []Handler{
			Do(usage.FindJob(), s.Find),
			On(usage.CountJob(), s.Count),
			On(usage.MonthJob(), s.CountWhole),
			Do(usage.MeasureJob(), s.MeasureAll),
			Do(usage.LookBackJob(), s.BeginLookBack),
		},
		Schedules: []jobs.Schedule{
			Every(every, usage.FindJob()),
			Every(often*every, usage.MeasureJob()),
			at(4*time.Hour, Every(day, usage.LookBackJob())),
		},
	}
}
