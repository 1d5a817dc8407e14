//go:build linux

package faults_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// TestServerIsKilledWhileItRepairs kills the server again and again while it takes many events out of quarantine and others arrive. In the
// end each is stored once, with the time that it had, and receipts and ledger say so.
func TestServerIsKilledWhileItRepairs(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	misspelt := orLong(20_000, 100_000)
	kills := orLong(4, 20)
	shared := harness.SharedEngines(t)
	s := harness.Start(t, harness.Config{Engines: shared})
	account := s.SignUp(t)
	store := openStore(t, shared.ClickHouse)
	keepDuplicates(t, store)
	require.NoError(t, store.Exec(t.Context(), "ALTER TABLE repairs MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1"))

	receipts := misspell(t, account, misspelt)
	cause := onlyCause(t, account)
	require.Equal(t, misspelt, cause.Open)
	l := startLoad(t, account.Secret, loadConfig{Writers: 2})
	began := time.Now()
	id := harness.As[replay](t, account.Session.Post(t, "/v1/replays", map[string]any{
		"kind": "repair", "cause": cause.ID, "mapping": []any{map[string]any{"op": "set_event", "value": "sale"}},
	}).Want(t, http.StatusCreated)).ID
	for range kills {
		before := repaired(t, store, account.Tenant.ID)
		testkit.Eventually(t, harness.Patience, func() error {
			if now := repaired(t, store, account.Tenant.ID); now == before && now < uint64(misspelt) { //nolint:gosec // not negative
				return errors.New("nothing is repaired")
			}
			return nil
		})
		s.Kill(t)
		s.Start(t)
	}
	l.awaitAcks(t, 1)
	done := awaitReplay(t, account, id)
	t.Logf("%d events repaired in %s, with %d kills", misspelt, time.Since(began).Round(time.Second), kills)
	require.Equal(t, replayCounts{Found: misspelt, LookedAt: misspelt, Stored: misspelt}, done.Counts)
	l.end()
	awaitStored(t, s)
	requireRepaired(t, account, s, receipts, misspelt)
	again := harness.As[replay](t, account.Session.Post(t, "/v1/replays", map[string]any{"kind": "repair", "cause": cause.ID}).Want(t, http.StatusCreated)).ID
	require.Equal(t, replayCounts{}, awaitReplay(t, account, again).Counts)
	requireRepaired(t, account, s, receipts, misspelt)

	var rows, distinct, moved uint64
	require.NoError(t, store.QueryRow(t.Context(), "SELECT count(), uniqExact(event_id), countIf(time != toDateTime64('2026-01-31 12:00:00', 3, 'UTC')) FROM events WHERE tenant_id = {tenant:UUID} AND event = 'sale'",
		clickhouse.Named("tenant", account.Tenant.ID)).Scan(&rows, &distinct, &moved))
	require.Equal(t, []uint64{uint64(misspelt), uint64(misspelt), 0}, []uint64{rows, distinct, moved}) //nolint:gosec // not negative
	require.Equal(t, uint64(misspelt), repaired(t, store, account.Tenant.ID))                          //nolint:gosec // not negative
}

// TestManyAreRepairedSoon repairs 100,000 events while others arrive, and says how long that took.
func TestManyAreRepairedSoon(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	if os.Getenv("OBSERVATORY_TEST_LONG") != "1" {
		t.Skip("takes a while; OBSERVATORY_TEST_LONG=1 runs it")
	}
	const many = 100_000
	shared := harness.SharedEngines(t)
	s := harness.Start(t, harness.Config{Engines: shared})
	account := s.SignUp(t)
	receipts := misspell(t, account, many)
	l := startLoad(t, account.Secret, loadConfig{Writers: 2})
	began := time.Now()
	id := harness.As[replay](t, account.Session.Post(t, "/v1/replays", map[string]any{
		"kind": "repair", "cause": onlyCause(t, account).ID, "mapping": []any{map[string]any{"op": "set_event", "value": "sale"}},
	}).Want(t, http.StatusCreated)).ID
	done := awaitReplay(t, account, id)
	took := time.Since(began)
	t.Logf("%d events repaired in %s", many, took.Round(100*time.Millisecond))
	require.Equal(t, many, done.Counts.Stored)
	require.Less(t, took, 2*time.Minute)
	l.end()
	awaitStored(t, s)
	requireRepaired(t, account, s, receipts, many)
}

