package sinkstate

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/observatory/observatory/ingest"
)

// A range is written as ID, 16 bytes | from, to, 8 bytes each | then, unless every event passes: 1 where that was unknown, 0 else, 1 byte | number of
// rulings | each: entries behind that of the one before | item | verdict, 1 byte. Numbers are uvarints unless said otherwise.

func appendRange(dst []byte, r *ingest.Range) []byte {
	dst = append(dst, r.ID[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.From)) //nolint:gosec // offsets are not negative
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.To))   //nolint:gosec // offsets are not negative
	if !r.Unknown && len(r.Rulings) == 0 {
		return dst
	}
	unknown := byte(0)
	if r.Unknown {
		unknown = 1
	}
	dst = append(dst, unknown)
	dst = binary.AppendUvarint(dst, uint64(len(r.Rulings)))
	entry := 0
	for i := range r.Rulings {
		v := &r.Rulings[i]
		dst = binary.AppendUvarint(dst, uint64(v.Entry-entry)) //nolint:gosec // they are in order
		dst = binary.AppendUvarint(dst, uint64(v.Item))        //nolint:gosec // not negative
		dst = append(dst, byte(v.Verdict))
		entry = v.Entry
	}
	return dst
}

var errRange = errors.New("read sink state: the range that was begun is damaged")

func readRange(b []byte) (r ingest.Range, err error) {
	const fixed = 16 + 2*8
	if len(b) < fixed {
		return r, errRange
	}
	copy(r.ID[:], b)
	r.From = ingest.Offset(binary.BigEndian.Uint64(b[16:])) //nolint:gosec // was one
	r.To = ingest.Offset(binary.BigEndian.Uint64(b[24:]))   //nolint:gosec // was one
	if b = b[fixed:]; len(b) == 0 {
		return r, nil
	}
	r.Unknown, b = b[0] == 1, b[1:]
	number := func() int {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > math.MaxInt32 {
			err, b = errRange, nil
			return 0
		}
		b = b[size:]
		return int(n) //nolint:gosec // at most MaxInt32
	}
	entry, n := 0, number()
	if n > len(b) {
		return r, errRange
	}
	for range n {
		v := ingest.Ruling{Entry: entry + number(), Item: number()}
		if len(b) == 0 {
			return r, errRange
		}
		v.Verdict, b = ingest.Verdict(b[0]), b[1:]
		entry = v.Entry
		r.Rulings = append(r.Rulings, v)
	}
	return r, err
}
