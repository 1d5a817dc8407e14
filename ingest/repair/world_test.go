package repair_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/ingest/sinkstate"
	"github.com/observatory/observatory/tenants"
)

var errDead = errors.New("the process is dead")

// world is an installation whose process dies at any moment: the log and the sink are real, the store and the queue are models that
// keep the contracts of theirs, and whose real ones have their own tests.
type world struct {
	t    *rapid.T
	disk *vfs.MemFS
	now  time.Time

	mu    sync.Mutex
	steps int // until the process dies; 0: it does not
	after *vfs.MemFS
	keep  vfs.CrashCloneCfg
	shelf *shelf
	job   *repair.Replay // the newest
	wrong []string       // what the process did that it must not

	log       *eventlog.Log
	state     *sinkstate.State
	sink      *ingest.Sink
	runner    *repair.Runner
	collector *ingest.Collector
	rules     *rules
	stop      func()
}

// shelf is what is stored.
type shelf struct {
	events, letters map[place]row
	receipts        map[ingest.ReceiptID]ingest.Receipt
	repairs         map[place]ingest.Repair
	ledger          map[uuid.UUID]map[time.Time]ingest.Counts
	gone            map[place]bool // dead letters that were deleted
}

type place struct {
	receipt ingest.ReceiptID
	index   int
}

type row struct {
	batch uuid.UUID
	id    string
	raw   []byte
	at    time.Time
	cause uuid.UUID
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, disk: vfs.NewCrashableMem(), now: time.Date(2026, 1, 31, 20, 0, 0, 0, time.UTC), rules: &rules{}, shelf: &shelf{
		events: map[place]row{}, letters: map[place]row{}, receipts: map[ingest.ReceiptID]ingest.Receipt{}, repairs: map[place]ingest.Repair{},
		ledger: map[uuid.UUID]map[time.Time]ingest.Counts{}, gone: map[place]bool{},
	}}
	w.start()
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) start() {
	quiet := slog.New(slog.DiscardHandler)
	var err error
	w.state, err = sinkstate.Open(sinkstate.Config{FS: w.disk, Dir: "sink", Secret: []byte("secret"), Logger: quiet})
	require.NoError(w.t, err)
	settled, _, err := w.state.Load()
	require.NoError(w.t, err)
	w.log, err = eventlog.Open(eventlog.Config{FS: w.disk, Dir: "log", Floor: settled, Logger: quiet})
	require.NoError(w.t, err)
	w.sink, err = ingest.NewSink(ingest.SinkConfig{MaxBytes: 1500, Interval: time.Microsecond}, ingest.SinkDeps{Log: w.log, State: w.state, Store: w, Now: w.clock, Logger: quiet})
	require.NoError(w.t, err)
	w.runner = repair.NewRunner(repair.RunnerDeps{
		Queue: w, Archive: w, Prepare: w.rules, Log: dyingLog{w.log, w}, LogID: uuid.UUID{1}, Sink: w.sink, Now: w.clock, Logger: quiet, ChunkEvents: 3,
	})
	w.collector = ingest.NewCollector(ingest.CollectorDeps{Log: w.log, Prepare: w.rules, Receipts: ingest.NewReceipts(nil), Limits: ingest.NewRateLimits(0), Now: w.clock})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = w.sink.Run(ctx) })
	running.Go(func() { _ = w.runner.Run(ctx) })
	w.stop = func() {
		cancel()
		running.Wait()
		_ = w.log.Close()
		_ = w.state.Close()
	}
}

// step is taken before everything that the process does outside itself. It is where the process dies.
func (w *world) step() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.steps > 0 && w.after == nil {
		if w.steps--; w.steps == 0 {
			w.after = w.disk.CrashClone(w.keep)
		}
	}
	if w.after != nil {
		return errDead
	}
	return nil
}

// dyingLog is the log of a process that dies.
type dyingLog struct {
	*eventlog.Log
	w *world
}

func (l dyingLog) Append(ctx context.Context, record []byte) (ingest.Offset, error) {
	if err := l.w.step(); err != nil {
		return 0, err
	}
	end, err := l.Log.Append(ctx, record)
	return end, cmp.Or(err, l.w.step())
}

func (w *world) dead() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.after != nil
}

// revive starts again on what is left of the disk.
func (w *world) revive() {
	if !w.dead() {
		return
	}
	w.stop()
	w.disk, w.after, w.steps = w.after, nil, 0
	w.start()
}

