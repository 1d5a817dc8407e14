package repair_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/ingestch"
	"github.com/observatory/observatory/ingest/ingestpg"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/ingest/sinkstate"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// house is a node with real engines: what sends events, carries them, and repairs them.
type house struct {
	t                *testing.T
	conn             driver.Conn
	store            *ingestch.Store
	jobs             *ingestpg.Store
	rules            *rules
	inRunner, inSink suppressed
	by               tenants.By
	mails            *mailbox
	outbox           *tenants.Outbox

	disk  vfs.FS
	logID uuid.UUID
	chunk int // events that the runner reads at a time; 0: as many as it likes
	node

	service *repair.Service
	causes  *repair.Causes
	books   *ingest.Books
}

// node is what dies with a process.
type node struct {
	log       *eventlog.Log
	state     *sinkstate.State
	sink      *ingest.Sink
	runner    *repair.Runner
	collector *ingest.Collector
	stop      func()
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, disk: vfs.NewMem(), logID: uuid.New(), rules: &rules{}}
	var err error
	h.conn, err = ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.conn.Close()) })
	h.store = ingestch.New(h.conn)
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	h.jobs = ingestpg.New(pool, testkit.Logger(t))
	h.signUp(pool)
	h.service = repair.NewService(h.jobs, h.store, h.rules, time.Now)
	h.causes = repair.NewCauses(h.store, time.Now)
	h.books = ingest.NewBooks(h.store, ingest.NewReceipts([]byte("secret")), time.Now, testkit.Logger(t))
	h.start()
	t.Cleanup(func() { h.stop() })
	return h
}

func (h *house) signUp(pool *pg.Pool) {
	t := h.t
	h.mails = &mailbox{}
	control, err := tenants.New(
		tenants.Config{
			PublicURL: &url.URL{Scheme: "https", Host: "observatory.example"}, SecretKey: make([]byte, tenants.SecretKeyLength),
			Passwords: tenants.PasswordConfig{MemoryKiB: 64, Passes: 1},
		},
		tenants.Deps{Store: tenantspg.New(pool, testkit.Logger(t)), Mailer: h.mails, Log: testkit.Logger(t), Now: time.Now},
	)
	require.NoError(t, err)
	require.NoError(t, control.SigningKeys.Ensure(t.Context()))
	made, err := control.Accounts.SignUp(t.Context(), tenants.SignUpInput{Email: "ada@example.com", Password: "correct horse battery", Organisation: "Acme"})
	require.NoError(t, err)
	principal, err := made.Session.Principal()
	require.NoError(t, err)
	h.by, h.outbox = tenants.By{Principal: principal, CorrelationID: "correlation"}, control.Outbox
}

// mailbox keeps what was sent.
type mailbox struct{ got []tenants.Message }

func (m *mailbox) Send(_ context.Context, message tenants.Message) error {
	m.got = append(m.got, message)
	return nil
}

// start starts a node on what lies on the disk.
func (h *house) start() {
	t := h.t
	logger := testkit.Logger(t)
	var err error
	h.state, err = sinkstate.Open(sinkstate.Config{FS: h.disk, Dir: "sink", Secret: []byte("secret"), Logger: logger})
	require.NoError(t, err)
	settled, _, err := h.state.Load()
	require.NoError(t, err)
	h.log, err = eventlog.Open(eventlog.Config{FS: h.disk, Dir: "log", Floor: settled, Logger: logger})
	require.NoError(t, err)
	h.sink, err = ingest.NewSink(ingest.SinkConfig{Interval: 20 * time.Millisecond}, ingest.SinkDeps{Log: h.log, State: h.state, Store: h.store.Writer(h.logID), Now: time.Now, Logger: logger, Suppression: &h.inSink})
	require.NoError(t, err)
	h.runner = repair.NewRunner(repair.RunnerDeps{
		Queue: h.jobs, Archive: h.store, Prepare: h.rules, Suppression: &h.inRunner, Log: h.log, LogID: h.logID, Sink: h.sink, Now: time.Now, Logger: logger, ChunkEvents: h.chunk,
	})
	h.collector = ingest.NewCollector(ingest.CollectorDeps{
		Log: h.log, Prepare: h.rules, Receipts: ingest.NewReceipts([]byte("secret")), Limits: ingest.NewRateLimits(0), Now: time.Now,
	})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { _ = h.sink.Run(ctx) })
	running.Go(func() { _ = h.runner.Run(ctx) })
	h.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		require.NoError(t, h.log.Close())
		require.NoError(t, h.state.Close())
	})
}

