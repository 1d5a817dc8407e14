package embedded

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

var errLocked = errors.New("it is locked by another process")

// tryLockFile opens path and takes an exclusive lock on it, or fails with errLocked. The lock belongs to the open file:
// handed to a child process, it is held until that process and everything it forked are gone, however they end.
func tryLockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errLocked
	}
	return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
}
