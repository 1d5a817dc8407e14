package eventlog_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/logtest"
	"github.com/observatory/observatory/internal/fault"
)

// segments are the log's files, oldest first.
func segments(t require.TestingT, fs vfs.FS) []string {
	names, err := fs.List("data/log")
	require.NoError(t, err)
	slices.Sort(names)
	return names
}

func readFile(t require.TestingT, fs vfs.FS, name string) []byte {
	f, err := fs.Open("data/log/" + name)
	require.NoError(t, err)
	defer f.Close()
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	return b
}

func writeFile(t require.TestingT, fs vfs.FS, name string, b []byte) {
	f, err := fs.Create("data/log/"+name, vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = f.Write(slices.Clone(b)) // under the race detector the file system spoils what it is given
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	require.NoError(t, f.Close())
}

// numbered is n records of 100 bytes.
func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%0100d", i)
	}
	return out
}

func TestRotation(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	l := open(t, config(fs))
	want := numbered(100) // 108 bytes each in a segment of 2,000
	appendTo(t, l, want...)
	require.Len(t, segments(t, fs), 6)
	require.Equal(t, want, records(t, l))
	all := logtest.ReadAll(t, l, 0, 1<<20)

	require.NoError(t, l.Trim(all[40].Offset))
	require.Len(t, segments(t, fs), 4, "the segments of records 0 to 37 are gone")
	kept := logtest.ReadAll(t, l, 0, 1<<20)
	require.Equal(t, all[38:], kept)
	require.NoError(t, l.Trim(l.End()))
	require.Len(t, segments(t, fs), 1, "the last one stays")
	require.NoError(t, l.Close())

	l = open(t, config(fs))
	defer l.Close()
	appendTo(t, l, "next")
	require.Equal(t, "next", records(t, l)[5], "records 95 to 99 are in the last segment")
}

// While one group is being synced the next one fills, and takes one sync however many wrote.
func TestGroupCommit(t *testing.T) {
	t.Parallel()
	syncs := make(chan chan struct{})
	fs := &hookFS{FS: vfs.NewMem(), hook: func(string) error { return nil }}
	cfg := config(fs)
	var groups []int
	cfg.Synced = func(records, bytes int, took time.Duration) {
		groups = append(groups, records)
		require.Positive(t, bytes)
		require.GreaterOrEqual(t, took, time.Duration(0))
	}
	l := open(t, cfg)
	fs.hook = func(op string) error {
		if op == opSync {
			let := make(chan struct{})
			syncs <- let
			<-let
		}
		return nil
	}
	first := make(chan ingest.Offset, 1)
	go func() {
		end, err := l.Append(context.Background(), []byte("first"))
		if err == nil {
			first <- end
		}
	}()
	let := <-syncs
	for i := range 100 {
		require.NoError(t, l.AppendLoosely(t.Context(), fmt.Append(nil, i)))
	}
	require.Zero(t, l.End(), "nothing is readable before it is durable")
	require.Empty(t, records(t, l))
	close(let)
	require.NotZero(t, <-first)
	close(<-syncs)
	require.NoError(t, l.Close())
	require.Equal(t, []int{1, 100}, groups)
}

// Appends wait while too much waits to be written, and go on when it was.
func TestPendingIsBounded(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	fs := &hookFS{FS: vfs.NewMem(), hook: func(op string) error {
		if op == opWrite {
			<-stop
		}
		return nil
	}}
	cfg := config(fs)
	cfg.MaxPending = 1000
	l := open(t, cfg)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	accepted := 0
	for ; accepted < 1000; accepted++ {
		if err := l.AppendLoosely(ctx, []byte(numbered(1)[0])); err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			break
		}
	}
	require.GreaterOrEqual(t, accepted, 10)
	require.LessOrEqual(t, accepted, 25, "one group is being written and one waits")
	waits := make(chan error, 1)
	go func() { waits <- l.AppendLoosely(t.Context(), []byte("waits")) }()
	close(stop)
	require.NoError(t, <-waits)
	require.NoError(t, l.Close())
	l = open(t, cfg)
	require.Len(t, records(t, l), accepted+1)
	require.NoError(t, l.Close())
}

func TestRecordsOfNoSize(t *testing.T) {
	t.Parallel()
	l := open(t, config(vfs.NewMem()))
	defer l.Close()
	for _, size := range []int{0, 64<<20 + 1} {
		_, err := l.Append(t.Context(), make([]byte, size))
		require.Error(t, err)
		require.Error(t, l.AppendLoosely(t.Context(), make([]byte, size)))
	}
	appendTo(t, l, "one")
	require.Equal(t, []string{"one"}, records(t, l), "what cannot be read was not written")
}

