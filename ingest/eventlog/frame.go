package eventlog

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"

	"github.com/observatory/observatory/ingest"
)

// A frame is a record as it stands in a segment: length, checksum, record. The length's highest bit marks the first frame of a group.
const (
	frameHeader = 8 // bytes
	beginsGroup = 1 << 31
	// maxRecord bounds what a damaged length can make the reader allocate. A request inflates to at most 20 MiB; its record is not much larger.
	maxRecord = 64 << 20
)

// appendFrame appends a record to the frames of a group. The checksum is left out until it is known where the group will stand.
func appendFrame(frames, record []byte) []byte {
	length := uint32(len(record)) //nolint:gosec // at most maxRecord
	if len(frames) == 0 {
		length |= beginsGroup
	}
	frames = binary.LittleEndian.AppendUint32(frames, length)
	frames = append(frames, 0, 0, 0, 0)
	return append(frames, record...)
}

// seal gives the frames of a group that will stand at an offset their checksums.
func seal(frames []byte, at ingest.Offset) {
	for len(frames) > 0 {
		size := frameHeader + recordLength(frames)
		binary.LittleEndian.PutUint32(frames[4:], checksum(frames[:size], at))
		frames, at = frames[size:], at+ingest.Offset(size)
	}
}

func recordLength(frame []byte) int { return int(binary.LittleEndian.Uint32(frame) &^ beginsGroup) }

// checksum is the CRC-32C of a frame's place, length and record. With the place in it, nothing that a sender wrote into a record can
// pass for a frame, and no block that the disk put in the wrong place can.
func checksum(frame []byte, at ingest.Offset) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // cached by the standard library
	var place [8]byte
	binary.LittleEndian.PutUint64(place[:], uint64(at)) //nolint:gosec // offsets are not negative
	sum := crc32.Update(0, table, place[:])
	sum = crc32.Update(sum, table, frame[:4])
	return crc32.Update(sum, table, frame[frameHeader:])
}

// frameAt checks the frame that b begins with and that stands at an offset, and returns its record. ok is false where b holds
// no whole, sound frame.
func frameAt(b []byte, at ingest.Offset) (record []byte, ok bool) {
	if len(b) < frameHeader {
		return nil, false
	}
	n := recordLength(b)
	if n == 0 || n > maxRecord || len(b) < frameHeader+n {
		return nil, false
	}
	end := frameHeader + n
	return b[frameHeader:end:end], binary.LittleEndian.Uint32(b[4:]) == checksum(b[:end], at)
}

var errUnsound = errors.New("no sound frame")

// readFrame reads the whole frame that stands at an offset, in a file that begins at base, into buf. Errors: errUnsound, io.EOF.
func readFrame(f io.ReaderAt, base, at ingest.Offset, buf []byte) ([]byte, error) {
	place := int64(at - base)
	buf = slices.Grow(buf[:0], frameHeader)[:frameHeader]
	if n, err := f.ReadAt(buf, place); n < frameHeader {
		return nil, orUnsound(err)
	}
	n := recordLength(buf)
	if n == 0 || n > maxRecord {
		return nil, errUnsound
	}
	buf = slices.Grow(buf, n)[:frameHeader+n]
	if got, err := f.ReadAt(buf[frameHeader:], place+frameHeader); got < n {
		return nil, orUnsound(err)
	}
	if _, ok := frameAt(buf, at); !ok {
		return nil, errUnsound
	}
	return buf, nil
}

func orUnsound(err error) error {
	if err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
		return errUnsound
	}
	return err
}
