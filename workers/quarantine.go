package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/jobs"
)

// TellOfCauses tells the people who manage a tenant when its events begin to be rejected for a new cause.
func TellOfCauses(notices *repair.Notices) Work {
	kind := jobs.Kind[struct{}]{Name: "quarantine:tell", Queue: jobs.Default, Attempts: 1}
	return Repeat(kind, time.Minute, func(ctx context.Context, _ *jobs.Run) error { return notices.Send(ctx) })
}

// ReleaseHeld has events stored that were held while nobody could say whether they may be, as soon as somebody can.
func ReleaseHeld(releases *repair.Releases) Work {
	kind := jobs.Kind[struct{}]{Name: "held:release", Queue: jobs.Default, Attempts: 1}
	return Repeat(kind, time.Minute, func(ctx context.Context, _ *jobs.Run) error { return releases.BeginUnknown(ctx) })
}
