package workers

import (
	"time"

	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/internal/jobs"
)

// Invoice closes the months of all tenants that are over. It looks for them every so often.
func Invoice(s *invoicing.Service, every time.Duration) Work {
	return Work{
		Handlers: []Handler{
			Do(invoicing.FindJob(), s.Find),
			On(invoicing.CloseJob(), s.Close),
		},
		Schedules: []jobs.Schedule{Every(every, invoicing.FindJob())},
	}
}
