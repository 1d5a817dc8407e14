//go:build linux

package faults_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// TestControlPlaneIsAway takes PostgreSQL and Redis away from one of two nodes: first nobody answers there, then connections hang. Events are
// acknowledged all the while. A key that is revoked on the other node meanwhile ends within 5 s of the reunion.
func TestControlPlaneIsAway(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	outage := orLong(16*time.Second, 2*time.Minute)
	shared := harness.Engines{ClickHouse: testkit.ClickHouse(t), Postgres: testkit.Postgres(t), Redis: testkit.RealRedis(t)}
	store := openStore(t, shared.ClickHouse)
	keepDuplicates(t, store)
	postgres, redis := newNetwork(t, shared.Postgres), newNetwork(t, shared.Redis)
	secret := map[string]string{"OBSERVATORY_SECRET_KEY": newSecretKey()}
	s := harness.Start(t, harness.Config{Env: secret, Engines: harness.Engines{ClickHouse: shared.ClickHouse, Postgres: postgres.URL, Redis: redis.URL}})
	other := harness.Start(t, harness.Config{Env: secret, Engines: shared, Flags: []string{"--workers=false"}})
	account := s.SignUp(t)
	bystander := s.SignUp(t) // whose events do not confuse the reckoning
	doomed := bystander.CreateKey(t, "secret", nil)
	l := startLoad(t, account.Secret, loadConfig{Pause: 150 * time.Millisecond})
	await(t, s, "a task has run", func() error { return moreThan(0, tasksDone(t, s)) })

	postgres.cut()
	redis.cut()
	withoutControlPlane := func() {
		t.Helper()
		l.goesOn(t, outage/2, 10*time.Second)
		awaitPart(t, s, "postgres", false)
		awaitPart(t, s, "redis", false)
		require.True(t, harness.As[readiness](t, s.Anonymous(t).Get(t, "/readyz")).Ready, "events are accepted, so the node is ready")
		send(t, s, bystander.Keys.Publishable).Want(t, http.StatusAccepted)
		account.Secret.Get(t, "/v1/ledger").Want(t, http.StatusOK)
		account.Session.Get(t, "/v1/me").WantProblem(t, http.StatusServiceUnavailable, "control_plane_unavailable")
		send(t, s, doomed.Token).Want(t, http.StatusAccepted)
	}
	withoutControlPlane()
	postgres.mend(t)
	postgres.set(weather{deaf: true})
	redis.mend(t)
	redis.set(weather{deaf: true})
	withoutControlPlane()

	there := other.LogIn(t, bystander.Email, harness.Password)
	there.Do(t, http.MethodDelete, "/v1/keys/"+doomed.ID, nil).Want(t, http.StatusNoContent)
	await(t, other, "the key is revoked", func() error { return isRevoked(send(t, other, doomed.Token)) })
	send(t, s, doomed.Token).Want(t, http.StatusAccepted) // it cannot know yet

	done := tasksDone(t, s)
	postgres.mend(t)
	redis.mend(t)
	reunited := time.Now()
	await(t, s, "the key is revoked", func() error { return isRevoked(send(t, s, doomed.Token)) })
	took := time.Since(reunited)
	t.Logf("the revocation was known %s after the reunion", took.Round(time.Millisecond))
	require.Less(t, took, 5*time.Second)
	for _, part := range []string{"postgres", "redis", "keys"} {
		awaitPart(t, s, part, true)
	}
	account.Session.Get(t, "/v1/me").Want(t, http.StatusOK)
	await(t, s, "tasks run again", func() error { return moreThan(done, tasksDone(t, s)) })

	l.awaitAcks(t, 1)
	l.reckon(t, s, account, store)
	l.onlyFailures(t)
}

