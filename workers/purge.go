package workers

import (
	"context"
	"fmt"
	"time"

	"github.com/observatory/observatory/internal/jobs"
)

// Purger removes from the disk what is hidden already.
type Purger interface {
	// Purge does so for all who wait for it, and returns in which tables.
	Purge(ctx context.Context) (tables []string, err error)
}

// PurgeErased removes from the disk what requests about people have hidden, of many requests together.
func PurgeErased(p Purger, every time.Duration) Work {
	kind := jobs.Kind[struct{}]{Name: "privacy:purge", Queue: jobs.Default, Timeout: 30 * time.Minute, Attempts: 1}
	return Repeat(kind, every, func(ctx context.Context, run *jobs.Run) error {
		tables, err := p.Purge(ctx)
		if err != nil {
			return err
		}
		return run.Progress(ctx, int64(len(tables)), int64(len(tables)), fmt.Sprintf("tables that had something to remove: %d", len(tables)))
	})
}
