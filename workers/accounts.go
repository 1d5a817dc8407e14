package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// SweepAccounts deletes sessions that have ended and links that can no longer be used.
func SweepAccounts(accounts *tenants.Accounts) Work {
	kind := jobs.Kind[struct{}]{Name: "accounts:sweep", Queue: jobs.Default, Attempts: 1}
	return Repeat(kind, time.Hour, func(ctx context.Context, _ *jobs.Run) error {
		_, err := accounts.Sweep(ctx)
		return err
	})
}
