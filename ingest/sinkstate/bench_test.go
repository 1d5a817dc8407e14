package sinkstate_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/sinkstate"
)

func openOnDisk(b *testing.B, folder string) *sinkstate.State {
	s, err := sinkstate.Open(sinkstate.Config{FS: vfs.Default, Dir: folder, Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, err)
	return s
}

func batchOf(n, from int, at time.Time) []ingest.Seen {
	seen := make([]ingest.Seen, n)
	for i := range seen {
		seen[i] = ingest.Seen{Key: key(from + i), At: at}
	}
	return seen
}

// A batch as the sink settles it: 50,000 events, each looked up and all of them new.
func BenchmarkSettle(b *testing.B) {
	const n = 50_000
	s := openOnDisk(b, b.TempDir())
	defer s.Close()
	at := noon
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		seen := batchOf(n, i*n, at)
		at = at.Add(time.Second)
		b.StartTimer()
		require.NoError(b, s.Settle(ingest.Offset(i), seen, nil))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event")
}

// A day's events are in the state: what a new one costs, what a repeated one, and what it costs to open the state.
func BenchmarkFirstSeen(b *testing.B) {
	const hours, perHour = 24, 40_000
	folder := b.TempDir()
	s := openOnDisk(b, folder)
	for h := range hours {
		require.NoError(b, s.Settle(1, batchOf(perHour, h*perHour, noon.Add(time.Duration(h)*time.Hour)), nil))
	}
	at := noon.Add((hours - 1) * time.Hour)
	ask := func(b *testing.B, keys []ingest.Seen, want bool) {
		for i := 0; b.Loop(); i++ {
			if _, seen, err := s.FirstSeen(keys[i%len(keys)].Key, at); seen != want || err != nil {
				b.Fatal(seen, err)
			}
		}
	}
	b.Run("new", func(b *testing.B) { ask(b, batchOf(100_000, hours*perHour, at), false) })
	b.Run("seen within the hour", func(b *testing.B) { ask(b, batchOf(perHour, (hours-1)*perHour, at), true) })
	b.Run("seen a day ago", func(b *testing.B) { ask(b, batchOf(perHour, 0, at), true) })
	require.NoError(b, s.Close())
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			require.NoError(b, openOnDisk(b, folder).Close())
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(hours*perHour), "ns/event")
	})
}