// TestControlPlaneIsAwayAtTheStart starts a node that PostgreSQL does not answer: it says so, and tells senders to come again, until
// PostgreSQL is there.
func TestControlPlaneIsAwayAtTheStart(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	shared := harness.SharedEngines(t)
	postgres := newNetwork(t, shared.Postgres)
	s := harness.Start(t, harness.Config{Engines: harness.Engines{ClickHouse: shared.ClickHouse, Postgres: postgres.URL, Redis: shared.Redis}})
	account := s.SignUp(t)
	s.Stop(t)
	postgres.cut()
	s.Begin(t)
	testkit.Eventually(t, harness.Patience, func() error {
		_, err := s.Anonymous(t).Try(t.Context(), http.MethodGet, "/healthz", nil)
		return err
	})
	awaitPart(t, s, "postgres", false)
	awaitPart(t, s, "keys", false)
	s.Anonymous(t).Get(t, "/readyz").Want(t, http.StatusServiceUnavailable)
	send(t, s, account.Keys.Secret).WantProblem(t, http.StatusServiceUnavailable, "keys_not_loaded").RetryAfter(t)
	postgres.mend(t)
	awaitPart(t, s, "keys", true)
	awaitPart(t, s, "postgres", true)
	send(t, s, account.Keys.Secret).Want(t, http.StatusAccepted)
}

// TestNetworkForgetsConnections lets the network to PostgreSQL lose its connections without telling either end, as a firewall does that
// is started again: each of them hangs for good. A key that is revoked right then ends within 5 s all the same.
func TestNetworkForgetsConnections(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	shared := harness.SharedEngines(t)
	postgres := newNetwork(t, shared.Postgres)
	secret := map[string]string{"OBSERVATORY_SECRET_KEY": newSecretKey()}
	s := harness.Start(t, harness.Config{Env: secret, Engines: harness.Engines{ClickHouse: shared.ClickHouse, Postgres: postgres.URL, Redis: shared.Redis}})
	other := harness.Start(t, harness.Config{Env: secret, Engines: shared, Flags: []string{"--workers=false"}})
	account := s.SignUp(t)
	there := other.LogIn(t, account.Email, harness.Password)
	for range orLong(2, 10) {
		doomed := account.CreateKey(t, "secret", nil)
		var many errgroup.Group // fills the pool of connections
		for range 30 {
			many.Go(func() error {
				_, err := account.Session.Try(t.Context(), http.MethodGet, "/v1/me", nil)
				return err
			})
		}
		require.NoError(t, many.Wait())
		postgres.set(weather{deaf: true})
		time.Sleep(2500 * time.Millisecond) // longer than the time between two looks at what keys have changed
		postgres.mend(t)
		there.Do(t, http.MethodDelete, "/v1/keys/"+doomed.ID, nil).Want(t, http.StatusNoContent)
		revoked := time.Now()
		await(t, s, "the key is revoked", func() error { return isRevoked(send(t, s, doomed.Token)) })
		took := time.Since(revoked)
		t.Logf("the revocation was known after %s", took.Round(time.Millisecond))
		require.Less(t, took, 5*time.Second)
		account.Session.Get(t, "/v1/me").Want(t, http.StatusOK)
	}
}

// await waits until something holds of a server.
func await(t *testing.T, s *harness.Server, what string, try func() error) {
	t.Helper()
	testkit.Eventually(t, harness.Patience, func() error {
		if err := try(); err != nil {
			return fmt.Errorf("%s: %s: %w", s.URL, what, err)
		}
		return nil
	})
}

func send(t *testing.T, s *harness.Server, key string) harness.Response {
	t.Helper()
	return s.WithKey(t, key).Post(t, "/v1/events", map[string]any{"event": "still_here"})
}

func isRevoked(r harness.Response) error {
	if r.StatusCode == http.StatusUnauthorized && r.Code() == "key_revoked" {
		return nil
	}
	return fmt.Errorf("it answers %s", r.Status)
}

func moreThan(before, now int) error {
	if now > before {
		return nil
	}
	return fmt.Errorf("%d is not more than %d", now, before)
}

// tasksDone is how many background tasks have run well.
func tasksDone(t *testing.T, s *harness.Server) (sum int) {
	t.Helper()
	metrics := s.Anonymous(t).Get(t, "/metrics").Want(t, http.StatusOK).Body
	for _, found := range regexp.MustCompile(`(?m)^observatory_task_runs_total\{outcome="ok",.*\} (\d+)$`).FindAllSubmatch(metrics, -1) {
		n, err := strconv.Atoi(string(found[1]))
		require.NoError(t, err)
		sum += n
	}
	return sum
}

func newSecretKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}
