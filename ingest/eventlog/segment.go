package eventlog

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/observatory/observatory/ingest"
)

const suffix = ".log"

// segments are the log's files. Their first offsets are known in memory; the last one is open for appending.
type segments struct {
	fs    vfs.FS
	dir   string
	limit int64

	mu      sync.Mutex
	bases   []ingest.Offset // ascending
	end     ingest.Offset   // behind the last durable frame
	trimmed ingest.Offset   // what is before is not read again
	file    vfs.File        // nil: the next append begins a segment
	synced  int64           // bytes of file that are durable
	faded   bool            // a segment was removed, and a power cut may bring it back
}

func (s *segments) path(base ingest.Offset) string {
	return s.fs.PathJoin(s.dir, fmt.Sprintf("%020d%s", base, suffix))
}

// recover finds the segments and the end of the log.
func (s *segments) recover(logger *slog.Logger) (ingest.Offset, error) {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return 0, fmt.Errorf("list log folder: %w", err)
	}
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, suffix)
		base, err := strconv.ParseInt(digits, 10, 64)
		if ok && err == nil {
			s.bases = append(s.bases, ingest.Offset(base))
		}
	}
	if len(s.bases) == 0 {
		return 0, nil
	}
	slices.Sort(s.bases)
	// Only the last segment can end in a frame that was cut short, but a crash right after a new one was begun may leave the last
	// one empty; then the one before it ends where the last begins.
	last := s.bases[len(s.bases)-1]
	end, behind, err := s.scan(last)
	if err != nil {
		return 0, err
	}
	if behind > 0 {
		logger.Info("the log's last group was cut short by a crash; it was never acknowledged", "segment", s.path(last), "bytes", behind)
	}
	return end, nil
}

// scan finds where the sound frames of a segment end, and how many bytes there are behind them.
func (s *segments) scan(base ingest.Offset) (end ingest.Offset, behind int64, err error) {
	f, err := s.fs.Open(s.path(base))
	if err != nil {
		return 0, 0, fmt.Errorf("open segment: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stat, err := f.Stat()
	if err != nil {
		return 0, 0, fmt.Errorf("open segment: %w", err)
	}
	end = base
	for buf := []byte(nil); ; end += ingest.Offset(len(buf)) {
		if buf, err = readFrame(f, base, end, buf); err != nil {
			break
		}
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, errUnsound) {
		return 0, 0, fmt.Errorf("read segment: %w", err)
	}
	behind = stat.Size() - int64(end-base)
	if err := s.checkTail(f, base, end, behind); err != nil {
		return 0, 0, err
	}
	// What is sound may not be on the disk yet: the process may have died between write and sync.
	if err := f.Sync(); err != nil {
		return 0, 0, fmt.Errorf("sync segment: %w", err)
	}
	return end, behind, nil
}

// checkTail tells a group that was cut short from damage to an earlier one: a group is written only once the one before it is durable, so
// where another begins behind the unsound frame, that frame had been acknowledged.
func (s *segments) checkTail(f io.ReaderAt, base, end ingest.Offset, behind int64) error {
	tail := make([]byte, behind)
	if _, err := f.ReadAt(tail, int64(end-base)); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read segment: %w", err)
	}
	for i := 1; i+frameHeader <= len(tail); i++ {
		if tail[i+3]&(beginsGroup>>24) == 0 {
			continue
		}
		if _, ok := frameAt(tail[i:], end+ingest.Offset(i)); ok {
			return fmt.Errorf("the log is damaged at offset %d of segment %s: acknowledged records are behind it", end, s.path(base))
		}
	}
	return nil
}

// append writes frames at the end and syncs them. After an error the next append begins a new segment.
func (s *segments) append(frames []byte) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil || s.synced >= s.limit {
		if err := s.begin(); err != nil {
			return err
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.leave())
		}
	}()
	if _, err := s.file.Write(frames); err != nil {
		return fmt.Errorf("write segment: %w", err)
	}
	if err := s.file.SyncData(); err != nil {
		return fmt.Errorf("sync segment: %w", err)
	}
	s.synced += int64(len(frames))
	s.end += ingest.Offset(len(frames))
	return nil
}

// begin makes a segment at the end, in place of the one that is open. One of that name can only hold what was never acknowledged.
func (s *segments) begin() error {
	if err := s.leave(); err != nil {
		return err
	}
	f, err := s.fs.Create(s.path(s.end), vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("begin segment: %w", err)
	}
	if err := syncDir(s.fs, s.dir); err != nil {
		return errors.Join(err, f.Close())
	}
	s.file, s.synced = f, 0
	if len(s.bases) == 0 || s.bases[len(s.bases)-1] != s.end {
		s.bases = append(s.bases, s.end)
	}
	return nil
}

// leave closes the segment that is open.
func (s *segments) leave() error {
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	if err := f.Close(); err != nil {
		return fmt.Errorf("close segment: %w", err)
	}
	return nil
}

// find returns the segment that holds an offset, and where the next begins (0: it is the last). Offsets before the first segment are the first's beginning.
func (s *segments) find(at ingest.Offset) (base, next ingest.Offset, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.bases) == 0 {
		return 0, 0, false
	}
	i, exact := slices.BinarySearch(s.bases, at)
	if !exact {
		i = max(i-1, 0)
	}
	if i+1 < len(s.bases) {
		next = s.bases[i+1]
	}
	return s.bases[i], next, true
}

// trim removes segments that end at or before an offset. The last one stays. A power cut may bring them back, which does no harm.
func (s *segments) trim(before ingest.Offset) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remove(before)
}

func (s *segments) remove(before ingest.Offset) error {
	s.trimmed = max(s.trimmed, before)
	for len(s.bases) > 1 && s.bases[1] <= s.trimmed {
		if err := s.fs.Remove(s.path(s.bases[0])); err != nil {
			return fmt.Errorf("trim log: %w", err)
		}
		s.bases, s.faded = s.bases[1:], true
	}
	return nil
}

// forget removes segments that end at or before an offset, for good. Where the last one begins before it, or may end in a group that failed,
// another is begun, so that it can be removed in its turn. It returns where the oldest segment begins that is left.
func (s *segments) forget(before ingest.Offset) (ingest.Offset, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.bases) == 0 {
		return s.end, nil
	}
	if s.file == nil || s.bases[len(s.bases)-1] < before && s.synced > 0 {
		if err := s.begin(); err != nil {
			return 0, err
		}
	}
	if err := s.remove(before); err != nil {
		return 0, err
	}
	if s.faded {
		if err := syncDir(s.fs, s.dir); err != nil {
			return 0, err
		}
		s.faded = false
	}
	return s.bases[0], nil
}

func (s *segments) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leave()
}

// makeDir makes a folder, and those above it, so that it survives a power cut.
func makeDir(fs vfs.FS, dir string) error {
	parent := fs.PathDir(dir)
	if _, err := fs.Stat(parent); errors.Is(err, os.ErrNotExist) {
		if err := makeDir(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make folder %s: %w", dir, err)
	}
	return syncDir(fs, parent)
}

func syncDir(fs vfs.FS, dir string) error {
	f, err := fs.OpenDir(dir)
	if err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}
