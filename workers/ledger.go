package workers

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/jobs"
)

// CheckLedger checks, every minute, that the conservation ledger of the last hours balances: every event that was
// received has one outcome, and the rows that it speaks of are there. Once an hour it checks the whole last day.
func CheckLedger(books *ingest.Books, registry *prometheus.Registry, now func() time.Time) []Work {
	gauge := promauto.With(registry).NewGaugeVec(prometheus.GaugeOpts{
		Name: "observatory_ledger_unbalanced_hours", Help: "Hours of tenants whose conservation ledger does not balance. Anything but 0 is an incident.",
	}, []string{"window"})
	check := func(name, window string, every, back time.Duration) Work {
		kind := jobs.Kind[struct{}]{Name: name, Queue: jobs.Default, Attempts: 1}
		return Repeat(kind, every, func(ctx context.Context, _ *jobs.Run) error {
			unbalanced, err := books.Check(ctx, now().Add(-back))
			if err == nil {
				gauge.WithLabelValues(window).Set(float64(len(unbalanced)))
			}
			return err
		})
	}
	return []Work{
		check("ledger:check", "recent", time.Minute, 2*time.Hour),
		check("ledger:check-day", "day", time.Hour, 23*time.Hour),
	}
}
