package enrich

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// file is a file that is read again when it changes.
type file struct {
	path string

	mu   sync.Mutex
	last fs.FileInfo // of what was read
}

// read gives use the content if it is not that of the last time, and tells whether it did. What use refuses is read
// again only when it changes once more.
func (f *file) read(use func(content []byte) error) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err != nil {
		return false, f.fault(err)
	}
	if f.last != nil && os.SameFile(info, f.last) && info.ModTime().Equal(f.last.ModTime()) && info.Size() == f.last.Size() {
		return false, nil
	}
	content, err := os.ReadFile(f.path)
	if err != nil {
		return false, f.fault(err)
	}
	f.last = info
	if err := use(content); err != nil {
		return false, f.fault(err)
	}
	return true, nil
}

func (f *file) fault(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("read %s: %w", f.path, err)
}
