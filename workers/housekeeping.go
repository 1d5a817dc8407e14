package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/internal/jobs"
)

// SweepJobs forgets jobs whose history need not be kept any longer.
func SweepJobs(ledger jobs.Housekeeping) Work {
	const atOnce = 2000
	kind := jobs.Kind[struct{}]{Name: "jobs:sweep", Queue: jobs.Default, Attempts: 1}
	return Repeat(kind, 10*time.Minute, func(ctx context.Context, _ *jobs.Run) error {
		for {
			n, err := ledger.Sweep(ctx, atOnce)
			if err != nil || n < atOnce {
				return err
			}
		}
	})
}
