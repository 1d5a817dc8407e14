package conform

import (
	"encoding/base64"
	"math"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/observatory/observatory/ingest/doc"
)

// protoShapes makes the shapes of Protobuf messages.
type protoShapes struct {
	messages map[protoreflect.FullName]*shape
	enums    map[protoreflect.FullName]*shape
}

func newProtoShapes() *protoShapes {
	return &protoShapes{messages: map[protoreflect.FullName]*shape{}, enums: map[protoreflect.FullName]*shape{}}
}

func (c *protoShapes) message(m protoreflect.MessageDescriptor) *shape {
	if had := c.messages[m.FullName()]; had != nil {
		return had
	}
	s := &shape{kind: shapeRecord, name: string(m.FullName()), size: -1, lax: true}
	c.messages[m.FullName()] = s
	if c.wellKnown(s, m) {
		return s
	}
	oneofs := map[protoreflect.FullName]int{}
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		field := shapeField{name: string(f.Name()), shape: c.field(f), optional: f.Cardinality() != protoreflect.Required}
		field.def = protoDefault(f, field.shape)
		if o := f.ContainingOneof(); o != nil && !o.IsSynthetic() {
			if oneofs[o.FullName()] == 0 {
				oneofs[o.FullName()] = len(oneofs) + 1
			}
			field.oneof = oneofs[o.FullName()]
			field.def = nil
		}
		s.fields = append(s.fields, field)
	}
	s.index(func(i int) []string { return []string{m.Fields().Get(i).JSONName()} })
	return s
}

// field is the shape of a field, with its list or map.
func (c *protoShapes) field(f protoreflect.FieldDescriptor) *shape {
	switch {
	case f.IsMap():
		return &shape{kind: shapeMap, size: -1, lax: true, elem: c.one(f.MapValue()), key: c.one(f.MapKey())}
	case f.IsList():
		return &shape{kind: shapeList, size: -1, lax: true, elem: c.one(f)}
	default:
		return c.one(f)
	}
}

// one is the shape of a single value of a field.
func (c *protoShapes) one(f protoreflect.FieldDescriptor) *shape {
	s := &shape{size: -1, lax: true}
	switch f.Kind() {
	case protoreflect.BoolKind:
		s.kind = shapeBool
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		s.kind, s.low, s.high = shapeInt, 1<<31, math.MaxInt32
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		s.kind, s.low, s.high = shapeInt, 1<<63, math.MaxInt64
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		s.kind, s.high = shapeInt, math.MaxUint32
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		s.kind, s.high = shapeInt, math.MaxUint64
	case protoreflect.FloatKind:
		s.kind, s.single = shapeFloat, true
	case protoreflect.DoubleKind:
		s.kind = shapeFloat
	case protoreflect.StringKind:
		s.kind = shapeString
	case protoreflect.BytesKind:
		s.kind = shapeBytes
	case protoreflect.EnumKind:
		return c.enum(f.Enum())
	default:
		return c.message(f.Message())
	}
	return s
}

func (c *protoShapes) enum(e protoreflect.EnumDescriptor) *shape {
	if had := c.enums[e.FullName()]; had != nil {
		return had
	}
	s := &shape{kind: shapeEnum, name: string(e.FullName()), size: -1, lax: true, numbers: map[int64]string{}, closed: e.IsClosed()}
	c.enums[e.FullName()] = s
	if e.FullName() == "google.protobuf.NullValue" {
		s.kind = shapeNull
	}
	for i := range e.Values().Len() {
		v := e.Values().Get(i)
		s.symbols = append(s.symbols, string(v.Name()))
		if _, taken := s.numbers[int64(v.Number())]; !taken {
			s.numbers[int64(v.Number())] = string(v.Name())
		}
	}
	return s
}

// protoDefault is what a field that is left out means, as JSON; nil when it means that there is no value. A field without
// presence (as most of proto3) means zero.
func protoDefault(f protoreflect.FieldDescriptor, s *shape) []byte {
	if f.IsList() || f.IsMap() || f.Message() != nil || f.HasPresence() && !f.HasDefault() || f.Cardinality() == protoreflect.Required {
		return nil
	}
	v := f.Default()
	switch s.kind {
	case shapeBool:
		return strconv.AppendBool(nil, v.Bool())
	case shapeInt:
		if s.low == 0 {
			return strconv.AppendUint(nil, v.Uint(), 10)
		}
		return strconv.AppendInt(nil, v.Int(), 10)
	case shapeFloat:
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			return nil
		}
		var o out
		o.float(v.Float(), s.single)
		return o.buf
	case shapeString:
		return doc.AppendString(nil, v.String())
	case shapeBytes:
		return append(base64.StdEncoding.AppendEncode([]byte{'"'}, v.Bytes()), '"')
	case shapeEnum:
		if name, ok := s.numbers[int64(v.Enum())]; ok {
			return doc.AppendString(nil, name)
		}
		return strconv.AppendInt(nil, int64(v.Enum()), 10)
	default:
		return nil
	}
}

// wellKnown gives the types of google.protobuf that have a form of their own in JSON their shape.
func (c *protoShapes) wellKnown(s *shape, m protoreflect.MessageDescriptor) bool {
	if !own(m) {
		return false
	}
	anything := &shape{kind: shapeAny, size: -1}
	switch m.Name() {
	case "Timestamp":
		s.kind = shapeTimestamp
	case "Duration":
		s.kind = shapeDuration
	case "Struct", "Any":
		s.kind, s.elem = shapeMap, anything
	case "Value":
		s.kind = shapeAny
	case "ListValue":
		s.kind, s.elem = shapeList, anything
	case "FieldMask":
		s.kind = shapeString
	default:
		name := s.name
		*s = *c.one(m.Fields().Get(0))
		s.name = name
	}
	return true
}

// own tells whether a message has a form of its own in JSON.
func own(m protoreflect.MessageDescriptor) bool {
	if m.ParentFile() == nil || m.ParentFile().Package() != "google.protobuf" {
		return false
	}
	switch m.Name() {
	case "Timestamp", "Duration", "Struct", "Value", "ListValue", "FieldMask", "Any":
		return true
	default:
		return isWrapper(m)
	}
}

// isWrapper tells whether a message is one of those that only hold a value.
func isWrapper(m protoreflect.MessageDescriptor) bool {
	switch m.FullName() {
	case "google.protobuf.DoubleValue", "google.protobuf.FloatValue", "google.protobuf.Int64Value", "google.protobuf.UInt64Value", "google.protobuf.Int32Value",
		"google.protobuf.UInt32Value", "google.protobuf.BoolValue", "google.protobuf.StringValue", "google.protobuf.BytesValue":
		return m.Fields().Len() == 1
	default:
		return false
	}
}
