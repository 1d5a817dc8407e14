package workers

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/observatory/observatory/analytics/quality"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// CheckQuality makes the checks of tenants' data: every few seconds one job for each tenant with something due.
func CheckQuality(runner *quality.Runner, queue jobs.Enqueuer, registry *prometheus.Registry) Work {
	const (
		soon = 15 * time.Second // so that somebody who adds a check need not wait long
		day  = 24 * time.Hour
		keep = 3 * day // there are many, and what they found stays longer
	)
	find := jobs.Kind[struct{}]{Name: "quality:find", Queue: jobs.Default, Attempts: 1, Keep: day}
	check := jobs.Kind[struct{}]{Name: "quality:check", Queue: jobs.Default, Timeout: 5 * time.Minute, Keep: keep}
	clean := jobs.Kind[struct{}]{Name: "quality:clean", Queue: jobs.Default, Timeout: 10 * time.Minute}
	standing := promauto.With(registry).NewGaugeVec(prometheus.GaugeOpts{
		Name: "observatory_quality_checks", Help: "Checks of tenants' data that are switched on, by what they found last.",
	}, []string{"kind", "verdict"})
	return Work{
		Handlers: []Handler{
			Do(find, func(ctx context.Context, r *jobs.Run) error {
				if err := countVerdicts(ctx, runner, standing); err != nil {
					return err
				}
				due, err := runner.Due(ctx)
				if err != nil || len(due) == 0 {
					return err
				}
				all := make([]jobs.Job, len(due))
				for i, tenant := range due {
					all[i] = check.New(uuid.UUID(tenant), struct{}{}, jobs.Unique("due"), jobs.Parent(r.ID), jobs.Correlation(r.Correlation))
				}
				_, err = queue.Enqueue(ctx, all...)
				return err
			}),
			Do(check, func(ctx context.Context, r *jobs.Run) error { return runner.Run(ctx, tenants.ID(r.Tenant)) }),
			Do(clean, func(ctx context.Context, _ *jobs.Run) error {
				_, err := runner.Forget(ctx)
				return err
			}),
		},
		Schedules: []jobs.Schedule{
			Every(soon, find),
			at(4*time.Hour, Every(day, clean)),
		},
	}
}

func countVerdicts(ctx context.Context, runner *quality.Runner, gauge *prometheus.GaugeVec) error {
	counts, err := runner.Standing(ctx)
	if err != nil {
		return err
	}
	for _, kind := range quality.Kinds() {
		for _, verdict := range quality.Verdicts() {
			gauge.WithLabelValues(string(kind), string(verdict)).Set(float64(counts[kind][verdict]))
		}
	}
	return nil
}
