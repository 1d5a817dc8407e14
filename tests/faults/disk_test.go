//go:build linux

package faults_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// TestDiskIsFull fills the disk that the log is on: first with events that cannot be stored because ClickHouse is away, then with somebody
// else's file, to the last byte. Both times the server refuses events, keeps what it has acknowledged, and goes on by itself
// once there is room.
func TestDiskIsFull(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	shared := harness.SharedEngines(t)
	store := openStore(t, shared.ClickHouse)
	keepDuplicates(t, store)
	net := newNetwork(t, shared.ClickHouse)
	disk := smallDisk(t, 256<<20)
	s := harness.Start(t, harness.Config{
		DataDir: filepath.Join(disk, "data"),
		Engines: harness.Engines{ClickHouse: net.URL, Postgres: shared.Postgres, Redis: shared.Redis},
	})
	account := s.SignUp(t)
	l := startLoad(t, account.Secret, loadConfig{Padding: 8 << 10})
	l.awaitAcks(t, 10)

	net.cut()
	l.awaitLogFull(t)
	requireRefused(t, s, account)
	l.staysFull(t, s, 3*time.Second)
	s.Kill(t)
	s.Start(t)
	l.awaitLogFull(t)
	requireRefused(t, s, account)
	net.mend(t)
	l.awaitAcks(t, 50)
	awaitPart(t, s, "log", true)

	for range orLong(2, 10) {
		ballast := fill(t, disk)
		l.awaitLogFull(t)
		l.staysFull(t, s, 3*time.Second)
		requireRefused(t, s, account)
		require.NoError(t, os.Remove(ballast))
		l.awaitAcks(t, 50)
	}
	awaitPart(t, s, "log", true)

	l.reckon(t, s, account, store)
	l.onlyFailures(t, logFull, noAnswer, starting)
	require.Positive(t, l.notAcknowledged()[logFull])
}

// smallDisk is a folder on a disk of that many bytes.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755,size="+strconv.Itoa(size))
	require.NoError(t, err, "this test needs a disk that it may fill: run it as root, in a container with the capability SYS_ADMIN")
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// fill takes the last byte of a disk. Removing the file that it returns gives everything back.
func fill(t *testing.T, disk string) (ballast string) {
	t.Helper()
	ballast = filepath.Join(disk, "ballast")
	f, err := os.Create(ballast)
	require.NoError(t, err)
	defer f.Close()
	for piece := make([]byte, 1<<20); len(piece) > 0; {
		n, err := f.Write(piece)
		if errors.Is(err, syscall.ENOSPC) {
			piece = piece[:min(len(piece)-n, len(piece)/2)]
			continue
		}
		require.NoError(t, err)
	}
	return ballast
}

// awaitLogFull waits until requests are refused for lack of room.
func (l *load) awaitLogFull(t *testing.T) {
	t.Helper()
	before := l.notAcknowledged()[logFull]
	testkit.Eventually(t, harness.Patience, func() error {
		if l.notAcknowledged()[logFull] < before+10 {
			return fmt.Errorf("the log is not full; not acknowledged: %v", l.notAcknowledged())
		}
		return nil
	})
}

// staysFull fails the test unless the server lives on for that long.
func (l *load) staysFull(t *testing.T, s *harness.Server, length time.Duration) {
	t.Helper()
	select {
	case <-s.Exited():
		t.Fatal("the server has ended")
	case <-time.After(length):
	}
	awaitPart(t, s, "log", false)
}

// requireRefused fails the test unless the server refuses an event, and says why and when to come again.
func requireRefused(t *testing.T, s *harness.Server, account harness.Account) {
	t.Helper()
	account.Secret.Post(t, "/v1/events", map[string]any{"event": eventName, "event_id": "refused"}).WantProblem(t, http.StatusServiceUnavailable, "log_full").RetryAfter(t)
	s.Anonymous(t).Get(t, "/readyz").Want(t, http.StatusServiceUnavailable)
	s.Anonymous(t).Get(t, "/healthz").Want(t, http.StatusOK)
}
