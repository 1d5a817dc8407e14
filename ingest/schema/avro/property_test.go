package avroformat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	avroformat "github.com/observatory/observatory/ingest/schema/avro"
)

type tree = map[string]any

var primitives = []string{"null", "boolean", "int", "long", "float", "double", "bytes", "string"}

// world draws schemas. Names are numbered, so that two schemas drawn after one another have types in common.
type world struct {
	t     *rapid.T
	named int
	open  []string // records around
}

func (w *world) name() string {
	w.named++
	return fmt.Sprintf("N%d", w.named)
}

func (w *world) typ(depth int, inUnion bool) any {
	kind := rapid.IntRange(0, 9).Draw(w.t, "kind")
	if depth == 0 {
		kind %= 3
	}
	switch kind {
	case 3:
		return tree{"type": "array", "items": w.typ(depth-1, false)}
	case 4:
		return tree{"type": "map", "values": w.typ(depth-1, false)}
	case 5, 6:
		return w.record(depth)
	case 7:
		e := tree{"type": "enum", "name": w.name(), "symbols": []any{"A", "B", "C"}}
		if rapid.Bool().Draw(w.t, "default") {
			e["default"] = "A"
		}
		return e
	case 8:
		return tree{"type": "fixed", "name": w.name(), "size": rapid.IntRange(1, 3).Draw(w.t, "size")}
	case 9:
		if inUnion {
			return "null"
		}
		return w.union(depth)
	default:
		if inUnion {
			return rapid.SampledFrom(primitives).Draw(w.t, "primitive")
		}
		return rapid.SampledFrom(primitives[1:]).Draw(w.t, "primitive") // the library cannot skip a null that is no union
	}
}

func (w *world) record(depth int) any {
	name := w.name()
	w.open = append(w.open, name)
	fields := []any{}
	for i := range rapid.IntRange(0, 4).Draw(w.t, "fields") {
		fields = append(fields, tree{"name": fmt.Sprintf("f%d", i), "type": w.typ(depth-1, false)})
	}
	if rapid.IntRange(0, 3).Draw(w.t, "recursive") == 0 {
		outer := rapid.SampledFrom(w.open).Draw(w.t, "outer")
		fields = append(fields, tree{"name": "again", "type": tree{"type": "array", "items": outer}})
	}
	w.open = w.open[:len(w.open)-1]
	return tree{"type": "record", "name": name, "fields": fields}
}

func (w *world) union(depth int) any {
	out, seen := []any{}, map[string]bool{}
	for range rapid.IntRange(1, 4).Draw(w.t, "branches") {
		b := w.typ(depth-1, true)
		key := fmt.Sprint(b)
		if o, ok := b.(tree); ok {
			key = fmt.Sprint(o["type"])
			if o["name"] != nil {
				key = fmt.Sprint(o["name"])
			}
		}
		if !seen[key] {
			seen[key] = true
			out = append(out, b)
		}
	}
	return out
}

// evolve changes a schema here and there.
func (w *world) evolve(s any) any {
	if rapid.IntRange(0, 12).Draw(w.t, "change") == 0 {
		switch s := s.(type) {
		case string:
			if s == "int" || s == "long" || s == "float" {
				return "double"
			}
			return rapid.SampledFrom(primitives[1:]).Draw(w.t, "primitive")
		case tree:
			if s["type"] != "record" { // a union may be around
				return s
			}
		}
	}
	switch s := s.(type) {
	case []any:
		out := []any{}
		for _, b := range s {
			if _, plain := b.(string); plain {
				out = append(out, b)
			} else {
				out = append(out, w.evolve(b))
			}
		}
		if len(out) > 1 && rapid.IntRange(0, 3).Draw(w.t, "drop") == 0 {
			out = out[1:]
		}
		return out
	case tree:
		return w.evolveType(s)
	}
	return s
}

func (w *world) evolveType(s tree) any {
	out := tree{}
	for k, v := range s {
		out[k] = v
	}
	switch s["type"] {
	case "array":
		out["items"] = w.evolve(s["items"])
	case "map":
		out["values"] = w.evolve(s["values"])
	case "enum":
		if rapid.Bool().Draw(w.t, "symbols") {
			out["symbols"] = []any{"D", "A", "C"}
		}
	case "fixed":
		if rapid.IntRange(0, 4).Draw(w.t, "resize") == 0 {
			out["size"] = 4
		}
	case "record":
		fields := []any{}
		for i, f := range s["fields"].([]any) {
			f := f.(tree)
			changed := tree{"name": f["name"], "type": w.evolve(f["type"])}
			switch rapid.IntRange(0, 8).Draw(w.t, "field") {
			case 0:
				continue
			case 1:
				changed["name"], changed["aliases"] = fmt.Sprintf("g%d", i), []any{f["name"]}
			case 2:
				fields = append(fields, tree{"name": fmt.Sprintf("h%d", i), "type": []any{"null", "string"}, "default": nil})
			case 3:
				fields = append(fields, tree{"name": fmt.Sprintf("h%d", i), "type": "int"})
			}
			fields = append(fields, changed)
		}
		out["fields"] = fields
	}
	return out
}

