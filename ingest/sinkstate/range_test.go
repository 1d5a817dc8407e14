package sinkstate_test

import (
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/sinkstate"
)

// What was ruled about the events of a range is there again after the power was cut, to the last of it.
func TestRulingsSurvive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := ingest.Range{ID: uuid.New(), From: 5, To: ingest.Offset(rapid.Int64Range(6, 1<<50).Draw(t, "to")), Unknown: rapid.Bool().Draw(t, "unknown")}
		entry := 0
		for range rapid.IntRange(0, 20).Draw(t, "rulings") {
			entry += rapid.IntRange(0, 1000).Draw(t, "entries on")
			want.Rulings = append(want.Rulings, ingest.Ruling{
				Entry: entry, Item: rapid.IntRange(0, ingest.MaxEvents).Draw(t, "item"),
				Verdict: rapid.SampledFrom([]ingest.Verdict{ingest.Bar, ingest.HoldPerson, ingest.Unlink, ingest.HoldPerson | ingest.Unlink}).Draw(t, "verdict"),
			})
		}
		disk := vfs.NewCrashableMem()
		s, err := sinkstate.Open(sinkstate.Config{FS: disk, Dir: "sink", Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		require.NoError(t, s.Begin(want))
		left := disk.CrashClone(vfs.CrashCloneCfg{})
		require.NoError(t, s.Close())
		s, err = sinkstate.Open(sinkstate.Config{FS: left, Dir: "sink", Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		_, got, err := s.Load()
		require.NoError(t, err)
		require.Equal(t, &want, got)
		require.NoError(t, s.Close())
	})
}
