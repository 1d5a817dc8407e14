package protoformat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"
)

// A file in the small world of these tests: messages A and B, which know each other, and an enum.
type file struct {
	messages map[string][]field
	enum     []string
}

type field struct {
	number            int
	name, typ, oneof  string
	repeated, present bool
}

var types = []string{"int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "sfixed32", "fixed64", "sfixed64", "bool", "float", "double", "string", "bytes", "A", "B", "E", "map<string, int32>", "map<int64, B>", "google.protobuf.Timestamp"}

func drawField(t *rapid.T, number int) field {
	f := field{number: number, name: fmt.Sprintf("f_%d", number), typ: rapid.SampledFrom(types).Draw(t, "type")}
	if strings.HasPrefix(f.typ, "map") {
		return f
	}
	switch rapid.IntRange(0, 3).Draw(t, "label") {
	case 0:
		f.repeated = true
	case 1:
		f.oneof = "o"
	case 2:
		f.present = true
	}
	return f
}

func drawFile(t *rapid.T) file {
	out := file{messages: map[string][]field{}, enum: []string{"ZERO", "ONE"}}
	for _, name := range []string{"A", "B"} {
		for number := range rapid.IntRange(0, 4).Draw(t, "fields") {
			out.messages[name] = append(out.messages[name], drawField(t, number+1))
		}
	}
	return out
}

func (f file) evolve(t *rapid.T) file {
	out := file{messages: map[string][]field{}, enum: slices.Clone(f.enum)}
	for _, name := range []string{"A", "B"} {
		for _, each := range f.messages[name] {
			switch rapid.IntRange(0, 15).Draw(t, "change") {
			case 0:
				continue
			case 1:
				each.typ = rapid.SampledFrom(types).Draw(t, "type")
			case 2:
				each.name += "_new"
			case 3:
				each.number += 10
			case 4:
				each.oneof = ""
			case 5:
				if !each.repeated {
					each.oneof = "o"
				}
			case 6:
				each.present = each.oneof == "" && !each.repeated
			case 7:
				each.repeated = each.oneof == "" && !each.present
			}
			if strings.HasPrefix(each.typ, "map") {
				each.oneof, each.repeated, each.present = "", false, false
			}
			if each.oneof != "" {
				each.present = false
			}
			out.messages[name] = append(out.messages[name], each)
		}
		if rapid.Bool().Draw(t, "add") {
			out.messages[name] = append(out.messages[name], drawField(t, 20))
		}
	}
	switch rapid.IntRange(0, 5).Draw(t, "enum") {
	case 0:
		out.enum = append(out.enum, "TWO")
	case 1:
		out.enum[1] = "UNO"
	case 2:
		out.enum = out.enum[:1]
	}
	return out
}

func (f file) String() string {
	var b strings.Builder
	b.WriteString("syntax = \"proto3\"; package p; import \"google/protobuf/timestamp.proto\";\n")
	for _, name := range []string{"A", "B"} {
		var oneof []string
		fmt.Fprintf(&b, "message %s {\n", name)
		for _, each := range f.messages[name] {
			line := fmt.Sprintf("%s %s = %d;\n", each.typ, each.name, each.number)
			switch {
			case each.oneof != "":
				oneof = append(oneof, line)
				continue
			case each.repeated:
				line = "repeated " + line
			case each.present:
				line = "optional " + line
			}
			b.WriteString(line)
		}
		if len(oneof) > 0 {
			b.WriteString("oneof o {\n" + strings.Join(oneof, "") + "}\n")
		}
		b.WriteString("}\n")
	}
	b.WriteString("enum E {\n")
	for i, name := range f.enum {
		fmt.Fprintf(&b, "%s = %d;\n", name, i)
	}
	b.WriteString("}\n")
	return b.String()
}

// fill sets fields of a message at random. Numbers fit every integer type.
func fill(t *rapid.T, m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if rapid.IntRange(0, 2).Draw(t, "set") == 0 || f.Message() != nil && depth == 0 {
			continue
		}
		switch {
		case f.IsMap():
			entry := m.Mutable(f).Map()
			value := entry.NewValue()
			if f.MapValue().Message() != nil {
				fill(t, value.Message(), depth-1)
			} else {
				value = scalarValue(t, f.MapValue())
			}
			entry.Set(scalarValue(t, f.MapKey()).MapKey(), value)
		case f.IsList():
			list := m.Mutable(f).List()
			for range rapid.IntRange(1, 2).Draw(t, "elements") {
				value := list.NewElement()
				if f.Message() != nil {
					fill(t, value.Message(), depth-1)
				} else {
					value = scalarValue(t, f)
				}
				list.Append(value)
			}
		case f.Message() != nil:
			fill(t, m.Mutable(f).Message(), depth-1)
		default:
			m.Set(f, scalarValue(t, f))
		}
	}
}

func scalarValue(t *rapid.T, f protoreflect.FieldDescriptor) protoreflect.Value {
	n := rapid.IntRange(0, 1000).Draw(t, "number")
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(n%2 == 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n % f.Enum().Values().Len()))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(n))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(int64(n))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(n))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(n))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(n) / 2)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(float64(n) / 2)
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(fmt.Append(nil, n))
	default:
		return protoreflect.ValueOfString(fmt.Sprint(n))
	}
}

// When the checker says that a reader can read a writer's data, it reads the same from the wire and from JSON, and every
// field that both know holds what was written.
func TestCompatibleMeansReadable(t *testing.T) {
	t.Parallel()
	tried := 0
	rapid.Check(t, func(t *rapid.T) {
		before := drawFile(t)
		after := before.evolve(t)
		writer, err := parseText(before.String())
		require.NoError(t, err)
		reader, err := parseText(after.String())
		if err != nil {
			require.ErrorContains(t, err, "conflict", "%s", after) // of names in JSON
			return
		}
		require.Empty(t, writer.Incompatibilities(writer))
		again, err := parseText(writer.Canonical())
		require.NoError(t, err)
		require.Equal(t, writer.Canonical(), again.Canonical())
		if len(reader.Incompatibilities(writer)) > 0 {
			return
		}
		tried++
		written := dynamicpb.NewMessage(writer.Message())
		fill(t, written, 3)
		wire, err := proto.Marshal(written)
		require.NoError(t, err)
		text, err := protojson.Marshal(written)
		require.NoError(t, err)
		fromWire, fromJSON := dynamicpb.NewMessage(reader.Message()), dynamicpb.NewMessage(reader.Message())
		require.NoError(t, proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(wire, fromWire))
		require.NoError(t, protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(text, fromJSON), "writer %s\nreader %s\n%s", before, after, text)
		require.True(t, proto.Equal(fromWire, fromJSON), "writer %s\nreader %s\n%s\n%s\n%s", before, after, text, fromWire, fromJSON)
		written.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			if same := reader.Message().Fields().ByNumber(f.Number()); same != nil && !f.IsMap() && !f.IsList() && f.Message() == nil {
				require.Equal(t, v.String(), fromWire.Get(same).String(), "writer %s\nreader %s\n%s", before, after, f.Name())
			}
			return true
		})
	})
	require.Positive(t, tried)
	t.Logf("%d messages were read", tried)
}
