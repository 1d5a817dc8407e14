package conform

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// out writes JSON text as a payload is decoded, within the limits of events. The first limit that is exceeded, and the
// first thing that is wrong with the payload, is kept; from then on nothing is written, and decoders stop.
type out struct {
	buf     []byte
	keys    int
	level   int // of objects and lists, the event's own included
	steps   int
	stopped *ingest.Rejection

	f    *Findings // nil: nothing is noted
	path []place
}

// place is one step on the way to a value: a name, or the place in a list.
type place struct {
	name  string
	index int
}

func (o *out) reset(f *Findings) {
	*o = out{buf: o.buf[:0], path: o.path[:0], f: f, level: 1}
}

// stop stops decoding.
func (o *out) stop(code, format string, args ...any) {
	if o.stopped == nil {
		o.stopped = rejected(code, format, args...)
		if o.f != nil && code == ingest.CodeSchemaIncompatible {
			o.stopped.Path = o.where()
		}
	}
}

// invalid stops at a payload that is not what its schema says.
func (o *out) invalid(what string) {
	o.stop(ingest.CodePayloadInvalid, "The payload does not hold what its schema says: %s.", what)
}

// incompatible stops at what the reader's schema cannot read.
func (o *out) incompatible(why string) {
	o.stop(ingest.CodeSchemaIncompatible, "The event's schema cannot read what the payload was written with: %s.", why)
}

// step counts a value that is read, and what was written so far. It is false when decoding is to stop.
func (o *out) step() bool {
	if o.stopped != nil {
		return false
	}
	if o.steps++; o.steps > maxSteps || len(o.buf) > ingest.MaxEventBytes {
		o.stop(ingest.CodeEventTooLarge, "The payload becomes more than %d bytes of properties.", ingest.MaxEventBytes)
		return false
	}
	return true
}

// enter begins an object or list.
func (o *out) enter(bracket byte) bool {
	if o.level++; o.level > ingest.MaxDepth {
		o.stop(ingest.CodeTooDeep, "The event is nested deeper than %d levels.", ingest.MaxDepth)
	}
	o.buf = append(o.buf, bracket)
	return o.stopped == nil
}

func (o *out) leave(bracket byte) {
	o.level--
	o.buf = append(o.buf, bracket)
}

// comma separates a member or element from the one before.
func (o *out) comma() {
	if last := o.buf[len(o.buf)-1]; last != '{' && last != '[' {
		o.buf = append(o.buf, ',')
	}
}

// key writes a member's name, which is JSON text already.
func (o *out) key(quoted []byte) {
	if o.keys++; o.keys > ingest.MaxKeys {
		o.stop(ingest.CodeTooManyKeys, "The event has more than %d keys.", ingest.MaxKeys)
	}
	o.comma()
	o.buf = append(append(o.buf, quoted...), ':')
}

// member writes a member's name that came with the payload.
func (o *out) member(name string) bool {
	if o.stopped != nil || len(name) > ingest.MaxEventBytes-len(o.buf) {
		o.stop(ingest.CodeEventTooLarge, "The payload becomes more than %d bytes of properties.", ingest.MaxEventBytes)
		return false
	}
	if !utf8.ValidString(name) {
		o.invalid("a text is not UTF-8")
		return false
	}
	if o.keys++; o.keys > ingest.MaxKeys {
		o.stop(ingest.CodeTooManyKeys, "The event has more than %d keys.", ingest.MaxKeys)
		return false
	}
	o.comma()
	o.buf = append(doc.AppendString(o.buf, name), ':')
	return true
}

func (o *out) push(name string) { o.path = append(o.path, place{name: name, index: -1}) }
func (o *out) pushIndex(i int)  { o.path = append(o.path, place{index: i}) }
func (o *out) pop()             { o.path = o.path[:len(o.path)-1] }

func (o *out) where() string {
	path := []byte("properties")
	for _, p := range o.path {
		if p.index < 0 {
			path = append(append(path, '.'), Shown(p.name)...)
		} else {
			path = fmt.Appendf(path, "[%d]", p.index)
		}
	}
	return string(path)
}

// expect writes null in place of a value that JSON or the shape cannot hold, and notes it.
func (o *out) expect(message string) {
	o.buf = append(o.buf, "null"...)
	if o.f != nil {
		o.f.Note(ingest.CodeSchemaViolation, o.where(), message)
	}
}

// unknown notes that the reader does not describe a property.
func (o *out) unknown() {
	if o.f != nil {
		o.f.Note(ingest.CodeUnknownProperty, o.where(), "not described by the schema")
	}
}

