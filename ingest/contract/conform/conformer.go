package conform

import (
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/observatory/observatory/ingest/doc"
)

// Conformer fits JSON properties to one schema, in place. It is immutable and safe for concurrent use.
type Conformer interface {
	Conform(f *Findings, properties *doc.Node, unknown Unknown)
}

// New makes the conformer of a compiled schema, as schema.Parsed.Native gives it: a *jsonschema.Schema, an avro.Schema or
// a protoreflect.FileDescriptor. ok is false for anything else.
func New(native any) (c Conformer, ok bool) {
	switch s := native.(type) {
	case *jsonschema.Schema:
		return newJSON(s), true
	default:
		return nil, false
	}
}
