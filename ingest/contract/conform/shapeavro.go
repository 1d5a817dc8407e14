package conform

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/hamba/avro/v2"

	"github.com/observatory/observatory/ingest/doc"
)

// avroShapes makes the shapes of Avro schemas.
type avroShapes struct {
	named map[string]*shape // by full name
}

func avroShape(s avro.Schema) *shape { return (&avroShapes{named: map[string]*shape{}}).shape(s) }

// behind follows a reference by name.
func behind(s avro.Schema) avro.Schema {
	for {
		ref, ok := s.(*avro.RefSchema)
		if !ok {
			return s
		}
		s = ref.Schema()
	}
}

func (c *avroShapes) shape(s avro.Schema) *shape {
	s = behind(s)
	named, _ := s.(avro.NamedSchema)
	if named != nil {
		if had := c.named[named.FullName()]; had != nil {
			return had
		}
	}
	out := &shape{size: -1}
	if named != nil {
		out.name = named.FullName()
		c.named[out.name] = out
	}
	switch s := s.(type) {
	case *avro.PrimitiveSchema:
		out.primitive(s)
	case *avro.NullSchema:
		out.kind = shapeNull
	case *avro.FixedSchema:
		out.kind, out.size = shapeBytes, s.Size()
		out.logical(s.Logical())
	case *avro.EnumSchema:
		out.kind, out.symbols, out.fallback = shapeEnum, s.Symbols(), s.Default()
	case *avro.ArraySchema:
		out.kind, out.elem = shapeList, c.shape(s.Items())
	case *avro.MapSchema:
		out.kind, out.elem = shapeMap, c.shape(s.Values())
	case *avro.UnionSchema:
		out.kind = shapeUnion
		for _, each := range s.Types() {
			out.types = append(out.types, c.shape(each))
		}
	case *avro.RecordSchema:
		c.record(out, s)
	}
	return out
}

func (c *avroShapes) record(out *shape, s *avro.RecordSchema) {
	out.kind = shapeRecord
	for _, f := range s.Fields() {
		out.fields = append(out.fields, shapeField{name: f.Name(), shape: c.shape(f.Type())})
	}
	out.index(func(i int) []string { return s.Fields()[i].Aliases() })
	for i, f := range s.Fields() {
		if f.HasDefault() {
			out.fields[i].def = appendDefault(nil, out.fields[i].shape, f.Default())
		}
	}
}

func (s *shape) primitive(p *avro.PrimitiveSchema) {
	switch p.Type() {
	case avro.Boolean:
		s.kind = shapeBool
	case avro.Int:
		s.kind, s.low, s.high = shapeInt, 1<<31, math.MaxInt32
	case avro.Long:
		s.kind, s.low, s.high = shapeInt, 1<<63, math.MaxInt64
	case avro.Float:
		s.kind, s.single = shapeFloat, true
	case avro.Double:
		s.kind = shapeFloat
	case avro.Bytes:
		s.kind = shapeBytes
	default:
		s.kind = shapeString
	}
	s.logical(p.Logical())
}

func (s *shape) logical(l avro.LogicalSchema) {
	if l == nil {
		return
	}
	switch l.Type() {
	case avro.UUID:
		s.kind = shapeUUID
	case avro.Date:
		s.kind = shapeDate
	case avro.TimeMillis:
		s.kind, s.unit = shapeTime, time.Millisecond
	case avro.TimeMicros:
		s.kind, s.unit = shapeTime, time.Microsecond
	case avro.TimestampMillis:
		s.kind, s.unit = shapeTimestamp, time.Millisecond
	case avro.TimestampMicros:
		s.kind, s.unit = shapeTimestamp, time.Microsecond
	case avro.LocalTimestampMillis:
		s.kind, s.unit = shapeLocal, time.Millisecond
	case avro.LocalTimestampMicros:
		s.kind, s.unit = shapeLocal, time.Microsecond
	case avro.Duration:
		s.kind = shapeMonths
	case avro.Decimal:
		if d, ok := l.(*avro.DecimalLogicalSchema); ok {
			s.kind, s.precision, s.scale = shapeDecimal, d.Precision(), d.Scale()
		}
	}
}

// appendDefault appends a default of an Avro schema as JSON properties show it: numbers beneath logical types become
// dates and times, bytes base64. nil when it cannot be shown.
func appendDefault(dst []byte, s *shape, value any) []byte {
	switch s.kind {
	case shapeUnion:
		return appendDefault(dst, s.types[0], value)
	case shapeList:
		list, _ := value.([]any)
		dst = append(dst, '[')
		for i, each := range list {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendDefault(dst, s.elem, each)
		}
		return append(dst, ']')
	case shapeMap, shapeRecord:
		object, _ := value.(map[string]any)
		dst = append(dst, '{')
		for i, name := range slices.Sorted(maps.Keys(object)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(doc.AppendString(dst, name), ':')
			inner := s.elem
			if f := s.field(name); f != nil {
				inner = f.shape
			}
			dst = appendDefault(dst, inner, object[name])
		}
		return append(dst, '}')
	default:
		return appendScalarDefault(dst, s, value)
	}
}

func appendScalarDefault(dst []byte, s *shape, value any) []byte {
	var text out
	text.buf = dst
	switch v := value.(type) {
	case int:
		text.integer(s, s, int64(v))
	case int64:
		text.integer(s, s, v)
	case float64:
		if s.kind == shapeInt {
			return strconv.AppendInt(dst, int64(v), 10)
		}
		text.float(v, s.single)
	case float32:
		text.float(float64(v), true)
	case []byte:
		text.bytes(s, s, v)
	case string:
		if s.kind == shapeBytes || s.kind == shapeDecimal || s.kind == shapeMonths {
			text.bytes(s, s, latin(v))
		} else {
			return doc.AppendString(dst, v)
		}
	default:
		if s.kind == shapeBytes || s.kind == shapeDecimal || s.kind == shapeMonths {
			if b, ok := array(v); ok {
				text.bytes(s, s, b)
				return text.buf
			}
		}
		plain, err := json.Marshal(value)
		if err != nil {
			return append(dst, "null"...)
		}
		return append(dst, plain...)
	}
	return text.buf
}

// latin is the bytes that a default writes as text, one code point each.
func latin(text string) []byte {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if r == utf8.RuneError || r > 0xff {
			return []byte(text)
		}
		b = append(b, byte(r))
	}
	return b
}

// array is a fixed default, which the library keeps as an array of bytes.
func array(v any) ([]byte, bool) {
	a := reflect.ValueOf(v)
	if a.Kind() != reflect.Array || a.Type().Elem().Kind() != reflect.Uint8 {
		return nil, false
	}
	b := make([]byte, a.Len())
	reflect.Copy(reflect.ValueOf(b), a)
	return b, true
}
