package conform

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/observatory/observatory/ingest"
)

// protoEntry is one field as it stands on the wire.
type protoEntry struct {
	field int
	typ   protowire.Type
	value uint64 // of numbers
	data  []byte // of anything else
	at    int
}

// consume reads the value behind a tag. It is negative when that is broken.
func (e *protoEntry) consume(number protowire.Number, data []byte) (n int) {
	switch e.typ {
	case protowire.VarintType:
		e.value, n = protowire.ConsumeVarint(data)
	case protowire.Fixed32Type:
		var v uint32
		v, n = protowire.ConsumeFixed32(data)
		e.value = uint64(v)
	case protowire.Fixed64Type:
		e.value, n = protowire.ConsumeFixed64(data)
	case protowire.BytesType:
		e.data, n = protowire.ConsumeBytes(data)
	case protowire.StartGroupType:
		if nested(data) > 2*ingest.MaxDepth {
			return -1
		}
		e.data, n = protowire.ConsumeGroup(number, data)
	default:
		return -1
	}
	return n
}

// nested is how deep groups lie within each other, at most.
func nested(data []byte) (deepest int) {
	level := 1
	for len(data) > 0 && level > 0 {
		_, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return deepest
		}
		data = data[n:]
		switch typ {
		case protowire.StartGroupType:
			level++
			deepest = max(deepest, level)
			continue
		case protowire.EndGroupType:
			level--
			continue
		default:
		}
		if n = protowire.ConsumeFieldValue(1, typ, data); n < 0 {
			return deepest
		}
		data = data[n:]
	}
	return deepest
}

// wireType is how values of a kind stand on the wire.
func wireType(k protoreflect.Kind) protowire.Type {
	switch k {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.GroupKind:
		return protowire.StartGroupType
	default:
		return protowire.VarintType
	}
}

// takes tells whether a field may stand on the wire like that; lists of numbers may be packed.
func (f *protoField) takes(typ protowire.Type) bool {
	want := wireType(f.kind)
	return typ == want || f.list && typ == protowire.BytesType && want != protowire.StartGroupType
}
