package conform

import (
	"github.com/hamba/avro/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/observatory/observatory/ingest/doc"
)

// Conformer fits JSON properties to one schema, in place. It is immutable and safe for concurrent use.
type Conformer interface {
	Conform(f *Findings, properties *doc.Node, unknown Unknown)
}

// New makes the conformer of a compiled schema, as schema.Parsed.Native gives it: a *jsonschema.Schema, an avro.Schema or
// a protoreflect.FileDescriptor, whose first message the properties are. ok is false for anything else.
func New(native any) (c Conformer, ok bool) {
	switch s := native.(type) {
	case *jsonschema.Schema:
		return newJSON(s), true
	case avro.Schema:
		return &Typed{root: avroShape(s)}, true
	case protoreflect.FileDescriptor:
		if s.Messages().Len() == 0 {
			return nil, false
		}
		return &Typed{root: newProtoShapes().message(s.Messages().Get(0))}, true
	default:
		return nil, false
	}
}
