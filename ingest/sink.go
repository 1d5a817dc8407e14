package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// Range is a part of the log that is stored as one batch. All of this is fixed before anything of it is sent, so that a batch that is built again
// is the same.
type Range struct {
	ID       uuid.UUID
	From, To Offset
	Rulings  []Ruling // in the order of the log; all other events pass
	Unknown  bool     // nobody could say who is not suppressed: events that would pass are held

	Admissions []Admission // one for each tenant and month that is not admitted in full
}

// Ruling is what becomes of one event of a range for the sake of people.
type Ruling struct {
	Entry, Item int // places in the range and in the entry, from 0
	Verdict     Verdict
}

// SeenKey identifies an event for recognising duplicates: a keyed 128-bit hash of tenant and event ID.
type SeenKey [16]byte

// Seen is an event that was stored for the first time.
type Seen struct {
	Key SeenKey
	At  time.Time // received
}

// SinkState is what the sink remembers over restarts. It lies on the same disk as the log.
type SinkState interface {
	// Load returns how far the log is settled, and the range that was begun and perhaps not finished.
	Load() (settled Offset, begun *Range, err error)
	// Begin writes down, durably, that a range is about to be sent.
	Begin(r Range) error
	// KeyOf makes the key of an event.
	KeyOf(sender Sender, eventID []byte) SeenKey
	// FirstSeen tells whether an event was stored in the DuplicateWindow before at, and when it was received.
	FirstSeen(key SeenKey, at time.Time) (first time.Time, seen bool, err error)
	// Metered returns how many events were settled, of each tenant, in the newest month that any was settled in and in the month before.
	Metered() []Metered
	// MeteredOf is that of one tenant and month.
	MeteredOf(tenant tenants.ID, month Month) int64
	// Settle writes down, durably and all at once, that the log is settled up to an offset, which events were stored, and how many more are
	// metered, of each tenant and month once.
	Settle(to Offset, stored []Seen, more []Metered) error
}

// DuplicateWindow is how long an event ID is remembered by the sink. The store replaces later duplicates.
const DuplicateWindow = 24 * time.Hour

// Store is where events are queried.
type Store interface {
	// Write stores a settlement exactly once: whatever of it is there already, from an attempt with an unknown outcome, is not
	// written again. With again the outcome of an earlier attempt is unknown.
	Write(ctx context.Context, s *Settlement, again bool) error
}

// Settlement is what a range of the log comes to.
type Settlement struct {
	Range       Range
	Events      []StoredEvent
	DeadLetters []DeadLetter
	Receipts    []SettledReceipt
	Repairs     []Repair
	Held        []HeldEvent
	Reruns      []StoredEvent // take the place of stored events, as long as those are still there
	Ledger      []LedgerEntry
}

// StoredEvent is an event on its way into the store.
type StoredEvent struct {
	*Header
	Event
	Index int // in its request
	// MeteredAt is when it counts as usage: zero for when it was received.
	MeteredAt time.Time
	Rerun     uuid.UUID // the replay of history that makes it anew; zero for an event that is stored for the first time
}

// HeldEvent is an event that is kept aside.
type HeldEvent struct {
	StoredEvent
	Reason string    // code
	At     time.Time // since when
	Until  time.Time // when it goes for good; zero: never
}

// SettledReceipt is a request whose events all have an outcome. Exceptions are those that were not stored.
type SettledReceipt struct {
	*Header
	EventIDs   [][]byte
	Exceptions []Outcome
}

// LedgerEntry counts the events of a batch that one source sent within one hour. Of a repair it takes from what was counted before.
type LedgerEntry struct {
	Sender
	Hour   time.Time
	Counts Counts
}

// SinkConfig bounds a batch.
type SinkConfig struct {
	MaxBytes int           // of log in a batch; default 16 MiB
	Interval time.Duration // at least, between two batches, unless the log holds MaxBytes; default 1 s
}

// SinkDeps is what a sink works with.
type SinkDeps struct {
	Log    Log
	State  SinkState
	Store  Store
	Now    func() time.Time
	Logger *slog.Logger
	// Suppression is asked what was erased of all that is in the log. May be nil: nothing was.
	Suppression Suppression
	// Quota is asked how much may be stored. May be nil: as much as there is.
	Quota Quota
	// Stored is told of each settlement once it is stored; it must not keep it. May be nil.
	Stored func(s *Settlement, took time.Duration)
}

// Sink carries the log into the store, exactly once: a range of the log is written down before it is sent, whatever of
// it may have arrived is counted back before it is sent again, and its outcome is written down at once with the
// duplicates that it must know.
type Sink struct {
	cfg     SinkConfig
	deps    SinkDeps
	settled *Watermark
	begun   *Range
	behind  bool // the log held more than the last batch took
	build   builder
	told    bool      // whether the quota was told of all that was settled before
	asked   []Asked   // memory of admit
	metered []Metered // memory of settle
}

// NewSink makes a sink that goes on where the last one ended.
func NewSink(cfg SinkConfig, deps SinkDeps) (*Sink, error) {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 16 << 20
	}
	if cfg.Interval == 0 {
		cfg.Interval = time.Second
	}
	if deps.Suppression == nil {
		deps.Suppression = NoSuppression{}
	}
	if deps.Quota == nil {
		deps.Quota = NoQuota{}
	}
	settled, begun, err := deps.State.Load()
	if err != nil {
		return nil, fmt.Errorf("load sink state: %w", err)
	}
	s := &Sink{cfg: cfg, deps: deps, settled: NewWatermark(settled), begun: begun, told: begun == nil, build: newBuilder(deps.State)}
	if s.told { // else when the range that was begun is settled: until then what it stores is claimed
		deps.Quota.Settled(deps.State.Metered())
	}
	return s, nil
}

