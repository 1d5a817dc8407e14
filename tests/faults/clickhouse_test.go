//go:build linux

package faults_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// TestClickHouseIsKilledAndStopped takes the server's own ClickHouse away under load: killed, it is started again; stopped, it
// answers nobody for a while.
func TestClickHouseIsKilledAndStopped(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	s := harness.Start(t, harness.Config{})
	account := s.SignUp(t)
	store := openStore(t, embeddedClickHouse(t, s))
	keepDuplicates(t, store)
	l := startLoad(t, account.Secret, loadConfig{Pause: 80 * time.Millisecond})

	for range orLong(4, 30) {
		awaitNewEvents(t, store)
		clickhouse, _ := engines(t, s.PID())
		require.NoError(t, syscall.Kill(clickhouse.pid, syscall.SIGKILL))
		l.awaitAcks(t, 50)
		awaitPart(t, s, "clickhouse", true)
	}

	clickhouse, _ := engines(t, s.PID())
	require.NoError(t, syscall.Kill(clickhouse.pid, syscall.SIGSTOP))
	l.goesOn(t, orLong(10*time.Second, 20*time.Second), 10*time.Second)
	awaitPart(t, s, "clickhouse", false)
	require.NoError(t, syscall.Kill(clickhouse.pid, syscall.SIGCONT))
	awaitPart(t, s, "clickhouse", true)

	l.awaitAcks(t, 50)
	l.reckon(t, s, account, store)
	l.onlyFailures(t)
}

// TestNetworkToClickHouseFails lets the answers to inserts get lost, in every table and at every moment, and the network be
// slow, deaf and away. Whatever arrived is not sent again.
func TestNetworkToClickHouseFails(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	shared := harness.SharedEngines(t)
	store := openStore(t, shared.ClickHouse)
	keepDuplicates(t, store)
	net := newNetwork(t, shared.ClickHouse)
	net.cut()
	s := harness.Start(t, harness.Config{Engines: harness.Engines{ClickHouse: net.URL, Postgres: shared.Postgres, Redis: shared.Redis}})
	account := s.SignUp(t)
	l := startLoad(t, account.Secret, loadConfig{Writers: 4, Events: 100, Pause: 80 * time.Millisecond, Padding: 500})
	l.goesOn(t, 4*time.Second, 10*time.Second) // events are accepted before the store was ever there
	awaitPart(t, s, "clickhouse", false)
	net.mend(t)
	awaitPart(t, s, "clickhouse", true)

	lost, times := 0, orLong(1, 20)
	for range times {
		for _, table := range []string{"events", "dead_letters", "receipts", "ledger"} {
			for _, after := range []time.Duration{0, 50 * time.Millisecond} {
				h := &hangUp{table: table, after: after}
				net.set(weather{hangUp: h, delay: 2 * after}) // no answer comes before the end
				awaitCount(t, &h.times, 1)
				net.set(weather{})
				lost += int(h.times.Load())
			}
		}
	}

	net.set(weather{delay: 200 * time.Millisecond})
	l.goesOn(t, 4*time.Second, 10*time.Second)
	net.set(weather{deaf: true})
	l.goesOn(t, 6*time.Second, 10*time.Second)
	awaitPart(t, s, "clickhouse", false)
	net.cut()
	l.goesOn(t, 4*time.Second, 10*time.Second)
	net.mend(t)

	l.awaitAcks(t, 50)
	l.reckon(t, s, account, store)
	l.onlyFailures(t)
	t.Logf("answers lost: %d; batches tried again: %d", lost, len(s.Logs.Lines("a batch could not be stored")))
}

// TestClickHouseIsAwayAtTheStart starts a node that ClickHouse does not answer: it accepts events all the same. Then ClickHouse is there, with
// nothing in it, and slow. Whoever asks while its schema comes about is told to come again.
func TestClickHouseIsAwayAtTheStart(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	shared := harness.SharedEngines(t)
	empty, err := url.Parse(shared.ClickHouse)
	require.NoError(t, err)
	empty.Path += "_empty"
	net := newNetwork(t, empty.String())
	net.cut()
	s := harness.Start(t, harness.Config{Engines: harness.Engines{ClickHouse: net.URL, Postgres: shared.Postgres, Redis: shared.Redis}})
	account := s.SignUp(t)
	ack := account.Secret.Send(t, harness.Event{Name: "early"})
	awaitPart(t, s, "clickhouse", false)
	s.Anonymous(t).Get(t, "/readyz").Want(t, http.StatusOK)

	net.mend(t)
	net.set(weather{delay: 20 * time.Millisecond})
	refused := 0
	testkit.Eventually(t, harness.Patience, func() error {
		res := account.Session.Post(t, "/v1/query/events", map[string]any{"limit": 5})
		if res.StatusCode == http.StatusOK {
			return nil
		}
		refused++
		res.WantProblem(t, http.StatusServiceUnavailable, "event_store_unavailable")
		return errors.New("it is not there yet")
	})
	require.Positive(t, refused)
	require.Equal(t, 1, account.Secret.Settled(t, ack.Receipt).Counts.Stored)
}

// awaitCount waits until something has happened n times.
func awaitCount(t *testing.T, what *atomic.Int64, n int) {
	t.Helper()
	testkit.Eventually(t, harness.Patience, func() error {
		if now := what.Load(); now < int64(n) {
			return fmt.Errorf("it happened %d times of %d", now, n)
		}
		return nil
	})
}

// readiness is the answer to GET /readyz.
type readiness struct {
	Ready      bool
	Components []struct {
		Name   string
		OK     bool
		Detail string
	}
}

// awaitPart waits until /readyz says that a part is, or is not, as it should be.
func awaitPart(t *testing.T, s *harness.Server, name string, ok bool) {
	t.Helper()
	anybody := s.Anonymous(t)
	testkit.Eventually(t, harness.Patience, func() error {
		res := anybody.Get(t, "/readyz")
		if r := harness.As[readiness](t, res); r.Ready != (res.StatusCode == http.StatusOK) {
			t.Fatalf("/readyz answers %s with ready = %t", res.Status, r.Ready)
		}
		for _, part := range harness.As[readiness](t, res).Components {
			if part.Name == name && part.OK == ok {
				return nil
			}
		}
		return fmt.Errorf("/readyz says %s", res.Body)
	})
}