func (w *world) schema() (any, string) {
	s := w.typ(3, false)
	text, err := json.Marshal(s)
	require.NoError(w.t, err)
	return s, string(text)
}

// datum draws data of a schema, in the library's generic form.
func datum(t *rapid.T, s avro.Schema, depth int) any {
	switch s := s.(type) {
	case *avro.RefSchema:
		return datum(t, s.Schema(), depth)
	case *avro.UnionSchema:
		b := rapid.SampledFrom([]avro.Schema(s.Types())).Draw(t, "branch")
		if b.Type() == avro.Null {
			return nil
		}
		name := string(b.Type())
		if ref, ok := b.(*avro.RefSchema); ok {
			b = ref.Schema()
		}
		if n, ok := b.(avro.NamedSchema); ok {
			name = n.FullName()
		}
		return map[string]any{name: datum(t, b, depth)}
	case *avro.RecordSchema:
		out := map[string]any{}
		for _, f := range s.Fields() {
			out[f.Name()] = datum(t, f.Type(), depth-1)
		}
		return out
	case *avro.ArraySchema:
		out := []any{}
		for range rapid.IntRange(0, max(0, min(2, depth))).Draw(t, "elements") {
			out = append(out, datum(t, s.Items(), depth-1))
		}
		return out
	case *avro.MapSchema:
		out := map[string]any{}
		for i := range rapid.IntRange(0, max(0, min(2, depth))).Draw(t, "members") {
			out[fmt.Sprint(i)] = datum(t, s.Values(), depth-1)
		}
		return out
	case *avro.EnumSchema:
		return rapid.SampledFrom(s.Symbols()).Draw(t, "symbol")
	case *avro.FixedSchema:
		return [...]any{[1]byte{1}, [2]byte{1}, [3]byte{1}, [4]byte{1}}[s.Size()-1]
	}
	switch s.Type() {
	case avro.Boolean:
		return rapid.Bool().Draw(t, "boolean")
	case avro.Int:
		return int(rapid.Int32().Draw(t, "int"))
	case avro.Long:
		return rapid.Int64().Draw(t, "long")
	case avro.Float:
		return float32(rapid.IntRange(-1000, 1000).Draw(t, "float"))
	case avro.Double:
		return float64(rapid.IntRange(-1000, 1000).Draw(t, "double"))
	case avro.Bytes:
		return []byte{1, 2}
	case avro.String:
		return "text"
	default:
		return nil
	}
}

