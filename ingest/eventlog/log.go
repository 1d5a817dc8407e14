// Package eventlog is the durable log on a local disk: segment files that are only ever appended to, written and synced
// in groups. An append returns when the group that its record went with is on the disk.
//
// The files go through Pebble's vfs, so that its crashable file system can cut the power in tests.
//
// A segment is named after the offset of its first byte, and holds frames, one for each record. After a failed write or
// sync nobody can know what the file holds behind the last good group, so the segment is left as it is and a new one
// begins at the last good offset; whoever reads stops where the next segment begins.
package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/observatory/observatory/ingest"
)

// Config of a log.
type Config struct {
	FS           vfs.FS
	Dir          string
	SegmentBytes int64 // a segment is closed once it has that many bytes; default 64 MiB
	MaxPending   int   // bytes that may wait to be written before appends wait; default 32 MiB
	// ReserveBytes of the disk stay free: an append that would leave less is refused, so that the sink's state, which needs 32 MiB,
	// and the engines beside us live on. Default 5 % of the disk, but at least 64 and at most 256 MiB.
	ReserveBytes uint64
	// Floor is an offset that the log must not fall behind, because everything before it was already carried on. It only matters
	// when the folder was lost or replaced: then the log goes on from there, and says so.
	Floor  ingest.Offset
	Logger *slog.Logger
	// Synced, when set, is told the records, bytes and duration of each group.
	Synced func(records, bytes int, took time.Duration)
}

// Log is an ingest.Log on a local disk.
type Log struct {
	cfg Config

	mu      sync.Mutex
	filling *group
	room    chan struct{} // closed and replaced when pending bytes were written
	closed  bool

	kick chan struct{} // wakes the writer
	done chan struct{} // the writer has ended

	segments segments
	durable  *ingest.Watermark
	reader   reader
	refusing bool        // the last group could not be written; the writer's
	short    atomic.Bool // it was refused for lack of room
}

// group is what is written and synced together.
type group struct {
	frames  []byte
	records int
	ready   chan struct{} // closed when the outcome is known
	ends    ingest.Offset // behind the group
	err     error
}

var _ ingest.Log = (*Log)(nil)

// Open opens the log of a folder, or begins one. A frame that was cut short by a crash ends the log there: it was never
// acknowledged. Damage before that is an error.
func Open(cfg Config) (*Log, error) {
	if cfg.SegmentBytes == 0 {
		cfg.SegmentBytes = 64 << 20
	}
	if cfg.MaxPending == 0 {
		cfg.MaxPending = 32 << 20
	}
	if err := makeDir(cfg.FS, cfg.Dir); err != nil {
		return nil, err
	}
	l := &Log{
		cfg:      cfg,
		filling:  newGroup(nil),
		room:     make(chan struct{}),
		kick:     make(chan struct{}, 1),
		done:     make(chan struct{}),
		segments: segments{fs: cfg.FS, dir: cfg.Dir, limit: cfg.SegmentBytes},
	}
	end, err := l.segments.recover(cfg.Logger)
	if err != nil {
		return nil, err
	}
	if end < cfg.Floor {
		cfg.Logger.Error("the log ends before what was already carried on: its folder was lost or replaced; going on from there", "end", end, "floor", cfg.Floor)
		end = cfg.Floor
	}
	l.segments.end = end
	l.durable = ingest.NewWatermark(end)
	go l.write()
	return l, nil
}

func newGroup(frames []byte) *group {
	return &group{frames: frames[:0], ready: make(chan struct{})}
}

// outcome waits for where the group ends.
func (g *group) outcome(ctx context.Context) (ingest.Offset, error) {
	select {
	case <-g.ready:
		return g.ends, g.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Append implements ingest.Log.
func (l *Log) Append(ctx context.Context, record []byte) (ingest.Offset, error) {
	g, err := l.add(ctx, record)
	if err != nil {
		return 0, err
	}
	return g.outcome(ctx)
}

// AppendLoosely implements ingest.Log.
func (l *Log) AppendLoosely(ctx context.Context, record []byte) error {
	_, err := l.add(ctx, record)
	return err
}

// Sync implements ingest.Log.
func (l *Log) Sync(ctx context.Context) (ingest.Offset, error) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return 0, ingest.ErrLogUnavailable
	}
	g := l.filling // also an empty one has its turn, after those before it
	l.wake()
	l.mu.Unlock()
	return g.outcome(ctx)
}

