package workers

import (
	"context"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy/offboard"
)

// Leave carries out that organisations leave.
func Leave(s *offboard.Service) Work {
	return Work{
		Handlers: []Handler{
			On(offboard.FindJob(), func(ctx context.Context, r *jobs.Run, _ struct{}) error { return s.Find(ctx, r) }),
			On(offboard.LeaveJob(), s.Advance),
		},
		Schedules: []jobs.Schedule{Every(offboard.FindJob().Name, offboard.FindEvery, offboard.FindJob())},
	}
}
