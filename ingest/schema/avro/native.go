package avroformat

import (
	"fmt"
	"math"
	"strconv"

	"github.com/hamba/avro/v2"

	"github.com/observatory/observatory/ingest/schema/jsontree"
)

// builder makes the library's schema from the types. The text is not given to the library's own parser: that one reads
// defaults as doubles, and resolves names differently from the specification.
type builder struct {
	built map[*node]avro.NamedSchema
}

func (b *builder) typ(n *node) (avro.Schema, error) {
	if s := b.built[n]; s != nil {
		return avro.NewRefSchema(s), nil
	}
	switch n.kind {
	case kindNull:
		return avro.NewNullSchema(avro.WithProps(plain(n.props))), nil
	case kindUnion:
		types := make([]avro.Schema, len(n.branches))
		for i := range n.branches {
			var err error
			if types[i], err = b.typ(n.branches[i]); err != nil {
				return nil, err
			}
		}
		return avro.NewUnionSchema(types)
	case kindArray, kindMap:
		items, err := b.typ(n.items)
		if err != nil {
			return nil, err
		}
		if n.kind == kindMap {
			return avro.NewMapSchema(items, avro.WithProps(plain(n.props))), nil
		}
		return avro.NewArraySchema(items, avro.WithProps(plain(n.props))), nil
	case kindEnum:
		options := b.options(n)
		if n.fallback != nil {
			options = append(options, avro.WithDefault(*n.fallback))
		}
		s, err := avro.NewEnumSchema(n.name, "", n.symbols, options...)
		if err != nil {
			return nil, err
		}
		b.built[n] = s
		return s, nil
	case kindFixed:
		s, err := avro.NewFixedSchema(n.name, "", n.size, n.logical(), b.options(n)...)
		if err != nil {
			return nil, err
		}
		b.built[n] = s
		return s, nil
	case kindRecord:
		return b.record(n)
	default:
		return avro.NewPrimitiveSchema(avro.Type(n.kind), n.logical(), avro.WithProps(plain(n.props))), nil
	}
}

func (b *builder) record(n *node) (avro.Schema, error) {
	fields := make([]*avro.Field, len(n.fields))
	s, err := avro.NewRecordSchema(n.name, "", fields, b.options(n)...)
	if err != nil {
		return nil, err
	}
	b.built[n] = s // before its fields, which may hold it again
	for i, f := range n.fields {
		typ, err := b.typ(f.typ)
		if err != nil {
			return nil, err
		}
		options := []avro.SchemaOption{avro.WithAliases(f.aliases), avro.WithOrder(avro.Order(f.order)), avro.WithProps(plain(f.props))}
		if f.doc != nil {
			options = append(options, avro.WithDoc(*f.doc))
		}
		if f.hasDef {
			options = append(options, avro.WithDefault(f.expanded))
		}
		if fields[i], err = avro.NewField(f.name, typ, options...); err != nil {
			return nil, fmt.Errorf("field %s: %w", f.name, err)
		}
		f.expanded = nil // the library keeps it now
	}
	return s, nil
}

func (b *builder) options(n *node) []avro.SchemaOption {
	options := []avro.SchemaOption{avro.WithAliases(n.aliases), avro.WithProps(plain(n.props))}
	if n.doc != nil {
		options = append(options, avro.WithDoc(*n.doc))
	}
	return options
}

// plain is an object as the library keeps attributes.
func plain(o *jsontree.Object) map[string]any {
	if o == nil {
		return nil
	}
	m, _ := jsontree.Plain(o, func(number string) any {
		f, _ := strconv.ParseFloat(number, 64)
		return f
	}).(map[string]any)
	return m
}

// logical is the logical type; nil for none, and for one that does not fit the type beneath, which is to be ignored.
func (n *node) logical() avro.LogicalSchema {
	if n.props == nil {
		return nil
	}
	v, _ := n.props.Get("logicalType")
	name, _ := v.(string)
	if name == string(avro.Decimal) {
		if precision, scale, ok := n.decimal(); ok {
			return avro.NewDecimalLogicalSchema(precision, scale)
		}
		return nil
	}
	fits := false
	switch avro.LogicalType(name) {
	case avro.UUID:
		fits = n.kind == kindString
	case avro.Date, avro.TimeMillis:
		fits = n.kind == kindInt
	case avro.TimeMicros, avro.TimestampMillis, avro.TimestampMicros, avro.LocalTimestampMillis, avro.LocalTimestampMicros:
		fits = n.kind == kindLong
	case avro.Duration:
		fits = n.kind == kindFixed && n.size == 12
	default: // one that is not known, and so to be ignored
	}
	if !fits {
		return nil
	}
	return avro.NewPrimitiveLogicalSchema(avro.LogicalType(name))
}

// decimal is the precision and scale of a decimal number; false when the type is none, or they make no sense.
func (n *node) decimal() (precision, scale int, ok bool) {
	if n.props == nil || n.kind != kindBytes && n.kind != kindFixed {
		return 0, 0, false
	}
	if v, _ := n.props.Get("logicalType"); v != string(avro.Decimal) {
		return 0, 0, false
	}
	number := func(name string) (int, bool) {
		v, there := n.props.Get(name)
		literal, _ := v.(jsontree.Number)
		i, err := strconv.ParseInt(string(literal), 10, 32)
		return int(i), err == nil || !there
	}
	precision, ok1 := number("precision")
	scale, ok2 := number("scale")
	ok = ok1 && ok2 && precision > 0 && scale >= 0 && scale <= precision
	if n.kind == kindFixed && float64(precision) > math.Floor(math.Log10(2)*float64(8*n.size-1)) {
		ok = false
	}
	return precision, scale, ok
}