// However short the last group was cut, everything before it is there and the log goes on.
func TestTornTail(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	cfg := config(fs)
	cfg.SegmentBytes = 1 << 20
	l := open(t, cfg)
	appendTo(t, l, "one", "two")
	whole := l.End()
	appendTo(t, l, "the last one")
	end := l.End()
	require.NoError(t, l.Close())
	name := segments(t, fs)[0]
	full := readFile(t, fs, name)
	for n := int(whole); n < int(end); n++ {
		for _, zeros := range []int{0, 1, 100} { // what a file system may leave behind
			writeFile(t, fs, name, append(full[:n:n], make([]byte, zeros)...))
			l := open(t, cfg)
			require.Equal(t, whole, l.End())
			appendTo(t, l, "next")
			require.Equal(t, []string{"one", "two", "next"}, records(t, l))
			require.NoError(t, l.Close())
			l = open(t, cfg)
			require.Equal(t, []string{"one", "two", "next"}, records(t, l))
			require.NoError(t, l.Close())
			for _, made := range segments(t, fs)[1:] {
				require.NoError(t, fs.Remove("data/log/"+made))
			}
		}
	}
}

// A record that was acknowledged and is damaged is an error, wherever it stands; only of the last group nobody can tell.
func TestDamage(t *testing.T) {
	t.Parallel()
	build := func() (*vfs.MemFS, []ingest.Entry) {
		fs := vfs.NewMem()
		l := open(t, config(fs))
		appendTo(t, l, numbered(30)...) // 19 in the first segment
		all := logtest.ReadAll(t, l, 0, 1<<20)
		require.NoError(t, l.Close())
		return fs, all
	}
	fs, all := build()
	names := segments(t, fs)
	require.Len(t, names, 2)

	t.Run("in the last segment", func(t *testing.T) {
		t.Parallel()
		fs, _ := build()
		whole := readFile(t, fs, names[1])
		lastGroup := len(whole) - 108
		for at := range whole {
			damaged := slices.Clone(whole)
			damaged[at] ^= 0x40
			writeFile(t, fs, names[1], damaged)
			l, err := eventlog.Open(config(fs))
			if at < lastGroup {
				require.ErrorContains(t, err, "damaged", "byte %d", at)
				continue
			}
			require.NoError(t, err, "byte %d", at)
			require.Equal(t, all[29].Offset, l.End())
			require.NoError(t, l.Close())
		}
		zeroed := slices.Concat(whole[:108], make([]byte, 108), whole[216:])
		writeFile(t, fs, names[1], zeroed)
		_, err := eventlog.Open(config(fs))
		require.ErrorContains(t, err, "damaged", "a hole")
	})
	t.Run("in an earlier segment", func(t *testing.T) {
		t.Parallel()
		fs, _ := build()
		whole := readFile(t, fs, names[0])
		for _, maxBytes := range []int{10, 1 << 20} {
			for at := 0; at < len(whole); at += 7 {
				damaged := slices.Clone(whole)
				damaged[at] ^= 0x01
				writeFile(t, fs, names[0], damaged)
				l := open(t, config(fs))
				found, err := readUntilError(l, maxBytes)
				require.ErrorContains(t, err, "damaged", "byte %d", at)
				require.Equal(t, all[:at/108], found)
				require.NoError(t, l.Close())
			}
		}
	})
	t.Run("a segment cut short", func(t *testing.T) {
		t.Parallel()
		fs, _ := build()
		writeFile(t, fs, names[0], readFile(t, fs, names[0])[:540])
		l := open(t, config(fs))
		found, err := readUntilError(l, 1<<20)
		require.Error(t, err)
		require.Equal(t, all[:5], found)
		require.NoError(t, l.Close())
	})
	t.Run("a segment gone", func(t *testing.T) {
		t.Parallel()
		fs := vfs.NewMem()
		l := open(t, config(fs))
		appendTo(t, l, numbered(60)...)
		require.NoError(t, l.Close())
		require.NoError(t, fs.Remove("data/log/"+segments(t, fs)[1]))
		l = open(t, config(fs))
		found, err := readUntilError(l, 1<<20)
		require.Error(t, err)
		require.Len(t, found, 19)
		require.NoError(t, l.Close())
	})
}

// readUntilError reads from the oldest entry on.
func readUntilError(l ingest.Log, maxBytes int) (all []ingest.Entry, err error) {
	all = []ingest.Entry{}
	for from := ingest.Offset(0); from < l.End(); from = all[len(all)-1].Next {
		entries, err := l.Read(from, maxBytes)
		if err != nil || len(entries) == 0 {
			return all, err
		}
		for _, e := range entries {
			e.Record = slices.Clone(e.Record)
			all = append(all, e)
		}
	}
	return all, nil
}

// A sender who writes frames into a record, even sound ones of another place, cannot make a torn record look like damage.
func TestPlantedFrames(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	cfg := config(fs)
	cfg.SegmentBytes = 1 << 20
	l := open(t, cfg)
	end := appendTo(t, l, "before")
	name := segments(t, fs)[0]
	sound := readFile(t, fs, name)
	table := crc32.MakeTable(crc32.Castagnoli)
	made := binary.LittleEndian.AppendUint32(nil, 5|1<<31)
	made = binary.LittleEndian.AppendUint32(made, crc32.Update(crc32.Checksum(made, table), table, []byte("plant")))
	made = append(made, "plant"...)
	appendTo(t, l, strings.Repeat(string(sound)+string(made), 20))
	require.NoError(t, l.Close())
	b := readFile(t, fs, name)
	clear(b[end : end+12]) // the block that the record begins in never reached the disk
	writeFile(t, fs, name, b)
	l = open(t, cfg)
	require.Equal(t, []string{"before"}, records(t, l))
	require.NoError(t, l.Close())
}

