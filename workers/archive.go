package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy/archive"
)

// KeepArchive writes settled hours to the archive: every minute those that have changed and been quiet for a while, or sooner where that
// while is shorter.
func KeepArchive(s *archive.Service, quiet time.Duration) Work {
	every := max(time.Second, min(time.Minute, quiet.Truncate(time.Second)))
	return Work{
		Handlers: []Handler{
			On(archive.FindJob(), func(ctx context.Context, run *jobs.Run, _ struct{}) error { return s.Find(ctx, run) }),
			On(archive.WriteJob(), func(ctx context.Context, run *jobs.Run, _ struct{}) error { return s.WriteAll(ctx, run) }),
		},
		Schedules: []jobs.Schedule{Every(archive.FindJob().Name, every, archive.FindJob())},
	}
}
