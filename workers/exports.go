package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy/export"
)

// SweepExports removes files of exports that have expired.
func SweepExports(exports *export.Service) Work {
	kind := jobs.Kind[struct{}]{Name: "privacy:sweep-exports", Queue: jobs.Default, Attempts: 1}
	return Repeat(kind, time.Hour, func(ctx context.Context, _ *jobs.Run) error {
		_, err := exports.Sweep(ctx)
		return err
	})
}
