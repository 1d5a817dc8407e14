package conform

import (
	"slices"
	"strings"

	"github.com/hamba/avro/v2"

	"github.com/observatory/observatory/ingest/doc"
)

// avroPlan says how data of a writer's schema is read, and written as a reader's shows it, by the schema resolution of
// the Avro specification (1.12). Recursive schemas make plans cyclic.
type avroPlan struct {
	kind avro.Type // of the writer
	from *shape
	to   *shape
	size int // of a fixed

	fields   []avroField // of the writer, in its order
	missing  []missingField
	elem     *avroPlan
	branches []*avroPlan
	symbols  [][]byte // of the writer, as JSON text of the reader's; nil where the reader has none
	problem  string   // why data of this type cannot be read
}

type avroField struct {
	name   string // as the reader calls it
	quoted []byte
	plan   *avroPlan
	known  bool // to the reader
}

// missingField is a field that the writer does not have.
type missingField struct{ quoted, def []byte }

// avroPlanner makes plans.
type avroPlanner struct {
	writers avroShapes
	readers avroShapes
	plans   map[[2]avro.Schema]*avroPlan
	alone   *avroPlanner // of what only the writer knows
}

// maxAvroPlans bounds the pairs of types that are looked at: two large unions within each other have millions.
const maxAvroPlans = 50_000

// planAvro resolves a writer's schema with a reader's.
func planAvro(writer, reader avro.Schema) *avroPlan {
	c := &avroPlanner{
		writers: avroShapes{named: map[string]*shape{}}, readers: avroShapes{named: map[string]*shape{}},
		plans: map[[2]avro.Schema]*avroPlan{},
	}
	return c.plan(writer, reader)
}

func (c *avroPlanner) plan(writer, reader avro.Schema) *avroPlan {
	writer, reader = behind(writer), behind(reader)
	key := [2]avro.Schema{writer, reader}
	if p := c.plans[key]; p != nil {
		return p
	}
	p := &avroPlan{kind: writer.Type(), from: c.writers.shape(writer), to: c.readers.shape(reader)}
	c.plans[key] = p
	if len(c.plans) > maxAvroPlans {
		p.problem = "the two have too many combinations of types"
		return p
	}
	if union, ok := writer.(*avro.UnionSchema); ok {
		for _, each := range union.Types() {
			p.branches = append(p.branches, c.plan(each, reader))
		}
		return p
	}
	if union, ok := reader.(*avro.UnionSchema); ok {
		chosen := choose(writer, union)
		if chosen == nil {
			p.problem = "the reader's union has no type for " + called(writer)
			return p
		}
		p.to = c.readers.shape(chosen)
		reader = chosen
	}
	if !matches(writer, reader) {
		p.problem = called(writer) + " cannot be read as " + called(reader)
		return p
	}
	switch w := writer.(type) {
	case *avro.FixedSchema:
		p.size = w.Size()
	case *avro.EnumSchema:
		p.enum(w, reader)
	case *avro.ArraySchema:
		p.elem = c.plan(w.Items(), items(reader))
	case *avro.MapSchema:
		p.elem = c.plan(w.Values(), items(reader))
	case *avro.RecordSchema:
		if r, ok := reader.(*avro.RecordSchema); ok {
			c.record(p, w, r)
		}
	}
	return p
}

func items(s avro.Schema) avro.Schema {
	switch s := s.(type) {
	case *avro.ArraySchema:
		return s.Items()
	case *avro.MapSchema:
		return s.Values()
	default:
		return s
	}
}

// choose picks the type of a reader's union that data of the writer's type becomes: the first of the same type, or else
// the first that it can be promoted to.
func choose(writer avro.Schema, union *avro.UnionSchema) avro.Schema {
	for _, same := range []bool{true, false} {
		for _, each := range union.Types() {
			each = behind(each)
			if matches(writer, each) && (!same || each.Type() == writer.Type()) {
				return each
			}
		}
	}
	return nil
}

