package jsonformat

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/ingest/schema/jsontree"
)

// base is the address of a schema that has no $id of its own. Nobody can be reached there.
const base = "https://schema.invalid/"

// compile hands a schema and what it refers to to the library.
func compile(tree jsontree.Value, dependencies []schema.Dependency) (compiled *jsonschema.Schema, err error) {
	l := loader{trees: make([]jsontree.Value, len(dependencies)), dependencies: dependencies}
	objects := 0
	address := base + "schema.json"
	if id, ok := identifier(tree); ok {
		address = id
	}
	l.base = min(len(address), maxAddress)
	if err := l.check(tree, &objects, "", 0); err != nil {
		return nil, err
	}
	for i, d := range dependencies {
		where := fmt.Sprintf(" of the referenced schema %q", schema.Shorten(d.Name))
		if len(d.Name) > maxAddress {
			return nil, schema.Invalid("The name of a reference is %d bytes long; %d are allowed.", len(d.Name), maxAddress)
		}
		if l.trees[i], err = jsontree.Parse(d.Schema); err != nil {
			return nil, schema.Within(d.Name, err)
		}
		l.base = len(d.Name)
		if id, ok := identifier(l.trees[i]); ok {
			l.base = min(len(id), maxAddress)
		}
		if err := l.check(l.trees[i], &objects, where, 0); err != nil {
			return nil, err
		}
	}
	switch tree.(type) {
	case *jsontree.Object, bool:
	default:
		return nil, schema.Invalid("A JSON schema is an object, or true or false.")
	}
	// The library panics on some identifiers that contradict each other. It runs in this goroutine alone.
	defer func() {
		if recover() != nil {
			compiled, err = nil, schema.Invalid("The schema's identifiers ($id, $anchor) contradict each other. Remove those that nothing refers to.")
		}
	}()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(&l)
	c.UseRegexpEngine((&patterns{compiled: make(map[string]result)}).compile)
	if err := c.AddResource(address, plain(tree)); err != nil {
		return nil, explain(err, address)
	}
	compiled, err = c.Compile(address)
	if err != nil {
		return nil, explain(err, address)
	}
	return compiled, nil
}

// identifier is the absolute address that a schema gives itself.
func identifier(tree jsontree.Value) (string, bool) {
	o, ok := tree.(*jsontree.Object)
	if !ok {
		return "", false
	}
	v, _ := o.Get("$id")
	id, _ := v.(string)
	id, _, _ = strings.Cut(id, "#")
	u, err := url.Parse(id)
	if err != nil || !u.IsAbs() || strings.Contains(u.Host, "json-schema.org") {
		return "", false
	}
	return id, true
}

func plain(tree jsontree.Value) any {
	return jsontree.Plain(tree, func(literal string) any { return json.Number(literal) })
}

// loader finds dependencies, and nothing else.
type loader struct {
	dependencies []schema.Dependency
	trees        []jsontree.Value
	base         int // bytes of the address of the text that is being checked
	addresses    int // bytes of the addresses of all objects and booleans
}

// Load finds what an address means: a dependency of that name, with that $id, or whose name the address ends with.
func (l *loader) Load(address string) (any, error) {
	best, length := -1, 0
	for i, d := range l.dependencies {
		name, _, _ := strings.Cut(d.Name, "#")
		id, _ := identifier(l.trees[i])
		if name == address || id == address {
			return plain(l.trees[i]), nil
		}
		path := strings.TrimLeft(strings.TrimPrefix(name, "./"), "/")
		if strings.HasSuffix(address, "/"+path) && len(path) > length {
			best, length = i, len(path)
		}
	}
	if best < 0 {
		return nil, errUnknown
	}
	return plain(l.trees[best]), nil
}

var errUnknown = errors.New("no reference of that name")

// maxAddress bounds the path to any place in a schema, and what identifies and refers to schemas, in bytes: the library
// keeps the whole address with every subschema.
const maxAddress = 2_000

// maxAddresses bounds all addresses of a schema together, for the same reason.
const maxAddresses = 1 << 20

