// Package objects keeps files where they outlive this machine: in object storage that speaks the S3 API, or in a local folder. Archives and
// exports lie there. What is above it does not know which of the two it is.
package objects

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/observatory/observatory/internal/fault"
)

// Errors of a Store.
var (
	ErrNotFound    = fault.New(fault.NotFound, "object_not_found", "There is no such file in the archive.")
	ErrUnavailable = fault.New(fault.Unavailable, "object_storage_unavailable", "The object storage does not answer or refuses. Try again later.").After(10 * time.Second)
)

// Store is a bucket, or a folder. Its methods may be called from many goroutines. Keys are paths of letters, digits and -_.=/ without a
// slash at either end.
type Store struct {
	bucket  *blob.Bucket
	folder  string // of a local one
	history history
	idle    func() // closes connections that nobody uses; nil for a folder
}

// history is what a storage keeps of objects that were deleted or replaced.
type history interface {
	// forget deletes all that it keeps of keys that begin with prefix and are not there any more, and returns how many there were. What was
	// being written a short while ago is left alone, but for keys that are dead.
	forget(ctx context.Context, prefix string, dead func(key string) bool) (int, error)
}

// Object is a file as a listing shows it.
type Object struct {
	Key      string
	Size     int64 // bytes
	Modified time.Time
}

// Put writes an object whole, in place of any that has the key: whoever reads sees the one before or the new one, never a part. When it
// returns, the object outlives a loss of power. It returns what was written: bytes, and SHA-256 in hex.
func (s *Store) Put(ctx context.Context, key string, body io.Reader) (size int64, sum string, err error) {
	w, err := s.Create(ctx, key)
	if err != nil {
		return 0, "", err
	}
	if _, err := io.Copy(w, body); err != nil {
		w.Abort()
		return 0, "", fmt.Errorf("write %s: %w", key, err)
	}
	return w.Close()
}

// Writer writes one object. It ends with Close or Abort.
type Writer struct {
	store  *Store
	key    string
	ctx    context.Context //nolint:containedctx // of one write: the library wants to be told by its end that it is called off
	cancel context.CancelFunc
	w      *blob.Writer
	file   *os.File // that is written to, of a local one
	folder bool     // whose folder has been made for it
	size   int64
	sum    hash.Hash
}

// Create begins to write an object, which is not there until Close. ErrUnavailable.
func (s *Store) Create(ctx context.Context, key string) (*Writer, error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &Writer{store: s, key: key, ctx: ctx, cancel: cancel, sum: sha256.New()}
	if s.folder != "" {
		_, err := os.Stat(s.folderOf(key))
		w.folder = err != nil
	}
	var err error
	w.w, err = s.bucket.NewWriter(ctx, key, &blob.WriterOptions{
		ContentType: "application/octet-stream", DisableContentTypeDetection: true,
		BeforeWrite: func(as func(any) bool) error { as(&w.file); return nil },
	})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("write %s: %w", key, translate(err))
	}
	return w, nil
}

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	w.size += int64(n)
	w.sum.Write(p[:n])
	if err != nil {
		return n, translate(err)
	}
	return n, nil
}

// Abort ends the writing; nothing is there of it.
func (w *Writer) Abort() {
	w.cancel()
	_ = w.w.Close() // it says that it was called off
}

// Close puts the object there, to stay, and returns its bytes and its SHA-256 in hex.
func (w *Writer) Close() (size int64, sum string, err error) {
	defer w.cancel()
	if w.file != nil {
		if err := w.file.Sync(); err != nil {
			w.Abort()
			return 0, "", fmt.Errorf("write %s: %w", w.key, ErrUnavailable.Because(err))
		}
	}
	if err := w.w.Close(); err != nil {
		return 0, "", fmt.Errorf("write %s: %w", w.key, translate(err))
	}
	if w.store.folder != "" {
		sync := syncFolder
		if w.folder {
			sync = w.store.syncFolders
		}
		if err := sync(w.store.folderOf(w.key)); err != nil {
			return 0, "", fmt.Errorf("write %s: %w", w.key, ErrUnavailable.Because(err))
		}
	}
	return w.size, hex.EncodeToString(w.sum.Sum(nil)), nil
}

