// Package sinkstate keeps, in a Pebble database beside the log, what the sink must remember over restarts: how far the
// log is settled, the batch in flight, and the IDs of the events of the last day.
package sinkstate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/zeebo/xxh3"

	"github.com/observatory/observatory/ingest"
)

// Config of a state.
type Config struct {
	FS     vfs.FS
	Dir    string
	Secret []byte // keys the hashes of event IDs, so that nobody can make two IDs collide; must stay the same
	Logger *slog.Logger
}

// State is an ingest.SinkState in a Pebble database. It has one user, the sink.
//
// Keys: "c" how far the log is settled; "b" the range that was begun, with what was ruled about its events; "s" + hour (4 bytes) + hash (16 bytes) -> when an
// event was received, ms. Events lie by the hour of their receipt: an hour that is over is never compacted with newer
// ones again, and is forgotten by one range deletion. "q" + month (4 bytes) + tenant -> how many of its events are metered in that month (8 bytes).
type State struct {
	db     *pebble.DB
	room   room
	seed   uint64
	recent recent
	oldest int64 // hour of the oldest events that are remembered; 0: none are
	meters meters
}

var _ ingest.SinkState = (*State)(nil)

// Open opens the state of a folder, or begins one. It fails where the disk is nearly full.
func Open(cfg Config) (*State, error) {
	room := room{fs: cfg.FS, dir: cfg.Dir, logger: cfg.Logger}
	if err := room.check(); err != nil {
		return nil, fmt.Errorf("open sink state: %w", err)
	}
	opts := &pebble.Options{
		FS:           room.patient(),
		Logger:       quiet{cfg.Logger},
		MemTableSize: 8 << 20,
		CacheSize:    24 << 20, // Pebble takes two memtables off it, so that its default would leave nothing
		// A settlement is one sorted file. Merging them is most of the work here, so it waits until there are many; lookups, which
		// are rare behind the filter, can bear that.
		L0CompactionThreshold:     32,
		L0CompactionFileThreshold: 1000,
		L0StopWritesThreshold:     1000,
	}
	for i := range opts.Levels {
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		opts.Levels[i].Compression = func() *block.CompressionProfile { return block.NoCompression } // hashes do not compress
	}
	db, err := pebble.Open(cfg.Dir, opts)
	if err != nil {
		return nil, fmt.Errorf("open sink state: %w", err)
	}
	s := &State{db: db, room: room, seed: xxh3.Hash(cfg.Secret), recent: newRecent()}
	if err := errors.Join(s.recall(), s.recallMeters()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// Close closes the database.
func (s *State) Close() error { return s.db.Close() }

func settledKey() []byte { return []byte("c") }
func begunKey() []byte   { return []byte("b") }

// Load implements ingest.SinkState.
func (s *State) Load() (ingest.Offset, *ingest.Range, error) {
	settled, err := s.get(settledKey())
	if err != nil {
		return 0, nil, err
	}
	var offset ingest.Offset
	if settled != nil {
		offset = ingest.Offset(binary.BigEndian.Uint64(settled)) //nolint:gosec // was one
	}
	b, err := s.get(begunKey())
	if err != nil || b == nil {
		return offset, nil, err
	}
	r, err := readRange(b)
	if err != nil {
		return 0, nil, err
	}
	return offset, &r, nil
}

// get returns a copy of a value, nil when there is none.
func (s *State) get(key []byte) ([]byte, error) {
	v, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read sink state: %w", err)
	}
	v = append([]byte(nil), v...)
	return v, closer.Close()
}

// Begin implements ingest.SinkState.
func (s *State) Begin(r ingest.Range) error {
	if err := s.room.check(); err != nil {
		return err
	}
	return s.db.Set(begunKey(), appendRange(nil, &r), pebble.Sync)
}

// KeyOf implements ingest.SinkState.
func (s *State) KeyOf(sender ingest.Sender, eventID []byte) ingest.SeenKey {
	var b [16 + ingest.MaxIDBytes]byte
	n := copy(b[:], sender.Tenant[:])
	n += copy(b[n:], eventID)
	return xxh3.Hash128Seed(b[:n], s.seed).Bytes()
}

// appendHour appends what the keys of an hour's events begin with.
func appendHour(dst []byte, hour int64) []byte {
	return binary.BigEndian.AppendUint32(append(dst, 's'), uint32(hour)) //nolint:gosec // far below 2^32
}

func appendSeenKey(dst []byte, hour int64, key ingest.SeenKey) []byte {
	return append(appendHour(dst, hour), key[:]...)
}

// FirstSeen implements ingest.SinkState. Nearly every event is new, and the filters say so without touching the database. A duplicate
// is mostly a retry, so the newest hours are looked at first. The hour after at is one of them: what stands first in the log need not
// have been received first, and clocks are set back.
func (s *State) FirstSeen(key ingest.SeenKey, at time.Time) (time.Time, bool, error) {
	earliest, latest := at.Add(-ingest.DuplicateWindow), at.Add(time.Hour)
	if !s.recent.mayHold(key, earliest, latest) {
		return time.Time{}, false, nil
	}
	for hour := hourOf(latest); hour >= max(hourOf(earliest), s.oldest); hour-- {
		if !s.recent.mayHoldIn(hour, key) {
			continue
		}
		var buf [1 + 4 + 16]byte
		v, closer, err := s.db.Get(appendSeenKey(buf[:0], hour, key))
		if errors.Is(err, pebble.ErrNotFound) {
			continue
		}
		if err != nil {
			return time.Time{}, false, fmt.Errorf("look up event ID: %w", err)
		}
		first := time.UnixMilli(int64(binary.BigEndian.Uint64(v))).UTC() //nolint:gosec // was one
		if err := closer.Close(); err != nil {
			return time.Time{}, false, fmt.Errorf("look up event ID: %w", err)
		}
		return first, !first.Before(earliest), nil
	}
	return time.Time{}, false, nil
}

// Settle implements ingest.SinkState.
func (s *State) Settle(to ingest.Offset, stored []ingest.Seen, more []ingest.Metered) error {
	if err := s.room.check(); err != nil {
		return err
	}
	b := s.db.NewBatch()
	defer b.Close() //nolint:errcheck // a batch's Close only gives back memory
	var key [1 + 4 + 16]byte
	var at [8]byte
	oldest := s.oldest
	for i := range stored {
		hour := hourOf(stored[i].At)
		oldest = max(oldest, hour-int64(ingest.DuplicateWindow/time.Hour))
		binary.BigEndian.PutUint64(at[:], uint64(stored[i].At.UnixMilli())) //nolint:gosec // after 1970
		if err := b.Set(appendSeenKey(key[:0], hour, stored[i].Key), at[:], nil); err != nil {
			return fmt.Errorf("remember events: %w", err)
		}
	}
	if oldest > s.oldest {
		if err := b.DeleteRange([]byte("s"), appendHour(nil, oldest), nil); err != nil {
			return fmt.Errorf("forget old events: %w", err)
		}
	}
	if err := s.meters.write(b, more); err != nil {
		return err
	}
	if err := b.Set(settledKey(), binary.BigEndian.AppendUint64(nil, uint64(to)), nil); err != nil { //nolint:gosec // offsets are not negative
		return fmt.Errorf("settle: %w", err)
	}
	if err := b.Delete(begunKey(), nil); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	if err := b.Commit(pebble.Sync); err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	s.oldest = oldest
	s.meters.take(more)
	for i := range stored {
		s.recent.add(stored[i].Key, stored[i].At)
	}
	return nil
}

// recall fills the filter with what is remembered.
func (s *State) recall() error {
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte("s"), UpperBound: []byte("t")})
	if err != nil {
		return fmt.Errorf("read sink state: %w", err)
	}
	for ok := iter.First(); ok; ok = iter.Next() {
		hour := int64(binary.BigEndian.Uint32(iter.Key()[1:]))
		if s.oldest == 0 {
			s.oldest = hour
		}
		s.recent.add(ingest.SeenKey(iter.Key()[5:]), time.Unix(hour*60*60, 0))
	}
	if err := iter.Close(); err != nil {
		return fmt.Errorf("read sink state: %w", err)
	}
	return nil
}

// quiet passes on only what an operator must see.
type quiet struct{ *slog.Logger }

func (q quiet) Infof(string, ...any) {}
func (q quiet) Errorf(format string, args ...any) {
	q.Error("sink state", "detail", fmt.Sprintf(format, args...))
}

func (q quiet) Fatalf(format string, args ...any) {
	panic("sink state: " + fmt.Sprintf(format, args...))
}