// Write implements ingest.Store. A process that dies has written any part of the rows.
func (w *world) Write(_ context.Context, s *ingest.Settlement, again bool) error {
	if w.dead() {
		return errDead
	}
	died := w.step()
	w.mu.Lock()
	defer w.mu.Unlock()
	var writes []func()
	for _, e := range s.Events {
		at, r := place{e.Receipt, e.Index}, row{batch: s.Range.ID, id: string(e.ID), at: e.ReceivedAt}
		writes = append(writes, func() {
			if there, known := w.shelf.events[at]; known {
				w.must(again && there.batch == r.batch, "an event is stored twice")
			}
			w.shelf.events[at] = r
		})
	}
	for _, d := range s.DeadLetters {
		at, r := place{d.Receipt, d.Index}, row{batch: s.Range.ID, id: string(d.Event.ID), raw: bytes.Clone(d.Raw), at: d.ReceivedAt, cause: d.Cause()}
		writes = append(writes, func() {
			if !w.shelf.gone[at] {
				w.shelf.letters[at] = r
			}
		})
	}
	for _, r := range s.Receipts {
		receipt := ingest.Receipt{ID: r.Receipt, Outcomes: make([]ingest.Outcome, len(r.EventIDs))}
		for i, id := range r.EventIDs {
			receipt.Outcomes[i].EventID = string(id)
		}
		for _, o := range r.Exceptions {
			receipt.Outcomes[o.Index].Status = o.Status
		}
		writes = append(writes, func() { w.shelf.receipts[receipt.ID] = receipt })
	}
	for _, r := range s.Repairs {
		at := place{r.Receipt, r.Index}
		writes = append(writes, func() {
			if there, known := w.shelf.repairs[at]; known {
				w.must(again && there.Replay == r.Replay && there.Status == r.Status, "a dead letter is repaired twice")
			}
			w.shelf.repairs[at] = r
		})
	}
	hours := map[time.Time]ingest.Counts{}
	for _, l := range s.Ledger {
		hours[l.Hour] = hours[l.Hour].Plus(l.Counts)
	}
	writes = append(writes, func() { w.shelf.ledger[s.Range.ID] = hours })
	if died != nil {
		writes = writes[:rand.N(len(writes))] //nolint:gosec // chance, not secrets
	}
	for _, write := range writes {
		write()
	}
	return died
}

func (w *world) must(is bool, what string) {
	if !is {
		w.wrong = append(w.wrong, what)
	}
}

// open are the dead letters that LettersInput means, in order.
func (w *world) open(in repair.LettersInput) (found []repair.Letter) {
	for at, r := range w.shelf.letters {
		if _, done := w.shelf.repairs[at]; done || r.cause != in.Cause || !r.at.Before(in.Until) {
			continue
		}
		found = append(found, repair.Letter{
			Header: ingest.Header{Sender: ingest.Sender{Tenant: tenants.ID{1}}, Receipt: at.receipt, ReceivedAt: at.receipt.ReceivedAt()},
			Index:  at.index, EventID: r.id, Type: ingest.Track, Time: r.at, Payload: r.raw,
		})
	}
	order := func(a, b repair.Cursor) int {
		return cmp.Or(a.ReceivedAt.Compare(b.ReceivedAt), bytes.Compare(a.Receipt[:], b.Receipt[:]), cmp.Compare(a.Index, b.Index))
	}
	of := func(l repair.Letter) repair.Cursor {
		return repair.Cursor{ReceivedAt: l.ReceivedAt, Receipt: l.Receipt, Index: l.Index}
	}
	slices.SortFunc(found, func(a, b repair.Letter) int { return order(of(a), of(b)) })
	return slices.DeleteFunc(found, func(l repair.Letter) bool { return order(of(l), in.After) <= 0 })
}

// DeadLetters implements repair.Archive, as do the next.
func (w *world) DeadLetters(_ context.Context, _ tenants.ID, in repair.LettersInput) ([]repair.Letter, error) {
	if err := w.step(); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	found := w.open(in)
	return found[:min(len(found), in.Limit)], nil
}

func (w *world) CountDeadLetters(_ context.Context, _ tenants.ID, in repair.LettersInput) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int64(len(w.open(in))), nil
}

func (w *world) StoredIDs(_ context.Context, _ tenants.ID, in repair.LettersInput) (map[string]time.Time, error) {
	if err := w.step(); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	wanted, stored := map[string]bool{}, map[string]time.Time{}
	for _, l := range w.open(in) {
		wanted[l.EventID] = true
	}
	for _, r := range w.shelf.events {
		if wanted[r.id] {
			stored[r.id] = r.at
		}
	}
	return stored, nil
}