// matches tells whether data of one type may be read as another, without looking into it.
func matches(writer, reader avro.Schema) bool {
	w, r := writer.Type(), reader.Type()
	switch w {
	case r:
		return sameName(writer, reader)
	case avro.Int:
		return r == avro.Long || r == avro.Float || r == avro.Double
	case avro.Long:
		return r == avro.Float || r == avro.Double
	case avro.Float:
		return r == avro.Double
	case avro.String:
		return r == avro.Bytes
	case avro.Bytes:
		return r == avro.String
	default:
		return false
	}
}

// sameName compares named types by their unqualified names; the reader may know the writer's as an alias.
func sameName(writer, reader avro.Schema) bool {
	w, ok := writer.(avro.NamedSchema)
	if !ok {
		return true
	}
	r, ok := reader.(avro.NamedSchema)
	if !ok {
		return false
	}
	if wf, ok := writer.(*avro.FixedSchema); ok {
		if rf, ok := reader.(*avro.FixedSchema); !ok || rf.Size() != wf.Size() {
			return false
		}
	}
	return w.Name() == r.Name() || slices.ContainsFunc(r.Aliases(), func(alias string) bool {
		return alias == w.FullName() || alias[strings.LastIndexByte(alias, '.')+1:] == w.Name()
	})
}

func called(s avro.Schema) string {
	if named, ok := s.(avro.NamedSchema); ok {
		return string(s.Type()) + " " + named.FullName()
	}
	return string(s.Type())
}

func (p *avroPlan) enum(w *avro.EnumSchema, reader avro.Schema) {
	r, _ := reader.(*avro.EnumSchema)
	for _, symbol := range w.Symbols() {
		var text []byte
		switch {
		case slices.Contains(r.Symbols(), symbol):
			text = doc.AppendString(nil, symbol)
		case r.HasDefault():
			text = doc.AppendString(nil, r.Default())
		}
		p.symbols = append(p.symbols, text)
	}
}

func (c *avroPlanner) record(p *avroPlan, w, r *avro.RecordSchema) {
	taken := make([]bool, len(r.Fields()))
	into := make([]int, len(w.Fields()))
	byName := make(map[string]int, len(r.Fields()))
	for i, f := range r.Fields() {
		byName[f.Name()] = i
	}
	for i, f := range w.Fields() {
		into[i] = -1
		if at, ok := byName[f.Name()]; ok {
			into[i], taken[at] = at, true
		}
	}
	byAlias := map[string]int{}
	for i, f := range r.Fields() {
		for _, alias := range f.Aliases() {
			if !taken[i] {
				byAlias[alias] = i
			}
		}
	}
	for i, f := range w.Fields() {
		if at, ok := byAlias[f.Name()]; ok && into[i] < 0 && !taken[at] {
			into[i], taken[at] = at, true
		}
	}
	for i, f := range w.Fields() {
		field := avroField{name: f.Name()}
		if at := into[i]; at >= 0 {
			field.known, field.name = true, r.Fields()[at].Name()
			field.plan = c.plan(f.Type(), r.Fields()[at].Type())
		} else {
			field.plan = c.planAlone(f.Type())
		}
		field.quoted = doc.AppendString(nil, field.name)
		p.fields = append(p.fields, field)
	}
	shape := c.readers.shape(r)
	for i, f := range r.Fields() {
		switch {
		case taken[i]:
		case shape.fields[i].def != nil:
			p.missing = append(p.missing, missingField{quoted: doc.AppendString(nil, f.Name()), def: shape.fields[i].def})
		default:
			p.problem = "the field " + Shown(f.Name()) + " is missing, and the reader has no default for it"
		}
	}
}

// planAlone is the plan of what only the writer knows.
func (c *avroPlanner) planAlone(s avro.Schema) *avroPlan {
	if c.alone == nil {
		c.alone = &avroPlanner{writers: c.writers, readers: c.writers, plans: map[[2]avro.Schema]*avroPlan{}}
	}
	return c.alone.plan(s, s)
}
