package ingestch_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/ingestch"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

// What is written comes back byte for byte, whatever the bytes.
func TestWriteKeepsBytes(t *testing.T) {
	t.Parallel()
	store, conn := open(t)
	tenant, source := newTenant(), tenants.SourceID(uuid.New())
	received := now()
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	odd := [][]byte{nil, []byte("\x00"), []byte("a\x00b"), []byte("\xff\xfe"), []byte("'\"\\`;--\t\n"), []byte("é😀"), every}
	header := &ingest.Header{Sender: ingest.Sender{Tenant: tenant, Source: source}, Receipt: ingest.NewReceiptID(received, len(odd), true), ReceivedAt: received, CorrelationID: "c\x00'"}
	set := &ingest.Settlement{Range: ingest.Range{ID: uuid.New()}}
	receipt := ingest.SettledReceipt{Header: header}
	large := bytes.Repeat([]byte(`{"k":"v"} `), ingest.MaxEventBytes/10)
	for i, b := range odd {
		at := time.Date(2000+i*10, 2, 28, 23, 59, 59, 999e6, time.UTC)
		set.Events = append(set.Events, ingest.StoredEvent{Header: header, Index: i, Event: ingest.Event{
			Type: ingest.Type(i%6 + 1), Name: b, ID: b, UserID: b, AnonymousID: b, SessionID: b, Time: at, Properties: large, Context: b, //nolint:gosec // six of them
		}})
		set.DeadLetters = append(set.DeadLetters, ingest.DeadLetter{Header: header, Index: i, Item: ingest.Item{
			Event: ingest.Event{ID: b, Name: b}, Raw: b, Rejection: &ingest.Rejection{Code: string(b), Message: string(b)},
		}})
		receipt.EventIDs = append(receipt.EventIDs, b)
		receipt.Exceptions = append(receipt.Exceptions, ingest.Outcome{Index: i, Status: ingest.Status(i%4 + 1), Code: string(b), Message: string(b)}) //nolint:gosec // four of them
	}
	set.Receipts = append(set.Receipts, receipt)
	require.NoError(t, store.Write(t.Context(), set, false))

	rows, err := conn.Query(t.Context(), `SELECT tenant_id, event, CAST(type, 'String'), time, event_id, user_id, anonymous_id, session_id, properties, context,
		source_id, received_at, correlation_id, receipt_id, receipt_index, _batch_id FROM events ORDER BY receipt_index`)
	require.NoError(t, err)
	for i, b := range odd {
		require.True(t, rows.Next())
		var gotTenant, gotSource, gotReceipt, batch uuid.UUID
		var name, typ, id, user, anonymous, session, properties, eventContext, correlation string
		var at, gotReceived time.Time
		var index uint16
		require.NoError(t, rows.Scan(&gotTenant, &name, &typ, &at, &id, &user, &anonymous, &session, &properties, &eventContext, &gotSource, &gotReceived, &correlation, &gotReceipt, &index, &batch))
		for _, got := range []string{name, id, user, anonymous, session, eventContext} {
			require.Equal(t, string(b), got)
		}
		e := set.Events[i]
		require.Equal(t, string(large), properties)
		require.Equal(t, e.Type.String(), typ)
		require.True(t, e.Time.Equal(at), "%s and %s", e.Time, at)
		require.True(t, received.Equal(gotReceived))
		require.Equal(t, []uuid.UUID{uuid.UUID(tenant), uuid.UUID(source), uuid.UUID(header.Receipt), set.Range.ID}, []uuid.UUID{gotTenant, gotSource, gotReceipt, batch})
		require.Equal(t, header.CorrelationID, correlation)
		require.Equal(t, i, int(index))
	}
	require.False(t, rows.Next())
	require.NoError(t, rows.Err())

	dead, err := store.Quarantine(t.Context(), tenant, uuid.Nil, ingest.QuarantineCursor{}, 100)
	require.NoError(t, err)
	require.Len(t, dead, len(odd))
	for _, d := range dead {
		b := string(odd[d.Index])
		require.Equal(t, ingest.QuarantinedEvent{
			ReceivedAt: received, Receipt: header.Receipt, Index: d.Index, EventID: b, Event: b, Type: "unknown", Time: received, Rejection: ingest.Rejection{Code: b, Message: b},
			Cause: ingest.CauseOf(&ingest.Rejection{Code: b}, odd[d.Index]), Format: "native", Payload: b, Redactions: []string{}, Source: source, CorrelationID: header.CorrelationID,
			ExpiresAt: received.AddDate(0, 0, ingest.DefaultKeepDays).Truncate(time.Second),
		}, d)
	}
	got, err := store.Receipt(t.Context(), tenant, header.Receipt)
	require.NoError(t, err)
	for i, o := range got.Outcomes {
		want := receipt.Exceptions[i]
		want.EventID = string(odd[i])
		require.Equal(t, want, o)
	}
}

