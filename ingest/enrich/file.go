package enrich

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
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

// Refresher is a resource that comes from a file.
type Refresher interface {
	// Refresh reads the file again if it has changed, and tells whether it did. After an error what was read before remains.
	Refresh() (bool, error)
}

// Watch refreshes the resources from time to time until ctx is done. Nil ones are left out. It blocks.
func Watch(ctx context.Context, every time.Duration, log *slog.Logger, resources ...Refresher) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		for _, r := range resources {
			switch changed, err := r.Refresh(); {
			case err != nil:
				log.WarnContext(ctx, "a file for enrichment cannot be read; what was read before is used further", "error", err)
			case changed:
				log.InfoContext(ctx, "a file for enrichment has changed and was read again")
			}
		}
	}
}
