package workers

import (
	"context"
	"fmt"
	"time"

	"github.com/observatory/observatory/billing/quota"
	"github.com/observatory/observatory/internal/jobs"
)

// Expirer removes what is held and whose time is over.
type Expirer interface {
	// Expire does so for all, and returns how many events that were.
	Expire(ctx context.Context) (int64, error)
}

// KeepQuotas has quotas be as plans are, warns people, releases what is held where there is room again, and removes what has expired.
func KeepQuotas(s *quota.Service, held Expirer) Work {
	const (
		watchEvery   = time.Minute
		releaseEvery = 2 * time.Second // somebody who has upgraded looks for their events
		expireEvery  = 10 * time.Minute
	)
	watch := jobs.Kind[struct{}]{Name: "quota:watch", Queue: jobs.Default, Attempts: 1, Timeout: 10 * time.Minute}
	release := jobs.Kind[struct{}]{Name: "quota:release", Queue: jobs.Default, Attempts: 1}
	expire := jobs.Kind[struct{}]{Name: "quota:expire", Queue: jobs.Default, Attempts: 1, Timeout: 10 * time.Minute}
	var all Work
	for _, one := range []Work{
		Repeat(watch, watchEvery, func(ctx context.Context, _ *jobs.Run) error { return s.Watch(ctx) }),
		Repeat(release, releaseEvery, func(ctx context.Context, _ *jobs.Run) error { return s.ReleaseDue(ctx) }),
		Repeat(expire, expireEvery, func(ctx context.Context, run *jobs.Run) error {
			n, err := held.Expire(ctx)
			if err != nil || n == 0 {
				return err
			}
			return run.Progress(ctx, n, n, fmt.Sprintf("events that had expired: %d", n))
		}),
	} {
		all.Handlers, all.Schedules = append(all.Handlers, one.Handlers...), append(all.Schedules, one.Schedules...)
	}
	return all
}
