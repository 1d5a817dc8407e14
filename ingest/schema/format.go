// Package schema is the tenant's own description of its data: subjects with versions of schemas, in one of three
// formats, and the levels of compatibility by which a new version is allowed. It stands beside the way of an event:
// ingest/contract reads the compiled schemas and conforms events to them.
package schema

import (
	"errors"
	"unicode/utf8"

	"github.com/observatory/observatory/internal/fault"
)

// Type is the format of a schema, spelled as registry clients spell it.
type Type string

// The formats that are known.
const (
	Avro     Type = "AVRO"
	JSON     Type = "JSON"
	Protobuf Type = "PROTOBUF"
)

// Bounds of one schema. What is larger is refused by Parse before any library sees it.
const (
	MaxSchemaBytes     = 1 << 20 // text of one schema, in bytes
	MaxDependencies    = 256     // schemas that one refers to, directly or not
	MaxDependencyBytes = 4 << 20 // text of all dependencies together, in bytes
	MaxDepth           = 64      // levels of types within types in one text
	MaxNodes           = 10_000  // named types, fields, symbols and subschemas of one text with its dependencies
	MaxPatternBytes    = 1 << 10 // one regular expression, in bytes; RE2 only
)

// CodeInvalid is the code of every fault that Parse returns; its message says where the schema is wrong and what to do.
const CodeInvalid fault.Code = "invalid_schema"

// Invalid makes the fault of a schema that cannot be used. The message is formatted and may quote names from the schema.
func Invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, CodeInvalid, format, args...)
}

// Reference says that a schema uses another one: under the name that its own text uses, the registered version of a
// subject.
type Reference struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Version int    `json:"version"` // from 1
}

// Dependency is a Reference with its text.
type Dependency struct {
	Name   string
	Schema string
}

// Text is a schema as it was sent. Dependencies holds everything that it refers to, transitively, each before those that
// need it. Nothing else is ever looked up: not by file, not by network.
type Text struct {
	Type         Type
	Schema       string
	Dependencies []Dependency
}

// CheckSize returns the fault of a text that is too large to be parsed, naming the bound.
func (t Text) CheckSize() error {
	if len(t.Schema) > MaxSchemaBytes {
		return Invalid("The schema is %d bytes long; %d are allowed. Split it and use references.", len(t.Schema), MaxSchemaBytes)
	}
	if len(t.Dependencies) > MaxDependencies {
		return Invalid("The schema has %d dependencies, direct or not; %d are allowed.", len(t.Dependencies), MaxDependencies)
	}
	total := 0
	for _, d := range t.Dependencies {
		if len(d.Schema) > MaxSchemaBytes {
			return Invalid("The referenced schema %q is %d bytes long; %d are allowed.", d.Name, len(d.Schema), MaxSchemaBytes)
		}
		total += len(d.Schema)
	}
	if total > MaxDependencyBytes {
		return Invalid("The referenced schemas are %d bytes long together; %d are allowed.", total, MaxDependencyBytes)
	}
	return nil
}

// Format is one way of writing schemas. It is safe for concurrent use.
type Format interface {
	// Parse compiles a schema. The error is a fault of kind Invalid and code CodeInvalid, also for a schema that is too
	// large, too deep, has too many parts or refers to itself without end. Time and memory are bounded.
	Parse(text Text) (Parsed, error)
}

// Parsed is a compiled schema. It is immutable and safe for concurrent use.
type Parsed interface {
	// Canonical is the normalised text: what registering with `normalize` stores. Two texts that mean the same and differ
	// in layout have the same one. Nothing that matters to a reader is lost: for Avro, defaults, aliases and logical types
	// stay, which the specification's Parsing Canonical Form would drop. References stay references.
	Canonical() string
	// Fingerprints identify the schema by what is in it.
	Fingerprints() Fingerprints
	// Incompatibilities says why data that was written with writer cannot always be read with this schema; none when it
	// can. The writer is a Parsed of the same format. At most MaxIncompatibilities are listed, in a stable order.
	Incompatibilities(writer Parsed) []Incompatibility
	// Native is the compiled schema of the library beneath; each format's package says which type it is.
	Native() any
}

// MaxIncompatibilities bounds the list that one comparison returns.
const MaxIncompatibilities = 100

// Fingerprints of a schema. Those of Avro are of the Parsing Canonical Form, as its specification has it, with everything
// referred to written out: they say how data is laid out, so two versions that differ only in defaults, aliases or
// documentation share them. Those of JSON Schema and Protobuf are of Canonical.
type Fingerprints struct {
	SHA256   [32]byte
	Rabin    uint64 // CRC-64-AVRO; 0 unless HasRabin. Single-object encoding writes it in little-endian order
	HasRabin bool   // for Avro only
}

// Incompatibility is one broken rule.
type Incompatibility struct {
	Rule    string `json:"rule"`    // stable, for example READER_FIELD_MISSING_DEFAULT_VALUE
	Path    string `json:"path"`    // where in the reader's schema, for example /fields/3/type
	Message string `json:"message"` // what is wrong
	Advice  string `json:"advice"`  // what to do instead
}

// Shorten cuts what a message quotes from a schema to a length that a person reads.
func Shorten(text string) string {
	const limit = 80
	if len(text) <= limit {
		return text
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}

// MaxComparisons bounds the pairs of types that one comparison looks at.
const MaxComparisons = 1_000_000

// TooComplex is what a comparison finds when it gives up: two schemas that could be compared are not known to be compatible.
func TooComplex() Incompatibility {
	return Incompatibility{
		Rule: "TOO_COMPLEX", Path: "/",
		Message: "The two schemas have too many combinations of types to be compared.",
		Advice:  "Make unions and combinations smaller, or set the subject's compatibility to NONE for this version.",
	}
}

// OtherFormat is what a comparison finds when the writer is of another format.
func OtherFormat(want Type) Incompatibility {
	return Incompatibility{
		Rule: "FORMAT_CHANGED", Path: "/",
		Message: "The other schema is not of type " + string(want) + ".",
		Advice:  "Keep the type of a subject's schemas, or use another subject.",
	}
}

// Within says of a fault of Parse in which dependency it is. Other errors stay as they are.
func Within(name string, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	return Invalid("In the referenced schema %q: %s", Shorten(name), f.Message)
}
