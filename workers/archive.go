package workers

import (
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
			Do(archive.FindJob(), s.Find),
			Do(archive.WriteJob(), s.WriteAll),
		},
		Schedules: []jobs.Schedule{Every(every, archive.FindJob())},
	}
}