// A folder that was lost begins at the floor, so that no offset comes twice.
func TestFloor(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	cfg := config(fs)
	var said strings.Builder
	cfg.Logger = slog.New(slog.NewTextHandler(&said, nil))
	cfg.Floor = 5000
	l := open(t, cfg)
	require.Contains(t, said.String(), "lost or replaced")
	require.Equal(t, ingest.Offset(5000), l.End())
	require.Empty(t, records(t, l))
	require.Greater(t, appendTo(t, l, "one"), ingest.Offset(5000))
	require.Equal(t, []string{"one"}, records(t, l))
	require.NoError(t, l.Close())
	said.Reset()
	l = open(t, cfg)
	require.Empty(t, said.String())
	require.Equal(t, []string{"one"}, records(t, l))
	require.NoError(t, l.Close())
	cfg.Floor = 9000
	l = open(t, cfg)
	require.Greater(t, appendTo(t, l, "two"), ingest.Offset(9000))
	require.Equal(t, []string{"two"}, logtest.Records(logtest.ReadAll(t, l, 9000, 1<<20)))
	require.NoError(t, l.Close())
}

func TestDiskReserve(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	l := open(t, config(fs))
	defer l.Close()
	const mb = 1 << 20
	for _, c := range []struct {
		total, free uint64
		full        bool
	}{
		{total: 100_000 * mb, free: 257 * mb},
		{total: 100_000 * mb, free: 255 * mb, full: true},
		{total: 100_000 * mb, free: 257 * mb, full: true}, // with hysteresis, so that small requests do not pass while large ones are refused
		{total: 100_000 * mb, free: (256 + 32) * mb},
		{total: 2000 * mb, free: 101 * mb},
		{total: 2000 * mb, free: 99 * mb, full: true},
		{total: 2000 * mb, free: (100 + 32) * mb},
		{total: 100 * mb, free: 65 * mb},
		{total: 100 * mb, free: 63 * mb, full: true},
		{total: 100 * mb, free: (64 + 32) * mb},
	} {
		fs.TestingSetDiskUsage(vfs.DiskUsage{TotalBytes: c.total, AvailBytes: c.free})
		before := l.End()
		_, err := l.Append(t.Context(), []byte("x"))
		if !c.full {
			require.NoError(t, err)
			require.NoError(t, l.Full())
			continue
		}
		require.ErrorIs(t, err, ingest.ErrLogFull)
		require.Positive(t, fault.From(err).RetryAfter)
		require.Error(t, l.Full())
		require.Equal(t, before, l.End())
	}
	require.Equal(t, []string{"x", "x", "x", "x", "x", "x"}, records(t, l))

	fs.TestingSetDiskUsage(vfs.DiskUsage{TotalBytes: 100 * mb, AvailBytes: 65 * mb})
	_, err := l.Append(t.Context(), make([]byte, 2*mb))
	require.ErrorIs(t, err, ingest.ErrLogFull, "what is written is taken off the reserve")
}

func TestFailingDisk(t *testing.T) {
	t.Parallel()
	for _, op := range []string{opCreate, opWrite, opSync, opSyncDir, opClose} {
		for _, cause := range []error{syscall.ENOSPC, syscall.EIO} {
			t.Run(op+" "+cause.Error(), func(t *testing.T) {
				t.Parallel()
				failing := false
				failed := 0
				mem := vfs.NewMem()
				fs := &hookFS{FS: mem, hook: func(did string) error {
					if failing && did == op {
						failed++
						return cause
					}
					return nil
				}}
				l := open(t, config(fs))
				var want []string
				for round := range 6 {
					some := numbered(19) // a segment full, so that the next group begins another
					appendTo(t, l, some...)
					want = append(want, some...)
					failing = true
					for range round {
						_, err := l.Append(t.Context(), []byte("not acknowledged"))
						if failed == 0 || op == opClose && err == nil {
							want = append(want, "not acknowledged")
							require.NoError(t, err)
							continue
						}
						require.Equal(t, fault.Unavailable, fault.KindOf(err))
						wanted := ingest.ErrLogUnavailable
						if errors.Is(cause, syscall.ENOSPC) {
							wanted = ingest.ErrLogFull
						}
						require.ErrorIs(t, err, wanted)
						require.ErrorIs(t, err, cause)
					}
					failing = false
					require.Equal(t, want, records(t, l))
				}
				require.Positive(t, failed)
				appendTo(t, l, "last") // where a refused group is followed by another it never comes back
				want = append(want, "last")
				require.NoError(t, l.Close())
				l = open(t, config(mem))
				require.Equal(t, want, records(t, l))
				require.NoError(t, l.Close())
			})
		}
	}
}
