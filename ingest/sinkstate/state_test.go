package sinkstate_test

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/sinkstate"
	"github.com/observatory/observatory/tenants"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type tb interface {
	require.TestingT
	Helper()
}

const dir = "data/sink"

func open(t tb, fs vfs.FS) *sinkstate.State {
	t.Helper()
	s, err := sinkstate.Open(sinkstate.Config{FS: fs, Dir: dir, Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return s
}

func requireLoad(t tb, s *sinkstate.State, settled ingest.Offset, begun *ingest.Range) {
	t.Helper()
	gotSettled, gotBegun, err := s.Load()
	require.NoError(t, err)
	require.Equal(t, settled, gotSettled)
	require.Equal(t, begun, gotBegun)
}

func requireSeen(t tb, s *sinkstate.State, key ingest.SeenKey, at time.Time, first *time.Time) {
	t.Helper()
	got, seen, err := s.FirstSeen(key, at)
	require.NoError(t, err)
	if first == nil {
		require.False(t, seen, "at %s", at)
		return
	}
	require.True(t, seen, "at %s", at)
	require.Equal(t, *first, got)
}

func key(i int) (k ingest.SeenKey) {
	chance := rand.New(rand.NewPCG(uint64(i), 1)) //nolint:gosec // chance, not secrets
	binary.BigEndian.PutUint64(k[:], chance.Uint64())
	binary.BigEndian.PutUint64(k[8:], chance.Uint64())
	return k
}

// noon is far from every edge of an hour or a day.
var noon = time.Date(2026, 1, 31, 12, 30, 0, 123e6, time.UTC)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := open(t, fs)
	requireLoad(t, s, 0, nil)
	r := ingest.Range{ID: uuid.New(), From: 5, To: 1 << 40}
	require.NoError(t, s.Begin(r))
	requireLoad(t, s, 0, &r)
	require.NoError(t, s.Close())

	s = open(t, fs)
	requireLoad(t, s, 0, &r)
	require.NoError(t, s.Settle(r.To, []ingest.Seen{{Key: key(1), At: noon}}, nil))
	requireLoad(t, s, r.To, nil)
	require.NoError(t, s.Close())

	s = open(t, fs)
	requireLoad(t, s, r.To, nil)
	requireSeen(t, s, key(1), noon, &noon)
	requireSeen(t, s, key(2), noon, nil)
	require.NoError(t, s.Settle(r.To+1, nil, nil))
	requireLoad(t, s, r.To+1, nil)
	require.NoError(t, s.Close())
}

func TestKeyOf(t *testing.T) {
	t.Parallel()
	s, other := open(t, vfs.NewMem()), openWith(t, "another secret")
	defer func() { require.NoError(t, s.Close()); require.NoError(t, other.Close()) }()
	a, b := ingest.Sender{Tenant: tenants.ID(uuid.New())}, ingest.Sender{Tenant: tenants.ID(uuid.New())}
	keyed := a
	keyed.Source, keyed.Key = tenants.SourceID(uuid.New()), tenants.KeyID(uuid.New())
	require.Equal(t, s.KeyOf(a, []byte("1")), s.KeyOf(keyed, []byte("1")), "an ID is unique within the tenant")
	long := make([]byte, ingest.MaxIDBytes)
	longer := slices.Clone(long)
	longer[len(longer)-1] = 1
	different := []ingest.SeenKey{
		s.KeyOf(a, []byte("1")), s.KeyOf(a, []byte("2")), s.KeyOf(b, []byte("1")), s.KeyOf(a, []byte("11")), s.KeyOf(a, nil),
		s.KeyOf(a, long), s.KeyOf(a, longer), s.KeyOf(a, long[1:]), other.KeyOf(a, []byte("1")),
	}
	for i, k := range different {
		require.NotContains(t, different[:i], k)
	}
}

func openWith(t tb, secret string) *sinkstate.State {
	s, err := sinkstate.Open(sinkstate.Config{FS: vfs.NewMem(), Dir: dir, Secret: []byte(secret), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return s
}

// An ID is known for exactly 24 hours, whether or not the process was started again meanwhile.
func TestDuplicateWindow(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{
		noon,
		time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 1, 31, 23, 59, 59, 999e6, time.UTC),
		time.Date(2026, 1, 31, 13, 0, 0, 0, time.UTC),
		time.Date(2026, 12, 31, 23, 59, 59, 999e6, time.UTC),
	} {
		t.Run(at.Format(time.RFC3339Nano), func(t *testing.T) {
			t.Parallel()
			fs := vfs.NewMem()
			s := open(t, fs)
			require.NoError(t, s.Settle(1, []ingest.Seen{{Key: key(1), At: at}}, nil))
			for range 2 {
				for _, after := range []time.Duration{
					0, time.Millisecond, time.Second, time.Hour, 13 * time.Hour, 24*time.Hour - time.Millisecond, 24 * time.Hour,
					-time.Millisecond, -time.Minute, // received before, and behind it in the log
				} {
					requireSeen(t, s, key(1), at.Add(after), &at)
				}
				for _, after := range []time.Duration{24*time.Hour + time.Millisecond, 25 * time.Hour, 48 * time.Hour, 49 * time.Hour, 1000 * time.Hour} {
					requireSeen(t, s, key(1), at.Add(after), nil)
				}
				require.NoError(t, s.Close())
				s = open(t, fs)
			}
			again := at.Add(24*time.Hour + time.Millisecond)
			require.NoError(t, s.Settle(2, []ingest.Seen{{Key: key(1), At: again}}, nil))
			requireSeen(t, s, key(1), again.Add(time.Hour), &again)
			require.NoError(t, s.Close())
		})
	}
}

// remembered counts the IDs in the database.
func remembered(t tb, fs vfs.FS) int {
	db, err := pebble.Open(dir, &pebble.Options{FS: fs, Logger: silent{}})
	require.NoError(t, err)
	iter, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte("s"), UpperBound: []byte("t")})
	require.NoError(t, err)
	n := 0
	for ok := iter.First(); ok; ok = iter.Next() {
		n++
	}
	require.NoError(t, iter.Close())
	require.NoError(t, db.Close())
	return n
}

