package workers

import (
	"time"

	"github.com/observatory/observatory/billing/cost"
	"github.com/observatory/observatory/internal/jobs"
)

// MeasureConsumption books every hour what tenants consume and nobody notes when it happens.
func MeasureConsumption(g *cost.Gauge) Work {
	w := Repeat(cost.MeasureJob(), time.Hour, g.Measure)
	w.Schedules = []jobs.Schedule{at(7*time.Minute, w.Schedules[0])}
	return w
}
