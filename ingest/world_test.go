package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/sinkstate"
	"github.com/observatory/observatory/tenants"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is the model of a store: what it holds, and the contract of ingest.Store. The store of production has its own tests.
type shelf struct {
	t require.TestingT
	// fails is asked how many rows to store before failing; ok is false for a write that succeeds.
	fails func(rows int) (after int, fail bool)
	gone  func() bool // the process that writes is dead

	rows     map[string]string // identity -> contents
	batches  map[uuid.UUID]string
	receipts []shelvedReceipt // in the order of settling
	ledger   map[string]ingest.Counts
}

type shelvedReceipt struct {
	batch  uuid.UUID
	header ingest.Header
	ids    []string
	faults map[int]ingest.Outcome
}

var errShelf = errors.New("the store fails")

func newShelf(t require.TestingT) *shelf {
	return &shelf{
		t:     t,
		fails: func(int) (int, bool) { return 0, false },
		gone:  func() bool { return false },
		rows:  map[string]string{}, batches: map[uuid.UUID]string{}, ledger: map[string]ingest.Counts{},
	}
}

type shelvedRow struct {
	identity, contents string
	also               func()
}

func rowsOf(s *ingest.Settlement, shelf *shelf) (rows []shelvedRow) {
	for _, e := range s.Events {
		rows = append(rows, shelvedRow{
			fmt.Sprintf("event %s %d", uuid.UUID(e.Receipt), e.Index),
			fmt.Sprintf("%s %s %s %s %s %s", e.Tenant, e.Type, e.Name, e.ID, e.Time.Format(time.RFC3339Nano), e.Properties), nil,
		})
	}
	for _, d := range s.DeadLetters {
		rows = append(rows, shelvedRow{
			fmt.Sprintf("dead letter %s %d", uuid.UUID(d.Receipt), d.Index),
			fmt.Sprintf("%s %s %s %s", d.Tenant, d.Event.ID, d.Rejection.Code, d.Raw), nil,
		})
	}
	for _, r := range s.Receipts {
		row := shelvedReceipt{batch: s.Range.ID, header: *r.Header, faults: map[int]ingest.Outcome{}}
		for _, id := range r.EventIDs {
			row.ids = append(row.ids, string(id))
		}
		for _, o := range r.Exceptions {
			row.faults[o.Index] = o
		}
		rows = append(rows, shelvedRow{
			fmt.Sprintf("receipt %s", uuid.UUID(r.Receipt)), fmt.Sprint(row),
			func() { shelf.receipts = append(shelf.receipts, row) },
		})
	}
	for _, l := range s.Ledger {
		key := fmt.Sprintf("%s %s %s", l.Tenant, l.Source, l.Hour.Format(time.RFC3339))
		rows = append(rows, shelvedRow{
			fmt.Sprintf("ledger %s %s", s.Range.ID, key), fmt.Sprint(l.Counts),
			func() { shelf.ledger[key] = shelf.ledger[key].Plus(l.Counts) },
		})
	}
	return rows
}

// Write implements ingest.Store.
func (s *shelf) Write(_ context.Context, set *ingest.Settlement, again bool) error {
	if s.gone() {
		return errShelf
	}
	rows := rowsOf(set, s)
	contents := fmt.Sprint(set.Range)
	for _, r := range rows {
		contents += "\n" + r.identity + " " + r.contents
	}
	before, tried := s.batches[set.Range.ID]
	if tried {
		require.True(s.t, again, "a batch of unknown outcome is sent again without saying so")
		require.Equal(s.t, before, contents, "a batch changes")
	}
	s.batches[set.Range.ID] = contents
	count, fail := s.fails(len(rows))
	if !fail {
		count = len(rows)
	}
	for _, r := range rows[:count] {
		if _, there := s.rows[r.identity]; there {
			require.True(s.t, again, "%s is stored twice", r.identity)
			require.Equal(s.t, s.rows[r.identity], r.contents)
			continue
		}
		s.rows[r.identity] = r.contents
		if r.also != nil {
			r.also()
		}
	}
	if fail {
		return errShelf
	}
	return nil
}

// world is one installation: a disk with the log and the state of the sink, a store, and senders.
type world struct {
	t     *rapid.T
	disk  *vfs.MemFS
	shelf *shelf
	now   time.Time

	log       *eventlog.Log
	state     *sinkstate.State
	sink      *ingest.Sink
	collector *ingest.Collector
	with      func(*ingest.SinkDeps, *ingest.CollectorDeps) // changes what sink and collector are made with; may be nil

	mu    sync.Mutex
	cutIn int // operations on the disk until the power is cut; 0: never
	keep  vfs.CrashCloneCfg
	after *vfs.MemFS // the disk after the power was cut

	promised map[string]accepted // by receipt
}

// accepted is an acknowledged request.
type accepted struct {
	sender ingest.Sender
	events []event
}

// event is what was sent.
type event struct {
	id, name, code string // code: why it is rejected
}

