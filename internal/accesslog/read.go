package accesslog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// MaxLine is the length of the longest line that is read, in bytes. Apache and nginx refuse requests whose line could
// get half as long.
const MaxLine = 64 << 10

// Line is one line of a log.
type Line struct {
	Number int64  // from 1
	Text   string // without the end of the line; empty when it was too long
	Record Record
	Err    error // what is wrong with it; the Record is empty then
}

// Read reads a log in the combined format, line by line, in constant memory. Empty lines are passed over. A line that
// cannot be read does not stop it; an error of the reader does, and is the last pair of the sequence.
func Read(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		in := bufio.NewReaderSize(r, MaxLine+len("\r\n"))
		for number := int64(1); ; number++ {
			raw, err := in.ReadSlice('\n')
			line := Line{Number: number}
			switch {
			case errors.Is(err, bufio.ErrBufferFull):
				line.Err = fmt.Errorf("the line is longer than %d KiB", MaxLine>>10)
				err = skipLine(in)
			default:
				if number == 1 {
					raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // a byte order mark is no part of the first address
				}
				raw = bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
				if line.Text = string(raw); line.Text != "" {
					line.Record, line.Err = ParseCombined(line.Text)
				}
			}
			if err != nil && !errors.Is(err, io.EOF) {
				yield(Line{Number: number}, fmt.Errorf("read line %d: %w", number, err))
				return
			}
			if (line.Text != "" || line.Err != nil) && !yield(line, nil) {
				return
			}
			if err != nil {
				return
			}
		}
	}
}

// skipLine reads on to the end of a line that does not fit into the buffer.
func skipLine(in *bufio.Reader) error {
	for {
		_, err := in.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}
