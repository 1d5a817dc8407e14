package stub

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hamba/avro/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// model is the types of a schema as a programmer would write them. What has no counterpart in a language is "anything".
type model struct {
	taken   map[string]bool
	objects []*typ // in the order in which they were met
	enums   []*typ
	jsons   map[*jsonschema.Schema]*typ
	avros   map[string]*typ
}

// newModel begins a model. Names that the languages' own types and the stubs use are taken.
func newModel() *model {
	m := &model{taken: map[string]bool{}, jsons: map[*jsonschema.Schema]*typ{}, avros: map[string]*typ{}}
	for _, name := range []string{"Any", "Array", "Dict", "Error", "JSON", "List", "Literal", "None", "Optional", "Promise", "Record", "Sender", "True", "False", "Who"} {
		m.taken[name] = true
	}
	return m
}

type typeKind int

const (
	anyType typeKind = iota
	boolType
	intType
	floatType
	stringType
	enumType
	listType
	mapType
	objectType
)

type typ struct {
	kind     typeKind
	name     string // of an object or enum
	doc      string
	fields   []field
	elem     *typ
	values   []string
	nullable bool
}

type field struct {
	name     string // in JSON
	typ      *typ
	required bool
	doc      string
}

// maxTypes bounds the objects and enums of a stub; what is beyond becomes anything.
const maxTypes = 500

// name makes a name that is not taken yet.
func (m *model) name(of string) string {
	base := pascal(of)
	name := base
	for i := 2; m.taken[name]; i++ {
		name = fmt.Sprintf("%s%d", base, i)
	}
	m.taken[name] = true
	return name
}

func (m *model) object(name string) *typ {
	if len(m.objects)+len(m.enums) >= maxTypes {
		return nil
	}
	t := &typ{kind: objectType, name: name}
	m.objects = append(m.objects, t)
	return t
}

func (m *model) enum(name string, values []string) *typ {
	if len(values) == 0 || len(m.objects)+len(m.enums) >= maxTypes {
		return &typ{kind: stringType}
	}
	t := &typ{kind: enumType, name: m.name(name), values: values}
	m.enums = append(m.enums, t)
	return t
}

// orNull is a type, or a copy of it that may be null.
func orNull(t *typ, null bool) *typ {
	if !null || t.nullable {
		return t
	}
	c := *t
	c.nullable = true
	return &c
}

// json makes the type of a JSON Schema.
func (m *model) json(s *jsonschema.Schema, name string) *typ {
	if s == nil {
		return &typ{}
	}
	if had := m.jsons[s]; had != nil {
		return had
	}
	if s.Ref != nil && len(s.Properties) == 0 {
		return m.json(s.Ref, name)
	}
	var types []string
	if s.Types != nil {
		types = s.Types.ToStrings()
	}
	null := slices.Contains(types, "null")
	types = slices.DeleteFunc(types, func(t string) bool { return t == "null" })
	switch {
	case s.Enum != nil || s.Const != nil:
		return m.jsonEnum(s, name)
	case len(s.AnyOf) > 0 || len(s.OneOf) > 0:
		return m.alternative(append(slices.Clone(s.AnyOf), s.OneOf...), s, name)
	case len(s.AllOf) > 0 && len(types) == 0 && len(s.Properties) == 0 && len(s.AllOf) == 1:
		return m.json(s.AllOf[0], name)
	case len(types) > 1:
		return &typ{}
	case len(types) == 1:
		return orNull(m.jsonOf(types[0], s, name), null)
	case len(s.Properties) > 0 || len(s.AllOf) > 0:
		return m.jsonObject(s, name)
	default:
		return &typ{}
	}
}

func (m *model) jsonOf(kind string, s *jsonschema.Schema, name string) *typ {
	switch kind {
	case "boolean":
		return &typ{kind: boolType}
	case "integer":
		return &typ{kind: intType}
	case "number":
		return &typ{kind: floatType}
	case "string":
		return &typ{kind: stringType}
	case "array":
		items := s.Items2020
		if all, ok := s.Items.(*jsonschema.Schema); ok {
			items = all
		}
		if len(s.PrefixItems) > 0 {
			items = nil
		}
		return &typ{kind: listType, elem: m.json(items, name+" item")}
	default:
		return m.jsonObject(s, name)
	}
}

// alternative understands the one that is made of a type and null.
func (m *model) alternative(all []*jsonschema.Schema, s *jsonschema.Schema, name string) *typ {
	var one *jsonschema.Schema
	null := false
	for _, each := range all {
		if each.Types != nil && each.Types.String() == "[null]" {
			null = true
			continue
		}
		if one != nil {
			if len(s.Properties) > 0 {
				return m.jsonObject(s, name)
			}
			return &typ{}
		}
		one = each
	}
	if one == nil || len(s.Properties) > 0 {
		return &typ{}
	}
	return orNull(m.json(one, name), null)
}

