package sinkstate

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

// A range is written as ID, 16 bytes | from, to, 8 bytes each | then, unless every event passes: flags, 1 byte | number of rulings | each: entries
// behind that of the one before | item | verdict, 1 byte | then, if the flags say so: number of admissions | each: tenant, 16 bytes | month | events |
// verdict, 1 byte | days to keep. Numbers are uvarints unless said otherwise.

const (
	flagUnknown  = 1 << iota // nobody could say who is not suppressed
	flagAdmitted             // admissions follow
)

func appendRange(dst []byte, r *ingest.Range) []byte {
	dst = append(dst, r.ID[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.From)) //nolint:gosec // offsets are not negative
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.To))   //nolint:gosec // offsets are not negative
	if !r.Unknown && len(r.Rulings) == 0 && len(r.Admissions) == 0 {
		return dst
	}
	var flags byte
	if r.Unknown {
		flags |= flagUnknown
	}
	if len(r.Admissions) > 0 {
		flags |= flagAdmitted
	}
	dst = append(dst, flags)
	dst = binary.AppendUvarint(dst, uint64(len(r.Rulings)))
	entry := 0
	for i := range r.Rulings {
		v := &r.Rulings[i]
		dst = binary.AppendUvarint(dst, uint64(v.Entry-entry)) //nolint:gosec // they are in order
		dst = binary.AppendUvarint(dst, uint64(v.Item))        //nolint:gosec // not negative
		dst = append(dst, byte(v.Verdict))
		entry = v.Entry
	}
	if len(r.Admissions) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(len(r.Admissions)))
	for i := range r.Admissions {
		a := &r.Admissions[i]
		dst = append(dst, a.Tenant[:]...)
		dst = binary.AppendUvarint(dst, uint64(a.Month))  //nolint:gosec // after the year 0
		dst = binary.AppendUvarint(dst, uint64(a.Events)) //nolint:gosec // not negative
		dst = append(dst, byte(a.Verdict))
		dst = binary.AppendUvarint(dst, uint64(a.KeepDays)) //nolint:gosec // not negative
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
	flags := b[0]
	r.Unknown = flags&flagUnknown != 0
	rest := reader{b: b[1:]}
	entry, n := 0, rest.count()
	for range n {
		v := ingest.Ruling{Entry: entry + rest.number(), Item: rest.number(), Verdict: ingest.Verdict(rest.bytes(1)[0])}
		entry = v.Entry
		r.Rulings = append(r.Rulings, v)
	}
	if flags&flagAdmitted != 0 {
		for range rest.count() {
			a := ingest.Admission{Metered: ingest.Metered{Tenant: tenants.ID(rest.bytes(16)), Month: ingest.Month(rest.number()), Events: int64(rest.number())}} //nolint:gosec // was one
			a.Verdict, a.KeepDays = ingest.Verdict(rest.bytes(1)[0]), rest.number()
			r.Admissions = append(r.Admissions, a)
		}
	}
	return r, rest.err
}

// reader reads what a range is written as. Where that ends too early it reads zeros, and has an error.
type reader struct {
	b   []byte
	err error
}

func (r *reader) number() int {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > math.MaxInt {
		r.err, r.b = errRange, nil
		return 0
	}
	r.b = r.b[size:]
	return int(n) //nolint:gosec // at most MaxInt
}

// count is a number of things of at least a byte each.
func (r *reader) count() int {
	n := r.number()
	if n > len(r.b) {
		r.err, r.b = errRange, nil
		return 0
	}
	return n
}

func (r *reader) bytes(n int) []byte {
	if len(r.b) < n {
		r.err, r.b = errRange, nil
		return make([]byte, n)
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}