// resolves is the specification's schema resolution for one datum: what the checker claims of all of them.
func resolves(r, w avro.Schema, v any) error {
	if ref, ok := r.(*avro.RefSchema); ok {
		r = ref.Schema()
	}
	if ref, ok := w.(*avro.RefSchema); ok {
		w = ref.Schema()
	}
	if u, ok := w.(*avro.UnionSchema); ok {
		name := "null"
		for key, inner := range asMap(v) {
			name, v = key, inner
		}
		chosen, _ := u.Types().Get(name)
		return resolves(r, chosen, v)
	}
	if u, ok := r.(*avro.UnionSchema); ok {
		for _, b := range u.Types() {
			if resolves(b, w, v) == nil {
				return nil
			}
		}
		return errors.New("no branch")
	}
	if r.Type() != w.Type() {
		order := []avro.Type{avro.Int, avro.Long, avro.Float, avro.Double}
		from, to := slices.Index(order, w.Type()), slices.Index(order, r.Type())
		words := (r.Type() == avro.String || r.Type() == avro.Bytes) && (w.Type() == avro.String || w.Type() == avro.Bytes)
		if from >= 0 && to > from || words {
			return nil
		}
		return fmt.Errorf("%s as %s", w.Type(), r.Type())
	}
	if n, ok := r.(avro.NamedSchema); ok && n.Name() != w.(avro.NamedSchema).Name() {
		return errors.New("name")
	}
	switch r := r.(type) {
	case *avro.ArraySchema:
		for _, each := range v.([]any) {
			if err := resolves(r.Items(), w.(*avro.ArraySchema).Items(), each); err != nil {
				return err
			}
		}
	case *avro.MapSchema:
		for _, each := range asMap(v) {
			if err := resolves(r.Values(), w.(*avro.MapSchema).Values(), each); err != nil {
				return err
			}
		}
	case *avro.EnumSchema:
		if !slices.Contains(r.Symbols(), v.(string)) && !r.HasDefault() {
			return errors.New("symbol")
		}
	case *avro.FixedSchema:
		if r.Size() != w.(*avro.FixedSchema).Size() {
			return errors.New("size")
		}
	case *avro.RecordSchema:
		for _, f := range r.Fields() {
			at := slices.IndexFunc(w.(*avro.RecordSchema).Fields(), func(g *avro.Field) bool {
				return g.Name() == f.Name() || slices.Contains(f.Aliases(), g.Name())
			})
			if at < 0 {
				if !f.HasDefault() {
					return errors.New("field " + f.Name())
				}
				continue
			}
			from := w.(*avro.RecordSchema).Fields()[at]
			if err := resolves(f.Type(), from.Type(), asMap(v)[from.Name()]); err != nil {
				return err
			}
		}
	}
	return nil
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// When the checker says that a reader can read a writer's data, it can: by the specification, and by the library. And the
// library's own checker, which knows no paths, comes to the same verdict.
func TestCompatibleMeansReadable(t *testing.T) {
	t.Parallel()
	compatible := 0
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t}
		before, writerText := w.schema()
		changed, err := json.Marshal(w.evolve(before))
		require.NoError(t, err)
		writer, reader := load(t, writerText), load(t, string(changed))
		if writer == nil || reader == nil {
			return
		}
		require.Empty(t, writer.Incompatibilities(writer))
		require.Equal(t, writer.Canonical(), load(t, writer.Canonical()).Canonical())
		require.Equal(t, writer.Fingerprints(), load(t, writer.ParsingCanonicalForm()).Fingerprints())
		broken := reader.Incompatibilities(writer)
		library := avro.NewSchemaCompatibility().Compatible(reader.Schema(), writer.Schema())
		require.Equal(t, library == nil, len(broken) == 0, "%s\n%s\n%v\n%v", writerText, changed, broken, library)
		if len(broken) > 0 {
			return
		}
		compatible++
		codec := avro.Config{}.Freeze() // of these two schemas alone: it knows types by their names
		for range 3 {
			v := datum(t, writer.Schema(), 4)
			data, err := codec.Marshal(writer.Schema(), v)
			require.NoError(t, err, "%s %v", writerText, v)
			require.NoError(t, resolves(reader.Schema(), writer.Schema(), v), "%s\n%s\n%v", writerText, changed, v)
			if writer.Recursive() || reader.Recursive() {
				continue // the library's resolution of these does not end
			}
			both, err := avro.NewSchemaCompatibility().Resolve(reader.Schema(), writer.Schema())
			if err != nil {
				// The library gives up where two branches of a union are promoted to one.
				require.ErrorContains(t, err, "union")
				continue
			}
			var out any
			require.NoError(t, codec.Unmarshal(both, data, &out), "%s\n%s\n%v", writerText, changed, v)
		}
	})
	require.Positive(t, compatible)
	t.Logf("%d pairs were compatible", compatible)
}

// load parses what was drawn; nil for a schema that is refused for a reason that drawing does not look out for.
func load(t *rapid.T, text string) *avroformat.Parsed {
	p, err := parseText(text)
	if err != nil {
		require.ErrorContains(t, err, "union", text)
		return nil
	}
	return p
}

// Numbers at the edges of their types are defaults like any other.
func TestDefaultsAtTheEdges(t *testing.T) {
	t.Parallel()
	for typ, v := range map[string]any{"int": math.MinInt32, "long": int64(math.MinInt64), "float": 3.4e38, "double": math.MaxFloat64} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		p := parse(t, `{"type":"record","name":"R","fields":[{"name":"f","type":"`+typ+`","default":`+string(text)+`}]}`)
		data, err := avro.Marshal(p.Schema(), map[string]any{})
		require.NoError(t, err)
		var out map[string]any
		require.NoError(t, avro.Unmarshal(p.Schema(), data, &out))
		if typ != "float" {
			require.EqualValues(t, v, out["f"])
		}
	}
}
