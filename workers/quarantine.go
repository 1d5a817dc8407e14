package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/ingest/repair"
)

// TellOfCauses tells the people who manage a tenant when its events begin to be rejected for a new cause.
func TellOfCauses(notices *repair.Notices) Task {
	return Task{Name: "quarantine:tell", Every: time.Minute, Timeout: time.Minute, Run: func(ctx context.Context) error {
		return notices.Send(ctx)
	}}
}