// integer writes a whole number of the one shape as the other shows it.
func (o *out) integer(from, to *shape, v int64) {
	unit := to.unit
	if from.unit != 0 {
		unit = from.unit
	}
	switch to.kind {
	case shapeDate:
		o.time(time.Unix(v*86400, 0), v > -1e6 && v < 3e6, time.DateOnly, to)
	case shapeTime:
		ticks := int64(24 * time.Hour / unit)
		form := "15:04:05.000"
		if unit == time.Microsecond {
			form = "15:04:05.000000"
		}
		o.time(ticked(v, unit), v >= 0 && v < ticks, form, to)
	case shapeTimestamp:
		o.time(ticked(v, unit), true, time.RFC3339Nano, to)
	case shapeLocal:
		o.time(ticked(v, unit), true, "2006-01-02T15:04:05.999999999", to)
	case shapeBool:
		o.buf = strconv.AppendBool(o.buf, v != 0)
	case shapeEnum:
		switch name, ok := to.numbers[v]; {
		case ok:
			o.buf = doc.AppendString(o.buf, name)
		case to.closed:
			o.expect(to.wanted())
		default:
			o.buf = strconv.AppendInt(o.buf, v, 10)
		}
	case shapeInt:
		if v < 0 && uint64(-v) > to.low || v > 0 && uint64(v) > to.high {
			o.expect(to.wanted())
			return
		}
		o.buf = strconv.AppendInt(o.buf, v, 10)
	default:
		o.buf = strconv.AppendInt(o.buf, v, 10)
	}
}

func ticked(v int64, unit time.Duration) time.Time {
	switch unit {
	case time.Microsecond:
		return time.UnixMicro(v)
	default:
		return time.UnixMilli(v)
	}
}

func (o *out) time(t time.Time, ok bool, form string, to *shape) {
	t = t.UTC()
	if !ok || t.Year() < 1 || t.Year() > 9999 {
		o.expect(to.wanted())
		return
	}
	o.buf = append(t.AppendFormat(append(o.buf, '"'), form), '"')
}

// float writes a number; one that is not finite cannot be written in JSON.
func (o *out) float(v float64, single bool) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		o.expect("must be a finite number")
		return
	}
	bits := 64
	if single {
		bits = 32
	}
	form := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		form = 'e'
	}
	o.buf = strconv.AppendFloat(o.buf, v, form, -1, bits)
}

// bytes writes bytes or a text of the one shape as the other shows it.
func (o *out) bytes(from, to *shape, v []byte) {
	if len(v) > ingest.MaxEventBytes-len(o.buf) {
		o.stop(ingest.CodeEventTooLarge, "The payload becomes more than %d bytes of properties.", ingest.MaxEventBytes)
		return
	}
	switch to.kind {
	case shapeBytes:
		o.buf = append(base64.StdEncoding.AppendEncode(append(o.buf, '"'), v), '"')
	case shapeDecimal:
		scale := to.scale
		if from.kind == shapeDecimal {
			scale = from.scale
		}
		mark := len(o.buf)
		if o.decimal(v, scale); o.stopped == nil && !to.decimals(o.buf[mark:]) {
			o.buf = o.buf[:mark]
			o.expect(to.wanted())
		}
	case shapeMonths:
		o.months(v)
	default:
		if !utf8.Valid(v) {
			o.invalid("a text is not UTF-8")
			return
		}
		if to.kind == shapeUUID && !isUUID(v) {
			o.expect(to.wanted())
			return
		}
		o.buf = doc.AppendString(o.buf, v)
	}
}

// decimal writes a two's complement, big-endian number with so many digits behind the point.
func (o *out) decimal(v []byte, scale int) {
	const most = 512 // bytes: writing a number costs the square of its length
	if len(v) > most {
		o.stop(ingest.CodeEventTooLarge, "The payload has a decimal number of more than %d bytes.", most)
		return
	}
	n := new(big.Int).SetBytes(v)
	if len(v) > 0 && v[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v))))
	}
	digits := new(big.Int).Abs(n).Append(nil, 10)
	if n.Sign() < 0 {
		o.buf = append(o.buf, '-')
	}
	scale = min(scale, maxDecimalBytes) // what is longer is refused
	if zeros := scale + 1 - len(digits); zeros > 0 {
		digits = append(bytes.Repeat([]byte{'0'}, zeros), digits...)
	}
	o.buf = append(o.buf, digits[:len(digits)-scale]...)
	if scale > 0 {
		o.buf = append(append(o.buf, '.'), digits[len(digits)-scale:]...)
	}
}

// months writes Avro's duration: months, days and milliseconds, 4 bytes each, little-endian.
func (o *out) months(v []byte) {
	if len(v) != 12 {
		o.expect("must be a duration of 12 bytes")
		return
	}
	months, days, millis := binary.LittleEndian.Uint32(v), binary.LittleEndian.Uint32(v[4:]), binary.LittleEndian.Uint32(v[8:])
	o.buf = fmt.Appendf(o.buf, `"P%dM%dDT%d.%03dS"`, months, days, millis/1000, millis%1000)
}

func isUUID(text []byte) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range text {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'f':
		default:
			return false
		}
	}
	return true
}

func decimal(v int64) string { return strconv.FormatInt(v, 10) }

func (s *shape) least() string {
	if s.low == 0 {
		return "0"
	}
	return "-" + strconv.FormatUint(s.low, 10)
}

func (s *shape) greatest() string { return strconv.FormatUint(s.high, 10) }
