package workers

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy"
)

// AnswerRequests carries out what people ask for about themselves, and says when that is late.
func AnswerRequests(driver *privacy.Driver, lookout privacy.Lookout, enqueuer jobs.Enqueuer, metrics *prometheus.Registry, now func() time.Time) Work {
	overdue := promauto.With(metrics).NewGauge(prometheus.GaugeOpts{
		Name: "observatory_privacy_overdue", Help: "Requests about people whose deadline has passed and which are not over.",
	})
	watch := privacy.NewWatch(lookout, enqueuer, func(n int) { overdue.Set(float64(n)) }, now)
	kind := jobs.Kind[struct{}]{Name: "privacy:watch", Queue: jobs.Default, Attempts: 1}
	return Work{
		Handlers: []Handler{
			On(privacy.AdvanceKind(), driver.Advance),
			Do(kind, func(ctx context.Context, _ *jobs.Run) error { return watch.Run(ctx) }),
		},
		Schedules: []jobs.Schedule{Every(time.Minute, kind)},
	}
}
