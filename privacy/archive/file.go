package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/observatory/observatory/internal/objects"
)

const (
	// A row group is closed at whichever comes first, so that little has to be in memory.
	groupRows  = 50_000
	groupBytes = 16 << 20
	// bloomBits are what the bloom filters cost per value; one in a hundred says yes where it should say no.
	bloomBits = 10
)

// bloomColumns have bloom filters: people are found by them.
func bloomColumns() []parquet.BloomFilterColumn {
	return []parquet.BloomFilterColumn{parquet.SplitBlockFilter(bloomBits, "user_id"), parquet.SplitBlockFilter(bloomBits, "anonymous_id")}
}

// fileWriter writes the file of one hour.
type fileWriter struct {
	object    *objects.Writer
	encrypted io.WriteCloser // nil when it is not
	rows      *parquet.GenericWriter[Event]
	digest    Digest
	aliases   int64
	pending   int64 // bytes of rows in the row group that is open, about
	grouped   int
}

// createFile begins a file, encrypted where there is a recipient.
func createFile(ctx context.Context, storage Storage, key, recipient string) (*fileWriter, error) {
	object, err := storage.Create(ctx, key)
	if err != nil {
		return nil, err
	}
	w := &fileWriter{object: object}
	var to io.Writer = object
	if recipient != "" {
		whom, err := age.ParseX25519Recipient(recipient)
		if err == nil {
			w.encrypted, err = age.Encrypt(object, whom)
		}
		if err != nil {
			object.Abort()
			return nil, fmt.Errorf("encrypt %s: %w", key, err)
		}
		to = w.encrypted
	}
	w.rows = parquet.NewGenericWriter[Event](to,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}), parquet.BloomFilters(bloomColumns()...),
		parquet.CreatedBy("observatory", fmt.Sprint(SchemaVersion), ""), parquet.PageBufferSize(256<<10),
		parquet.SkipPageBounds("properties"), parquet.SkipPageBounds("context"), parquet.SkipPageBounds("facts")) // nobody looks for ranges of JSON
	return w, nil
}

// add writes events.
func (w *fileWriter) add(events []Event) error {
	if len(events) == 0 {
		return nil
	}
	for i := range events {
		e := &events[i]
		w.digest.Add(e)
		if e.Type == alias {
			w.aliases++
		}
		w.pending += int64(len(e.Properties) + len(e.Context) + len(e.Facts) + 200)
	}
	if _, err := w.rows.Write(events); err != nil {
		return err
	}
	if w.grouped += len(events); w.grouped < groupRows && w.pending < groupBytes {
		return nil
	}
	w.grouped, w.pending = 0, 0
	return w.rows.Flush()
}

func (w *fileWriter) abort() { w.object.Abort() }

// close ends the file and fills in what it has become.
func (w *fileWriter) close(f *File) error {
	err := w.rows.Close()
	if err == nil && w.encrypted != nil {
		err = w.encrypted.Close()
	}
	if err != nil {
		w.abort()
		return err
	}
	f.Rows, f.Digest, f.Aliases = w.digest.Rows, w.digest.String(), w.aliases
	f.Bytes, f.SHA256, err = w.object.Close()
	return err
}

// openFile opens a file to read some of it. Nothing is checked but that it is one. identity is needed for those that are encrypted. Errors:
// objects.ErrNotFound for one that a newer manifest does not name any more, ErrBroken, ErrLocked.
func openFile(ctx context.Context, storage Storage, key string, f File, identity age.Identity) (*parquet.File, error) {
	var source io.ReaderAt = &remote{ctx: ctx, storage: storage, key: key, size: f.Bytes}
	size := f.Bytes
	if f.Recipient != "" {
		if identity == nil {
			return nil, ErrLocked
		}
		var err error
		if source, size, err = age.DecryptReaderAt(source, size, identity); err != nil {
			return nil, fmt.Errorf("decrypt %s: %w", key, broken(err))
		}
	}
	file, err := parquet.OpenFile(source, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(64<<10))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, broken(err))
	}
	return file, nil
}

// broken makes a fault of what is wrong with a file; that the storage does not answer is none of the file's.
func broken(err error) error {
	if errors.Is(err, objects.ErrUnavailable) || errors.Is(err, objects.ErrNotFound) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ErrBroken.Because(err)
}

// eachEvent reads row groups in chunks. The chunk is good until the next.
func eachEvent(groups []parquet.RowGroup, f func([]Event) error) error {
	chunk := make([]Event, 1000)
	for _, group := range groups {
		rows := parquet.NewGenericRowGroupReader[Event](group)
		for {
			clear(chunk)
			n, err := rows.Read(chunk)
			if n > 0 {
				if err := f(chunk[:n]); err != nil {
					return errors.Join(err, rows.Close())
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return errors.Join(broken(err), rows.Close())
			}
		}
		if err := rows.Close(); err != nil {
			return broken(err)
		}
	}
	return nil
}

// remote reads an object in blocks, and keeps the last few: the parts of a file that are asked for lie close together.
type remote struct {
	ctx     context.Context //nolint:containedctx // of the reading of one file: io.ReaderAt has no other way
	storage Storage
	key     string
	size    int64
	blocks  []block // the newest first
}

type block struct {
	at   int64
	data []byte
}

const (
	blockSize = 1 << 20
	maxBlocks = 8
)

// ReadAt implements io.ReaderAt. It is not safe for concurrent use.
func (r *remote) ReadAt(p []byte, offset int64) (int, error) {
	n := 0
	for n < len(p) {
		if offset+int64(n) >= r.size {
			return n, io.EOF
		}
		data, err := r.block((offset + int64(n)) / blockSize * blockSize)
		if err != nil {
			return n, err
		}
		from := (offset + int64(n)) % blockSize
		if from >= int64(len(data)) {
			return n, io.ErrUnexpectedEOF // the object is shorter than the manifest says
		}
		n += copy(p[n:], data[from:])
	}
	return n, nil
}

func (r *remote) block(at int64) ([]byte, error) {
	for i, b := range r.blocks {
		if b.at == at {
			copy(r.blocks[1:i+1], r.blocks[:i])
			r.blocks[0] = b
			return b.data, nil
		}
	}
	in, err := r.storage.OpenRange(r.ctx, r.key, at, min(blockSize, r.size-at))
	if err != nil {
		return nil, err
	}
	var all bytes.Buffer
	_, err = io.Copy(&all, in)
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, err
	}
	if len(r.blocks) == maxBlocks {
		r.blocks = r.blocks[:maxBlocks-1]
	}
	r.blocks = append([]block{{at: at, data: all.Bytes()}}, r.blocks...)
	return all.Bytes(), nil
}
