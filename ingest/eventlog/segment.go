package eventlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/observatory/observatory/ingest"
)

const (
	frameHeader = 8
	suffix      = ".log"
	// maxRecord bounds what a damaged length can make the reader allocate. A request inflates to at most 20 MiB; its record is not much larger.
	maxRecord = 64 << 20
)

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // cached by the standard library

func appendFrame(dst, record []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(record))) //nolint:gosec // records are far smaller than 4 GiB
	dst = append(dst, 0, 0, 0, 0)
	dst = append(dst, record...)
	binary.LittleEndian.PutUint32(dst[start+4:], checksum(dst[start:start+4], record))
	return dst
}

func checksum(length, record []byte) uint32 {
	return crc32.Update(crc32.Checksum(length, castagnoli()), castagnoli(), record)
}

// frameAt checks the frame that b begins with and returns its record. ok is false where b holds no whole, sound frame.
func frameAt(b []byte) (record []byte, ok bool) {
	if len(b) < frameHeader {
		return nil, false
	}
	n := int(binary.LittleEndian.Uint32(b))
	if n == 0 || n > maxRecord || len(b) < frameHeader+n {
		return nil, false
	}
	record = b[frameHeader : frameHeader+n : frameHeader+n]
	return record, binary.LittleEndian.Uint32(b[4:]) == checksum(b[:4], record)
}

// segments are the log's files. Their first offsets are known in memory; the last one is open for appending.
type segments struct {
	fs    vfs.FS
	dir   string
	limit int64

	mu     sync.Mutex
	bases  []ingest.Offset // ascending
	file   vfs.File        // nil: the next append begins a segment
	synced int64           // bytes of file that are durable
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
	sound, behind, err := s.scan(last)
	if err != nil {
		return 0, err
	}
	if behind > 0 {
		logger.Info("the log's last group was cut short by a crash; it was never acknowledged", "segment", s.path(last), "bytes", behind)
	}
	return last + ingest.Offset(sound), nil
}

// scan counts the bytes of sound frames from the beginning of a segment, and those behind them.
func (s *segments) scan(base ingest.Offset) (sound, behind int64, err error) {
	f, err := s.fs.Open(s.path(base))
	if err != nil {
		return 0, 0, fmt.Errorf("open segment: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	stat, err := f.Stat()
	if err != nil {
		return 0, 0, fmt.Errorf("open segment: %w", err)
	}
	var buf []byte
	for {
		buf, err = readFrame(f, sound, buf)
		if errors.Is(err, io.EOF) || errors.Is(err, errUnsound) {
			// What is sound may not be on the disk yet: the process may have died between write and sync.
			if err := f.Sync(); err != nil {
				return 0, 0, fmt.Errorf("sync segment: %w", err)
			}
			return sound, stat.Size() - sound, nil
		}
		if err != nil {
			return 0, 0, fmt.Errorf("read segment: %w", err)
		}
		sound += int64(len(buf))
	}
}

var errUnsound = errors.New("no sound frame")

// readFrame reads the whole frame at a place of a file into buf.
func readFrame(f io.ReaderAt, at int64, buf []byte) ([]byte, error) {
	buf = slices.Grow(buf[:0], frameHeader)[:frameHeader]
	if n, err := f.ReadAt(buf, at); n < frameHeader {
		return nil, orUnsound(err)
	}
	n := int(binary.LittleEndian.Uint32(buf))
	if n == 0 || n > maxRecord {
		return nil, errUnsound
	}
	buf = slices.Grow(buf, n)[:frameHeader+n]
	if got, err := f.ReadAt(buf[frameHeader:], at+frameHeader); got < n {
		return nil, orUnsound(err)
	}
	if _, ok := frameAt(buf); !ok {
		return nil, errUnsound
	}
	return buf, nil
}

func orUnsound(err error) error {
	if err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
		return errUnsound
	}
	return err
}

// append writes frames at the end and syncs them. After an error the next append begins a new segment.
func (s *segments) append(at ingest.Offset, frames []byte) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if err != nil && s.file != nil {
			err = errors.Join(err, s.file.Close())
			s.file = nil
		}
	}()
	if s.file != nil && s.synced >= s.limit {
		if err := s.file.Close(); err != nil {
			s.file = nil
			return fmt.Errorf("close segment: %w", err)
		}
		s.file = nil
	}
	if s.file == nil {
		if err := s.begin(at); err != nil {
			return err
		}
	}
	if _, err := s.file.Write(frames); err != nil {
		return fmt.Errorf("write segment: %w", err)
	}
	if err := s.file.SyncData(); err != nil {
		return fmt.Errorf("sync segment: %w", err)
	}
	s.synced += int64(len(frames))
	return nil
}

// begin makes a segment whose first byte has the offset at. One of that name can only hold what was never acknowledged.
func (s *segments) begin(at ingest.Offset) error {
	f, err := s.fs.Create(s.path(at), vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("begin segment: %w", err)
	}
	s.file, s.synced = f, 0
	dir, err := s.fs.OpenDir(s.dir)
	if err != nil {
		return fmt.Errorf("sync log folder: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("sync log folder: %w", err)
	}
	if len(s.bases) == 0 || s.bases[len(s.bases)-1] != at {
		s.bases = append(s.bases, at)
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

// trim removes segments that end at or before an offset. The last one stays.
func (s *segments) trim(before ingest.Offset) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.bases) > 1 && s.bases[1] <= before {
		if err := s.fs.Remove(s.path(s.bases[0])); err != nil {
			return fmt.Errorf("trim log: %w", err)
		}
		s.bases = s.bases[1:]
	}
	return nil
}

func (s *segments) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return f.Close()
}