// Writing a batch again adds nothing, whether or not one says that it is again.
func TestWriteAgain(t *testing.T) {
	t.Parallel()
	store, conn := open(t)
	set := settlement(newTenant(), 3, 50, 4)
	other := settlement(newTenant(), 2, 20, 1)
	require.NoError(t, store.Write(t.Context(), other, false))
	require.NoError(t, store.Write(t.Context(), set, false))
	for _, again := range []bool{true, true, false} {
		require.NoError(t, store.Write(t.Context(), set, again))
		require.Equal(t, rowsOf(set, other), countsOf(t, conn))
	}
	empty := &ingest.Settlement{Range: ingest.Range{ID: uuid.New()}}
	require.NoError(t, store.Write(t.Context(), empty, false))
	require.NoError(t, store.Write(t.Context(), empty, true))
}

// Whatever part of a batch is there, the rest is added and nothing else.
func TestWriteCompletes(t *testing.T) {
	t.Parallel()
	store, conn := open(t)
	chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // chance, not secrets
	var written []*ingest.Settlement
	for round := range 12 {
		set := settlement(newTenant(), 3, 40, 1+round)
		part := &ingest.Settlement{Range: set.Range}
		part.Events = some(chance, set.Events)
		part.DeadLetters = some(chance, set.DeadLetters)
		part.Receipts = some(chance, set.Receipts)
		part.Ledger = some(chance, set.Ledger)
		require.NoError(t, store.Write(t.Context(), part, false))
		require.NoError(t, store.Write(t.Context(), set, true))
		written = append(written, set)
		require.Equal(t, rowsOf(written...), countsOf(t, conn))
	}
	requireDistinct(t, conn)
}

// some picks any part of rows: all, none, or each by chance.
func some[R any](chance *rand.Rand, rows []R) (part []R) {
	percent := []int{0, 50, 100}[chance.IntN(3)]
	for _, r := range rows {
		if chance.IntN(100) < percent {
			part = append(part, r)
		}
	}
	return part
}

// An import of very old events touches very many months at once.
func TestWriteManyMonths(t *testing.T) {
	t.Parallel()
	store, conn := open(t)
	set := settlement(newTenant(), 1, 400, 300)
	require.NoError(t, store.Write(t.Context(), set, false))
	require.NoError(t, store.Write(t.Context(), set, true))
	require.Equal(t, rowsOf(set), countsOf(t, conn))
	var months uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT uniqExact(toYYYYMM(time)) FROM events").Scan(&months))
	require.Greater(t, months, uint64(200))
}

// Where a batch is in the ledger, all of it is there: the books rely on it.
func TestLedgerComesLast(t *testing.T) {
	t.Parallel()
	store, conn := open(t)
	set := settlement(newTenant(), 1, 20, 1)
	for _, table := range []string{"events", "dead_letters", "receipts"} {
		require.NoError(t, conn.Exec(t.Context(), "RENAME TABLE "+table+" TO away"))
		require.Error(t, store.Write(t.Context(), set, true))
		require.NoError(t, conn.Exec(t.Context(), "RENAME TABLE away TO "+table))
		require.Zero(t, countsOf(t, conn).Ledger)
	}
	require.NoError(t, store.Write(t.Context(), set, true))
	require.Equal(t, rowsOf(set), countsOf(t, conn))
}

