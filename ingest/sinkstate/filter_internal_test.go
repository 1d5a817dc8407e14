package sinkstate

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
)

func drawKey(chance *rand.Rand) (k ingest.SeenKey) {
	binary.BigEndian.PutUint64(k[:], chance.Uint64())
	binary.BigEndian.PutUint64(k[8:], chance.Uint64())
	return k
}

// The filter may say "maybe" wrongly, but never "no": not for any order of times, nor after days.
func TestFilterHasNoFalseNegatives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := newRecent()
		chance := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "chance"), 0)) //nolint:gosec // chance, not secrets
		type added struct {
			key ingest.SeenKey
			at  time.Time
		}
		var all []added
		now := time.Date(2026, 1, 31, 22, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 30).Draw(t, "batches") {
			now = now.Add(time.Duration(rapid.IntRange(-3, 20).Draw(t, "hours")) * time.Hour)
			for range 20 {
				a := added{drawKey(chance), now.Add(time.Duration(chance.IntN(3600)) * time.Second)}
				r.add(a.key, a.at)
				all = append(all, a)
			}
		}
		for _, a := range all {
			require.True(t, r.mayHold(a.key, a.at, a.at.Add(ingest.DuplicateWindow)))
			require.True(t, r.mayHold(a.key, a.at.Add(-ingest.DuplicateWindow), a.at))
			require.True(t, r.mayHoldIn(hourOf(a.at), a.key))
		}
	})
}

// With two million events the filter sends hardly a new one to the database, so that its bits are well spread.
func TestFilterIsSelective(t *testing.T) {
	t.Parallel()
	f := newFilter(16 << 20)
	chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // chance, not secrets
	for range 2_000_000 {
		f.add(drawKey(chance))
	}
	const asked = 1_000_000
	maybe := 0
	for range asked {
		if f.mayHold(drawKey(chance)) {
			maybe++
		}
	}
	require.Less(t, maybe, asked/5000)
}