type silent struct{}

func (silent) Infof(string, ...any)              {}
func (silent) Errorf(string, ...any)             {}
func (silent) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// What is too old to matter is forgotten, so that the state does not grow for ever.
func TestForgets(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := open(t, fs)
	const perHour = 10
	for hour := range 72 {
		at := noon.Add(time.Duration(hour) * time.Hour)
		var seen []ingest.Seen
		for i := range perHour {
			seen = append(seen, ingest.Seen{Key: key(hour*perHour + i), At: at})
		}
		require.NoError(t, s.Settle(ingest.Offset(hour), seen, nil))
		if hour%20 == 19 {
			require.NoError(t, s.Close())
			s = open(t, fs)
		}
		for back := range min(hour, 24) + 1 {
			first := at.Add(-time.Duration(back) * time.Hour)
			requireSeen(t, s, key((hour-back)*perHour), at, &first)
		}
	}
	require.NoError(t, s.Close())
	require.Equal(t, 25*perHour, remembered(t, fs), "of the hours that can still matter")
}

// model is what was ever stored, and decides what must be known of it.
type model map[int][]time.Time

// check compares what the state says with what it must. Times that lie after at may be known or not.
func (m model) check(t tb, s *sinkstate.State, id int, at time.Time) {
	t.Helper()
	first, seen, err := s.FirstSeen(key(id), at)
	require.NoError(t, err)
	within := slices.ContainsFunc(m[id], func(stored time.Time) bool {
		return !stored.Before(at.Add(-ingest.DuplicateWindow)) && !stored.After(at)
	})
	if within {
		require.True(t, seen, "%d at %s, stored at %s", id, at, m[id])
	}
	if seen {
		require.Contains(t, m[id], first)
		require.False(t, first.Before(at.Add(-ingest.DuplicateWindow)))
	}
}