// Two tenants who use the same IDs have nothing to do with each other.
func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	store, conn := open(t)
	a, b := newTenant(), newTenant()
	set := settlement(a, 1, 20, 1)
	twin := settlement(b, 1, 20, 1)
	for i := range set.Events {
		twin.Events[i].ID = set.Events[i].ID
	}
	require.NoError(t, store.Write(t.Context(), set, false))
	require.NoError(t, store.Write(t.Context(), twin, false))
	require.NoError(t, conn.Exec(t.Context(), "OPTIMIZE TABLE events FINAL"))
	require.Equal(t, rowsOf(set, twin), countsOf(t, conn), "the engine replaces nothing")

	none, err := store.Receipt(t.Context(), a, twin.Receipts[0].Receipt)
	require.NoError(t, err)
	require.Nil(t, none)
	for _, s := range []*ingest.Settlement{set, twin} {
		tenant := s.Ledger[0].Tenant
		found, err := store.Receipt(t.Context(), tenant, s.Receipts[0].Receipt)
		require.NoError(t, err)
		require.Len(t, found.Outcomes, 20)
		dead, err := store.Quarantine(t.Context(), tenant, uuid.Nil, ingest.QuarantineCursor{}, 100)
		require.NoError(t, err)
		require.Len(t, dead, 2)
		for _, d := range dead {
			require.Equal(t, s.Receipts[0].Receipt, d.Receipt)
		}
		hours, err := store.Ledger(t.Context(), tenant, now().Add(-2*time.Hour), now().Add(time.Hour), now().Add(-2*time.Hour).Truncate(time.Hour))
		require.NoError(t, err)
		require.Len(t, hours, 1)
		require.Equal(t, s.Ledger[0].Counts, hours[0].Counts)
		require.True(t, hours[0].Balanced())
	}
}

// The caller goes away at any moment while the server works on; who comes after does not store anything twice.
func TestWriteInterrupted(t *testing.T) {
	t.Parallel()
	store, conn := open(t)
	var written []*ingest.Settlement
	interrupted := 0
	for round := range 12 {
		set := settlement(newTenant(), 20, 500, 1+round%3*15)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(round)*10*time.Millisecond)
		if err := store.Write(ctx, set, false); err != nil {
			interrupted++
		}
		cancel()
		writeAgain(t, store, set)
		written = append(written, set)
	}
	require.Positive(t, interrupted)
	require.Equal(t, rowsOf(written...), countsOf(t, conn))
	requireDistinct(t, conn)
}

// writeAgain does as the sink does: again and again until it is done.
func writeAgain(t *testing.T, store *ingestch.Writer, set *ingest.Settlement) {
	t.Helper()
	testkit.Eventually(t, time.Minute, func() error { return store.Write(t.Context(), set, true) })
}

// The server is killed while it stores a batch, and comes back.
func TestWriteKilled(t *testing.T) {
	t.Parallel()
	server := testkit.OwnClickHouse(t)
	store, conn := openAt(t, server.URL())
	var written []*ingest.Settlement
	for _, after := range []time.Duration{0, 10 * time.Millisecond, 40 * time.Millisecond, 120 * time.Millisecond} {
		set := settlement(newTenant(), 20, 1000, 60)
		done := make(chan error, 1)
		begun := make(chan struct{})
		go func() {
			close(begun)
			done <- store.Write(context.Background(), set, false)
		}()
		<-begun
		timer := time.NewTimer(after)
		<-timer.C
		server.Kill()
		err := <-done
		t.Logf("killed after %s: %v", after, err)
		server.Start()
		writeAgain(t, store, set)
		written = append(written, set)
	}
	require.Equal(t, rowsOf(written...), countsOf(t, conn))
	requireDistinct(t, conn)
}

// requireDistinct checks that no row is there twice.
func requireDistinct(t *testing.T, conn driver.Conn) {
	t.Helper()
	for table, identity := range map[string]string{
		"events": "receipt_id, receipt_index", "dead_letters": "receipt_id, receipt_index", "receipts": "receipt_id", "ledger": "_batch_id, tenant_id, source_id, hour",
	} {
		var twice int64
		require.NoError(t, conn.QueryRow(t.Context(), fmt.Sprintf("SELECT count() - uniqExact(%s) FROM %s", identity, table)).Scan(&twice))
		require.Zero(t, twice, table)
	}
}