// Settled is the offset up to which every event has its outcome and can be queried.
func (s *Sink) Settled() Offset { return s.settled.At() }

// WaitSettled returns once everything before the offset can be queried, or with ctx's error.
func (s *Sink) WaitSettled(ctx context.Context, end Offset) error { return s.settled.Wait(ctx, end-1) }

// Run carries until ctx ends. What it was carrying then is carried on by the next Run, by whichever process.
func (s *Sink) Run(ctx context.Context) error {
	pause := newBackoff()
	again := s.begun != nil
	var last time.Time
	for {
		err := s.step(ctx, again, last)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // ending is what was asked for
		}
		if err == nil {
			last, again = s.deps.Now(), false
			pause.reset()
			continue
		}
		again = s.begun != nil
		wait := pause.next()
		s.deps.Logger.Error("a batch could not be stored; it stays in the log and is tried again", "error", err, "again_in", wait)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// Drain carries what the log holds, and returns when all of it is stored, or with ctx's error. Run must have ended.
func (s *Sink) Drain(ctx context.Context) error {
	for s.settled.At() < s.deps.Log.End() {
		if err := s.step(ctx, s.begun != nil, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// step carries one batch: the one that was begun, or the next.
func (s *Sink) step(ctx context.Context, again bool, last time.Time) error {
	settlement, err := s.next(ctx, last)
	if err != nil {
		return err
	}
	start := s.deps.Now()
	if err := s.deps.Store.Write(ctx, settlement, again); err != nil {
		return fmt.Errorf("store batch %s: %w", s.begun.ID, err)
	}
	if err := s.settle(); err != nil {
		return fmt.Errorf("settle batch %s: %w", s.begun.ID, err)
	}
	to := s.begun.To
	s.begun = nil
	s.settled.Advance(to)
	if s.deps.Stored != nil {
		s.deps.Stored(settlement, s.deps.Now().Sub(start))
	}
	return s.deps.Log.Trim(to)
}

var errRangeChanged = errors.New("the log no longer holds the range of a batch that was begun")

// next builds the settlement of the range that was begun; where none was, it waits for entries and begins one.
func (s *Sink) next(ctx context.Context, last time.Time) (*Settlement, error) {
	if s.begun != nil {
		entries, err := s.again()
		if err != nil {
			return nil, err
		}
		return s.build.settlement(*s.begun, entries)
	}
	settled := s.settled.At()
	if err := s.deps.Log.Wait(ctx, settled); err != nil {
		return nil, err
	}
	if err := s.linger(ctx, settled, last); err != nil {
		return nil, err
	}
	view := s.deps.Suppression.Enter()
	defer view.Leave() // when the rulings are written down
	end := s.deps.Log.End()
	entries, err := s.deps.Log.Read(settled, s.cfg.MaxBytes)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("read log: nothing at offset %d, which lies before its end", settled)
	}
	begun := Range{ID: uuid.New(), From: entries[0].Offset, To: entries[len(entries)-1].Next, Unknown: !s.deps.Suppression.Known()}
	if begun.Rulings, err = rulings(view, entries); err != nil {
		return nil, err
	}
	settlement, err := s.admit(ctx, &begun, entries)
	if err != nil {
		return nil, err
	}
	if err := s.deps.State.Begin(begun); err != nil {
		return nil, fmt.Errorf("begin batch: %w", err)
	}
	s.begun, s.behind = &begun, begun.To < end
	return settlement, nil
}

// again reads the range that was begun. By now the log may hold more behind it.
func (s *Sink) again() ([]Entry, error) {
	for maxBytes := s.cfg.MaxBytes; ; maxBytes *= 2 {
		entries, err := s.deps.Log.Read(s.begun.From, maxBytes)
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 || entries[0].Offset != s.begun.From {
			return nil, errRangeChanged
		}
		for i, e := range entries {
			if e.Next == s.begun.To {
				return entries[:i+1], nil
			}
		}
		if entries[len(entries)-1].Next > s.begun.To || maxBytes > mostBytes { // only a process with other bounds can have begun a larger one
			return nil, errRangeChanged
		}
	}
}

// mostBytes is what a batch has at most, whoever began it.
const mostBytes = 1 << 30

// linger lets a batch fill, so that the store is not given many small ones. An event after a pause does not wait, nor does what lies in the
// log already, which may be in several pieces after restarts.
func (s *Sink) linger(ctx context.Context, settled Offset, last time.Time) error {
	rest := s.cfg.Interval - s.deps.Now().Sub(last)
	if rest <= 0 || s.behind || s.deps.Log.End()-settled >= Offset(s.cfg.MaxBytes) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, rest)
	defer cancel()
	err := s.deps.Log.Wait(ctx, settled+Offset(s.cfg.MaxBytes))
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// backoff grows from 100 ms to 5 s.
type backoff struct{ wait time.Duration }

func newBackoff() *backoff { return &backoff{} }

func (b *backoff) next() time.Duration {
	const shortest, longest = 100 * time.Millisecond, 5 * time.Second
	b.wait = min(max(2*b.wait, shortest), longest)
	return b.wait
}

func (b *backoff) reset() { b.wait = 0 }
