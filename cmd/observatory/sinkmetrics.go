package main

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/observatory/observatory/ingest"
)

// sinkMetrics measure the way from the log into the store.
type sinkMetrics struct {
	syncs    prometheus.Histogram
	records  prometheus.Counter
	events   *prometheus.CounterVec
	batches  prometheus.Histogram
	lastDone atomic.Int64 // when the log was last known to be settled, Unix ms
}

func newSinkMetrics(registry *prometheus.Registry) *sinkMetrics {
	f := promauto.With(registry)
	m := &sinkMetrics{
		syncs:   f.NewHistogram(prometheus.HistogramOpts{Name: "observatory_log_sync_duration_seconds", Help: "Time to make a group of requests durable.", Buckets: prometheus.ExponentialBuckets(.0005, 2, 12)}),
		records: f.NewCounter(prometheus.CounterOpts{Name: "observatory_log_records_total", Help: "Requests made durable."}),
		events:  f.NewCounterVec(prometheus.CounterOpts{Name: "observatory_events_settled_total", Help: "Events by what became of them."}, []string{"status"}),
		batches: f.NewHistogram(prometheus.HistogramOpts{Name: "observatory_sink_batch_duration_seconds", Help: "Time to store a batch.", Buckets: prometheus.ExponentialBuckets(.01, 2, 12)}),
	}
	m.lastDone.Store(time.Now().UnixMilli())
	return m
}

func (m *sinkMetrics) synced(records, _ int, took time.Duration) {
	m.records.Add(float64(records))
	m.syncs.Observe(took.Seconds())
}

func (m *sinkMetrics) stored(s *ingest.Settlement, took time.Duration) {
	m.batches.Observe(took.Seconds())
	var sum ingest.Counts
	for _, e := range s.Ledger {
		sum = sum.Plus(e.Counts)
	}
	m.events.WithLabelValues("stored").Add(float64(sum.Stored))
	m.events.WithLabelValues("duplicate").Add(float64(sum.Duplicate))
	var repaired, released int64 // which the ledger takes back
	for i := range s.Repairs {
		if s.Repairs[i].Held {
			released++
		} else {
			repaired++
		}
	}
	m.events.WithLabelValues("quarantined").Add(float64(sum.Quarantined + repaired))
	m.events.WithLabelValues("suppressed").Add(float64(sum.Suppressed))
	m.events.WithLabelValues("held").Add(float64(sum.Held + released))
	if n := len(s.Receipts); n > 0 {
		m.lastDone.Store(s.Receipts[n-1].ReceivedAt.UnixMilli())
	}
}

// waiting is how long the oldest event that is not stored yet has waited, at most.
func (m *sinkMetrics) waiting(now time.Time, log ingest.Log, sink *ingest.Sink) time.Duration {
	if sink.Settled() >= log.End() {
		m.lastDone.Store(now.UnixMilli())
		return 0
	}
	return max(0, now.Sub(time.UnixMilli(m.lastDone.Load())))
}

func (m *sinkMetrics) backlog(registry *prometheus.Registry, log ingest.Log, sink *ingest.Sink) {
	f := promauto.With(registry)
	f.NewGaugeFunc(prometheus.GaugeOpts{Name: "observatory_log_backlog_bytes", Help: "Bytes of the log that are not stored yet."}, func() float64 {
		return float64(log.End() - sink.Settled())
	})
	f.NewGaugeFunc(prometheus.GaugeOpts{Name: "observatory_sink_lag_seconds", Help: "How long the oldest event that is not stored yet has waited, at most."}, func() float64 {
		return m.waiting(time.Now(), log, sink).Seconds()
	})
}
