package ingestch_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/sinkstate"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

func TestReceipt(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	tenant := newTenant()
	set := settlement(tenant, 2, 20, 1)
	require.NoError(t, store.Write(t.Context(), set, false))
	r := set.Receipts[1]
	got, err := store.Receipt(t.Context(), tenant, r.Receipt)
	require.NoError(t, err)
	require.Equal(t, r.Receipt, got.ID)
	require.True(t, got.Settled)
	require.Equal(t, r.Source, got.Source)
	require.Equal(t, "correlation", got.CorrelationID)
	require.Len(t, got.Outcomes, 20)
	exceptions := map[int]ingest.Outcome{}
	for _, o := range r.Exceptions {
		exceptions[o.Index] = o
	}
	for i, o := range got.Outcomes {
		want := ingest.Outcome{Index: i, Status: ingest.Stored}
		if e, ok := exceptions[i]; ok {
			want = e
		}
		want.EventID = string(r.EventIDs[i])
		require.Equal(t, want, o)
	}
	none, err := store.Receipt(t.Context(), tenant, ingest.NewReceiptID(now(), 1, true))
	require.NoError(t, err)
	require.Nil(t, none)
}

// Dead letters come newest first, and page by page none is missed or shown twice, although many were received in the same millisecond.
func TestQuarantinePages(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	tenant := newTenant()
	for range 3 {
		require.NoError(t, store.Write(t.Context(), settlement(tenant, 4, 50, 1), false))
	}
	whole, err := store.Quarantine(t.Context(), tenant, uuid.Nil, ingest.QuarantineCursor{}, 1000)
	require.NoError(t, err)
	require.Len(t, whole, 3*4*5)
	var paged []ingest.QuarantinedEvent
	var cursor ingest.QuarantineCursor
	for {
		page, err := store.Quarantine(t.Context(), tenant, uuid.Nil, cursor, 7)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		paged = append(paged, page...)
		last := page[len(page)-1]
		cursor = ingest.QuarantineCursor{ReceivedAt: last.ReceivedAt, Receipt: last.Receipt, Index: last.Index}
	}
	require.Equal(t, whole, paged)
	for i, d := range whole[1:] {
		require.False(t, d.ReceivedAt.After(whole[i].ReceivedAt))
	}
}

// The ledger adds up over batches, and a row that is missing or too many shows.
func TestLedgerBalances(t *testing.T) {
	t.Parallel()
	store, conn := open(t)
	tenant := newTenant()
	var want ingest.Counts
	for range 3 {
		set := settlement(tenant, 2, 30, 2)
		require.NoError(t, store.Write(t.Context(), set, false))
		want = want.Plus(set.Ledger[0].Counts)
	}
	since := now().Add(-2 * time.Hour).Truncate(time.Hour)
	sum := func() (c ingest.Counts) {
		hours, err := store.Ledger(t.Context(), tenant, since, now().Add(time.Hour), since)
		require.NoError(t, err)
		for _, h := range hours {
			require.Equal(t, tenant, h.Tenant)
			require.NotNil(t, h.Found)
			c = c.Plus(h.Counts)
		}
		return c
	}
	require.Equal(t, want, sum())
	unbalanced, err := store.Unbalanced(t.Context(), tenants.ID{}, since)
	require.NoError(t, err)
	require.Empty(t, unbalanced)
	old, err := store.Ledger(t.Context(), tenant, since, now().Add(time.Hour), now().Add(24*time.Hour))
	require.NoError(t, err)
	for _, h := range old {
		require.Nil(t, h.Found, "rows are counted for recent hours only")
		require.True(t, h.Balanced())
	}

	// A batch that is under way, and so not in the ledger yet, is no imbalance.
	under := settlement(tenant, 1, 30, 1)
	ledger := under.Ledger
	under.Ledger = nil
	require.NoError(t, store.Write(t.Context(), under, false))
	unbalanced, err = store.Unbalanced(t.Context(), tenants.ID{}, since)
	require.NoError(t, err)
	require.Empty(t, unbalanced)
	under.Ledger = ledger
	require.NoError(t, store.Write(t.Context(), under, true))

	for _, table := range []string{"events", "dead_letters", "receipts"} {
		set := settlement(newTenant(), 1, 30, 1)
		require.NoError(t, store.Write(t.Context(), set, false))
		before, err := store.Unbalanced(t.Context(), tenants.ID{}, since)
		require.NoError(t, err)
		require.NoError(t, conn.Exec(t.Context(), "DELETE FROM "+table+" WHERE _batch_id = '"+set.Range.ID.String()+"' AND receipt_id = '"+receiptOf(set)+"'"))
		after, err := store.Unbalanced(t.Context(), tenants.ID{}, since)
		require.NoError(t, err)
		require.Len(t, after, len(before)+1, table)
		own, err := store.Unbalanced(t.Context(), set.Ledger[0].Tenant, since)
		require.NoError(t, err)
		require.Len(t, own, 1, table)
	}
}

