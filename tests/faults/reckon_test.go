//go:build linux

package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// openStore connects to the store itself, behind the server's back.
func openStore(t *testing.T, url string) driver.Conn {
	t.Helper()
	conn, err := ch.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// keepDuplicates keeps the store from merging, which would clear away the very duplicates that a test looks for. It outlives a restart of the store.
func keepDuplicates(t *testing.T, store driver.Conn) {
	t.Helper()
	for _, table := range []string{"events", "dead_letters", "receipts", "ledger"} {
		require.NoError(t, store.Exec(t.Context(), "ALTER TABLE "+table+" MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1"))
	}
}

// reckon ends the load, waits until everything is stored, and compares what the writers were told with what is there: in the store itself
// and in what the public API says about it.
func (l *load) reckon(t *testing.T, s *harness.Server, account harness.Account, store driver.Conn) {
	t.Helper()
	l.end()
	awaitStored(t, s)

	stored := storedEvents(t, store, account.Tenant.ID)
	var twice, strange, lost []string
	for id, times := range stored {
		if times > 1 {
			twice = append(twice, id)
		}
		if l.sent[id] == 0 {
			strange = append(strange, id)
		}
	}
	for _, a := range l.acks {
		for _, id := range a.eventIDs[:len(a.eventIDs)-a.rejected] {
			if stored[id] == 0 {
				lost = append(lost, id+" of "+a.receipt)
			}
		}
	}
	require.Empty(t, lost, "events that were acknowledged and are not stored")
	require.Empty(t, twice, "events that are stored more than once")
	require.Empty(t, strange, "events that nobody has sent")
	requireBatchesAgree(t, store, account.Tenant.ID)
	l.requireReceiptRows(t, store, account.Tenant.ID)
	l.requireReceipts(t, account.Secret)

	sum := storedSums(t, store, account.Tenant.ID)
	ledger := harness.As[ledger](t, account.Secret.Get(t, "/v1/ledger").Want(t, http.StatusOK))
	for _, h := range ledger.Hours {
		require.True(t, h.Balanced, "the ledger of %s: %+v", h.Hour, h.Counts)
	}
	require.Equal(t, sum, ledger.Totals)
	require.Equal(t, len(stored), sum.Stored)
	require.Equal(t, sum.Received, sum.Stored+sum.Duplicate+sum.Quarantined)
	require.Equal(t, len(stored), account.Secret.Count(t, eventName))
	require.Empty(t, s.Logs.Lines("ledger does not balance"))

	acknowledged := 0
	for _, a := range l.acks {
		acknowledged += len(a.eventIDs)
	}
	require.GreaterOrEqual(t, sum.Received, acknowledged)
	t.Logf("%d requests, %d acknowledged with %d events, not acknowledged: %v", l.attempts, len(l.acks), acknowledged, l.failures)
	t.Logf("received %d events (%d of them not acknowledged): %d stored, %d duplicates recognised, %d quarantined",
		sum.Received, sum.Received-acknowledged, sum.Stored, sum.Duplicate, sum.Quarantined)
}

type counts struct{ Received, Stored, Duplicate, Quarantined, Suppressed, Held int }

type ledger struct {
	Totals counts
	Hours  []struct {
		Hour     time.Time
		Counts   counts
		Balanced bool
	}
}

// awaitStored waits until the server has nothing left in its log.
func awaitStored(t *testing.T, s *harness.Server) {
	t.Helper()
	anybody := s.Anonymous(t)
	testkit.Eventually(t, harness.Patience, func() error {
		metrics := string(anybody.Get(t, "/metrics").Want(t, http.StatusOK).Body)
		if !strings.Contains(metrics, "\nobservatory_log_backlog_bytes 0\n") {
			return fmt.Errorf("events still wait in the log")
		}
		return nil
	})
}

// storedEvents counts the rows of each event.
func storedEvents(t *testing.T, store driver.Conn, tenant string) map[string]uint64 {
	t.Helper()
	rows, err := store.Query(t.Context(), "SELECT event_id, count() FROM events WHERE tenant_id = {tenant:UUID} GROUP BY event_id", clickhouse.Named("tenant", tenant))
	require.NoError(t, err)
	defer rows.Close()
	found := map[string]uint64{}
	for rows.Next() {
		var id string
		var times uint64
		require.NoError(t, rows.Scan(&id, &times))
		found[id] = times
	}
	require.NoError(t, rows.Err())
	return found
}

// storedSums counts what receipts, events and dead letters say, from their rows.
func storedSums(t *testing.T, store driver.Conn, tenant string) counts {
	t.Helper()
	var received, exceptions, duplicates, deadLetters, events, distinct uint64
	require.NoError(t, store.QueryRow(t.Context(), `
		SELECT sum(length(event_ids)), sum(length(exceptions_index)), sum(arrayCount(s -> s = 'duplicate', exceptions_status))
		FROM receipts WHERE tenant_id = {tenant:UUID}`, clickhouse.Named("tenant", tenant)).Scan(&received, &exceptions, &duplicates))
	require.NoError(t, store.QueryRow(t.Context(), "SELECT count() FROM dead_letters WHERE tenant_id = {tenant:UUID}", clickhouse.Named("tenant", tenant)).Scan(&deadLetters))
	require.NoError(t, store.QueryRow(t.Context(), "SELECT count(), uniqExact(event_id) FROM events WHERE tenant_id = {tenant:UUID}", clickhouse.Named("tenant", tenant)).Scan(&events, &distinct))
	require.Equal(t, distinct, events)
	require.Equal(t, received-exceptions, events)
	require.Equal(t, exceptions-duplicates, deadLetters)
	return counts{Received: int(received), Stored: int(events), Duplicate: int(duplicates), Quarantined: int(deadLetters)}
}

// requireBatchesAgree fails the test when the tables do not tell the same story of every single batch.
func requireBatchesAgree(t *testing.T, store driver.Conn, tenant string) {
	t.Helper()
	rows, err := store.Query(t.Context(), `
		SELECT toString(_batch_id) AS batch, sum(e) AS events, sum(d) AS dead_letters, sum(r) AS in_receipts, sum(s) AS stored, sum(q) AS quarantined, sum(a) AS received
		FROM (
			SELECT _batch_id, 1 AS e, 0 AS d, 0 AS r, 0 AS s, 0 AS q, 0 AS a FROM events WHERE tenant_id = {tenant:UUID}
			UNION ALL SELECT _batch_id, 0, 1, 0, 0, 0, 0 FROM dead_letters WHERE tenant_id = {tenant:UUID}
			UNION ALL SELECT _batch_id, 0, 0, length(event_ids), 0, 0, 0 FROM receipts WHERE tenant_id = {tenant:UUID}
			UNION ALL SELECT _batch_id, 0, 0, 0, stored, quarantined, received FROM ledger WHERE tenant_id = {tenant:UUID}
		)
		GROUP BY _batch_id
		HAVING events != stored OR dead_letters != quarantined OR in_receipts != received`, clickhouse.Named("tenant", tenant))
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var batch string
		var events, deadLetters, inReceipts uint64
		var stored, quarantined, received int64
		require.NoError(t, rows.Scan(&batch, &events, &deadLetters, &inReceipts, &stored, &quarantined, &received))
		t.Errorf("batch %s: %d events and the ledger says %d, %d dead letters and it says %d, %d events in receipts and it says %d",
			batch, events, stored, deadLetters, quarantined, inReceipts, received)
	}
	require.NoError(t, rows.Err())
}

