package workers

import (
	"time"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy/retention"
)

// Retain applies the retention policies of all tenants, every night at midnight UTC.
func Retain(s *retention.Service) Work {
	const night = 24 * time.Hour
	return Work{
		Handlers: []Handler{
			Do(retention.FindJob(), s.Find),
			On(retention.ApplyJob(), s.Apply),
		},
		Schedules: []jobs.Schedule{Every(night, retention.FindJob())},
	}
}
