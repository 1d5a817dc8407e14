package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/internal/jobs"
)

// Invoice closes the months of all tenants that are over. It looks for them every so often.
func Invoice(s *invoicing.Service, every time.Duration) Work {
	return Work{
		Handlers: []Handler{
			On(invoicing.FindJob(), func(ctx context.Context, r *jobs.Run, _ struct{}) error { return s.Find(ctx, r) }),
			On(invoicing.CloseJob(), s.Close),
		},
		Schedules: []jobs.Schedule{Every(invoicing.FindJob().Name, every, invoicing.FindJob())},
	}
}
