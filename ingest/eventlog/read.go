package eventlog

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/observatory/observatory/ingest"
)

// reader keeps what reading in order needs between calls: the open segment and a buffer.
type reader struct {
	mu      sync.Mutex
	file    vfs.File
	base    ingest.Offset
	buf     []byte
	entries []ingest.Entry
}

// Read implements ingest.Log. Only durable entries are returned, and each is checked.
func (l *Log) Read(from ingest.Offset, maxBytes int) ([]ingest.Entry, error) {
	r := &l.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	end := l.durable.At()
	if from >= end {
		return nil, nil
	}
	base, next, ok := l.segments.find(from)
	if !ok {
		return nil, nil
	}
	if from = max(from, base); from >= end { // all that is left is a segment without a record
		return nil, nil
	}
	if next != 0 && from >= next {
		return nil, fmt.Errorf("read log: offset %d is in no segment", from)
	}
	if next != 0 {
		end = min(end, next)
	}
	if err := r.open(l, base); err != nil {
		return nil, err
	}
	want := min(int64(end-from), int64(max(maxBytes, frameHeader)))
	if err := r.fill(int64(from-base), want); err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	r.take(from)
	if len(r.entries) == 0 { // the first record alone is larger than maxBytes
		frame, err := readFrame(r.file, base, from, r.buf)
		if err != nil {
			return nil, fmt.Errorf("the log is damaged at offset %d of segment %s: %w", from, l.segments.path(base), err)
		}
		r.buf = frame
		r.take(from)
	}
	return r.entries, nil
}

func (r *reader) open(l *Log, base ingest.Offset) error {
	if r.file != nil && r.base == base {
		return nil
	}
	if err := r.close(); err != nil {
		return fmt.Errorf("close segment: %w", err)
	}
	f, err := l.segments.fs.Open(l.segments.path(base))
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	r.file, r.base = f, base
	return nil
}

func (r *reader) fill(at, want int64) error {
	if int64(cap(r.buf)) < want {
		r.buf = make([]byte, want)
	}
	r.buf = r.buf[:want]
	n, err := r.file.ReadAt(r.buf, at)
	r.buf = r.buf[:n]
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// take makes entries of the whole frames in the buffer.
func (r *reader) take(from ingest.Offset) {
	r.entries = r.entries[:0]
	for at := 0; ; {
		record, ok := frameAt(r.buf[at:], from)
		if !ok {
			return
		}
		size := frameHeader + len(record)
		r.entries = append(r.entries, ingest.Entry{Offset: from, Next: from + ingest.Offset(size), Record: record})
		at += size
		from += ingest.Offset(size)
	}
}

// leave closes the segment that is open if it was removed: a file lives for as long as somebody has it open.
func (r *reader) leave(left ingest.Offset) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.base >= left {
		return nil
	}
	return r.close()
}

func (r *reader) close() error {
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	return f.Close()
}
