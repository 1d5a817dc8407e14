package conform

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/observatory/observatory/ingest/doc"
)

// protoPlan says how a message of a writer's schema is read, and written as a reader's shows it. Fields are matched by
// number. Recursive messages make plans cyclic.
type protoPlan struct {
	known  protoreflect.FullName // a well-known type with a form of its own; empty for any other message
	to     *shape                // of the reader
	fields []protoField          // in the reader's order, then what only the writer has
	byNum  map[protowire.Number]int
	absent []missingField // of the reader, where the writer has no such field
	oneofs int

	problem string // why messages of this type cannot be read
}

// protoField is a field of the writer.
type protoField struct {
	name     string // as the reader calls it
	quoted   []byte
	kind     protoreflect.Kind
	from     *shape // of a single value, as the writer has it
	to       *shape // as the reader shows it
	list     bool   // to the writer
	asList   bool   // to the reader
	isMap    bool
	key      *protoField
	value    *protoField
	message  *protoPlan
	known    bool // to the reader
	required bool
	def      []byte // of the reader; nil: none
	oneof    int
	problem  string
}

type protoPlanner struct {
	writers, readers *protoShapes
	plans            map[[2]protoreflect.FullName]*protoPlan
	alone            *protoPlanner // of what only the writer knows
}

// maxProtoPlans bounds the pairs of messages that are looked at: those of two large files have millions.
const maxProtoPlans = 20_000

func planProto(writer, reader protoreflect.MessageDescriptor) *protoPlan {
	c := &protoPlanner{writers: newProtoShapes(), readers: newProtoShapes(), plans: map[[2]protoreflect.FullName]*protoPlan{}}
	return c.message(writer, reader)
}

func (c *protoPlanner) message(w, r protoreflect.MessageDescriptor) *protoPlan {
	key := [2]protoreflect.FullName{w.FullName(), r.FullName()}
	if p := c.plans[key]; p != nil {
		return p
	}
	p := &protoPlan{to: c.readers.message(r), byNum: map[protowire.Number]int{}}
	c.plans[key] = p
	if len(c.plans) > maxProtoPlans {
		p.problem = "the two have too many combinations of messages"
		return p
	}
	if own(w) || own(r) {
		p.known = r.FullName()
		if f := r.Fields().ByNumber(1); isWrapper(r) && f != nil {
			inner := c.single(f, f)
			inner.def = zeroOf(f, inner.to)
			p.fields = []protoField{inner}
		}
		return p
	}
	for i := range r.Fields().Len() {
		reader := r.Fields().Get(i)
		writer := w.Fields().ByNumber(reader.Number())
		if writer == nil {
			if def := p.to.fields[i].def; def != nil {
				p.absent = append(p.absent, missingField{quoted: doc.AppendString(nil, string(reader.Name())), def: def})
			} else if reader.Cardinality() == protoreflect.Required {
				p.add(protowire.Number(-1-i), protoField{name: string(reader.Name()), required: true, known: true, to: p.to.fields[i].shape})
			}
			continue
		}
		f := c.field(writer, reader)
		f.def, f.required, f.oneof = p.to.fields[i].def, reader.Cardinality() == protoreflect.Required, p.to.fields[i].oneof
		p.oneofs = max(p.oneofs, f.oneof)
		p.add(writer.Number(), f)
	}
	for i := range w.Fields().Len() {
		writer := w.Fields().Get(i)
		if _, had := p.byNum[writer.Number()]; had {
			continue
		}
		if c.alone == nil {
			c.alone = &protoPlanner{writers: c.writers, readers: c.writers, plans: map[[2]protoreflect.FullName]*protoPlan{}}
		}
		f := c.alone.field(writer, writer)
		f.known = false
		if r.Fields().ByName(writer.Name()) != nil { // the name has another number now
			f.name += "_" + decimal(int64(writer.Number()))
			f.quoted = doc.AppendString(nil, f.name)
		}
		p.add(writer.Number(), f)
	}
	return p
}

func (p *protoPlan) add(number protowire.Number, f protoField) {
	p.byNum[number] = len(p.fields)
	p.fields = append(p.fields, f)
}

func (c *protoPlanner) field(w, r protoreflect.FieldDescriptor) protoField {
	f := c.single(w, r)
	f.name, f.known = string(r.Name()), true
	f.quoted = doc.AppendString(nil, f.name)
	f.list, f.asList, f.isMap = w.IsList(), r.IsList(), w.IsMap()
	switch {
	case w.IsMap() != r.IsMap():
		f.problem = "a map was or became something else"
	case w.IsMap():
		key, value := c.single(w.MapKey(), r.MapKey()), c.single(w.MapValue(), r.MapValue())
		f.key, f.value = &key, &value
		f.key.def, f.value.def = zeroOf(w.MapKey(), key.to), zeroOf(w.MapValue(), value.to)
		if f.problem = key.problem; f.problem == "" {
			f.problem = value.problem
		}
	}
	return f
}

// zeroOf is what an entry of a map means that leaves out its key or value.
func zeroOf(f protoreflect.FieldDescriptor, s *shape) []byte {
	switch s.kind {
	case shapeBool:
		return []byte("false")
	case shapeInt, shapeFloat:
		return []byte("0")
	case shapeString, shapeBytes:
		return []byte(`""`)
	case shapeEnum:
		if f.Enum() != nil && f.Enum().Values().Len() > 0 {
			return doc.AppendString(nil, string(f.Enum().Values().Get(0).Name()))
		}
		return []byte("0")
	default:
		return nil
	}
}

// single plans one value of a field. The kinds that share an encoding may be read as each other, and a value that does
// not fit is a violation.
func (c *protoPlanner) single(w, r protoreflect.FieldDescriptor) protoField {
	f := protoField{kind: w.Kind()}
	if w.IsMap() || r.IsMap() {
		f.from, f.to = c.writers.field(w), c.readers.field(r)
		return f
	}
	f.from, f.to = c.writers.one(w), c.readers.one(r)
	if w.Message() != nil && r.Message() != nil {
		f.message = c.message(w.Message(), r.Message())
		if f.message.known != "" && w.Message().FullName() != r.Message().FullName() {
			f.problem = "a field of type " + string(w.Message().FullName()) + " became a " + string(r.Message().FullName())
		}
		return f
	}
	if family(w.Kind()) != family(r.Kind()) {
		f.problem = "a field of type " + w.Kind().String() + " became a " + r.Kind().String()
	}
	return f
}

// family groups kinds whose values may be read as each other.
func family(k protoreflect.Kind) int {
	switch k {
	case protoreflect.BoolKind, protoreflect.EnumKind, protoreflect.Int32Kind, protoreflect.Int64Kind, protoreflect.Uint32Kind, protoreflect.Uint64Kind,
		protoreflect.Sint32Kind, protoreflect.Sint64Kind, protoreflect.Fixed32Kind, protoreflect.Fixed64Kind, protoreflect.Sfixed32Kind, protoreflect.Sfixed64Kind:
		return 1
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return 2
	case protoreflect.StringKind, protoreflect.BytesKind:
		return 3
	default:
		return 4
	}
}
