package conform

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/observatory/observatory/ingest"
)

// wellKnown writes a message of google.protobuf that has a form of its own in JSON.
func (r *protoReader) wellKnown(p *protoPlan, data []byte) {
	switch p.known {
	case "google.protobuf.Timestamp":
		seconds, nanos, ok := r.secondsAndNanos(data)
		if ok {
			r.time(time.Unix(seconds, int64(nanos)), nanos >= 0 && nanos < 1e9 && seconds > -1<<40 && seconds < 1<<40, time.RFC3339Nano, p.to)
		}
	case "google.protobuf.Duration":
		if seconds, nanos, ok := r.secondsAndNanos(data); ok {
			r.duration(seconds, nanos, p.to)
		}
	case "google.protobuf.Struct":
		r.anyObject(data)
	case "google.protobuf.ListValue":
		r.anyList(data)
	case "google.protobuf.Value":
		r.anyValue(data)
	case "google.protobuf.FieldMask":
		var paths []string
		r.each(data, func(number protowire.Number, e *protoEntry) {
			if number == 1 {
				paths = append(paths, string(e.data))
			}
		})
		r.bytes(p.to, p.to, []byte(strings.Join(paths, ",")))
	case "google.protobuf.Any":
		var url, value []byte
		r.each(data, func(number protowire.Number, e *protoEntry) {
			switch number {
			case 1:
				url = e.data
			case 2:
				value = e.data
			default:
			}
		})
		r.anyMessage(url, value)
	default: // a wrapper
		inner := &p.fields[0]
		found := false
		var last protoEntry
		r.each(data, func(number protowire.Number, e *protoEntry) {
			if number == 1 && inner.takes(e.typ) {
				found, last = true, *e
			}
		})
		if found {
			r.scalar(inner, &last)
		} else {
			r.buf = append(r.buf, inner.def...)
		}
	}
}

// each calls f for every field of a message.
func (r *protoReader) each(data []byte, f func(number protowire.Number, e *protoEntry)) {
	for len(data) > 0 && r.step() {
		number, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			r.invalid("a field's tag is broken")
			return
		}
		data = data[n:]
		e := protoEntry{typ: typ}
		if n = e.consume(number, data); n < 0 {
			r.invalid("a field is cut short or broken")
			return
		}
		data = data[n:]
		f(number, &e)
	}
}

func (r *protoReader) secondsAndNanos(data []byte) (seconds int64, nanos int32, ok bool) {
	r.each(data, func(number protowire.Number, e *protoEntry) {
		switch {
		case number == 1 && e.typ == protowire.VarintType:
			seconds = int64(e.value)
		case number == 2 && e.typ == protowire.VarintType:
			nanos = int32(e.value)
		}
	})
	return seconds, nanos, r.stopped == nil
}

// duration writes seconds, as in 1.5s. The range is that of the type: 10,000 years.
func (r *protoReader) duration(seconds int64, nanos int32, to *shape) {
	const most = 315_576_000_000
	if seconds > most || seconds < -most || nanos <= -1e9 || nanos >= 1e9 || seconds > 0 && nanos < 0 || seconds < 0 && nanos > 0 {
		r.expect(to.wanted())
		return
	}
	r.buf = append(r.buf, '"')
	if seconds < 0 || nanos < 0 {
		r.buf = append(r.buf, '-')
		seconds, nanos = -seconds, -nanos
	}
	r.buf = strconv.AppendInt(r.buf, seconds, 10)
	if nanos > 0 {
		fraction := strconv.Itoa(1e9 + int(nanos))[1:]
		r.buf = append(append(r.buf, '.'), strings.TrimRight(fraction, "0")...)
	}
	r.buf = append(r.buf, 's', '"')
}

func (r *protoReader) anyObject(data []byte) {
	if !r.enter('{') {
		return
	}
	var order []string
	values := map[string][]byte{}
	r.each(data, func(number protowire.Number, e *protoEntry) {
		if number != 1 || e.typ != protowire.BytesType {
			return
		}
		var name string
		var value []byte
		r.each(e.data, func(number protowire.Number, e *protoEntry) {
			switch number {
			case 1:
				name = string(e.data)
			case 2:
				value = e.data
			default:
			}
		})
		if _, had := values[name]; !had {
			order = append(order, name)
		}
		values[name] = value
	})
	for _, name := range order {
		if !r.member(name) {
			return
		}
		r.push(name)
		r.anyValue(values[name])
		r.pop()
	}
	r.leave('}')
}

func (r *protoReader) anyList(data []byte) {
	if !r.enter('[') {
		return
	}
	i := 0
	r.each(data, func(number protowire.Number, e *protoEntry) {
		if number == 1 && e.typ == protowire.BytesType && r.stopped == nil {
			r.comma()
			r.pushIndex(i)
			r.anyValue(e.data)
			r.pop()
			i++
		}
	})
	r.leave(']')
}

// anyValue writes a google.protobuf.Value: the last of its fields counts, none is null.
func (r *protoReader) anyValue(data []byte) {
	var kind protowire.Number
	var last protoEntry
	r.each(data, func(number protowire.Number, e *protoEntry) { kind, last = number, *e })
	if r.stopped != nil {
		return
	}
	switch {
	case kind == 2 && last.typ == protowire.Fixed64Type:
		r.float(math.Float64frombits(last.value), false)
	case kind == 3 && last.typ == protowire.BytesType:
		text := shape{kind: shapeString, size: -1}
		r.bytes(&text, &text, last.data)
	case kind == 4 && last.typ == protowire.VarintType:
		r.buf = strconv.AppendBool(r.buf, last.value != 0)
	case kind == 5 && last.typ == protowire.BytesType:
		r.anyObject(last.data)
	case kind == 6 && last.typ == protowire.BytesType:
		r.anyList(last.data)
	default:
		r.buf = append(r.buf, "null"...)
	}
}

// anyMessage writes a message whose type is not looked up: what it is of, and its bytes.
func (r *protoReader) anyMessage(url, value []byte) {
	if len(url)+len(value) > ingest.MaxEventBytes-len(r.buf) {
		r.stop(ingest.CodeEventTooLarge, "The payload becomes more than %d bytes of properties.", ingest.MaxEventBytes)
	}
	if !r.enter('{') {
		return
	}
	r.key([]byte(`"@type"`))
	text := shape{kind: shapeString, size: -1}
	r.bytes(&text, &text, url)
	r.key([]byte(`"value"`))
	r.buf = append(base64.StdEncoding.AppendEncode(append(r.buf, '"'), value), '"')
	r.leave('}')
}
