package jsonformat

import "github.com/observatory/observatory/ingest/schema"

// Incompatibilities says why not everything that the writer's schema accepts is accepted by this one.
func (p *Parsed) Incompatibilities(writer schema.Parsed) []schema.Incompatibility {
	w, ok := writer.(*Parsed)
	if !ok {
		return []schema.Incompatibility{schema.OtherFormat(schema.JSON)}
	}
	if w.canonical == p.canonical {
		return nil
	}
	return []schema.Incompatibility{schema.TooComplex()}
}
