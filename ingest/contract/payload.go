package contract

import (
	"encoding/binary"
	"fmt"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract/conform"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/ingest/schema"
)

// decoderKey names a pair of schemas. reader is 0 where the payload is read with its own schema alone.
type decoderKey struct{ writer, reader int32 }

// frame is a payload that was taken apart.
type frame struct {
	id     int32
	parsed schema.Parsed
	data   []byte
}

// decode decodes an event's payload into its properties. With a reader of the same format the properties come out as the
// reader wants them (conformed); otherwise as the writer had them.
func (c *Contract) decode(w *Workspace, read *reader, unknown conform.Unknown, e *ingest.Event, properties *doc.Node) (conformed bool, rejection *ingest.Rejection) {
	if len(e.Payload) > ingest.MaxEventBytes {
		return false, &ingest.Rejection{Code: ingest.CodeEventTooLarge, Message: fmt.Sprintf("The payload has more than %d bytes.", ingest.MaxEventBytes)}
	}
	frame, rejection := c.open(e.Payload)
	if rejection != nil {
		return false, rejection
	}
	decoder, conformed, ok := c.decoder(frame, read)
	if !ok {
		return false, &ingest.Rejection{Code: ingest.CodeSchemaUnknown, Schema: frame.id, Message: "The schema that the payload names cannot be used to read it."}
	}
	if rejection = decoder.Decode(&w.decoding, &w.findings, frame.data, properties, unknown); rejection != nil {
		rejection.Schema = frame.id
		return false, rejection
	}
	e.Payload, e.Schema = nil, frame.id
	return conformed, nil
}

// maxDecoders bounds the pairs of schemas that are kept ready. A tenant that uses more of them at once pays for it in time.
const maxDecoders = 1_000

// decoder is the one of a pair of schemas, compiled when it is first needed.
func (c *Contract) decoder(f frame, read *reader) (d *conform.Decoder, conformed, ok bool) {
	key := decoderKey{writer: f.id}
	var into any
	if read != nil && read.err == nil {
		key.reader, into = read.id, read.parsed.Native()
	}
	if had, there := c.decoders.Load(key); there {
		d, _ = had.(*conform.Decoder)
		return d, d.Resolves(), true
	}
	if d, ok = conform.NewDecoder(f.parsed.Native(), into); !ok {
		return nil, false, false
	}
	if c.compiled.Add(1) > maxDecoders {
		c.decoders.Clear()
		c.compiled.Store(1)
	}
	had, _ := c.decoders.LoadOrStore(key, d)
	d, _ = had.(*conform.Decoder)
	return d, d.Resolves(), true
}

// open takes a payload apart: an Avro single object (C3 01, the CRC-64-AVRO fingerprint of its schema, little-endian), or
// the magic byte 0 and the ID of a schema, big-endian, as clients of schema registries frame it.
func (c *Contract) open(payload []byte) (frame, *ingest.Rejection) {
	unknown := func(format string, args ...any) *ingest.Rejection {
		return &ingest.Rejection{Code: ingest.CodeSchemaUnknown, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case len(payload) >= 10 && payload[0] == 0xc3 && payload[1] == 0x01:
		id, parsed, ok := c.schemas.ByFingerprint(binary.LittleEndian.Uint64(payload[2:]))
		if !ok {
			return frame{}, unknown("The payload names an Avro schema, by its fingerprint, that is not registered here. Register it before sending.")
		}
		return frame{id: id, parsed: parsed, data: payload[10:]}, nil
	case len(payload) >= 5 && payload[0] == 0:
		id := binary.BigEndian.Uint32(payload[1:])
		if id == 0 || id > 1<<31-1 {
			return frame{}, unknown("The payload names a schema ID that cannot exist.")
		}
		parsed, ok := c.schemas.ByID(int32(id))
		if !ok {
			rejection := unknown("The payload names schema %d, which is not registered here. Register it before sending.", id)
			rejection.Schema = int32(id)
			return frame{}, rejection
		}
		return frame{id: int32(id), parsed: parsed, data: payload[5:]}, nil
	default:
		return frame{}, &ingest.Rejection{
			Code:    ingest.CodePayloadInvalid,
			Message: "The payload is not framed. Begin it with the byte 0 and the schema's ID in 4 bytes, big-endian, or send an Avro single object.",
		}
	}
}