func (w *world) RepairedBy(_ context.Context, _ tenants.ID, id repair.ID) (stored, duplicate int64, err error) {
	if err := w.step(); err != nil {
		return 0, 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.shelf.repairs {
		switch {
		case r.Replay != uuid.UUID(id):
		case r.Status == ingest.Stored:
			stored++
		default:
			duplicate++
		}
	}
	return stored, duplicate, nil
}

func (*world) Events(context.Context, tenants.ID, repair.EventsInput) ([]repair.Stored, error) {
	return nil, errors.New("there is no history here")
}

func (*world) CountEvents(context.Context, tenants.ID, repair.EventsInput) (int64, error) {
	return 0, errors.New("there is no history here")
}

func (*world) Held(context.Context, tenants.ID, repair.HeldInput) ([]repair.Held, error) {
	return nil, errors.New("nothing is held here")
}

func (*world) CountHeld(context.Context, tenants.ID, repair.HeldInput) (int64, error) {
	return 0, errors.New("nothing is held here")
}

func (*world) StoredHeld(context.Context, tenants.ID, repair.HeldInput) (map[string]time.Time, error) {
	return nil, errors.New("nothing is held here")
}

func (*world) RemoveReleased(context.Context, tenants.ID, repair.ID, time.Time) error {
	return errors.New("nothing is held here")
}

// ClaimReplay implements repair.Queue, as do the next.
func (w *world) ClaimReplay(_ context.Context, log uuid.UUID, busy []repair.ID, now time.Time) (*repair.Replay, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.after != nil || w.job == nil || slices.Contains(busy, w.job.ID) || slices.Contains([]repair.State{repair.Paused, repair.Cancelled, repair.Done, repair.Failed}, w.job.State) {
		return nil, nil
	}
	if w.job.State == repair.Waiting {
		w.job.State = repair.Running
	}
	if w.job.StartedAt == nil {
		w.job.StartedAt = &now
	}
	w.job.Log = &log
	claimed := *w.job
	return &claimed, nil
}

func (w *world) NoteReplay(_ context.Context, _ uuid.UUID, _ repair.ID, p repair.Progress, _ time.Time) (repair.State, error) {
	if err := w.step(); err != nil {
		return "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.job.Progress = p
	return w.job.State, nil
}

func (w *world) EndReplay(_ context.Context, _ uuid.UUID, _ repair.ID, state repair.State, p repair.Progress, why string, _ time.Time) error {
	if err := w.step(); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.job.Progress, w.job.State, w.job.Error = p, state, why
	return nil
}

// settle waits until all that the log holds is stored.
func (w *world) settle() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	require.NoError(w.t, w.sink.WaitSettled(ctx, w.log.End()))
}

// send sends a request of events, of which some break the contract and some were sent before.
func (w *world) send(t *rapid.T) {
	batch := &ingest.Batch{}
	for range rapid.IntRange(1, 8).Draw(t, "events") {
		e := ingest.Event{Type: ingest.Track, Name: []byte("sale"), ID: fmt.Append(nil, rapid.IntRange(0, 15).Draw(t, "id"))}
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			e.Properties = []byte(`{"amount":1}`)
		case 1:
			e.Properties = []byte(`{"amount":"nothing"}`) // stays in quarantine
		default:
			e.Properties = []byte(`{"amount":"2"}`)
		}
		batch.Items = append(batch.Items, ingest.Item{Event: e})
	}
	_, err := w.collector.Accept(context.Background(), ingest.AcceptInput{Sender: ingest.Sender{Tenant: tenants.ID{1}}, Batch: batch})
	require.NoError(t, err)
}

// repair asks for a replay, or goes on with the one that is not over, and waits until it is over or the process is dead.
func (w *world) repair() {
	w.mu.Lock()
	if w.job == nil || w.job.State == repair.Done || w.job.State == repair.Cancelled {
		spec := repair.Spec{Kind: repair.Repair, Cause: causeOfSales(), Mapping: []repair.Step{{Op: "convert", Path: "properties.amount", ToType: "number"}}}
		w.job = &repair.Replay{ID: repair.ID(uuid.New()), Tenant: tenants.ID{1}, Spec: spec, State: repair.Waiting}
	} else if w.job.State == repair.Paused {
		w.job.State = repair.Waiting
	}
	w.mu.Unlock()
	w.runner.Wake()
	deadline := time.Now().Add(20 * time.Second)
	for {
		w.mu.Lock()
		over := w.after != nil || slices.Contains([]repair.State{repair.Paused, repair.Cancelled, repair.Done}, w.job.State)
		w.mu.Unlock()
		if over {
			return
		}
		require.True(w.t, time.Now().Before(deadline), "the replay does not end: %+v", w.job)
		time.Sleep(100 * time.Microsecond)
	}
}

