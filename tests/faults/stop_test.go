//go:build linux

package faults_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// TestServerIsAskedToEnd asks for an orderly end in the middle of everything: what is in hand is answered, what was acknowledged is
// stored, and no engine is left.
func TestServerIsAskedToEnd(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	s := harness.Start(t, harness.Config{})
	account := s.SignUp(t)
	bystander := s.SignUp(t)
	store := openStore(t, embeddedClickHouse(t, s))
	keepDuplicates(t, store)
	require.NoError(t, store.Close()) // ClickHouse waits some seconds for clients that stay
	l := startLoad(t, account.Secret, loadConfig{})
	for range orLong(1, 10) {
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			l.awaitAcks(t, 100)
			began := descendants(t, s.PID())
			l.unanswered() // while it started
			upload := beginUpload(t, s.WithKey(t, bystander.Keys.Secret))
			waiting := make(chan harness.Response, 1)
			go func() {
				res, err := bystander.Secret.Try(t.Context(), http.MethodPost, "/v1/events?wait=stored", map[string]any{"event": "waited_for"})
				if err == nil {
					waiting <- res
				}
				close(waiting)
			}()
			unused, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://")) // as browsers keep them in store
			require.NoError(t, err)
			stream := bystander.Secret.Stream(t.Context(), t, "/v1/events/stream")
			time.Sleep(100 * time.Millisecond)

			asked := time.Now()
			s.Signal(t, signal)
			require.NoError(t, unused.SetReadDeadline(asked.Add(4*time.Second)))
			_, err = unused.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF, "a connection that nobody uses is closed")
			require.NoError(t, unused.Close())
			res := upload.end(t)
			require.Equal(t, http.StatusAccepted, res.StatusCode, "a request whose body was on its way")
			res, answered := <-waiting
			require.True(t, answered, "a request that waited for its events to be stored")
			require.Equal(t, http.StatusOK, res.StatusCode)
			_, _ = io.Copy(io.Discard, stream.Body) // it ends
			require.NoError(t, stream.Body.Close())
			require.Zero(t, s.Wait(t, 20*time.Second), "exit status")
			took := time.Since(asked)

			requireGone(t, time.Second, began)
			requireNoneLeft(t, s.DataDir)
			for _, u := range l.unanswered() {
				require.False(t, u.at.Before(asked.Add(-100*time.Millisecond)), "a request that was in hand %s before the signal was not answered: %v", asked.Sub(u.at), u.err)
			}
			s.Start(t)
			t.Logf("%s: ended after %s", signal, took.Round(time.Millisecond))
		}
	}
	require.Empty(t, s.Logs.Lines("not everything could be stored"))
	l.awaitAcks(t, 1)
	l.reckon(t, s, account, openStore(t, embeddedClickHouse(t, s)))
	l.onlyFailures(t, noAnswer, starting)
	s.Stop(t)
	requireNoneLeft(t, s.DataDir)
}

// TestServerEndsWhileItStarts ends a server at any moment of a start, the very first one included: asked to, in an orderly way, and killed.
func TestServerEndsWhileItStarts(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	s := harness.Start(t, harness.Config{DataDir: filepath.Join(harness.Folder(t), "data")})
	s.Stop(t)
	for round := range orLong(8, 50) {
		if round%2 == 0 {
			require.NoError(t, os.RemoveAll(s.DataDir)) // a first start
		}
		lock := filepath.Join(s.DataDir, "run", "lock")
		require.NoError(t, os.RemoveAll(lock))
		s.Begin(t)
		testkit.Eventually(t, harness.Patience, func() error { // it listens to signals by then
			_, err := os.Stat(lock)
			return err
		})
		after := rand.N(1500 * time.Millisecond)
		time.Sleep(after)
		if round%4 < 2 {
			s.Signal(t, syscall.SIGTERM)
			require.Zero(t, s.Wait(t, 30*time.Second), "exit status, %s into a start", after)
			requireNoneLeft(t, s.DataDir)
			continue
		}
		began := descendants(t, s.PID())
		s.Kill(t)
		requireGone(t, 20*time.Second, began)
	}
	s.Start(t)
	account := s.SignUp(t)
	account.Secret.Settled(t, account.Secret.Send(t, harness.Event{Name: "still_here"}).Receipt)
}

// TestServerEndsThoughItsEnginesHang asks for an orderly end while no engine answers. It takes no longer than it may, and what could not
// be stored is stored after the next start.
func TestServerEndsThoughItsEnginesHang(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	s := harness.Start(t, harness.Config{Flags: []string{"--drain-timeout=3s"}})
	account := s.SignUp(t)
	keepDuplicates(t, openStore(t, embeddedClickHouse(t, s)))
	l := startLoad(t, account.Secret, loadConfig{})
	l.awaitAcks(t, 100)
	clickhouse, postgres := engines(t, s.PID())
	began := descendants(t, s.PID())
	require.NoError(t, syscall.Kill(clickhouse.pid, syscall.SIGSTOP))
	require.NoError(t, syscall.Kill(postgres.pid, syscall.SIGSTOP))
	l.awaitAcks(t, 100)
	s.Signal(t, syscall.SIGTERM)
	asked := time.Now()
	require.Zero(t, s.Wait(t, 20*time.Second), "exit status")
	t.Logf("ended after %s", time.Since(asked).Round(time.Millisecond))
	requireGone(t, time.Second, began)
	s.Start(t)
	l.awaitAcks(t, 1)
	l.reckon(t, s, account, openStore(t, embeddedClickHouse(t, s)))
}

// upload is a request whose body has been sent in part.
type upload struct {
	body   *io.PipeWriter
	answer chan result
}

type result struct {
	harness.Response
	err error
}

// beginUpload sends half of a request.
func beginUpload(t *testing.T, key *harness.Caller) upload {
	t.Helper()
	read, write := io.Pipe()
	u := upload{body: write, answer: make(chan result, 1)}
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	r, err := key.Request(ctx, http.MethodPost, "/v1/events", nil)
	require.NoError(t, err)
	r.Body, r.ContentLength = read, -1
	go func() {
		defer cancel()
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			u.answer <- result{err: err}
			return
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		u.answer <- result{Response: harness.Response{Response: res, Body: body}, err: err}
	}()
	_, err = io.Copy(write, bytes.NewReader([]byte(`{"event":`)))
	require.NoError(t, err)
	return u
}

// end sends the other half and returns the answer.
func (u upload) end(t *testing.T) harness.Response {
	t.Helper()
	_, err := fmt.Fprint(u.body, `"uploaded"}`)
	require.NoError(t, err)
	require.NoError(t, u.body.Close())
	r := <-u.answer
	require.NoError(t, r.err)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	return r.Response
}
