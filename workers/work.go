package workers

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/jobs"
)

// Work is what a domain has the workers do.
type Work struct {
	Handlers  []Handler
	Schedules []jobs.Schedule
}

// Handler does the jobs of one kind.
type Handler struct {
	kind    string
	timeout time.Duration
	run     func(context.Context, *jobs.Run) error
}

// On has run do the jobs of a kind. A job may run more than once: see package jobs for how its effect stays the same. The
// context ends with the kind's timeout, with the job's deadline, when the job is cancelled and when it is lost.
func On[P any](kind jobs.Kind[P], run func(ctx context.Context, r *jobs.Run, params P) error) Handler {
	return Handler{kind: kind.Name, timeout: kind.AttemptTimeout(), run: func(ctx context.Context, r *jobs.Run) error {
		var params P
		if err := json.Unmarshal(r.Params, &params); err != nil {
			return jobs.Permanent(fmt.Errorf("read the parameters: %w", err))
		}
		return run(ctx, r, params)
	}}
}

// Do is On for a kind without parameters.
func Do(kind jobs.Kind[struct{}], run func(ctx context.Context, r *jobs.Run) error) Handler {
	return On(kind, func(ctx context.Context, r *jobs.Run, _ struct{}) error { return run(ctx, r) })
}

// Every makes a job of a kind, of the system itself, at every multiple of a time since 1970 UTC: of 24 hours, that is at midnight. The schedule has
// the name of the kind, whose timeout should be shorter than what would be missed too long.
func Every(every time.Duration, kind jobs.Kind[struct{}]) jobs.Schedule {
	const (
		often = time.Minute
		day   = 24 * time.Hour
	)
	if kind.Keep == 0 && every < often {
		kind.Keep = day // there are many, and they say little
	}
	return jobs.Schedule{Name: kind.Name, Every: every, Make: func() jobs.Job {
		return kind.New(uuid.Nil, struct{}{}, jobs.By("schedule "+kind.Name))
	}}
}

// Repeat is the whole work of a task that only a schedule calls for.
func Repeat(kind jobs.Kind[struct{}], every time.Duration, run func(ctx context.Context, r *jobs.Run) error) Work {
	return Work{
		Handlers:  []Handler{Do(kind, run)},
		Schedules: []jobs.Schedule{Every(every, kind)},
	}
}
