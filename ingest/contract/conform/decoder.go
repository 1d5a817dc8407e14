package conform

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/hamba/avro/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// Decoder decodes payloads that were written with one schema, to JSON properties. It is immutable and safe for concurrent
// use. Its work and memory are bounded by the size of the payload and the limits of events, whatever the payload says.
type Decoder struct {
	decode   func(w *Decoding, f *Findings, data []byte, into *doc.Node, unknown Unknown) *ingest.Rejection
	resolves bool
}

// NewDecoder makes a decoder of the compiled schemas of a writer and a reader, as schema.Parsed.Native gives them. The
// reader may be nil: then properties come out as the writer had them. The same goes for a reader of another format. ok is
// false when the writer is of a format that is not known.
func NewDecoder(writer, reader any) (d *Decoder, ok bool) {
	switch w := writer.(type) {
	case *jsonschema.Schema:
		return &Decoder{decode: decodeJSON}, true
	case avro.Schema:
		r, resolves := reader.(avro.Schema)
		if !resolves {
			r = w
		}
		d = newAvro(w, r)
		d.resolves = resolves
		return d, true
	case protoreflect.FileDescriptor:
		r, resolves := reader.(protoreflect.FileDescriptor)
		d = newProto(w, r)
		d.resolves = resolves
		return d, true
	default:
		return nil, false
	}
}

// Resolves tells whether properties come out conformed to the reader's schema.
func (d *Decoder) Resolves() bool { return d.resolves }

// Decode decodes a payload, without its frame, into properties. They point into w until it is used again. What the reader
// does not describe is dealt with as `unknown` says. The rejection has no Schema.
func (d *Decoder) Decode(w *Decoding, f *Findings, data []byte, properties *doc.Node, unknown Unknown) *ingest.Rejection {
	return d.decode(w, f, data, properties, unknown)
}

// Decoding is the memory of decoding, kept between payloads.
type Decoding struct {
	avro  avroReader
	proto protoReader
}

func rejected(code, format string, args ...any) *ingest.Rejection {
	return &ingest.Rejection{Code: code, Message: fmt.Sprintf(format, args...)}
}

// decodeJSON reads JSON that stands in a frame. It has to keep to what the decoder of requests asks of JSON.
func decodeJSON(_ *Decoding, f *Findings, data []byte, into *doc.Node, _ Unknown) *ingest.Rejection {
	if !utf8.Valid(data) || into.SetRaw(data) != nil || into.Kind() != doc.Object {
		return rejected(ingest.CodePayloadInvalid, "The payload is not a JSON object.")
	}
	f.size = len(data)
	keys := 0
	return checkJSON(into, &keys, 2)
}

func checkJSON(n *doc.Node, keys *int, level int) *ingest.Rejection {
	switch n.Kind() {
	case doc.Number:
		if _, err := strconv.ParseFloat(string(n.Raw()), 64); err != nil {
			return rejected(ingest.CodePayloadInvalid, "The payload has a number that is too large for a 64-bit float.")
		}
		return nil
	case doc.Object, doc.Array:
	default:
		return nil
	}
	if level > ingest.MaxDepth {
		return rejected(ingest.CodeTooDeep, "The event is nested deeper than %d levels.", ingest.MaxDepth)
	}
	var seen map[string]struct{}
	if n.Kind() == doc.Object {
		if *keys += n.Len(); *keys > ingest.MaxKeys {
			return rejected(ingest.CodeTooManyKeys, "The event has more than %d keys.", ingest.MaxKeys)
		}
		seen = make(map[string]struct{}, n.Len())
	}
	for c := range n.Children() {
		if seen != nil {
			if _, twice := seen[string(c.Key())]; twice {
				return rejected(ingest.CodePayloadInvalid, "The payload has a key twice in one object.")
			}
			seen[string(c.Key())] = struct{}{}
		}
		if rejection := checkJSON(c, keys, level+1); rejection != nil {
			return rejection
		}
	}
	return nil
}