func causeOfSales() uuid.UUID {
	return ingest.CauseOf(&ingest.Rejection{Code: ingest.CodeSchemaViolation, Path: "properties.amount", Schema: 7}, []byte("sale"))
}

// check tells whether each event has exactly one outcome, and receipts, rows and ledger agree.
func (w *world) check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, s := w.t, w.shelf
	require.Empty(t, w.wrong)
	want, got := map[time.Time]ingest.Counts{}, map[time.Time]ingest.Counts{}
	events := 0
	for id, r := range s.receipts {
		hour := id.ReceivedAt().Truncate(time.Hour)
		counts := want[hour]
		for i, o := range r.Outcomes {
			at := place{id, i}
			_, stored := s.events[at]
			done, repaired := s.repairs[at]
			if repaired {
				require.Equal(t, ingest.Quarantined, o.Status, "only a dead letter is repaired")
				o.Status = done.Status
			}
			require.Equal(t, o.Status == ingest.Stored, stored, "%s %d", o.Status, i)
			if stored {
				events++
			}
			if _, kept := s.letters[at]; o.Status == ingest.Quarantined && !kept {
				require.True(t, s.gone[at])
			}
			counts.Add(o.Status, 1)
		}
		want[hour] = counts
	}
	require.Len(t, s.events, events, "nothing else is stored")
	for _, hours := range s.ledger {
		for hour, c := range hours {
			got[hour] = got[hour].Plus(c)
		}
	}
	require.Equal(t, want, got)
	for at, r := range s.repairs {
		if r.Status != ingest.Stored {
			continue
		}
		for other, e := range s.events { // what came a day later is for the store to replace
			require.False(t, other != at && e.id == s.events[at].id && e.at.Before(r.At), "the ID of a repaired event was stored before")
		}
	}
	if w.job != nil && w.job.State == repair.Done {
		c := w.job.Progress.Counts
		require.Zero(t, c.Replayed)
		require.LessOrEqual(t, c.LookedAt(), c.Found, "%+v", c)
		if len(s.gone) == 0 {
			require.Equal(t, c.Found, c.LookedAt(), "%+v", c)
		}
	}
}

// Whatever is quarantined and repaired, rests, is cancelled and asked for again, and whenever the process is killed or the power is cut: each
// event has exactly one outcome, the receipts, the rows and the ledger agree, and what was deleted does not come back.
func TestRepairIsExactlyOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		defer func() { w.stop() }()
		wanted := func(state repair.State) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.job != nil && w.job.State == repair.Running {
				w.job.State = state
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				w.revive()
				w.mu.Lock()
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 3000).Draw(t, "seconds")) * time.Second)
				w.mu.Unlock()
				for range rapid.IntRange(1, 4).Draw(t, "requests") {
					w.send(t)
				}
			},
			"repair": func(*rapid.T) {
				w.revive()
				w.repair()
			},
			"repair and die": func(t *rapid.T) {
				w.revive()
				w.mu.Lock()
				w.steps = rapid.IntRange(1, 25).Draw(t, "steps")
				w.keep = vfs.CrashCloneCfg{UnsyncedDataPercent: rapid.SampledFrom([]int{0, 100}).Draw(t, "kept"), RNG: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // chance, not secrets
				w.mu.Unlock()
				w.repair()
			},
			"pause":  func(*rapid.T) { wanted(repair.Pausing) },
			"cancel": func(*rapid.T) { wanted(repair.Cancelling) },
			"delete": func(t *rapid.T) {
				w.mu.Lock()
				defer w.mu.Unlock()
				for at := range w.shelf.letters {
					delete(w.shelf.letters, at)
					w.shelf.gone[at] = true
					break
				}
			},
			"wait": func(t *rapid.T) {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.now = w.now.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "hours")) * time.Hour)
			},
			"": func(t *rapid.T) {
				w.mu.Lock()
				dead := w.after != nil
				w.steps = 0
				w.mu.Unlock()
				if !dead {
					w.settle()
					w.check()
				}
			},
		})
		w.revive()
		w.repair()
		w.settle()
		w.check()
	})
}
