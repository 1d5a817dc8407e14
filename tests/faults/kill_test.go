//go:build linux

package faults_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/embedded"
	"github.com/observatory/observatory/tests/harness"
)

// TestServerIsKilled kills the server again and again under load: at any moment, while a batch is being stored, and while it starts.
func TestServerIsKilled(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	rounds := orLong(25, 500)
	shared := harness.SharedEngines(t)
	s := harness.Start(t, harness.Config{Engines: shared})
	account := s.SignUp(t)
	store := openStore(t, shared.ClickHouse)
	keepDuplicates(t, store)
	l := startLoad(t, account.Secret, loadConfig{})

	began := time.Now()
	halfway := 0 // kills with a batch that was stored in part
	for round := range rounds {
		if round%2 == 0 {
			l.awaitAcks(t, 1+rand.N(150))
		} else {
			l.awaitAcks(t, 1)
			awaitNewEvents(t, store)
		}
		s.Kill(t)
		if inHand(t, store) > 0 {
			halfway++
		}
		if round%5 == 4 {
			s.Begin(t)
			time.Sleep(rand.N(400 * time.Millisecond))
			s.Kill(t)
		}
		s.Start(t)
	}
	t.Logf("killed %d times in %s, %d times with a batch stored in part", rounds+rounds/5, time.Since(began).Round(time.Second), halfway)
	l.awaitAcks(t, 1)
	l.reckon(t, s, account, store)
	require.Positive(t, halfway, "no kill came between the events and the ledger of a batch, which is where it hurts")
	l.onlyFailures(t, noAnswer, starting)
}

// TestServerIsKilledWithItsEngines is the same for a server that has started its engines: they end with it and come back with it.
func TestServerIsKilledWithItsEngines(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	rounds := orLong(3, 30)
	s := harness.Start(t, harness.Config{})
	account := s.SignUp(t)
	keepDuplicates(t, openStore(t, embeddedClickHouse(t, s)))
	l := startLoad(t, account.Secret, loadConfig{})
	for range rounds {
		l.awaitAcks(t, 150)
		began := descendants(t, s.PID())
		require.NotEmpty(t, began)
		s.Kill(t)
		s.Start(t) // which waits for what is left of the engines
		requireGone(t, 20*time.Second, began)
	}
	l.awaitAcks(t, 1)
	l.reckon(t, s, account, openStore(t, embeddedClickHouse(t, s)))

	began := descendants(t, s.PID())
	s.Kill(t)
	requireGone(t, 20*time.Second, began)
	requireNoneLeft(t, s.DataDir)
}

// embeddedClickHouse is where the ClickHouse is that a server has started. It changes from start to start.
func embeddedClickHouse(t *testing.T, s *harness.Server) string {
	t.Helper()
	urls, err := embedded.Discover(s.DataDir)
	require.NoError(t, err)
	return urls.ClickHouse
}

// awaitNewEvents returns as soon as another batch is being stored.
func awaitNewEvents(t *testing.T, store driver.Conn) {
	t.Helper()
	count := func() (n uint64) {
		require.NoError(t, store.QueryRow(t.Context(), "SELECT count() FROM events").Scan(&n))
		return n
	}
	deadline := time.Now().Add(harness.Patience)
	for before := count(); count() == before; { // without a pause: a batch is stored in a few milliseconds
		require.True(t, time.Now().Before(deadline), "nothing was stored in %s", harness.Patience)
	}
}

// inHand counts the batches whose events are stored and whose ledger is not.
func inHand(t *testing.T, store driver.Conn) (n uint64) {
	t.Helper()
	require.NoError(t, store.QueryRow(t.Context(), "SELECT uniqExact(_batch_id) FROM events WHERE _batch_id NOT IN (SELECT _batch_id FROM ledger)").Scan(&n))
	return n
}
