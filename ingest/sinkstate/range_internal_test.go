package sinkstate

import (
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

func drawRange(t *rapid.T) ingest.Range {
	r := ingest.Range{ID: uuid.New(), From: 5, To: ingest.Offset(rapid.Int64Range(6, 1<<50).Draw(t, "to")), Unknown: rapid.Bool().Draw(t, "unknown")}
	entry := 0
	for range rapid.IntRange(0, 20).Draw(t, "rulings") {
		entry += rapid.IntRange(0, 1000).Draw(t, "entries on")
		r.Rulings = append(r.Rulings, ingest.Ruling{
			Entry: entry, Item: rapid.IntRange(0, ingest.MaxEvents).Draw(t, "item"),
			Verdict: rapid.SampledFrom([]ingest.Verdict{ingest.Bar, ingest.HoldPerson, ingest.Unlink, ingest.HoldPerson | ingest.Unlink}).Draw(t, "verdict"),
		})
	}
	for range rapid.IntRange(0, 3).Draw(t, "admissions") {
		r.Admissions = append(r.Admissions, ingest.Admission{
			Metered:  ingest.Metered{Tenant: tenants.NewID(), Month: ingest.MonthOf(time.Now()), Events: rapid.Int64Range(0, 1<<40).Draw(t, "events")},
			Verdict:  rapid.SampledFrom([]ingest.Verdict{ingest.HoldQuota, ingest.HoldUnpaid}).Draw(t, "why"),
			KeepDays: rapid.IntRange(1, 365).Draw(t, "days"),
		})
	}
	return r
}

// What is read is what was written, to the last ruling; what is cut short is never taken for a range with fewer of them.
func TestRangeRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := drawRange(t)
		b := appendRange(nil, &want)
		got, err := readRange(b)
		require.NoError(t, err)
		require.Equal(t, want, got)
		const bare = 32 // a range of which every event passes
		if cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut"); cut != bare {
			_, err = readRange(b[:cut])
			require.Error(t, err, "%d of %d", cut, len(b))
		}
	})
}

// Rulings are there again after the power was cut.
func TestRulingsSurvive(t *testing.T) {
	t.Parallel()
	disk := vfs.NewCrashableMem()
	open := func(fs vfs.FS) *State {
		s, err := Open(Config{FS: fs, Dir: "sink", Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		return s
	}
	want := ingest.Range{ID: uuid.New(), From: 5, To: 9, Unknown: true, Rulings: []ingest.Ruling{{Entry: 1, Item: 2, Verdict: ingest.Bar}, {Entry: 1, Item: 3, Verdict: ingest.Unlink}}}
	s := open(disk)
	require.NoError(t, s.Begin(want))
	left := disk.CrashClone(vfs.CrashCloneCfg{})
	require.NoError(t, s.Close())
	s = open(left)
	_, got, err := s.Load()
	require.NoError(t, err)
	require.Equal(t, &want, got)
	require.NoError(t, s.Close())
}
