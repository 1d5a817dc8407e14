package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy/retention"
)

// Retain applies the retention policies of all tenants, every night at midnight UTC.
func Retain(s *retention.Service) Work {
	const night = 24 * time.Hour
	return Work{
		Handlers: []Handler{
			On(retention.FindJob(), func(ctx context.Context, r *jobs.Run, _ struct{}) error { return s.Find(ctx, r) }),
			On(retention.ApplyJob(), s.Apply),
		},
		Schedules: []jobs.Schedule{Every(retention.FindJob().Name, night, retention.FindJob())},
	}
}