type replay struct {
	ID, State string
	Counts    replayCounts
	Error     *string
}

type replayCounts struct {
	Found            int
	LookedAt         int `json:"looked_at"`
	Replayed         int
	Stored           int
	Duplicate        int
	StillQuarantined int `json:"still_quarantined"`
	Skipped          int
	Unchanged        int
}

// misspell sends events of a name that the contract does not know, and returns their receipts.
func misspell(t *testing.T, account harness.Account, n int) (receipts []string) {
	t.Helper()
	account.Session.Do(t, http.MethodPut, "/v1/policies/contract", map[string]any{
		"document": map[string]any{"unknown_events": "quarantine", "events": []any{
			map[string]any{"event": "sale", "mode": "off"}, map[string]any{"event": eventName, "mode": "off"},
		}}, "note": "", "base_version": 0,
	}).Want(t, http.StatusOK)
	testkit.Eventually(t, harness.Patience, func() error { // a policy reaches every node within 5 s
		ack := harness.As[client.Ack](t, account.Secret.Post(t, "/v1/events", map[string]any{"event": "probe"}).Want(t, http.StatusAccepted))
		if len(ack.Rejected) == 0 {
			return errors.New("the contract is not in force yet")
		}
		return nil
	})
	const batch = 1000
	for sent := 0; sent < n; sent += batch {
		events := make([]any, min(batch, n-sent))
		for i := range events {
			events[i] = map[string]any{"event": "sael", "event_id": fmt.Sprint("sael ", sent+i), "user_id": fmt.Sprint("user ", i%50), "timestamp": "2026-01-31T12:00:00Z", "properties": map[string]any{"n": i}}
		}
		ack := harness.As[client.Ack](t, account.Secret.Post(t, "/v1/events", events).Want(t, http.StatusAccepted))
		require.Len(t, ack.Rejected, len(events))
		receipts = append(receipts, ack.Receipt)
	}
	account.Secret.Settled(t, receipts[len(receipts)-1])
	return receipts
}

type cause struct {
	ID       string
	Event    string
	Open     int
	Repaired int
}

// onlyCause is the cause of the misspelt events.
func onlyCause(t *testing.T, account harness.Account) (found cause) {
	t.Helper()
	for _, c := range harness.As[struct{ Causes []cause }](t, account.Session.Get(t, "/v1/quarantine/causes?open=false").Want(t, http.StatusOK)).Causes {
		if c.Event == "sael" {
			found = c
		}
	}
	require.NotEmpty(t, found.ID)
	return found
}

func awaitReplay(t *testing.T, account harness.Account, id string) (r replay) {
	t.Helper()
	testkit.Eventually(t, 2*harness.Patience, func() error {
		r = harness.As[replay](t, account.Session.Get(t, "/v1/replays/"+id).Want(t, http.StatusOK))
		if r.State != "done" {
			return fmt.Errorf("it is not done: %+v", r)
		}
		return nil
	})
	return r
}

// requireRepaired checks receipts, ledger and quarantine.
func requireRepaired(t *testing.T, account harness.Account, s *harness.Server, receipts []string, n int) {
	t.Helper()
	for _, text := range receipts {
		r := harness.As[client.Receipt](t, account.Secret.Get(t, "/v1/receipts/"+text).Want(t, http.StatusOK))
		require.Equal(t, r.Counts.Received, r.Counts.Stored)
	}
	found := harness.As[ledger](t, account.Secret.Get(t, "/v1/ledger").Want(t, http.StatusOK))
	for _, h := range found.Hours {
		require.True(t, h.Balanced, "the ledger of %s: %+v", h.Hour, h.Counts)
	}
	require.GreaterOrEqual(t, found.Totals.Stored, n)
	require.Equal(t, n, account.Secret.Count(t, "sale"))
	c := onlyCause(t, account)
	require.Equal(t, []int{0, n}, []int{c.Open, c.Repaired})
	require.Empty(t, s.Logs.Lines("ledger does not balance"))
}

// repaired counts the rows that say so.
func repaired(t *testing.T, store driver.Conn, tenant string) (n uint64) {
	t.Helper()
	require.NoError(t, store.QueryRow(t.Context(), "SELECT count() FROM repairs WHERE tenant_id = {tenant:UUID}", clickhouse.Named("tenant", tenant)).Scan(&n))
	return n
}