// Over days of batches, restarts and pauses no duplicate goes unnoticed and no new event is taken for one.
func TestFirstSeenAgainstModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fs := vfs.NewMem()
		s := open(t, fs)
		defer func() { _ = s.Close() }()
		m := model{}
		now := noon
		offset := ingest.Offset(0)
		t.Repeat(map[string]func(*rapid.T){
			"settle": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 8*3600).Draw(t, "seconds")) * time.Second)
				var seen []ingest.Seen
				stored := map[int]time.Time{}
				for range rapid.IntRange(0, 20).Draw(t, "events") {
					id := rapid.IntRange(0, 60).Draw(t, "id")
					at := now.Add(-time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms")) * time.Millisecond)
					m.check(t, s, id, at)
					_, known, err := s.FirstSeen(key(id), at)
					require.NoError(t, err)
					if _, twice := stored[id]; !known && !twice {
						seen = append(seen, ingest.Seen{Key: key(id), At: at})
						stored[id] = at
					}
				}
				offset++
				require.NoError(t, s.Settle(offset, seen, nil))
				for id, at := range stored {
					m[id] = append(m[id], at)
				}
			},
			"look": func(t *rapid.T) {
				for id := range 70 {
					m.check(t, s, id, now)
				}
			},
			"pause": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "hours")) * time.Hour)
			},
			"restart": func(t *rapid.T) {
				if rapid.IntRange(0, 3).Draw(t, "now") > 0 {
					return // it takes far longer than all else
				}
				require.NoError(t, s.Close())
				s = open(t, fs)
				requireLoad(t, s, offset, nil)
			},
		})
	})
}

// The power is cut at any moment: what was settled is settled with all its events, and what was not is not, nor any of its events.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		disk := vfs.NewCrashableMem()
		for range rapid.IntRange(1, 2).Draw(t, "lives") {
			disk = liveAndDie(t, disk)
		}
	})
}

// settlements are kept small in number and large enough to be more than a block of the disk.
const eventsPerBatch = 120

func liveAndDie(t *rapid.T, disk *vfs.MemFS) (after *vfs.MemFS) {
	cutAt := rapid.IntRange(1, 60).Draw(t, "cut at")
	keep := vfs.CrashCloneCfg{
		UnsyncedDataPercent: rapid.SampledFrom([]int{0, 50, 100}).Draw(t, "kept"),
		RNG:                 rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "chance"), 0)), //nolint:gosec // chance, not secrets
	}
	var mu sync.Mutex
	// Pebble makes a manifest and the marker that names it, and syncs both names at once, when it opens. Journaling file systems never keep
	// only the second; this one may when it keeps some of what was not synced, so such a cut comes after the opening.
	counting := keep.UnsyncedDataPercent != 50
	ops, batch, settled, begun := 0, 0, 0, -1
	var atCut struct{ batch, settled, begun int }
	s := open(t, errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if counting && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			if ops++; ops == cutAt {
				after = disk.CrashClone(keep)
				atCut.batch, atCut.settled, atCut.begun = batch, settled, begun
			}
		}
		return nil
	})))
	mu.Lock()
	counting = true
	mu.Unlock()
	from, _, err := s.Load()
	require.NoError(t, err)
	dead := func() bool { mu.Lock(); defer mu.Unlock(); return after != nil }
	seen := func(batch int) []ingest.Seen {
		out := make([]ingest.Seen, eventsPerBatch)
		for i := range out {
			out[i] = ingest.Seen{Key: key((int(from)+batch)*eventsPerBatch + i), At: noon}
		}
		return out
	}
	rangeOf := func(batch int) ingest.Range {
		begins := from + ingest.Offset(batch)
		return ingest.Range{ID: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, begins)), From: begins, To: begins + 1}
	}
	for !dead() {
		mu.Lock()
		batch++ // is what may have begun
		mu.Unlock()
		require.NoError(t, s.Begin(rangeOf(batch-1)))
		mu.Lock()
		begun = batch - 1
		mu.Unlock()
		require.NoError(t, s.Settle(from+ingest.Offset(batch), seen(batch-1), nil))
		mu.Lock()
		settled, begun = batch, -1
		mu.Unlock()
	}
	require.NoError(t, s.Close())

	s = open(t, after)
	defer func() { require.NoError(t, s.Close()) }()
	got, gotBegun, err := s.Load()
	require.NoError(t, err)
	last := int(got - from)
	require.GreaterOrEqual(t, last, atCut.settled, "what was settled is")
	require.LessOrEqual(t, last, atCut.batch)
	switch {
	case gotBegun != nil:
		require.Equal(t, rangeOf(last), *gotBegun)
	case atCut.begun >= 0:
		require.Equal(t, atCut.batch, last, "a range that was begun stays so until it is settled")
	}
	for b := range atCut.batch + 1 {
		for _, e := range seen(b) {
			_, known, err := s.FirstSeen(e.Key, e.At)
			require.NoError(t, err)
			require.Equal(t, b < last, known, "batch %d of %d", b, last)
		}
	}
	return after
}
