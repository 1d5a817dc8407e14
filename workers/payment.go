package workers

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/internal/jobs"
)

// Collect has invoices paid, looks after those that are not, and has the payment provider know what was used.
func Collect(s *payment.Service, every time.Duration, metrics *prometheus.Registry) Work {
	const rarely = 15
	differ := promauto.With(metrics).NewGauge(prometheus.GaugeOpts{
		Name: "observatory_payment_differences", Help: "Hours of which the payment provider has another usage than the ledger, and can not be told.",
	})
	return Work{
		Handlers: []Handler{
			Do(payment.FindJob(), s.Find),
			On(payment.LookJob(), s.Run),
			Do(payment.FindMeteredJob(), func(ctx context.Context, r *jobs.Run) error {
				n, err := s.Differing(ctx)
				if err != nil {
					return err
				}
				differ.Set(float64(n))
				return s.FindMetered(ctx, r)
			}),
			On(payment.MeterJob(), s.RunMeter),
		},
		Schedules: []jobs.Schedule{
			Every(every, payment.FindJob()),
			Every(rarely*every, payment.FindMeteredJob()),
		},
	}
}
