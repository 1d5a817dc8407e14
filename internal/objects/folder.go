package objects

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gocloud.dev/blob/fileblob"
)

const (
	// unfinished ends the names of files that are being written, or were when the process ended.
	unfinished = ".tmp"
	// abandoned is how long ago a file was last written to that nobody is writing any more.
	abandoned = time.Hour
)

func openFolder(folder string) (*Store, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	bucket, err := fileblob.OpenBucket(folder, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite, DirFileMode: 0o700})
	if err != nil {
		return nil, err
	}
	return &Store{bucket: bucket, folder: folder, history: leftovers{folder}}, nil
}

// leftovers are what a folder keeps: files whose writing was cut short.
type leftovers struct{ folder string }

func (l leftovers) forget(ctx context.Context, prefix string, dead func(string) bool) (int, error) {
	removed := 0
	root := filepath.Dir(filepath.Join(l.folder, filepath.FromSlash(prefix)+"x"))
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case entry.IsDir() || !strings.HasSuffix(path, unfinished):
			return ctx.Err()
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // it has just become a whole file
		}
		if time.Since(info.ModTime()) < abandoned && !dead(l.key(path)) {
			return nil
		}
		removed++
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	return removed, err
}

// key is that of the object which a file was to become: the library appends a time and .tmp.
func (l leftovers) key(path string) string {
	name := strings.TrimSuffix(path, unfinished)
	name = strings.TrimSuffix(name, filepath.Ext(name))
	key, err := filepath.Rel(l.folder, name)
	if err != nil {
		return ""
	}
	return filepath.ToSlash(key)
}

// folderOf is the folder in which an object lies.
func (s *Store) folderOf(key string) string {
	return filepath.Dir(filepath.Join(s.folder, filepath.FromSlash(key)))
}

// syncFolders makes the names in a folder and in those above it, up to the store's, outlive a loss of power.
func (s *Store) syncFolders(folder string) error {
	for {
		if err := syncFolder(folder); err != nil || len(folder) <= len(s.folder) {
			return err
		}
		folder = filepath.Dir(folder)
	}
}

func syncFolder(folder string) error {
	f, err := os.Open(folder) //nolint:gosec // below our own folder
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
