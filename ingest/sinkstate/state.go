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
// Keys: "c" how far the log is settled; "b" the range that was begun; "s" + day (2 bytes) + hash (16 bytes) -> when an
// event was received, ms. Events lie by the day of their receipt, so that a day is forgotten by one range deletion.
type State struct {
	db     *pebble.DB
	seed   uint64
	filter *filter
	oldest uint16 // day of the oldest events that are remembered; 0: none are
}

var _ ingest.SinkState = (*State)(nil)

const day = 24 * time.Hour

// Open opens the state of a folder, or begins one.
func Open(cfg Config) (*State, error) {
	opts := &pebble.Options{
		FS:                          cfg.FS,
		Logger:                      quiet{cfg.Logger},
		MemTableSize:                8 << 20,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
	}
	for i := range opts.Levels {
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		opts.Levels[i].Compression = func() *block.CompressionProfile { return block.NoCompression } // hashes do not compress
	}
	db, err := pebble.Open(cfg.Dir, opts)
	if err != nil {
		return nil, fmt.Errorf("open sink state: %w", err)
	}
	s := &State{db: db, seed: xxh3.Hash(cfg.Secret), filter: newFilter()}
	if err := s.fillFilter(); err != nil {
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
	r := &ingest.Range{
		From: ingest.Offset(binary.BigEndian.Uint64(b[16:])), //nolint:gosec // was one
		To:   ingest.Offset(binary.BigEndian.Uint64(b[24:])), //nolint:gosec // was one
	}
	copy(r.ID[:], b)
	return offset, r, nil
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
	b := append(make([]byte, 0, 32), r.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.From)) //nolint:gosec // offsets are not negative
	b = binary.BigEndian.AppendUint64(b, uint64(r.To))   //nolint:gosec // offsets are not negative
	return s.db.Set(begunKey(), b, pebble.Sync)
}

// KeyOf implements ingest.SinkState.
func (s *State) KeyOf(sender ingest.Sender, eventID []byte) ingest.SeenKey {
	var b [16 + ingest.MaxIDBytes]byte
	n := copy(b[:], sender.Tenant[:])
	n += copy(b[n:], eventID)
	return xxh3.Hash128Seed(b[:n], s.seed).Bytes()
}

func dayOf(t time.Time) uint16 { return uint16(t.Unix() / int64(day/time.Second)) } //nolint:gosec // until the year 2149

func appendSeenKey(dst []byte, d uint16, key ingest.SeenKey) []byte {
	dst = binary.BigEndian.AppendUint16(append(dst, 's'), d)
	return append(dst, key[:]...)
}

// FirstSeen implements ingest.SinkState. Nearly every event is new, and the filter says so without touching the database.
func (s *State) FirstSeen(key ingest.SeenKey, at time.Time) (time.Time, bool, error) {
	if !s.filter.mayHold(key) {
		return time.Time{}, false, nil
	}
	earliest := at.Add(-ingest.DuplicateWindow)
	for d := dayOf(earliest); d <= dayOf(at); d++ {
		var buf [19]byte
		v, closer, err := s.db.Get(appendSeenKey(buf[:0], d, key))
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
		if !first.Before(earliest) {
			return first, true, nil
		}
	}
	return time.Time{}, false, nil
}

// Settle implements ingest.SinkState.
func (s *State) Settle(to ingest.Offset, stored []ingest.Seen) error {
	b := s.db.NewBatch()
	defer b.Close() //nolint:errcheck // a batch's Close only gives back memory
	var key [19]byte
	var at [8]byte
	newest := uint16(0)
	for i := range stored {
		d := dayOf(stored[i].At)
		newest = max(newest, d)
		binary.BigEndian.PutUint64(at[:], uint64(stored[i].At.UnixMilli())) //nolint:gosec // after 1970
		if err := b.Set(appendSeenKey(key[:0], d, stored[i].Key), at[:], nil); err != nil {
			return fmt.Errorf("remember events: %w", err)
		}
	}
	if s.oldest == 0 {
		s.oldest = newest
	}
	forget := newest > s.oldest+1
	if forget {
		end := binary.BigEndian.AppendUint16([]byte("s"), newest-1)
		if err := b.DeleteRange([]byte("s"), end, nil); err != nil {
			return fmt.Errorf("forget old events: %w", err)
		}
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
	for i := range stored {
		s.filter.add(stored[i].Key)
	}
	if forget {
		s.oldest = newest - 1
		return s.fillFilter()
	}
	return nil
}

// fillFilter makes the filter anew from what is remembered.
func (s *State) fillFilter() error {
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte("s"), UpperBound: []byte("t")})
	if err != nil {
		return fmt.Errorf("read sink state: %w", err)
	}
	s.filter.clear()
	if iter.First() {
		s.oldest = binary.BigEndian.Uint16(iter.Key()[1:])
	}
	for ok := iter.Valid(); ok; ok = iter.Next() {
		s.filter.add(ingest.SeenKey(iter.Key()[3:]))
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
