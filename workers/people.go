package workers

import (
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/internal/jobs"
)

// StitchPeople finds out which IDs are one person, wherever events have changed.
func StitchPeople(s *people.Stitcher) Work {
	return Work{
		Handlers: []Handler{
			Do(people.FindJob(), s.Find),
			Do(people.StitchJob(), s.Stitch),
		},
		Schedules: []jobs.Schedule{Every(people.FindEvery, people.FindJob())},
	}
}
