package workers

import (
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy/offboard"
)

// Leave carries out that organisations leave.
func Leave(s *offboard.Service) Work {
	return Work{
		Handlers: []Handler{
			Do(offboard.FindJob(), s.Find),
			On(offboard.LeaveJob(), s.Advance),
		},
		Schedules: []jobs.Schedule{Every(offboard.FindEvery, offboard.FindJob())},
	}
}