// check bounds a text and looks at what the library would take in another sense. The path to v is length bytes long.
func (l *loader) check(v jsontree.Value, objects *int, where string, length int) error {
	if length > maxAddress {
		return schema.Invalid("The names that lead to a place in the schema%s are longer than %d bytes together. Shorten them, or define inner parts under $defs.", where, maxAddress)
	}
	switch v := v.(type) {
	case bool:
		*objects++
		l.addresses += l.base + length
	case []jsontree.Value:
		if len(v) > schema.MaxNodes {
			return schema.Invalid("A list in the schema%s has %d elements; %d are allowed.", where, len(v), schema.MaxNodes)
		}
		for i := range v {
			if err := l.check(v[i], objects, where, length+6); err != nil {
				return err
			}
		}
	case *jsontree.Object:
		*objects++
		l.addresses += l.base + length
		if draft, ok := v.Get("$schema"); ok {
			if text, ok := draft.(string); ok && !knownDraft(text) {
				return schema.Invalid("$schema%s names %q. Use https://json-schema.org/draft/2020-12/schema or http://json-schema.org/draft-07/schema#.", where, schema.Shorten(text))
			}
		}
		for _, name := range v.Names() {
			inner, _ := v.Get(name)
			if text, ok := inner.(string); ok && strings.HasPrefix(name, "$") && name != "$comment" && len(text) > maxAddress {
				return schema.Invalid("%s%s is %d bytes long; %d are allowed.", schema.Shorten(name), where, len(text), maxAddress)
			}
			if err := l.check(inner, objects, where, length+1+len(name)); err != nil {
				return err
			}
		}
	}
	if l.addresses > maxAddresses {
		return schema.Invalid("The paths to all places in the schema%s are longer than %d bytes together. Shorten names, or define inner parts under $defs.", where, maxAddresses)
	}
	if *objects > MaxObjects {
		return schema.Invalid("The schema%s has more than %d objects and booleans. Split the event into several.", where, MaxObjects)
	}
	return nil
}

func knownDraft(address string) bool {
	address = strings.TrimSuffix(address, "#")
	address = strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://")
	return address == "json-schema.org/draft/2020-12/schema" || address == "json-schema.org/draft-07/schema"
}

// explain says in our words what the library found.
func explain(err error, address string) error {
	place := func(location string) string {
		location = strings.TrimPrefix(location, address)
		if _, fragment, ok := strings.Cut(location, "#"); ok && !strings.Contains(location, "://") {
			location = fragment
		}
		if location == "" {
			location = "/"
		}
		return schema.Shorten(location)
	}
	var (
		mismatch *jsonschema.SchemaValidationError
		load     *jsonschema.LoadURLError
		regex    *jsonschema.InvalidRegexError
		pointer  *jsonschema.JSONPointerNotFoundError
		anchor   *jsonschema.AnchorNotFoundError
		fault    *patternError
	)
	switch {
	case errors.As(err, &mismatch):
		var v *jsonschema.ValidationError
		if errors.As(mismatch.Err, &v) {
			for len(v.Causes) > 0 {
				v = v.Causes[0]
			}
			where := schema.Shorten("/" + strings.Join(v.InstanceLocation, "/"))
			if f, ok := v.ErrorKind.(*kind.Format); ok && errors.As(f.Err, &fault) {
				return schema.Invalid("At %s: %s", where, fault)
			}
			return schema.Invalid("At %s: not a valid JSON schema: %s.", where, short(v.ErrorKind.LocalizedString(message.NewPrinter(language.English))))
		}
		return schema.Invalid("The schema does not follow its draft.")
	case errors.As(err, &load):
		return schema.Invalid("$ref names %q, which is not among the schema's references. Send a reference with that name; nothing is loaded from elsewhere.", schema.Shorten(strings.TrimPrefix(load.URL, base)))
	case errors.As(err, &regex):
		return schema.Invalid("At %s: %s", place(regex.URL), regex.Err)
	case errors.As(err, &pointer):
		return schema.Invalid("$ref names %s, where there is nothing.", place(pointer.URL))
	case errors.As(err, &anchor):
		return schema.Invalid("$ref names the anchor %q, which is not there.", schema.Shorten(anchor.Reference))
	default:
		return schema.Invalid("The schema cannot be compiled: %s.", short(err.Error()))
	}
}

// short is a library's text, bounded.
func short(text string) string { return schema.Shorten(strings.ReplaceAll(text, base, "")) }
