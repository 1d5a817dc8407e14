package conform

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// validate lets the library validate, and notes what it finds.
func (f *Findings) validate(s *jsonschema.Schema, properties *doc.Node) {
	if f.weigh(s, properties, map[*jsonschema.Schema]bool{}); f.over != nil {
		return
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(s.Validate(plain(properties)), &invalid) {
		return
	}
	var found []ingest.Violation
	f.leaves(properties, invalid, func(v ingest.Violation) { found = append(found, v) })
	slices.SortStableFunc(found, func(a, b ingest.Violation) int { return strings.Compare(a.Path, b.Path) })
	found = slices.Compact(found)
	for _, v := range found {
		if !slices.ContainsFunc(f.list, func(had ingest.Violation) bool { return had.Path == v.Path && had.Code == ingest.CodeUnknownProperty }) {
			f.Note(v.Code, v.Path, v.Message)
		}
	}
}

// weigh counts what the library would look at, at most, and refuses the event when that is too much: schemas whose
// alternatives refer to themselves double the work with every level.
func (f *Findings) weigh(s *jsonschema.Schema, n *doc.Node, above map[*jsonschema.Schema]bool) {
	if s == nil || n == nil || above[s] || !f.step() {
		return
	}
	above[s] = true
	defer delete(above, s)
	same := [][]*jsonschema.Schema{{s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else}, s.AllOf, s.AnyOf, s.OneOf}
	if s.DynamicRef != nil {
		same = append(same, []*jsonschema.Schema{s.DynamicRef.Ref})
	}
	for _, each := range s.DependentSchemas {
		same = append(same, []*jsonschema.Schema{each})
	}
	for _, each := range s.Dependencies {
		if each, ok := each.(*jsonschema.Schema); ok {
			same = append(same, []*jsonschema.Schema{each})
		}
	}
	for _, list := range same {
		for _, each := range list {
			f.weigh(each, n, above)
		}
	}
	beneath := func(s *jsonschema.Schema, c *doc.Node) {
		if s != nil {
			f.weigh(s, c, map[*jsonschema.Schema]bool{})
		}
	}
	i := 0
	for c := range n.Children() {
		if f.over != nil {
			return
		}
		if n.Kind() == doc.Object {
			beneath(s.Properties[string(c.Key())], c)
			for _, each := range s.PatternProperties {
				beneath(each, c)
			}
			additional, _ := s.AdditionalProperties.(*jsonschema.Schema)
			beneath(additional, c)
			beneath(s.UnevaluatedProperties, c)
			continue
		}
		additional, _ := s.AdditionalItems.(*jsonschema.Schema)
		items, _ := s.Items.(*jsonschema.Schema)
		list, _ := s.Items.([]*jsonschema.Schema)
		for _, tuple := range [][]*jsonschema.Schema{s.PrefixItems, list} {
			if i < len(tuple) {
				beneath(tuple[i], c)
			}
		}
		for _, each := range []*jsonschema.Schema{items, s.Items2020, additional, s.Contains, s.UnevaluatedItems} {
			beneath(each, c)
		}
		i++
	}
}

// plain is a value as the library takes it.
func plain(n *doc.Node) any {
	switch n.Kind() {
	case doc.Null:
		return nil
	case doc.Bool:
		return n.Raw()[0] == 't'
	case doc.Number:
		if exponent(n.Raw()) > 400 { // the library cannot read it; it is zero, or the decoder would have refused it
			return json.Number("0")
		}
		return json.Number(n.Raw())
	case doc.String:
		return string(n.Text())
	case doc.Array:
		list := make([]any, 0, n.Len())
		for e := range n.Children() {
			list = append(list, plain(e))
		}
		return list
	default:
		object := make(map[string]any, n.Len())
		for c := range n.Children() {
			object[string(c.Key())] = plain(c)
		}
		return object
	}
}

// leaves walks to what is wrong at bottom. The library's own texts are not used: they quote what was sent.
func (f *Findings) leaves(root *doc.Node, e *jsonschema.ValidationError, note func(ingest.Violation)) {
	at := root
	for _, token := range e.InstanceLocation {
		at = member(at, token)
	}
	if at == nil {
		at = root
	}
	path := f.path(at)
	say := func(format string, args ...any) {
		note(ingest.Violation{Code: ingest.CodeSchemaViolation, Path: path, Message: fmt.Sprintf(format, args...)})
	}
	missing := func(names []string, why string) {
		for _, name := range names {
			note(ingest.Violation{Code: ingest.CodeSchemaViolation, Path: path + "." + Shown(name), Message: why})
		}
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf:
		for _, cause := range e.Causes {
			f.leaves(root, cause, note)
		}
	case *kind.Required:
		missing(k.Missing, "required, and missing")
	case *kind.Dependency:
		missing(k.Missing, "required together with "+Shown(k.Prop)+", and missing")
	case *kind.DependentRequired:
		missing(k.Missing, "required together with "+Shown(k.Prop)+", and missing")
	case *kind.AdditionalProperties:
		missing(k.Properties, "not allowed: the schema is closed")
	default:
		say("%s", expectation(e.ErrorKind))
	}
}

func member(n *doc.Node, token string) *doc.Node {
	if n == nil || n.Kind() != doc.Array {
		return n.Child(token)
	}
	i, err := strconv.Atoi(token)
	if err != nil {
		return nil
	}
	for e := range n.Children() {
		if i--; i < 0 {
			return e
		}
	}
	return nil
}

// expectation says what the schema asks for.
func expectation(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return "must be " + article(strings.Join(k.Want, " or "))
	case *kind.Enum:
		return "must be one of " + values(k.Want)
	case *kind.Const:
		return "must be " + values([]any{k.Want})
	case *kind.Format:
		return "must be in the format " + k.Want
	case *kind.Pattern:
		return "must match the pattern of the schema"
	case *kind.MinLength:
		return fmt.Sprintf("must have at least %d characters", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("must have at most %d characters", k.Want)
	case *kind.Minimum:
		return "must be at least " + number(k.Want)
	case *kind.Maximum:
		return "must be at most " + number(k.Want)
	case *kind.ExclusiveMinimum:
		return "must be more than " + number(k.Want)
	case *kind.ExclusiveMaximum:
		return "must be less than " + number(k.Want)
	case *kind.MultipleOf:
		return "must be a multiple of " + number(k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("must have at least %d elements", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d elements", k.Want)
	case *kind.AdditionalItems:
		return "must not have more elements than the schema lists"
	case *kind.UniqueItems:
		return "must not have an element twice"
	case *kind.Contains, *kind.MinContains, *kind.MaxContains:
		return "must contain the right number of elements of the kind that the schema asks for"
	case *kind.MinProperties:
		return fmt.Sprintf("must have at least %d properties", k.Want)
	case *kind.MaxProperties:
		return fmt.Sprintf("must have at most %d properties", k.Want)
	case *kind.PropertyNames:
		return "must have other names of properties"
	case *kind.FalseSchema:
		return "not allowed by the schema"
	case *kind.AnyOf:
		return "must fit one of the alternatives of the schema"
	case *kind.OneOf:
		if len(k.Subschemas) > 0 {
			return "must fit only one of the alternatives of the schema"
		}
		return "must fit one of the alternatives of the schema"
	case *kind.Not:
		return "must not be what the schema rules out"
	case *kind.ContentEncoding, *kind.ContentMediaType, *kind.ContentSchema:
		return "must be encoded as the schema says"
	default:
		return "must fit the schema"
	}
}

func article(name string) string {
	if strings.ContainsAny(name[:1], "aeio") {
		return "an " + name
	}
	return "a " + name
}

// values lists what a schema allows, as far as it is short.
func values(list []any) string {
	const mostValues, mostBytes = 10, 200
	var b strings.Builder
	for i, v := range list {
		text, err := json.Marshal(v)
		if err != nil || i == mostValues || b.Len()+len(text) > mostBytes {
			return b.String() + ", …"
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.Write(text)
	}
	return b.String()
}

func number(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return strings.TrimRight(r.FloatString(10), "0")
}