// The newest event of a name is found however long ago it was received, and never another tenant's.
func TestNewest(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	set := settlement(newTenant(), 2, 30, 2)
	require.NoError(t, store.Write(t.Context(), set, false))
	require.NoError(t, store.Write(t.Context(), settlement(newTenant(), 2, 30, 1), false))
	want := time.Time{}
	for _, e := range set.Events {
		if e.ReceivedAt.After(want) {
			want = e.ReceivedAt
		}
	}
	tenant := set.Ledger[0].Tenant
	for _, later := range []time.Duration{time.Minute, 5 * time.Hour, 5 * 24 * time.Hour, 500 * 24 * time.Hour} {
		books := ingest.NewBooks(store, ingest.NewReceipts([]byte("secret")), func() time.Time { return want.Add(later) }, slog.New(slog.DiscardHandler))
		for _, event := range []string{"", "event"} {
			newest, err := books.Newest(t.Context(), tenant, event)
			require.NoError(t, err)
			require.Equal(t, want, newest)
		}
		none, err := books.Newest(t.Context(), tenant, "another")
		require.NoError(t, err)
		require.Zero(t, none)
	}
}

func receiptOf(s *ingest.Settlement) string { return uuid.UUID(s.Receipts[0].Receipt).String() }

// From the sender to the books: what was accepted can be asked for as soon as its end is settled, and says what became of it.
func TestFromSenderToBooks(t *testing.T) {
	t.Parallel()
	store, conn := open(t)
	logger := slog.New(slog.DiscardHandler)
	l, err := eventlog.Open(eventlog.Config{FS: vfs.NewMem(), Dir: "log", Logger: logger})
	require.NoError(t, err)
	state, err := sinkstate.Open(sinkstate.Config{FS: vfs.NewMem(), Dir: "sink", Secret: []byte("secret"), Logger: logger})
	require.NoError(t, err)
	sink, err := ingest.NewSink(ingest.SinkConfig{Interval: time.Millisecond}, ingest.SinkDeps{Log: l, State: state, Store: store, Now: time.Now, Logger: logger})
	require.NoError(t, err)
	receipts := ingest.NewReceipts([]byte("secret"))
	collector := ingest.NewCollector(ingest.CollectorDeps{Log: l, Prepare: asSent{}, Receipts: receipts, Limits: ingest.NewRateLimits(0), Now: time.Now})
	books := ingest.NewBooks(store, receipts, time.Now, logger)
	tenant := newTenant()
	send := func() ingest.Acceptance {
		batch := &ingest.Batch{Items: []ingest.Item{
			{Event: ingest.Event{Type: ingest.Track, Name: []byte("a"), ID: []byte("1")}},
			{Event: ingest.Event{Name: []byte("b")}, Rejection: &ingest.Rejection{Code: "code", Message: "message"}, Raw: []byte("raw")},
			{Event: ingest.Event{Type: ingest.Page, Name: []byte("c")}},
		}}
		got, err := collector.Accept(t.Context(), ingest.AcceptInput{Sender: ingest.Sender{Tenant: tenant}, CorrelationID: "c", Batch: batch})
		require.NoError(t, err)
		return got
	}
	statuses := func(a ingest.Acceptance) (out []ingest.Status) {
		r, err := books.Receipt(t.Context(), tenant, a.Receipt)
		require.NoError(t, err)
		for _, o := range r.Outcomes {
			out = append(out, o.Status)
		}
		return out
	}
	first := send()
	require.Equal(t, []ingest.Status{ingest.Pending, ingest.Pending, ingest.Pending}, statuses(first))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- sink.Run(ctx) }()
	second := send()
	wait, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	require.NoError(t, sink.WaitSettled(wait, second.End))
	require.Equal(t, []ingest.Status{ingest.Stored, ingest.Quarantined, ingest.Stored}, statuses(first))
	require.Equal(t, []ingest.Status{ingest.Duplicate, ingest.Quarantined, ingest.Stored}, statuses(second))
	require.Equal(t, uint64(3), countsOf(t, conn).Events)
	unbalanced, err := books.Check(t.Context(), now().Add(-time.Hour))
	require.NoError(t, err)
	require.Empty(t, unbalanced)
	_, err = books.Receipt(t.Context(), newTenant(), first.Receipt)
	require.Equal(t, fault.NotFound, fault.KindOf(err))

	cancel()
	require.NoError(t, <-ended)
	require.NoError(t, state.Close())
	require.NoError(t, l.Close())
}

// asSent leaves events as they were sent.
type asSent struct{}

func (asSent) Prepare(context.Context, *ingest.Preparation) (func(), error) { return func() {}, nil }
