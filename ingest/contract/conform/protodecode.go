package conform

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// protoReader reads Protobuf's binary encoding along a plan, and writes JSON. A message is first taken apart into
// entries, and these are then written in the order of its fields: on the wire they may come in any order and repeatedly.
type protoReader struct {
	out
	drop    bool // what the reader does not know
	note    bool // and note it
	entries []protoEntry
}

// message reads a message and writes it as an object.
func (r *protoReader) message(p *protoPlan, data []byte) {
	if p.known != "" {
		r.wellKnown(p, data)
		return
	}
	if p.problem != "" {
		r.incompatible(p.problem)
		return
	}
	if !r.enter('{') {
		return
	}
	base := len(r.entries)
	if !r.split(p, data) {
		return
	}
	at := base
	var last []int // of each oneof, where the entry stands that counts
	if p.oneofs > 0 {
		last = make([]int, p.oneofs+1)
		for _, e := range r.entries[base:] {
			o := p.fields[e.field].oneof
			last[o] = max(last[o], e.at)
		}
	}
	for i := range p.fields {
		end := at
		for end < len(r.entries) && r.entries[end].field == i {
			end++
		}
		if f := &p.fields[i]; f.oneof == 0 || end > at && r.entries[end-1].at == last[f.oneof] {
			r.field(f, at, end)
		}
		if at = end; r.stopped != nil {
			return
		}
	}
	for i := range p.absent {
		r.key(p.absent[i].quoted)
		r.buf = append(r.buf, p.absent[i].def...)
	}
	r.entries = r.entries[:base]
	r.leave('}')
}

// split takes a message apart and sorts the entries by field.
func (r *protoReader) split(p *protoPlan, data []byte) bool {
	base, sorted := len(r.entries), true
	for at := 1; len(data) > 0; at++ {
		if !r.step() {
			return false
		}
		number, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			r.invalid("a field's tag is broken")
			return false
		}
		data = data[n:]
		e := protoEntry{typ: typ, at: at}
		if n = e.consume(number, data); n < 0 {
			r.invalid("a field is cut short or broken")
			return false
		}
		data = data[n:]
		field, known := p.byNum[number]
		if !known || !p.fields[field].takes(typ) {
			if r.note {
				r.push("*")
				r.unknown()
				r.pop()
			}
			continue
		}
		e.field = field
		sorted = sorted && (len(r.entries) == base || r.entries[len(r.entries)-1].field <= field)
		r.entries = append(r.entries, e)
	}
	if !sorted {
		slices.SortStableFunc(r.entries[base:], func(a, b protoEntry) int { return cmp.Compare(a.field, b.field) })
	}
	return true
}

// field writes the entries of one field.
func (r *protoReader) field(f *protoField, from, to int) {
	if from == to {
		r.absent(f)
		return
	}
	if !f.known && r.drop {
		return
	}
	mark, keys := len(r.buf), r.keys
	r.key(f.quoted)
	r.push(f.name)
	defer r.pop()
	if !f.known && r.note {
		r.unknown()
	}
	switch {
	case f.problem != "":
		r.incompatible(f.problem)
	case f.isMap:
		r.entriesOf(f, from, to)
	case f.asList:
		r.list(f, from, to)
	case f.message != nil:
		data := r.entries[from].data
		if to-from > 1 { // one after the other, messages are one message
			data = slices.Clone(data)
			for _, e := range r.entries[from+1 : to] {
				data = append(data, e.data...)
			}
		}
		r.message(f.message, data)
	default:
		e := r.entries[to-1]
		if f.list && e.typ == protowire.BytesType && wireType(f.kind) != protowire.BytesType {
			n, last := 0, protoEntry{typ: wireType(f.kind)}
			for data := e.data; len(data) > 0; data = data[n:] {
				if n = last.consume(0, data); n < 0 {
					r.invalid("a packed list is broken")
					return
				}
			}
			if e = last; len(r.entries[to-1].data) == 0 {
				r.buf, r.keys = r.buf[:mark], keys
				return
			}
		}
		r.scalar(f, &e)
	}
}

// absent writes what a field means that was left out.
func (r *protoReader) absent(f *protoField) {
	switch {
	case f.required:
		if r.f != nil {
			r.push(f.name)
			r.f.Note(ingest.CodeSchemaViolation, r.where(), "required, and missing")
			r.pop()
		}
	case f.def != nil:
		r.key(f.quoted)
		r.buf = append(r.buf, f.def...)
	}
}

func (r *protoReader) list(f *protoField, from, to int) {
	if !r.enter('[') {
		return
	}
	i := 0
	element := func(e *protoEntry) {
		r.comma()
		r.pushIndex(i)
		if f.message != nil {
			r.message(f.message, e.data)
		} else {
			r.scalar(f, e)
		}
		r.pop()
		i++
	}
	for at := from; at < to && r.step(); at++ {
		e := r.entries[at]
		if !f.list || e.typ != protowire.BytesType || wireType(f.kind) == protowire.BytesType {
			element(&e)
			continue
		}
		for data := e.data; len(data) > 0 && r.step(); {
			one := protoEntry{typ: wireType(f.kind)}
			n := one.consume(0, data)
			if n < 0 {
				r.invalid("a packed list is broken")
				return
			}
			data = data[n:]
			element(&one)
		}
	}
	r.leave(']')
}

