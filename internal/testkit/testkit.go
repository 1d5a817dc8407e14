// Package testkit gives tests real engines. Each test package starts its own, on first use; each test gets a database
// of its own in them, migrated, in a time zone other than UTC. A package that uses it begins with
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
package testkit

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/observatory/observatory/internal/embedded"
)

// TimeZone is the zone of every test database. It is far from UTC and has daylight saving.
const TimeZone = "Pacific/Auckland"

// Main runs the tests of a package, ends the engines that they started, and fails when goroutines are left over.
func Main(m *testing.M, leaks ...goleak.Option) {
	embedded.MaybeRunChild()
	code := m.Run()
	if err := suite.close(); err != nil {
		fmt.Fprintln(os.Stderr, "testkit:", err)
		code = 1
	}
	if code == 0 {
		if err := goleak.Find(leaks...); err != nil {
			fmt.Fprintln(os.Stderr, "testkit: goroutines are left over:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// Logger returns a logger that writes to the log of the test, and drops what comes after its end.
func Logger(tb testing.TB) *slog.Logger {
	w := &testLog{tb: tb}
	tb.Cleanup(w.end)
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type testLog struct {
	mu    sync.Mutex
	tb    testing.TB
	ended bool
}

func (w *testLog) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		w.tb.Log(string(line[:len(line)-1]))
	}
	return len(line), nil
}

func (w *testLog) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
}

// Eventually calls try until it returns nil, and fails the test with its last error when that takes longer than within.
func Eventually(tb testing.TB, within time.Duration, try func() error) {
	tb.Helper()
	deadline := time.Now().Add(within)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("not within %s: %v", within, err)
			return
		}
		time.Sleep(pause)
	}
}

// RuntimeDir is the folder with the engines: OBSERVATORY_RUNTIME_DIR, or .runtime beside go.mod.
func RuntimeDir(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("OBSERVATORY_RUNTIME_DIR"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			tb.Fatal("testkit: no go.mod here or above")
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(dir, ".runtime")
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		tb.Fatalf("testkit: the engines are not installed in %s: run make runtime", dir)
	}
	return dir
}

// background outlives the test that happens to need an engine first, because later tests use it as well.
func background() context.Context { return context.Background() }
