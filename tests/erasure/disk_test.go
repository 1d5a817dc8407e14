package erasure_test

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/privacy"
)

var errDead = errors.New("the process is dead")

// disk is what a node has of its own. When the node dies, what is left is what lay there at that moment; whatever the dead still do to it does
// not count.
type disk struct {
	mu    sync.Mutex
	files *vfs.MemFS
	left  int // writes until the node dies; 0: it lives
	keep  vfs.CrashCloneCfg
	after *vfs.MemFS // what is left; nil while the node lives
}

// fs is the file system as the node sees it.
func (d *disk) fs() vfs.FS {
	return errorfs.Wrap(d.files, errorfs.InjectorFunc(func(op errorfs.Op) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.left > 0 && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			if d.left--; d.left == 0 {
				d.die()
			}
		}
		return nil
	}))
}

func (d *disk) die() {
	if d.after == nil {
		d.after = d.files.CrashClone(d.keep)
	}
}

// cut has the node die at a write from now on: 0 is at once.
func (d *disk) cut(in int, keep vfs.CrashCloneCfg) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.keep, d.left = keep, in; in == 0 {
		d.die()
	}
}

// alive is an error once the node is dead.
func (d *disk) alive() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.after != nil {
		return errDead
	}
	return nil
}

// What a node says to others counts only if it was alive when it said so.

type mortalState struct {
	ingest.SinkState
	*disk
}

func (m mortalState) Begin(r ingest.Range) error {
	if err := m.SinkState.Begin(r); err != nil {
		return err
	}
	return m.alive()
}

func (m mortalState) Settle(to ingest.Offset, stored []ingest.Seen, more []ingest.Metered) error {
	if err := m.SinkState.Settle(to, stored, more); err != nil {
		return err
	}
	return m.alive()
}

type mortalStore struct {
	ingest.Store
	*disk
}

func (m mortalStore) Write(ctx context.Context, s *ingest.Settlement, again bool) error {
	if err := m.alive(); err != nil {
		return err
	}
	return m.Store.Write(ctx, s, again)
}

type mortalLogs struct {
	privacy.Logs
	*disk
}

func (m mortalLogs) Report(ctx context.Context, s privacy.LogState) error {
	if err := m.alive(); err != nil {
		return err
	}
	return m.Logs.Report(ctx, s)
}

// contents reads every file below a folder of a disk in memory.
func contents(fs vfs.FS, folder string, visit func(path string, content []byte)) error {
	names, err := fs.List(folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := fs.PathJoin(folder, name)
		info, err := fs.Stat(path)
		if err != nil {
			return err
		}
		if info.IsDir() {
			if err := contents(fs, path, visit); err != nil {
				return err
			}
			continue
		}
		f, err := fs.Open(path)
		if err != nil {
			return err
		}
		content, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		visit(path, content)
	}
	return nil
}