// entriesOf writes a map. Of entries with the same key the last one counts.
func (r *protoReader) entriesOf(f *protoField, from, to int) {
	if !r.enter('{') {
		return
	}
	type pair struct{ key, value protoEntry }
	order := make([]string, 0, to-from)
	pairs := make(map[string]pair, to-from)
	for at := from; at < to && r.step(); at++ {
		var p pair
		for data := r.entries[at].data; len(data) > 0 && r.step(); {
			number, typ, n := protowire.ConsumeTag(data)
			if n < 0 {
				r.invalid("an entry of a map is broken")
				return
			}
			data = data[n:]
			e := protoEntry{typ: typ, at: 1}
			if n = e.consume(number, data); n < 0 {
				r.invalid("an entry of a map is broken")
				return
			}
			data = data[n:]
			switch {
			case number == 1 && f.key.takes(typ):
				p.key = e
			case number == 2 && f.value.takes(typ):
				p.value = e
			}
		}
		name := r.keyText(f.key, &p.key)
		if _, had := pairs[name]; !had {
			order = append(order, name)
		}
		pairs[name] = p
	}
	for _, name := range order {
		if !r.step() || !r.member(name) {
			return
		}
		r.push(name)
		e := pairs[name].value
		switch {
		case f.value.message != nil:
			r.message(f.value.message, e.data)
		case e.at == 0:
			r.buf = append(r.buf, f.value.def...)
		default:
			r.scalar(f.value, &e)
		}
		r.pop()
	}
	r.leave('}')
}

// keyText is the key of a map as a name.
func (r *protoReader) keyText(f *protoField, e *protoEntry) string {
	switch {
	case f.kind == protoreflect.StringKind:
		return string(e.data)
	case f.kind == protoreflect.BoolKind:
		return strconv.FormatBool(e.value != 0)
	case f.unsigned():
		return strconv.FormatUint(f.number(e), 10)
	default:
		return strconv.FormatInt(int64(f.number(e)), 10)
	}
}

func (f *protoField) unsigned() bool {
	switch f.kind {
	case protoreflect.Uint32Kind, protoreflect.Uint64Kind, protoreflect.Fixed32Kind, protoreflect.Fixed64Kind:
		return true
	default:
		return false
	}
}

// number is a whole number as the writer's kind says, in two's complement.
func (f *protoField) number(e *protoEntry) uint64 {
	switch f.kind {
	case protoreflect.BoolKind:
		if e.value != 0 {
			return 1
		}
		return 0
	case protoreflect.Int32Kind, protoreflect.Sfixed32Kind, protoreflect.EnumKind:
		return uint64(int64(int32(e.value)))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return uint64(uint32(e.value))
	case protoreflect.Sint32Kind:
		return uint64(int64(int32(protowire.DecodeZigZag(e.value & math.MaxUint32))))
	case protoreflect.Sint64Kind:
		return uint64(protowire.DecodeZigZag(e.value))
	default:
		return e.value
	}
}

// scalar writes a value that is not a message.
func (r *protoReader) scalar(f *protoField, e *protoEntry) {
	switch f.kind {
	case protoreflect.FloatKind:
		r.float(float64(math.Float32frombits(uint32(e.value))), true)
	case protoreflect.DoubleKind:
		v := math.Float64frombits(e.value)
		if f.to.single && math.Abs(v) > math.MaxFloat32 && !math.IsInf(v, 0) {
			r.expect(f.to.wanted())
			return
		}
		r.float(v, false)
	case protoreflect.StringKind, protoreflect.BytesKind:
		r.bytes(f.from, f.to, e.data)
	default:
		v := f.number(e)
		switch {
		case f.unsigned() && v > math.MaxInt64 && f.to.kind == shapeInt && v <= f.to.high:
			r.buf = strconv.AppendUint(r.buf, v, 10)
		case f.unsigned() && v > math.MaxInt64:
			r.expect(f.to.wanted())
		default:
			r.integer(f.from, f.to, int64(v))
		}
	}
}

// newProto makes a decoder of Protobuf payloads. The reader may be nil.
func newProto(writer, reader protoreflect.FileDescriptor) *Decoder {
	plans := newProtoPlans(writer, reader)
	return &Decoder{decode: func(w *Decoding, f *Findings, data []byte, into *doc.Node, unknown Unknown) *ingest.Rejection {
		plan, data, rejection := plans.open(data)
		if rejection != nil {
			return rejection
		}
		r := &w.proto
		r.reset(f)
		r.drop, r.note, r.entries = unknown == Drop, unknown == Refuse, r.entries[:0]
		r.message(plan, data)
		return r.finish(into)
	}}
}