func newWorld(t *rapid.T) *world {
	w := &world{t: t, disk: vfs.NewCrashableMem(), shelf: newShelf(t), now: time.Date(2026, 1, 31, 20, 0, 0, 0, time.UTC), promised: map[string]accepted{}}
	w.shelf.gone = w.dead
	w.start()
	return w
}

func receiptsOf() ingest.Receipts { return ingest.NewReceipts([]byte("secret")) }

func (w *world) start() {
	fs := errorfs.Wrap(w.disk, errorfs.InjectorFunc(w.operation))
	var err error
	w.state, err = sinkstate.Open(sinkstate.Config{FS: fs, Dir: "sink", Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(w.t, err)
	settled, _, err := w.state.Load()
	require.NoError(w.t, err)
	w.log, err = eventlog.Open(eventlog.Config{FS: fs, Dir: "log", SegmentBytes: 4000, Floor: settled, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(w.t, err)
	require.GreaterOrEqual(w.t, w.log.End(), settled)
	now := func() time.Time { return w.now }
	sink := ingest.SinkDeps{Log: w.log, State: w.state, Store: w.shelf, Now: now, Logger: slog.New(slog.DiscardHandler)}
	collector := ingest.CollectorDeps{Log: w.log, Prepare: asSent{}, Receipts: receiptsOf(), Limits: ingest.NewRateLimits(0), Now: now}
	if w.with != nil {
		w.with(&sink, &collector)
	}
	w.sink, err = ingest.NewSink(ingest.SinkConfig{MaxBytes: 3000}, sink)
	require.NoError(w.t, err)
	w.collector = ingest.NewCollector(collector)
}

func (w *world) stop() {
	require.NoError(w.t, w.log.Close())
	require.NoError(w.t, w.state.Close())
}

// operation counts what changes the disk, and cuts the power when it is time.
func (w *world) operation(op errorfs.Op) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cutIn > 0 && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
		if w.cutIn--; w.cutIn == 0 {
			w.after = w.disk.CrashClone(w.keep)
		}
	}
	return nil
}

func (w *world) dead() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.after != nil
}

// revive starts again on what a power cut left of the disk.
func (w *world) revive() {
	if !w.dead() {
		return
	}
	w.stop() // the dead process's memory; its disk is not looked at again
	w.disk, w.after, w.cutIn = w.after, nil, 0
	w.start()
}

// send sends a request of random events, of which some were sent before, some have no ID and some are bad.
func (w *world) send(t *rapid.T) {
	sender := ingest.Sender{
		Tenant: tenants.ID{15: byte(rapid.IntRange(1, 2).Draw(t, "tenant"))},
		Source: tenants.SourceID{15: byte(rapid.IntRange(1, 2).Draw(t, "source"))},
	}
	sent := make([]event, rapid.IntRange(1, 8).Draw(t, "events"))
	batch := &ingest.Batch{}
	for i := range sent {
		e := &sent[i]
		e.name = fmt.Sprint("event ", rapid.IntRange(0, 1_000_000).Draw(t, "name"))
		if rapid.IntRange(0, 4).Draw(t, "has ID") > 0 {
			e.id = fmt.Sprint("id ", rapid.IntRange(0, 40).Draw(t, "id"))
		}
		item := ingest.Item{Event: ingest.Event{Type: ingest.Track, Name: []byte(e.name), ID: []byte(e.id)}}
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			e.code = ingest.CodeWrongType
			item.Rejection, item.Raw = &ingest.Rejection{Code: e.code, Message: "m"}, []byte(`{"event":5}`)
		case 1:
			e.code = ingest.CodeTimestampOutOfRange
			item.Event.Time = w.now.Add(1000 * time.Hour)
		}
		batch.Items = append(batch.Items, item)
	}
	answer, err := w.collector.Accept(context.Background(), ingest.AcceptInput{Sender: sender, Batch: batch})
	require.NoError(t, err) // the disk does not fail here, it dies
	if !w.dead() {
		w.promised[answer.Receipt] = accepted{sender: sender, events: sent}
		require.Equal(t, len(sent), answer.Accepted+len(answer.Rejected))
	}
}

// carry lets the sink work until the log is empty or the store fails.
func (w *world) carry() {
	err := w.sink.Drain(context.Background())
	if err != nil {
		require.ErrorIs(w.t, err, errShelf)
	}
}

