package archive

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	waiting                    prometheus.Gauge
	files, events, bytes, took prometheus.Counter
	rewritten                  prometheus.Counter
}

func newMetrics(registry *prometheus.Registry) *metrics {
	f := promauto.With(registry)
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	return &metrics{
		waiting:   f.NewGauge(prometheus.GaugeOpts{Name: "observatory_archive_waiting_hours", Help: "Hours of tenants that are to be written to the archive."}),
		files:     counter("observatory_archive_files_total", "Files that were written to the archive."),
		events:    counter("observatory_archive_events_total", "Events in the files that were written to the archive."),
		bytes:     counter("observatory_archive_bytes_total", "Bytes of the files that were written to the archive."),
		took:      counter("observatory_archive_write_seconds_total", "Time that was spent on writing days to the archive."),
		rewritten: counter("observatory_archive_erased_files_total", "Files that were written anew without somebody who was erased."),
	}
}

func (m *metrics) wrote(files []File, took time.Duration) {
	for _, f := range files {
		if f.Name != "" {
			m.files.Inc()
			m.events.Add(float64(f.Rows))
			m.bytes.Add(float64(f.Bytes))
		}
	}
	m.took.Add(took.Seconds())
}
