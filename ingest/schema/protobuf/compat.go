package protoformat

import "github.com/observatory/observatory/ingest/schema"

// Incompatibilities says why data of the writer's messages cannot be read with this file.
func (p *Parsed) Incompatibilities(writer schema.Parsed) []schema.Incompatibility {
	w, ok := writer.(*Parsed)
	if !ok {
		return []schema.Incompatibility{schema.OtherFormat(schema.Protobuf)}
	}
	if w.canonical == p.canonical {
		return nil
	}
	return []schema.Incompatibility{schema.TooComplex()}
}