// check tells whether every promise is kept, once nothing is left to be carried.
func (w *world) check() {
	t, s := w.t, w.shelf
	settled := map[string]shelvedReceipt{}
	expected := map[string]ingest.Counts{}
	type first struct {
		at    time.Time
		batch uuid.UUID
	}
	stored := map[string]first{}
	rows := 0
	for _, r := range s.receipts { // in the order of the log
		text := receiptsOf().Seal(r.header.Tenant, r.header.Receipt)
		require.NotContains(t, settled, text)
		settled[text] = r
		sent, acknowledged := w.promised[text]
		require.Len(t, r.ids, r.header.Receipt.Count())
		key := fmt.Sprintf("%s %s %s", r.header.Tenant, r.header.Source, r.header.ReceivedAt.Truncate(time.Hour).Format(time.RFC3339))
		for i, id := range r.ids {
			counts := expected[key]
			fault, bad := r.faults[i]
			event, isStored := s.rows[fmt.Sprintf("event %s %d", uuid.UUID(r.header.Receipt), i)]
			letter, isDead := s.rows[fmt.Sprintf("dead letter %s %d", uuid.UUID(r.header.Receipt), i)]
			known, seen := stored[r.header.Tenant.String()+id]
			seen = seen && (known.batch == r.batch || r.header.ReceivedAt.Sub(known.at) <= ingest.DuplicateWindow)
			status := fault.Status // the zero status is Stored
			require.Equal(t, !bad, isStored)
			switch {
			case status == ingest.Quarantined:
				require.True(t, isDead)
				require.Contains(t, letter, fault.Code)
			case seen:
				require.Equal(t, ingest.Duplicate, status, "%s %s", id, r.header.ReceivedAt)
				require.False(t, isDead)
			default:
				require.Equal(t, ingest.Stored, status, "%s %s", id, r.header.ReceivedAt)
				require.Contains(t, event, " "+id+" ")
				stored[r.header.Tenant.String()+id] = first{r.header.ReceivedAt, r.batch}
			}
			if isStored || isDead {
				rows++
			}
			counts.Add(status, 1)
			expected[key] = counts
			if !acknowledged {
				continue
			}
			require.Equal(t, sent.sender.Tenant, r.header.Tenant)
			e := sent.events[i]
			require.Equal(t, e.code != "", status == ingest.Quarantined)
			require.Equal(t, e.code, map[bool]string{true: fault.Code}[e.code != ""])
			if e.id != "" {
				require.Equal(t, e.id, id)
			}
			require.NotEmpty(t, id)
			if isStored {
				require.Contains(t, event, e.name)
			}
		}
	}
	for text := range w.promised {
		require.Contains(t, settled, text, "an acknowledged request is lost")
	}
	require.Equal(t, expected, s.ledger)
	for _, counts := range s.ledger {
		require.True(t, counts.Balanced())
	}
	require.Len(t, s.rows, rows+len(s.receipts)+s.ledgerRows(), "nothing else is stored")
}

func (s *shelf) ledgerRows() (n int) {
	for identity := range s.rows {
		if identity[:6] == "ledger" {
			n++
		}
	}
	return n
}

// Whatever the store answers and whenever the process is killed or the power is cut: each acknowledged event ends exactly once as
// stored, duplicate or quarantined, receipts and ledger say so, and no retry within 24 hours counts twice.
func TestExactlyOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		defer func() {
			_ = w.log.Close()
			_ = w.state.Close()
		}()
		t.Repeat(map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				w.revive()
				w.now = w.now.Add(time.Duration(rapid.IntRange(0, 1200).Draw(t, "seconds")) * time.Second)
				for range rapid.IntRange(1, 5).Draw(t, "requests") {
					w.send(t)
				}
			},
			"carry": func(t *rapid.T) {
				w.revive()
				oneIn := rapid.SampledFrom([]int{1, 2, 5, 1000}).Draw(t, "fails one in")
				w.shelf.fails = func(rows int) (int, bool) {
					return rapid.IntRange(0, rows).Draw(t, "rows"), rapid.IntRange(1, oneIn).Draw(t, "fails") == 1
				}
				w.carry()
				w.shelf.fails = func(int) (int, bool) { return 0, false }
			},
			"pause": func(t *rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "hours")) * time.Hour)
			},
			"restart": func(*rapid.T) {
				w.revive()
				w.stop()
				w.start()
			},
			"cut": func(t *rapid.T) {
				w.revive()
				w.mu.Lock()
				defer w.mu.Unlock()
				w.cutIn = rapid.IntRange(1, 40).Draw(t, "operations")
				w.keep = vfs.CrashCloneCfg{UnsyncedDataPercent: rapid.SampledFrom([]int{0, 100}).Draw(t, "kept")} // power cut, kill -9
				w.keep.RNG = rand.New(rand.NewPCG(1, 2))                                                          //nolint:gosec // chance, not secrets
			},
		})
		w.revive()
		w.carry()
		w.revive()
		w.carry()
		require.Equal(t, w.log.End(), w.sink.Settled())
		w.check()
	})
}

// The model would notice: a store that forgets, and one that stores twice.
func TestWorldNotices(t *testing.T) {
	t.Parallel()
	s := newShelf(&recorder{})
	set := &ingest.Settlement{Range: ingest.Range{ID: uuid.New()}, Ledger: []ingest.LedgerEntry{{Counts: ingest.Counts{Received: 1, Stored: 1}}}}
	require.NoError(t, s.Write(t.Context(), set, false))
	require.NoError(t, s.Write(t.Context(), set, true))
	require.Len(t, s.rows, 1)
	require.False(t, s.t.(*recorder).failed)
	require.NoError(t, s.Write(t.Context(), set, false))
	require.True(t, s.t.(*recorder).failed)
}

type recorder struct{ failed bool }

func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) FailNow()              {}