// tenant is whose events these are.
func (h *house) tenant() tenants.ID { return h.by.Principal.Tenant }

// send sends events in Observatory's dialect and returns the receipt.
func (h *house) send(events ...string) ingest.Acceptance {
	h.t.Helper()
	batch, err := wire.NewDecoder().Decode([]byte("[" + string(bytes.Join(toBytes(events), []byte(","))) + "]"))
	require.NoError(h.t, err)
	got, err := h.collector.Accept(h.t.Context(), ingest.AcceptInput{
		Sender: ingest.Sender{Tenant: h.tenant(), Source: tenants.SourceID{1}, Key: tenants.KeyID{2}}, CorrelationID: "c", Batch: batch,
	})
	require.NoError(h.t, err)
	return got
}

func toBytes(texts []string) [][]byte {
	out := make([][]byte, len(texts))
	for i := range texts {
		out[i] = []byte(texts[i])
	}
	return out
}

// settle waits until all that was sent is stored.
func (h *house) settle() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	require.NoError(h.t, h.sink.WaitSettled(ctx, h.log.End()))
}

// cause is the only cause there is.
func (h *house) cause() repair.Cause {
	h.t.Helper()
	all, err := h.causes.List(h.t.Context(), h.tenant(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), false)
	require.NoError(h.t, err)
	require.Len(h.t, all, 1)
	return all[0]
}

// replay asks for a replay and waits until it is over.
func (h *house) replay(spec repair.Spec) repair.Replay {
	h.t.Helper()
	made, err := h.service.Create(h.t.Context(), h.by, spec)
	require.NoError(h.t, err)
	return h.await(made.ID, repair.Done)
}

func (h *house) await(id repair.ID, state repair.State) (r repair.Replay) {
	h.t.Helper()
	testkit.Eventually(h.t, time.Minute, func() (err error) {
		if r, err = h.service.Get(h.t.Context(), h.tenant(), id); err == nil && r.State != state {
			err = fmt.Errorf("the replay is %s: %+v", r.State, r)
		}
		return err
	})
	return r
}

// statuses are the outcomes that a receipt tells of.
func (h *house) statuses(a ingest.Acceptance) (all []ingest.Status) {
	h.t.Helper()
	r, err := h.books.Receipt(h.t.Context(), h.tenant(), a.Receipt)
	require.NoError(h.t, err)
	for _, o := range r.Outcomes {
		all = append(all, o.Status)
	}
	return all
}

// balanced checks the ledger against the rows, and returns its sum.
func (h *house) balanced() (sum ingest.Counts) {
	h.t.Helper()
	h.settle()
	unbalanced, err := h.store.Unbalanced(h.t.Context(), tenants.ID{}, time.Now().Add(-24*time.Hour).Truncate(time.Hour))
	require.NoError(h.t, err)
	require.Empty(h.t, unbalanced)
	hours, err := h.store.Ledger(h.t.Context(), h.tenant(), time.Now().Add(-24*time.Hour).Truncate(time.Hour), time.Now().Add(time.Hour), time.Now().Add(-24*time.Hour))
	require.NoError(h.t, err)
	for _, hour := range hours {
		require.True(h.t, hour.Balanced(), "%+v", hour)
		sum = sum.Plus(hour.Counts)
	}
	return sum
}

