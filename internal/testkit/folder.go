package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	folderPattern = "observatory-test-*"
	folderLock    = "test-process" // locked for as long as the process that uses the folder lives
	settled       = 10 * time.Minute
)

// newFolder makes a temporary folder for the engines of this process, and removes those that processes which were killed
// have left behind.
func newFolder() (dir string, lock *os.File, err error) {
	sweep()
	dir, err = os.MkdirTemp("", folderPattern)
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the engines: %w", err)
	}
	lock, err = os.Create(filepath.Join(dir, folderLock))
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err != nil {
		return "", nil, fmt.Errorf("lock the folder for the engines: %w", err)
	}
	return dir, lock, nil
}

func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPattern)) // the pattern is well-formed
	for _, dir := range dirs {
		lock, err := os.Open(filepath.Join(dir, folderLock))
		if err != nil {
			continue
		}
		info, err := lock.Stat()
		old := err == nil && time.Since(info.ModTime()) > settled // a younger one may be about to be locked
		if old && syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(dir)
		}
		_ = lock.Close()
	}
}