func (m *model) jsonEnum(s *jsonschema.Schema, name string) *typ {
	var values []any
	if s.Const != nil {
		values = []any{*s.Const}
	} else {
		values = s.Enum.Values
	}
	var texts []string
	null := false
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			null = true
		case string:
			texts = append(texts, v)
		default:
			return &typ{}
		}
	}
	return orNull(m.enum(name, texts), null)
}

// jsonObject makes an object of the properties of a schema and of those that always apply with it.
func (m *model) jsonObject(s *jsonschema.Schema, name string) *typ {
	properties, required := map[string]*jsonschema.Schema{}, map[string]bool{}
	var gather func(s *jsonschema.Schema, depth int)
	gather = func(s *jsonschema.Schema, depth int) {
		if s == nil || depth > 8 {
			return
		}
		for property, each := range s.Properties {
			if properties[property] == nil {
				properties[property] = each
			}
		}
		for _, property := range s.Required {
			required[property] = true
		}
		gather(s.Ref, depth+1)
		for _, each := range s.AllOf {
			gather(each, depth+1)
		}
	}
	gather(s, 0)
	if len(properties) == 0 {
		elem := &typ{}
		if additional, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
			elem = m.json(additional, name+" value")
		}
		if len(m.objects) > 0 {
			return &typ{kind: mapType, elem: elem}
		}
	}
	if len(m.objects) > 0 {
		name = m.name(name)
	}
	t := m.object(name)
	if t == nil {
		return &typ{}
	}
	m.jsons[s], t.doc = t, s.Description
	for _, property := range slices.Sorted(maps.Keys(properties)) {
		each := properties[property]
		t.fields = append(t.fields, field{name: property, typ: m.json(each, t.name+" "+property), required: required[property], doc: each.Description})
	}
	return t
}

// avro makes the type of an Avro schema, as JSON properties show it.
func (m *model) avro(s avro.Schema, name string) *typ {
	if ref, ok := s.(*avro.RefSchema); ok {
		s = ref.Schema()
	}
	switch s := s.(type) {
	case *avro.PrimitiveSchema:
		return avroPrimitive(s)
	case *avro.FixedSchema:
		if l := s.Logical(); l != nil && l.Type() == avro.Decimal {
			return &typ{kind: floatType}
		}
		return &typ{kind: stringType}
	case *avro.EnumSchema:
		if had := m.avros[s.FullName()]; had != nil {
			return had
		}
		return m.keep(s, m.enum(s.Name(), s.Symbols()))
	case *avro.ArraySchema:
		return &typ{kind: listType, elem: m.avro(s.Items(), name+" item")}
	case *avro.MapSchema:
		return &typ{kind: mapType, elem: m.avro(s.Values(), name+" value")}
	case *avro.UnionSchema:
		null, one := false, []avro.Schema{}
		for _, each := range s.Types() {
			if each.Type() == avro.Null {
				null = true
			} else {
				one = append(one, each)
			}
		}
		if len(one) != 1 {
			return &typ{}
		}
		return orNull(m.avro(one[0], name), null)
	case *avro.RecordSchema:
		return m.avroRecord(s, name)
	default:
		return &typ{}
	}
}

func (m *model) keep(s avro.NamedSchema, t *typ) *typ {
	m.avros[s.FullName()] = t
	return t
}

func avroPrimitive(s *avro.PrimitiveSchema) *typ {
	if l := s.Logical(); l != nil {
		if l.Type() == avro.Decimal {
			return &typ{kind: floatType}
		}
		return &typ{kind: stringType}
	}
	switch s.Type() {
	case avro.Boolean:
		return &typ{kind: boolType}
	case avro.Int, avro.Long:
		return &typ{kind: intType}
	case avro.Float, avro.Double:
		return &typ{kind: floatType}
	default:
		return &typ{kind: stringType}
	}
}

func (m *model) avroRecord(s *avro.RecordSchema, name string) *typ {
	if had := m.avros[s.FullName()]; had != nil {
		return had
	}
	if len(m.objects) > 0 {
		name = m.name(s.Name())
	}
	t := m.object(name)
	if t == nil {
		return &typ{}
	}
	m.keep(s, t)
	t.doc = s.Doc()
	for _, f := range s.Fields() {
		t.fields = append(t.fields, field{name: f.Name(), typ: m.avro(f.Type(), t.name+" "+f.Name()), required: !f.HasDefault(), doc: f.Doc()})
	}
	return t
}
