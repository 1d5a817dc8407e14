package workers

import (
	"context"

	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/internal/jobs"
)

// StitchPeople finds out which IDs are one person, wherever events have changed.
func StitchPeople(s *people.Stitcher) Work {
	return Work{
		Handlers: []Handler{
			On(people.FindJob(), func(ctx context.Context, r *jobs.Run, _ struct{}) error { return s.Find(ctx, r) }),
			On(people.StitchJob(), func(ctx context.Context, r *jobs.Run, _ struct{}) error { return s.Stitch(ctx, r) }),
		},
		Schedules: []jobs.Schedule{Every(people.FindJob().Name, people.FindEvery, people.FindJob())},
	}
}
