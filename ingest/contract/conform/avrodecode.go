package conform

import (
	"encoding/binary"
	"math"

	"github.com/hamba/avro/v2"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// avroReader reads Avro's binary encoding along a plan, and writes JSON.
type avroReader struct {
	out
	data []byte
	drop bool // what the reader does not know
	note bool // and note it
}

func (r *avroReader) long() int64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.invalid("a number is cut short or too long")
		r.data = nil
		return 0
	}
	r.data = r.data[n:]
	return int64(v>>1) ^ -int64(v&1)
}

// next takes so many bytes.
func (r *avroReader) next(n int64) []byte {
	if n < 0 || n > int64(len(r.data)) {
		r.invalid("a length exceeds the payload")
		r.data = nil
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

// value reads a value, and writes it unless it is to be skipped.
func (r *avroReader) value(p *avroPlan, skip bool) {
	if !r.step() {
		return
	}
	if p.problem != "" {
		r.incompatible(p.problem)
		return
	}
	switch p.kind {
	case avro.Union:
		i := r.long()
		if i < 0 || i >= int64(len(p.branches)) {
			r.invalid("a union has no such type")
			return
		}
		r.value(p.branches[i], skip)
	case avro.Record:
		r.record(p, skip)
	case avro.Array, avro.Map:
		r.blocks(p, skip)
	default:
		r.scalar(p, skip)
	}
}

func (r *avroReader) scalar(p *avroPlan, skip bool) {
	mark := len(r.buf)
	f := r.f
	if skip {
		r.f = nil
	}
	switch p.kind {
	case avro.Null:
		r.buf = append(r.buf, "null"...)
	case avro.Boolean:
		b := r.next(1)
		if len(b) == 1 && b[0] > 1 {
			r.invalid("a boolean is neither 0 nor 1")
		}
		if len(b) == 1 {
			r.integer(p.from, p.to, int64(b[0]))
		}
	case avro.Int, avro.Long:
		v := r.long()
		if p.kind == avro.Int && (v > math.MaxInt32 || v < math.MinInt32) {
			r.invalid("an int has more than 32 bits")
		}
		r.integer(p.from, p.to, v)
	case avro.Float:
		if b := r.next(4); b != nil {
			r.float(float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), true)
		}
	case avro.Double:
		if b := r.next(8); b != nil {
			r.float(math.Float64frombits(binary.LittleEndian.Uint64(b)), false)
		}
	case avro.Bytes, avro.String:
		if b := r.next(r.long()); b != nil && !skip {
			r.bytes(p.from, p.to, b)
		}
	case avro.Fixed:
		if b := r.next(int64(p.size)); b != nil && !skip {
			r.bytes(p.from, p.to, b)
		}
	case avro.Enum:
		i := r.long()
		switch {
		case i < 0 || i >= int64(len(p.symbols)):
			r.invalid("an enum has no such symbol")
		case p.symbols[i] == nil && !skip:
			r.incompatible("its enum " + p.to.name + " lacks a symbol, and has no default")
		default:
			r.buf = append(r.buf, p.symbols[i]...)
		}
	default: // is no scalar
	}
	if skip {
		r.buf, r.f = r.buf[:mark], f
	}
}

func (r *avroReader) record(p *avroPlan, skip bool) {
	if !skip && !r.enter('{') {
		return
	}
	if skip {
		r.level++ // as deep as it would be
		if r.level > 2*ingest.MaxDepth {
			r.stop(ingest.CodeTooDeep, "The event is nested deeper than %d levels.", ingest.MaxDepth)
		}
	}
	for i := range p.fields {
		field := &p.fields[i]
		if r.stopped != nil {
			return
		}
		if skip || !field.known && r.drop {
			r.value(field.plan, true)
			continue
		}
		r.key(field.quoted)
		r.push(field.name)
		if !field.known && r.note {
			r.unknown()
		}
		r.value(field.plan, false)
		r.pop()
	}
	if skip {
		r.level--
		return
	}
	for i := range p.missing {
		r.key(p.missing[i].quoted)
		r.buf = append(r.buf, p.missing[i].def...)
	}
	r.leave('}')
}

// blocks reads a list or a map: blocks of elements, each with its count, until one of none.
func (r *avroReader) blocks(p *avroPlan, skip bool) {
	object := p.kind == avro.Map
	open, end := byte('['), byte(']')
	if object {
		open, end = '{', '}'
	}
	if !skip && !r.enter(open) {
		return
	}
	var seen map[string]struct{}
	for i := 0; r.step(); {
		count := r.long()
		if count == 0 {
			break
		}
		if count < 0 {
			size := r.long()
			if skip && r.stopped == nil {
				r.next(size)
				continue
			}
			if count = -count; size < 0 || size > int64(len(r.data)) || count < 0 {
				r.invalid("a length exceeds the payload")
				return
			}
		}
		for ; count > 0 && r.stopped == nil; count-- {
			switch {
			case object:
				seen = r.entry(p, seen, skip)
			case skip:
				r.value(p.elem, true)
			default:
				r.comma()
				r.pushIndex(i)
				r.value(p.elem, false)
				r.pop()
			}
			i++
		}
	}
	if !skip {
		r.leave(end)
	}
}

// entry reads one entry of a map. A key that comes twice would make an object that no reader agrees on.
func (r *avroReader) entry(p *avroPlan, seen map[string]struct{}, skip bool) map[string]struct{} {
	name := string(r.next(r.long()))
	if skip {
		r.value(p.elem, true)
		return nil
	}
	if seen == nil {
		seen = map[string]struct{}{}
	}
	if _, twice := seen[name]; twice {
		r.invalid("a map has a key twice")
		return seen
	}
	seen[name] = struct{}{}
	if !r.member(name) {
		return seen
	}
	r.push(name)
	r.value(p.elem, false)
	r.pop()
	return seen
}

// newAvro makes a decoder of Avro payloads.
func newAvro(writer, reader avro.Schema) *Decoder {
	plan := planAvro(writer, reader)
	return &Decoder{decode: func(w *Decoding, f *Findings, data []byte, into *doc.Node, unknown Unknown) *ingest.Rejection {
		r := &w.avro
		r.reset(f)
		r.data, r.drop, r.note = data, unknown == Drop, unknown == Refuse
		if plan.to.kind != shapeRecord && plan.problem == "" {
			return rejected(ingest.CodePayloadInvalid, "The payload's schema is not a record. Properties are a record.")
		}
		r.value(plan, false)
		if r.stopped == nil && len(r.data) > 0 {
			r.invalid("bytes are left over")
		}
		return r.finish(into)
	}}
}

// finish puts what was written into the properties.
func (o *out) finish(into *doc.Node) *ingest.Rejection {
	if o.step(); o.stopped != nil {
		return o.stopped
	}
	if o.f != nil {
		o.f.size = len(o.buf)
	}
	if into.SetRaw(o.buf) != nil || into.Kind() != doc.Object {
		return rejected(ingest.CodePayloadInvalid, "The payload does not hold what its schema says.")
	}
	return nil
}
