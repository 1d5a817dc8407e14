package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// logFile is a log that is read from its beginning to its end, unpacked when it is packed.
type logFile struct {
	io.Reader
	size int64        // of the file as it lies there, in bytes; 0 when not known
	at   atomic.Int64 // how much of it has been read, in bytes
	file io.Closer
}

// openLog opens a file, or takes standard input for "-".
func openLog(name string, stdin io.Reader) (*logFile, error) {
	l := &logFile{file: io.NopCloser(nil)}
	raw := stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		info, err := file.Stat()
		if err == nil && info.IsDir() {
			err = fmt.Errorf("%s is a folder", name)
		}
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		if info.Mode().IsRegular() {
			l.size = info.Size()
		}
		raw, l.file = file, file
	}
	buffered := bufio.NewReaderSize(&counter{raw, &l.at}, 64<<10)
	l.Reader = buffered
	if magic, err := buffered.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("unpack %s: %w", name, err), l.file.Close())
		}
		l.Reader = unpacked
	}
	return l, nil
}

// Close closes the file; what was read stays valid.
func (l *logFile) Close() { _ = l.file.Close() }

// counter counts what is read through it.
type counter struct {
	io.Reader
	n *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}
