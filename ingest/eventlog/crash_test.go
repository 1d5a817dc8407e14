package eventlog_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/logtest"
)

// machine is a computer whose power is cut before one of the operations on its disk. What a disk keeps then of what was
// not synced is a matter of chance: all (as when only the process is killed), nothing, or any blocks and names of it.
type machine struct {
	disk *vfs.MemFS
	fail func(op string) error // nil: nothing fails

	mu       sync.Mutex
	cutAt    int // the power is cut before this operation, counted from 1; 0: never
	keep     vfs.CrashCloneCfg
	ops      int
	after    *vfs.MemFS // the disk after the cut
	known    []ingest.Entry
	trimmed  int      // of known, may be gone
	gone     int      // of known, are on no disk
	maybe    []string // written after known, and not acknowledged
	promised promise
}

// promise is what held when the power was cut.
type promise struct {
	known   []ingest.Entry
	trimmed int
	gone    int
	maybe   []string
}

func (m *machine) fs() vfs.FS { return &hookFS{FS: m.disk, hook: m.operation} }

func (m *machine) operation(op string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ops++; m.ops == m.cutAt {
		m.after = m.disk.CrashClone(m.keep)
		m.promised = promise{known: m.known[:len(m.known):len(m.known)], trimmed: m.trimmed, gone: m.gone, maybe: append([]string{}, m.maybe...)}
	}
	if m.fail != nil && m.after == nil {
		return m.fail(op)
	}
	return nil
}

func (m *machine) dead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.after != nil
}

// append writes records in one group or several, and waits until the last is durable.
func (m *machine) append(t logtest.TB, l *eventlog.Log, records ...string) {
	t.Helper()
	from := l.End()
	m.mu.Lock()
	m.maybe = append(m.maybe, records...)
	m.mu.Unlock()
	last := len(records) - 1
	for _, r := range records[:last] {
		require.NoError(t, l.AppendLoosely(context.Background(), []byte(r)))
	}
	_, err := l.Append(context.Background(), []byte(records[last]))
	if err != nil {
		require.ErrorIs(t, err, ingest.ErrLogUnavailable)
	}
	entries := logtest.ReadAll(t, l, from, 1<<20)
	if err == nil {
		require.Equal(t, records[last], string(entries[len(entries)-1].Record))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known = append(m.known, entries...)
	if err == nil {
		m.maybe = nil // what of it is not readable now never will be
	}
}

func (m *machine) trim(t logtest.TB, l *eventlog.Log, keep int) {
	t.Helper()
	m.mu.Lock()
	m.trimmed = max(m.trimmed, len(m.known)-keep)
	before := l.End()
	if m.trimmed < len(m.known) {
		before = m.known[m.trimmed].Offset
	}
	m.mu.Unlock()
	if err := l.Trim(before); err != nil {
		require.ErrorIs(t, err, syscall.EIO)
	}
}

// forget has the log let go of what it holds, for good, but for the newest records.
func (m *machine) forget(t logtest.TB, l *eventlog.Log, keep int) {
	t.Helper()
	m.trim(t, l, keep)
	before := l.End()
	if m.trimmed < len(m.known) {
		before = m.known[m.trimmed].Offset
	}
	upTo, err := l.Forget(before)
	if err != nil {
		require.ErrorIs(t, err, syscall.EIO)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.gone < m.trimmed && m.known[m.gone].Next <= upTo {
		m.gone++
	}
	if m.trimmed == len(m.known) {
		require.Equal(t, m.trimmed, m.gone, "nothing else keeps it in place")
	}
	if m.after == nil {
		m.nowhere(t, m.disk, m.known[:m.gone])
	}
}

// nowhere checks that no file of a disk holds anything of records.
func (m *machine) nowhere(t logtest.TB, disk vfs.FS, gone []ingest.Entry) {
	t.Helper()
	for name, content := range files(t, disk) {
		for _, e := range gone {
			words := strings.SplitAfterN(string(e.Record), " ", 3)
			require.NotContains(t, content, words[0]+words[1], "segment %s", name)
		}
	}
}

// restart goes on with the disk as the cut left it, and checks that it holds what was promised, once and in order, at the same offsets.
func (m *machine) restart(t logtest.TB) (*machine, *eventlog.Log) {
	t.Helper()
	next := &machine{disk: m.after}
	l := open(t, config(next.fs()))
	found := logtest.ReadAll(t, l, 0, 1<<20)
	p := m.promised
	m.nowhere(t, m.after, p.known[:p.gone])
	kept := p.known[p.trimmed:]
	rest := found
	if len(kept) > 0 { // before it there may be what was trimmed
		for len(rest) > 0 && rest[0].Offset < kept[0].Offset {
			rest = rest[1:]
		}
		require.GreaterOrEqual(t, len(rest), len(kept), "acknowledged records are lost")
		require.Equal(t, kept, rest[:len(kept)])
		rest = rest[len(kept):]
	} else if len(p.known) > 0 {
		end := p.known[len(p.known)-1].Next
		for len(rest) > 0 && rest[0].Offset < end {
			rest = rest[1:]
		}
		require.GreaterOrEqual(t, l.End(), end, "offsets begin again")
	}
	trimmed := found[:len(found)-len(rest)-len(kept)]
	require.LessOrEqual(t, len(trimmed), p.trimmed)
	for i, e := range trimmed {
		require.Equal(t, p.known[p.trimmed-len(trimmed)+i], e)
	}
	maybe := p.maybe
	for _, e := range rest { // what was not acknowledged may be there, in order
		for len(maybe) > 0 && maybe[0] != string(e.Record) {
			maybe = maybe[1:]
		}
		require.NotEmpty(t, maybe, "%.20q was never written, or twice, or before another", e.Record)
		maybe = maybe[1:]
	}
	next.known = found
	return next, l
}

// text is a record that is told apart from all others and may be longer than a block of the disk.
func text(name string, i, size int) string {
	return fmt.Sprintf("%s %d %s", name, i, strings.Repeat("x", size))
}

// The power is cut before every single operation of a life that has everything in it: a new folder, full segments, groups of
// several blocks, trimming, forgetting, and starting again.
func TestPowerCutAnywhere(t *testing.T) {
	t.Parallel()
	live := func(m *machine) {
		n := 0
		some := func(l *eventlog.Log, sizes ...int) {
			for _, size := range sizes {
				if m.dead() {
					return
				}
				n++
				m.append(t, l, text("a", n, size), text("b", n, size/2), text("c", n, size))
			}
		}
		for range 2 {
			l := open(t, config(m.fs()))
			some(l, 10, 700, 5000, 1, 300)
			m.trim(t, l, 5)
			some(l, 900, 3, 9000)
			m.forget(t, l, 3)
			some(l, 20)
			m.forget(t, l, 0)
			some(l, 40, 2)
			m.trim(t, l, 0)
			require.NoError(t, l.Close())
			if m.dead() {
				return
			}
		}
	}
	whole := &machine{disk: vfs.NewCrashableMem()}
	live(whole)
	require.Greater(t, whole.ops, 60)
	for cutAt := 1; cutAt <= whole.ops; cutAt++ {
		for _, percent := range []int{0, 100, 20, 50, 80} {
			m := &machine{disk: vfs.NewCrashableMem(), cutAt: cutAt}
			m.keep = vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(uint64(cutAt), uint64(percent)))} //nolint:gosec // chance, not secrets
			live(m)
			if !m.dead() {
				continue // the groups fell so that there were fewer operations this time
			}
			next, l := m.restart(t)
			next.append(t, l, "after the cut")
			require.NoError(t, l.Close())
			l = open(t, config(next.disk))
			require.Equal(t, logtest.Records(next.known), records(t, l))
			require.NoError(t, l.Close())
		}
	}
}