func (l *Log) add(ctx context.Context, record []byte) (*group, error) {
	if len(record) == 0 || len(record) > maxRecord {
		return nil, fmt.Errorf("a record has 1 to %d bytes, not %d", maxRecord, len(record))
	}
	l.mu.Lock()
	for len(l.filling.frames) > l.cfg.MaxPending && !l.closed {
		room := l.room
		l.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		l.mu.Lock()
	}
	defer l.mu.Unlock()
	if l.closed {
		return nil, ingest.ErrLogUnavailable
	}
	g := l.filling
	g.frames = appendFrame(g.frames, record)
	g.records++
	l.wake()
	return g, nil
}

// wake has the writer write what is filling.
func (l *Log) wake() {
	select {
	case l.kick <- struct{}{}:
	default: // it is going to
	}
}

// write is the one goroutine that writes. While a group is being synced the next one fills.
func (l *Log) write() {
	defer close(l.done)
	var spare []byte
	for range l.kick {
		l.mu.Lock()
		g := l.filling
		closed := l.closed
		l.filling = newGroup(spare)
		close(l.room)
		l.room = make(chan struct{})
		l.mu.Unlock()
		if g.records > 0 {
			l.commit(g)
		} else {
			g.ends = l.durable.At()
			close(g.ready)
		}
		spare = g.frames
		if cap(spare) > 8<<20 {
			spare = nil
		}
		if closed {
			return
		}
	}
}

func (l *Log) commit(g *group) {
	start := time.Now()
	err := l.roomOnDisk(uint64(len(g.frames)))
	if err == nil {
		seal(g.frames, l.durable.At())
		err = l.segments.append(g.frames)
	}
	if err != nil {
		g.err = translate(err)
		l.short.Store(errors.Is(err, errReserve))
		close(g.ready)
		if !l.refusing { // once: there may be thousands of them a second, and the disk may be the same
			l.refusing = true
			l.cfg.Logger.Error("the log cannot be written; nothing is acknowledged until it can", "error", err)
		}
		return
	}
	if l.refusing {
		l.refusing = false
		l.short.Store(false)
		l.cfg.Logger.Info("the log can be written again")
	}
	g.ends = l.durable.At() + ingest.Offset(len(g.frames))
	l.durable.Advance(g.ends)
	close(g.ready)
	if l.cfg.Synced != nil {
		l.cfg.Synced(g.records, len(g.frames), time.Since(start))
	}
}

var errReserve = errors.New("the disk is nearly full")

// roomOnDisk returns errReserve where a write would take from the reserve. Once that was so, there must be room for a whole group before
// anything is written again: otherwise small requests would pass while large ones are refused.
func (l *Log) roomOnDisk(needed uint64) error {
	usage, err := l.cfg.FS.GetDiskUsage(l.cfg.Dir)
	if err != nil {
		return nil //nolint:nilerr // a file system that cannot say how full it is, is used until it refuses
	}
	reserve := l.cfg.ReserveBytes
	if reserve == 0 {
		reserve = min(max(usage.TotalBytes/20, 64<<20), 256<<20)
	}
	if l.short.Load() {
		needed = max(needed, uint64(l.cfg.MaxPending)) //nolint:gosec // is not negative
	}
	if usage.AvailBytes < reserve+needed {
		return fmt.Errorf("%w: %d bytes are free and %d are kept in reserve", errReserve, usage.AvailBytes, reserve)
	}
	return nil
}

func translate(err error) error {
	const retryAfter = 10 * time.Second
	if errors.Is(err, errReserve) || errors.Is(err, syscall.ENOSPC) {
		return ingest.ErrLogFull.After(retryAfter).Because(err)
	}
	return ingest.ErrLogUnavailable.After(retryAfter).Because(err)
}

// Full tells whether appends are refused for lack of room.
func (l *Log) Full() error { return l.roomOnDisk(0) }

// Wait implements ingest.Log.
func (l *Log) Wait(ctx context.Context, after ingest.Offset) error { return l.durable.Wait(ctx, after) }

// End implements ingest.Log.
func (l *Log) End() ingest.Offset { return l.durable.At() }

// Trim implements ingest.Log.
func (l *Log) Trim(before ingest.Offset) error { return l.segments.trim(before) }

// Forget implements ingest.Log: where the newest segment holds something of what is to go, another is begun, so that it can be removed.
func (l *Log) Forget(before ingest.Offset) (ingest.Offset, error) {
	left, err := l.segments.forget(before)
	if err != nil {
		return 0, fmt.Errorf("forget what is before offset %d of the log: %w", before, err)
	}
	return left, l.reader.leave(left)
}

// Close writes what is pending and closes the log.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.wake()
	l.mu.Unlock()
	<-l.done
	l.reader.mu.Lock()
	defer l.reader.mu.Unlock()
	return errors.Join(l.reader.close(), l.segments.close())
}
