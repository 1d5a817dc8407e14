package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/analytics/notify"
	"github.com/observatory/observatory/internal/jobs"
)

// Notify tells people of incidents: it moves incidents from step to step, sends the messages, and forgets old ones.
func Notify(escalator *notify.Escalator, courier *notify.Courier) Work {
	const (
		often = 5 * time.Second
		day   = 24 * time.Hour
	)
	escalate := jobs.Kind[struct{}]{Name: "notify:escalate", Queue: jobs.Urgent, Attempts: 1}
	deliver := jobs.Kind[struct{}]{Name: "notify:deliver", Queue: jobs.Urgent, Attempts: 1}
	sweep := jobs.Kind[struct{}]{Name: "notify:sweep", Queue: jobs.Default, Timeout: 10 * time.Minute}
	return Work{
		Handlers: []Handler{
			Do(escalate, func(ctx context.Context, _ *jobs.Run) error { return escalator.Run(ctx) }),
			Do(deliver, func(ctx context.Context, _ *jobs.Run) error { return courier.Run(ctx) }),
			Do(sweep, func(ctx context.Context, _ *jobs.Run) error { return courier.Sweep(ctx) }),
		},
		Schedules: []jobs.Schedule{
			Every(often, escalate),
			Every(often, deliver),
			Every(day, sweep),
		},
	}
}
