package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// Binary is the program under test: OBSERVATORY_BIN, or else one that is built from this source.
func Binary(tb testing.TB) string {
	tb.Helper()
	if path := os.Getenv("OBSERVATORY_BIN"); path != "" {
		path, err := filepath.Abs(path)
		if err != nil {
			tb.Fatalf("harness: %v", err)
		}
		return path
	}
	path, err := build()
	if err != nil {
		tb.Fatalf("harness: %v", err)
	}
	return path
}

// build builds once a process. Between processes the program stays in .cache, where `go build` sees that there is nothing to do.
var build = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // what all tests of a process share
	root, err := Root()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(root, ".cache", "tests")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	lock, err := os.Create(filepath.Join(folder, "build.lock"))
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("wait for another build: %w", err)
	}
	path := filepath.Join(folder, "observatory")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "./cmd/observatory")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build observatory: %w\n%s", err, out)
	}
	return path, nil
})

// Root is the folder that holds go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("there is no go.mod here or above")
		}
	}
}
