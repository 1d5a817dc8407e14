package message

import (
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/wire"
)

// object writes a google.protobuf.Struct as JSON. Once an event is too large or too deep to be accepted, no more of it is written. What
// JSON has no form for (NaN, bytes that are not UTF-8, a key that comes twice) is written as it is, and found by the decoder.
// false: it is no Struct.
func (r *Reader) object(message []byte, note func(code, text string)) ([]byte, bool) {
	w := writer{text: r.text, start: len(r.text), note: note}
	valid := w.object(message, 0)
	r.text = w.text
	return w.text[w.start:len(w.text):len(w.text)], valid
}

type writer struct {
	text  []byte
	start int
	note  func(code, text string)
}

// full tells whether there is more than an event may have.
func (w *writer) full() bool { return len(w.text)-w.start > ingest.MaxEventBytes }

// deep notes what lies too deep to be looked at.
func (w *writer) deep(depth int) bool {
	if depth <= ingest.MaxDepth {
		return false
	}
	w.note(ingest.CodeTooDeep, "The event is nested deeper than "+strconv.Itoa(ingest.MaxDepth)+" levels.")
	return true
}

// object writes a Struct: fields, a map of text to Value, which on the wire is a list of pairs.
func (w *writer) object(message []byte, depth int) bool {
	return w.list(message, '{', '}', func(pair []byte) bool {
		var key, value []byte
		valid := eachField(pair, func(f field) bool {
			switch {
			case f.is(1, protowire.BytesType):
				key = f.bytes
			case f.is(2, protowire.BytesType):
				value = f.bytes
			}
			return true
		})
		w.text = append(appendText(w.text, key), ':')
		return valid && w.value(value, depth+1)
	})
}

// list writes the elements of field 1 between brackets.
func (w *writer) list(message []byte, opening, closing byte, write func(element []byte) bool) bool {
	w.text = append(w.text, opening)
	first := true
	valid := eachField(message, func(f field) bool {
		if !f.is(1, protowire.BytesType) || w.full() {
			return true
		}
		if !first {
			w.text = append(w.text, ',')
		}
		first = false
		return write(f.bytes)
	})
	w.text = append(w.text, closing)
	return valid
}

// value writes a Value. One that says nothing is null; of several the last one counts.
func (w *writer) value(message []byte, depth int) bool {
	start := len(w.text)
	valid := eachField(message, func(f field) bool {
		switch {
		case f.is(1, protowire.VarintType):
			w.text = append(w.text[:start], "null"...)
		case f.is(2, protowire.Fixed64Type):
			w.text = appendNumber(w.text[:start], math.Float64frombits(f.number))
		case f.is(3, protowire.BytesType):
			w.text = appendText(w.text[:start], f.bytes)
		case f.is(4, protowire.VarintType):
			w.text = strconv.AppendBool(w.text[:start], f.number != 0)
		case f.is(5, protowire.BytesType) && !w.deep(depth+2):
			w.text = w.text[:start]
			return w.object(f.bytes, depth)
		case f.is(6, protowire.BytesType) && !w.deep(depth+2):
			w.text = w.text[:start]
			return w.list(f.bytes, '[', ']', func(element []byte) bool { return w.value(element, depth+1) })
		}
		return true
	})
	if len(w.text) == start {
		w.text = append(w.text, "null"...)
	}
	return valid
}

// appendText appends a text, or as much of it as makes the event too large.
func appendText(dst, text []byte) []byte {
	return wire.AppendString(dst, text[:min(len(text), ingest.MaxEventBytes+1)])
}

// appendNumber appends a number. A whole one, as far as those are exact, has no fraction and no exponent.
func appendNumber(dst []byte, v float64) []byte {
	const exact = 1 << 53
	switch {
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	case v == math.Trunc(v) && math.Abs(v) < exact && !(v == 0 && math.Signbit(v)):
		return strconv.AppendInt(dst, int64(v), 10)
	default:
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	}
}
