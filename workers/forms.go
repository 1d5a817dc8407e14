package workers

import (
	"context"
	"time"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy/form"
)

// SweepFilings removes what was filed by public forms and never confirmed.
func SweepFilings(forms *form.Service) Work {
	kind := jobs.Kind[struct{}]{Name: "privacy:sweep-filings", Queue: jobs.Default, Attempts: 1}
	return Repeat(kind, time.Hour, func(ctx context.Context, _ *jobs.Run) error { return forms.Sweep(ctx) })
}
