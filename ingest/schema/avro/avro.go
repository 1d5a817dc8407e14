// Package avroformat is the Avro format of the schema registry: schemas of the Avro specification 1.12, their Parsing
// Canonical Form and fingerprints, and its rules of schema resolution, each broken one with its path. Decoding data is
// ingest/contract's business.
package avroformat

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/hamba/avro/v2"
	"github.com/hamba/avro/v2/pkg/crc64"

	"github.com/observatory/observatory/ingest/schema"
)

// Format parses Avro schemas. Its zero value is ready.
//
// Bounds beyond those of package schema: a fixed has at most 64 KiB, a union 1,000 types, and all defaults, written out,
// 4 MiB.
type Format struct{}

var _ schema.Format = Format{}

// Parse compiles a schema. A dependency makes the named types that it defines known; the name of the reference plays no
// part, as everywhere in Avro.
func (Format) Parse(text schema.Text) (schema.Parsed, error) {
	if err := text.CheckSize(); err != nil {
		return nil, err
	}
	p := parser{types: make(map[string]*node), dependency: true}
	for _, d := range text.Dependencies {
		p.where = fmt.Sprintf(" of the referenced schema %q", schema.Shorten(d.Name))
		if _, err := p.text(d.Schema); err != nil {
			return nil, err
		}
	}
	p.where, p.dependency = "", false
	root, err := p.text(text.Schema)
	if err != nil {
		return nil, err
	}
	native, err := (&builder{built: make(map[*node]avro.NamedSchema)}).typ(root)
	if err != nil {
		return nil, schema.Invalid("The schema is not a valid Avro schema: %s.", err)
	}
	return newParsed(root, native), nil
}

// Parsed is a compiled Avro schema.
type Parsed struct {
	root         *node
	native       avro.Schema
	canonical    string
	fingerprints schema.Fingerprints
}

func newParsed(root *node, native avro.Schema) *Parsed {
	normal := writer{written: make(map[*node]bool)}
	normal.typ(root, "")
	parsing := writer{written: make(map[*node]bool), parsing: true}
	parsing.typ(root, "")
	crc := crc64.Sum(parsing.dst)
	return &Parsed{
		root:      root,
		native:    native,
		canonical: string(normal.dst),
		fingerprints: schema.Fingerprints{
			SHA256:   sha256.Sum256(parsing.dst),
			Rabin:    binary.BigEndian.Uint64(crc[:]),
			HasRabin: true,
		},
	}
}

// Canonical is the schema with full names, compact, in one order of attributes. Nothing is left out.
func (p *Parsed) Canonical() string { return p.canonical }

// Fingerprints are those of ParsingCanonicalForm.
func (p *Parsed) Fingerprints() schema.Fingerprints { return p.fingerprints }

// Native is an avro.Schema of github.com/hamba/avro/v2 that needs nothing besides itself. Its own Fingerprint is not that
// of the specification: it counts logical types in, and it writes a type that was met before by its name. The library keeps
// its codecs by that fingerprint, so whoever decodes uses an avro.API of its own per schema (avro.Config.Freeze), never the
// default one: there, types of one name in the schemas of two tenants are mistaken for one another.
func (p *Parsed) Native() any { return p.native }

// Schema is Native with its type.
func (p *Parsed) Schema() avro.Schema { return p.native }

// ParsingCanonicalForm is the form of the specification's section of that name, with the types of dependencies written out.
func (p *Parsed) ParsingCanonicalForm() string {
	w := writer{written: make(map[*node]bool), parsing: true}
	w.typ(p.root, "")
	return string(w.dst)
}

// Recursive tells whether data of the schema can hold data of the same type, as a tree does. The library's
// SchemaCompatibility.Resolve must not be called with such a schema: it does not end.
func (p *Parsed) Recursive() bool {
	return p.root.recursive(make(map[*node]bool), make(map[*node]bool))
}