// Open reads an object from the beginning to its end. ErrNotFound, ErrUnavailable.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	return s.OpenRange(ctx, key, 0, -1)
}

// OpenRange reads length bytes of an object from an offset on; a negative length means to its end.
func (s *Store) OpenRange(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	r, err := s.bucket.NewRangeReader(ctx, key, offset, length, nil)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, translate(err))
	}
	return reader{r}, nil
}

// Read is the whole of an object that is small, such as a manifest.
func (s *Store) Read(ctx context.Context, key string) ([]byte, error) {
	all, err := s.bucket.ReadAll(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, translate(err))
	}
	return all, nil
}

// Size is that of an object in bytes. ErrNotFound, ErrUnavailable.
func (s *Store) Size(ctx context.Context, key string) (int64, error) {
	attributes, err := s.bucket.Attributes(ctx, key)
	if err != nil {
		return 0, fmt.Errorf("look at %s: %w", key, translate(err))
	}
	return attributes.Size, nil
}

// Delete removes an object. It is no error that there is none. Where the bucket keeps versions, they stay until Forget.
func (s *Store) Delete(ctx context.Context, key string) error {
	err := s.bucket.Delete(ctx, key)
	if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("delete %s: %w", key, translate(err))
	}
	if err == nil && s.folder != "" {
		if err := syncFolder(s.folderOf(key)); err != nil {
			return fmt.Errorf("delete %s: %w", key, ErrUnavailable.Because(err))
		}
	}
	return nil
}

// Forget removes what the storage keeps of objects below a prefix that were deleted or replaced (versions of a bucket, and parts of files
// that nobody has gone on writing for an hour), and returns how many there were. ErrUnavailable, also when it may not.
func (s *Store) Forget(ctx context.Context, prefix string) (int, error) {
	return s.ForgetDead(ctx, prefix, func(string) bool { return false })
}

// ForgetDead is Forget, and of keys that are dead no part is left, however young: dead tells whether whoever writes a key does so in vain.
func (s *Store) ForgetDead(ctx context.Context, prefix string, dead func(key string) bool) (int, error) {
	n, err := s.history.forget(ctx, prefix, dead)
	if err != nil {
		return n, fmt.Errorf("remove old versions below %s: %w", prefix, translate(err))
	}
	return n, nil
}

// List lists the objects whose keys begin with a prefix, in the order of keys. Files whose writing was cut short are not among them.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		all := s.bucket.List(&blob.ListOptions{Prefix: prefix})
		for {
			o, err := all.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Object{}, fmt.Errorf("list %s: %w", prefix, translate(err)))
				return
			}
			if s.folder != "" && strings.HasSuffix(o.Key, unfinished) {
				continue
			}
			if !yield(Object{Key: o.Key, Size: o.Size, Modified: o.ModTime}, nil) {
				return
			}
		}
	}
}

// Folders lists what comes after a prefix up to the next slash, such as the tenants below "archive/".
func (s *Store) Folders(ctx context.Context, prefix string) ([]string, error) {
	var names []string
	all := s.bucket.List(&blob.ListOptions{Prefix: prefix, Delimiter: "/"})
	for {
		o, err := all.Next(ctx)
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, translate(err))
		}
		if o.IsDir {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(o.Key, prefix), "/"))
		}
	}
}

// Close ends the use of the store.
func (s *Store) Close() error {
	if s.idle != nil {
		defer s.idle()
	}
	return s.bucket.Close()
}

type reader struct{ *blob.Reader }

func (r reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = translate(err)
	}
	return n, err
}

// translate makes a fault of what the library says.
func translate(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if gcerrors.Code(err) == gcerrors.NotFound {
		return ErrNotFound.Because(err)
	}
	return ErrUnavailable.Because(err)
}