// Several lives, each with random writes, trims, forgetting, restarts and failing operations, and each ended by a power cut.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{disk: vfs.NewCrashableMem()}
		l := open(t, config(m.fs()))
		n := 0
		for range rapid.IntRange(1, 4).Draw(t, "lives") {
			chance := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "chance"), 0)) //nolint:gosec // chance, not secrets
			m.mu.Lock()
			m.cutAt = m.ops + rapid.IntRange(1, 60).Draw(t, "cut at")
			m.keep = vfs.CrashCloneCfg{UnsyncedDataPercent: rapid.SampledFrom([]int{0, 30, 70, 100}).Draw(t, "kept"), RNG: chance}
			if oneIn := rapid.SampledFrom([]int{0, 0, 3, 10}).Draw(t, "fails one in"); oneIn > 0 {
				m.fail = func(op string) error {
					if chance.IntN(oneIn) > 0 {
						return nil
					}
					return fmt.Errorf("%s: %w", op, syscall.EIO)
				}
			}
			m.mu.Unlock()
			for !m.dead() {
				switch rapid.IntRange(0, 10).Draw(t, "step") {
				case 0:
					m.trim(t, l, rapid.IntRange(0, 20).Draw(t, "keep"))
				case 10:
					m.forget(t, l, rapid.SampledFrom([]int{0, 0, 3}).Draw(t, "keep"))
				case 1:
					_ = l.Close() // closing may fail as well
					var err error
					for l, err = eventlog.Open(config(m.fs())); err != nil; l, err = eventlog.Open(config(m.fs())) {
						require.ErrorIs(t, err, syscall.EIO)
					}
					// What was not acknowledged may have come back, and stays. Where it has not it may still, until something else
					// is written in its place.
					all := logtest.ReadAll(t, l, 0, 1<<20)
					m.mu.Lock()
					for _, e := range all {
						if len(m.known) == 0 || e.Offset >= m.known[len(m.known)-1].Next {
							m.known = append(m.known, e)
						}
					}
					m.mu.Unlock()
				default:
					some := make([]string, rapid.IntRange(1, 6).Draw(t, "records"))
					for i := range some {
						n++
						some[i] = text("r", n, rapid.SampledFrom([]int{0, 100, 1500, 6000}).Draw(t, "size"))
					}
					m.append(t, l, some...)
				}
			}
			_ = l.Close() // of the dead machine
			m, l = m.restart(t)
		}
		require.NoError(t, l.Close())
	})
}