// requireReceiptRows looks at the rows of all receipts: there is one for each acknowledged request, which knows what was rejected of it, and
// together they know each event as stored once, at most. An attempt that was not acknowledged may have been the one that was stored.
func (l *load) requireReceiptRows(t *testing.T, store driver.Conn, tenant string) {
	t.Helper()
	rows, err := store.Query(t.Context(), `
		SELECT event_ids, arrayFilter((i, s) -> s = 'quarantined', exceptions_index, exceptions_status), arrayFilter((i, s) -> s != 'quarantined', exceptions_index, exceptions_status)
		FROM receipts WHERE tenant_id = {tenant:UUID}`, clickhouse.Named("tenant", tenant))
	require.NoError(t, err)
	defer rows.Close()
	request := func(eventIDs []string, rejected int) string { return fmt.Sprint(rejected, " of ", eventIDs) }
	receipts, stored := map[string]int{}, map[string]int{}
	for rows.Next() {
		var ids []string
		var quarantined, other []uint16
		require.NoError(t, rows.Scan(&ids, &quarantined, &other))
		for i, id := range ids {
			if at := uint16(i); !slices.Contains(quarantined, at) && !slices.Contains(other, at) { //nolint:gosec // a request has fewer events
				stored[id]++
				require.Equal(t, 1, stored[id], "event %s is stored according to several receipts", id)
			}
		}
		receipts[request(ids, len(quarantined))]++
	}
	require.NoError(t, rows.Err())
	for _, a := range l.acks {
		r := request(a.eventIDs, a.rejected)
		receipts[r]--
		require.GreaterOrEqual(t, receipts[r], 0, "receipt %s has no row of its own: %s", a.receipt, r)
	}
}

// requireReceipts asks for receipts of acknowledged requests, a sample of them, as people do. Together they know each event as stored once, at
// most.
func (l *load) requireReceipts(t *testing.T, key *harness.Caller) {
	t.Helper()
	var mu sync.Mutex
	storedBy := map[string]string{}
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(4)
	rand.Shuffle(len(l.acks), func(i, j int) { l.acks[i], l.acks[j] = l.acks[j], l.acks[i] })
	for _, a := range l.acks[:min(len(l.acks), orLong(400, math.MaxInt))] {
		group.Go(func() error {
			r, err := readReceipt(ctx, key, a)
			if err != nil {
				return fmt.Errorf("receipt %s: %w", a.receipt, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, e := range r.Events {
				if e.Status != "stored" {
					continue
				}
				if other, twice := storedBy[e.EventID]; twice {
					return fmt.Errorf("event %s is stored according to receipts %s and %s", e.EventID, other, a.receipt)
				}
				storedBy[e.EventID] = a.receipt
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
}

// readReceipt reads a receipt and checks that it speaks of the events of the request, each of which has an outcome.
func readReceipt(ctx context.Context, key *harness.Caller, a ack) (r client.Receipt, err error) {
	res, err := key.Try(ctx, http.MethodGet, "/v1/receipts/"+a.receipt, nil)
	if err != nil {
		return r, err
	}
	if res.StatusCode != http.StatusOK {
		return r, fmt.Errorf("%s %s", res.Status, res.Body)
	}
	if err := json.Unmarshal(res.Body, &r); err != nil {
		return r, err
	}
	if !r.Settled() || len(r.Events) != len(a.eventIDs) {
		return r, fmt.Errorf("it is %s and speaks of %d events instead of %d", r.Status, len(r.Events), len(a.eventIDs))
	}
	for i, e := range r.Events {
		broken := i >= len(a.eventIDs)-a.rejected
		if e.EventID != a.eventIDs[i] || broken != (e.Status == "quarantined") || (!broken && e.Status != "stored" && e.Status != "duplicate") {
			return r, fmt.Errorf("event %d of it is %+v, and %s was sent", i, e, a.eventIDs[i])
		}
	}
	return r, nil
}
