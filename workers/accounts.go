package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/tenants"
)

// SweepAccounts deletes sessions that have ended and links that can no longer be used.
func SweepAccounts(accounts *tenants.Accounts) Task {
	return Task{Name: "accounts:sweep", Every: time.Hour, Timeout: time.Minute, Run: func(ctx context.Context) error {
		_, err := accounts.Sweep(ctx)
		return err
	}}
}
