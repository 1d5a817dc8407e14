package eventlog_test

import (
	"errors"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// hookFS calls a hook before everything that changes the disk or makes a change durable. When the hook returns an error that
// is what happens instead; a write that fails so leaves half of its bytes behind.
type hookFS struct {
	vfs.FS
	hook func(op string) error
}

// The operations that a hook is told of.
const (
	opMkdir   = "mkdir"
	opCreate  = "create"
	opWrite   = "write"
	opSync    = "sync"
	opSyncDir = "sync folder"
	opClose   = "close"
	opRemove  = "remove"
)

func (f *hookFS) MkdirAll(dir string, perm os.FileMode) error {
	if err := f.hook(opMkdir); err != nil {
		return err
	}
	return f.FS.MkdirAll(dir, perm)
}

func (f *hookFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.hook(opCreate); err != nil {
		return nil, err
	}
	file, err := f.FS.Create(name, category)
	return &hookFile{File: file, hook: f.hook, sync: opSync, written: true}, err
}

func (f *hookFS) Open(name string, options ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.FS.Open(name, options...)
	if err != nil {
		return nil, err
	}
	return &hookFile{File: file, hook: f.hook, sync: opSync}, nil
}

func (f *hookFS) OpenDir(name string) (vfs.File, error) {
	file, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &hookFile{File: file, hook: f.hook, sync: opSyncDir}, nil
}

func (f *hookFS) Remove(name string) error {
	if err := f.hook(opRemove); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

type hookFile struct {
	vfs.File
	hook func(op string) error
	sync string
	// written files may fail to be closed; nobody cares about others
	written bool
}

func (f *hookFile) Write(b []byte) (int, error) {
	if err := f.hook(opWrite); err != nil {
		n, writeErr := f.File.Write(b[:len(b)/2])
		return n, errors.Join(err, writeErr)
	}
	return f.File.Write(b)
}

func (f *hookFile) Sync() error {
	if err := f.hook(f.sync); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *hookFile) SyncData() error {
	if err := f.hook(f.sync); err != nil {
		return err
	}
	return f.File.SyncData()
}

func (f *hookFile) Close() error {
	if !f.written {
		return f.File.Close()
	}
	return errors.Join(f.hook(opClose), f.File.Close())
}