// stored are rows of the store as they are read, by event ID.
func (h *house) stored() map[string]storedRow {
	h.t.Helper()
	rows, err := h.conn.Query(h.t.Context(), "SELECT event_id, event, properties, time, received_at, receipt_index, user_id, facts FROM events FINAL")
	require.NoError(h.t, err)
	defer rows.Close()
	found := map[string]storedRow{}
	for rows.Next() {
		var id string
		var r storedRow
		require.NoError(h.t, rows.Scan(&id, &r.Event, &r.Properties, &r.Time, &r.ReceivedAt, &r.Index, &r.User, &r.Facts))
		require.NotContains(h.t, found, id, "stored twice")
		found[id] = r
	}
	require.NoError(h.t, rows.Err())
	return found
}

type storedRow struct {
	Event, Properties string
	Time, ReceivedAt  time.Time
	Index             uint16
	User, Facts       string
}

// rules are a contract: sales have an amount, which is a number. What it sets aside is kept as the pipeline keeps it.
type rules struct {
	lax   atomic.Bool // the contract was changed: anything goes
	stamp atomic.Value
	down  atomic.Bool
}

var errRules = fault.New(fault.Unavailable, "rules_not_loaded", "The rules are not known.")

// Prepare implements ingest.Preparer.
func (r *rules) Prepare(_ context.Context, in *ingest.Preparation) (func(), error) {
	if r.down.Load() {
		return nil, errRules
	}
	for i := range in.Items {
		item := &in.Items[i]
		e := &item.Event
		if stamp, ok := r.stamp.Load().(string); ok {
			e.Facts = fmt.Appendf(nil, `{"stamp":%q}`, stamp)
		}
		if item.Rejection != nil || r.lax.Load() || string(e.Name) != "sale" {
			continue
		}
		var properties struct{ Amount any }
		if json.Unmarshal(e.Properties, &properties) != nil {
			properties.Amount = nil
		}
		if _, ok := properties.Amount.(float64); ok {
			continue
		}
		item.Rejection = &ingest.Rejection{Code: ingest.CodeSchemaViolation, Message: "a number is expected", Path: "properties.amount", Schema: 7}
		kept := map[string]any{
			"event": string(e.Name), "event_id": string(e.ID), "type": e.Type.String(), "user_id": string(e.UserID),
			"timestamp": e.Time.UTC().Format("2006-01-02T15:04:05.000Z"),
		}
		if e.Properties != nil {
			kept["properties"] = json.RawMessage(e.Properties)
		}
		item.Raw, _ = json.Marshal(kept)
		item.Format = ingest.FormatNative
	}
	return func() {}, nil
}

// forget makes the sink forget all IDs, as it does after a day.
func (h *house) forget() {
	h.settle()
	h.stop()
	settled := h.sink.Settled()
	require.NoError(h.t, h.disk.RemoveAll("sink"))
	state, err := sinkstate.Open(sinkstate.Config{FS: h.disk, Dir: "sink", Secret: []byte("secret"), Logger: testkit.Logger(h.t)})
	require.NoError(h.t, err)
	require.NoError(h.t, state.Settle(settled, nil, nil))
	require.NoError(h.t, state.Close())
	h.start()
}

func newUUID() uuid.UUID { return uuid.New() }

// suppressed is somebody who was erased, somebody of whom nothing more is to be stored, and somebody whose events must not be used.
type suppressed struct {
	erased, barred, restricted atomic.Value
	unknown                    atomic.Bool // who they are
}

func (s *suppressed) Enter() ingest.SuppressionView { return s }
func (s *suppressed) Known() bool                   { return !s.unknown.Load() }
func (s *suppressed) Leave()                        {}
func (s *suppressed) Empty() bool                   { return false }
func (s *suppressed) Of(tenants.ID) ingest.Judge    { return s }
func (s *suppressed) Paths() []string               { return nil }

func (s *suppressed) Verdict(t ingest.Traces) ingest.Verdict {
	is := func(who *atomic.Value) bool { return who.Load() == string(t.UserID) }
	switch {
	case is(&s.erased), is(&s.barred) && !t.Entered:
		return ingest.Bar
	case is(&s.restricted) && !t.Entered:
		return ingest.HoldPerson
	}
	return ingest.Pass
}
