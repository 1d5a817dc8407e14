// Package jsonformat is the JSON Schema format of the schema registry: drafts 2020-12 and 07, compiled without ever looking
// at a file or the network, and compared by what they accept: open and closed content models, bounds, sums and products.
package jsonformat

import (
	"crypto/sha256"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/ingest/schema/jsontree"
)

// Format parses JSON schemas. Its zero value is ready.
//
// A schema without $schema is of draft 2020-12. The keyword format is an assertion in both drafts, which 2020-12 allows:
// whoever writes "format": "email" wants to be told. Patterns are RE2. Bounds beyond those of package schema: MaxObjects
// and those of patterns and of what one value is checked against, see the constants.
type Format struct{}

var _ schema.Format = Format{}

// MaxObjects bounds the objects and booleans in the texts of a schema and its dependencies together, and so subschemas.
const MaxObjects = 5_000

// Parse compiles a schema. A reference's name is what $ref says: an absolute URI, or a path that is resolved against the
// schema's $id. A dependency is also found by its own $id.
func (Format) Parse(text schema.Text) (schema.Parsed, error) {
	if err := text.CheckSize(); err != nil {
		return nil, err
	}
	tree, err := jsontree.Parse(text.Schema)
	if err != nil {
		return nil, err
	}
	native, err := compile(tree, text.Dependencies)
	if err != nil {
		return nil, err
	}
	if err := checkEnds(native); err != nil {
		return nil, err
	}
	canonical := jsontree.Append(nil, tree)
	return &Parsed{
		native:       native,
		canonical:    string(canonical),
		fingerprints: schema.Fingerprints{SHA256: sha256.Sum256(canonical)},
	}, nil
}

// Parsed is a compiled JSON schema.
type Parsed struct {
	native       *jsonschema.Schema
	canonical    string
	fingerprints schema.Fingerprints
}

// Canonical is the schema as compact JSON with sorted members; nothing is left out.
func (p *Parsed) Canonical() string { return p.canonical }

// Fingerprints are those of Canonical.
func (p *Parsed) Fingerprints() schema.Fingerprints { return p.fingerprints }

// Native is a *jsonschema.Schema of github.com/santhosh-tekuri/jsonschema/v6.
func (p *Parsed) Native() any { return p.native }

// Schema is Native with its type.
func (p *Parsed) Schema() *jsonschema.Schema { return p.native }
