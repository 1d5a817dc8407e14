package ingestch_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/sinkstate"
	"github.com/observatory/observatory/tenants"
)

// A sender whose clock is wrong tries again, and the second try is measured as a little later than the first. The times of the
// two lie on either side of midnight, and so in other hours, days, months and years, which is to say in other partitions. It is
// one event all the same, with the time of the first try, whether both come in one batch of the sink or in two.
func TestRetryAcrossMidnightIsOneEvent(t *testing.T) {
	t.Parallel()
	for name, midnight := range map[string]time.Time{
		"of a day":   time.Date(2026, time.March, 11, 0, 0, 0, 0, time.UTC),
		"of a month": time.Date(2026, time.April, 1, 0, 0, 0, 0, time.UTC),
		"of a year":  time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC),
	} {
		for _, batches := range []string{"in one batch", "in two batches", "behind a restart"} {
			t.Run(name+" "+batches, func(t *testing.T) {
				t.Parallel()
				retryAcross(t, midnight, batches)
			})
		}
	}
}

func retryAcross(t *testing.T, midnight time.Time, batches string) {
	t.Helper()
	store, conn := open(t)
	now := midnight // at the server
	disk := vfs.NewMem()
	discard := slog.New(slog.DiscardHandler)
	log, err := eventlog.Open(eventlog.Config{FS: disk, Dir: "log", Logger: discard})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close()) })
	collector := ingest.NewCollector(ingest.CollectorDeps{
		Log: log, Prepare: asSent{}, Receipts: ingest.NewReceipts([]byte("secret")), Limits: ingest.NewRateLimits(0), Now: func() time.Time { return now },
	})
	drain := func() {
		state, err := sinkstate.Open(sinkstate.Config{FS: disk, Dir: "sink", Secret: []byte("secret"), Logger: discard})
		require.NoError(t, err)
		defer func() { require.NoError(t, state.Close()) }()
		sink, err := ingest.NewSink(ingest.SinkConfig{}, ingest.SinkDeps{Log: log, State: state, Store: store, Now: func() time.Time { return now }, Logger: discard})
		require.NoError(t, err)
		require.NoError(t, sink.Drain(t.Context()))
	}

	// The sender's clock is 2 hours slow. Its event happened 20 ms before midnight; the first try takes 10 ms, the second one 70 ms.
	const slow = 2 * time.Hour
	sender := ingest.Sender{Tenant: newTenant(), Source: tenants.SourceID(uuid.New())}
	send := func(sentAt time.Time, way time.Duration) {
		now = sentAt.Add(slow + way)
		_, err := collector.Accept(t.Context(), ingest.AcceptInput{Sender: sender, Batch: &ingest.Batch{
			SentAt: sentAt,
			Items: []ingest.Item{{Event: ingest.Event{
				Type: ingest.Track, Name: []byte("order"), ID: []byte("order 7"), Time: midnight.Add(-slow - 20*time.Millisecond), Properties: []byte(`{}`),
			}}},
		}})
		require.NoError(t, err)
	}
	send(midnight.Add(-slow), 10*time.Millisecond)
	switch batches {
	case "in two batches":
		drain()
	case "behind a restart":
		drain()
		require.NoError(t, log.Close())
		log, err = eventlog.Open(eventlog.Config{FS: disk, Dir: "log", Logger: discard})
		require.NoError(t, err)
		collector = ingest.NewCollector(ingest.CollectorDeps{
			Log: log, Prepare: asSent{}, Receipts: ingest.NewReceipts([]byte("secret")), Limits: ingest.NewRateLimits(0), Now: func() time.Time { return now },
		})
	}
	send(midnight.Add(-slow+3*time.Second), 70*time.Millisecond)
	drain()

	var count uint64
	var at time.Time
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(), min(time) FROM events").Scan(&count, &at)) // without FINAL: what lies there
	require.Equal(t, uint64(1), count)
	require.Equal(t, midnight.Add(-10*time.Millisecond), at.UTC(), "the first try's time")
	var stored, duplicate int64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT sum(stored), sum(duplicate) FROM ledger").Scan(&stored, &duplicate))
	require.Equal(t, []int64{1, 1}, []int64{stored, duplicate})
}
