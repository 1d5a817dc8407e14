package rollup

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	dirty, undecided, oldest prometheus.Gauge
	hours, events            prometheus.Counter
	differences              prometheus.Counter
	took                     prometheus.Histogram
}

func newMetrics(registry *prometheus.Registry) *metrics {
	f := promauto.With(registry)
	return &metrics{
		dirty:       f.NewGauge(prometheus.GaugeOpts{Name: "observatory_rollup_dirty_hours", Help: "Hours of tenants that are over and are to be rolled up."}),
		undecided:   f.NewGauge(prometheus.GaugeOpts{Name: "observatory_rollup_undecided_hours", Help: "Hours of tenants in which a batch is under way. Where this stays, a sink has ended and not come back."}),
		oldest:      f.NewGauge(prometheus.GaugeOpts{Name: "observatory_rollup_oldest_dirty_seconds", Help: "How long the oldest of the dirty hours has waited. More than a minute means that the workers do not keep up."}),
		hours:       f.NewCounter(prometheus.CounterOpts{Name: "observatory_rollup_hours_total", Help: "Hours of tenants that were rolled up."}),
		events:      f.NewCounter(prometheus.CounterOpts{Name: "observatory_rollup_events_total", Help: "Events in the hours that were rolled up."}),
		differences: f.NewCounter(prometheus.CounterOpts{Name: "observatory_rollup_differences_total", Help: "Rows of rollups that the look-back found to differ from the events. Anything but 0 is an incident."}),
		took: f.NewHistogram(prometheus.HistogramOpts{
			Name: "observatory_rollup_duration_seconds", Help: "How long it took to roll up the hours of one tenant.", Buckets: []float64{.05, .1, .3, 1, 3, 10, 30, 100},
		}),
	}
}

func (m *metrics) dirtyHours(found []Dirty) {
	var dirty, undecided int
	var oldest time.Duration
	for _, d := range found {
		if d.Undecided {
			undecided++
			continue
		}
		dirty++
		oldest = max(oldest, d.Age())
	}
	m.dirty.Set(float64(dirty))
	m.undecided.Set(float64(undecided))
	m.oldest.Set(oldest.Seconds())
}

func (m *metrics) recomputed(done Computed, took time.Duration) {
	m.hours.Add(float64(done.Hours))
	m.events.Add(float64(done.Events))
	m.took.Observe(took.Seconds())
}
