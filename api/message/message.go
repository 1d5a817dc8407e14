// Package message reads a PublishRequest (api/proto/observatory/v1/ingest.proto) from its bytes, without building it: a message of
// 4 MiB can hold two million empty events, which as Go objects would take ninety times as much memory. Objects become JSON text on
// the way, so that events are held to the same rules by the same code (ingest/wire) whichever way they come.
package message

import (
	"iter"
	"math"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	observatoryv1 "github.com/observatory/observatory/api/gen/observatory/v1"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/internal/fault"
)

// ErrInvalid is returned for bytes that are no PublishRequest.
var ErrInvalid = fault.New(fault.Invalid, "invalid_message", "The message is not a PublishRequest of observatory.v1. Nothing of it was accepted.")

// Request is a PublishRequest whose events are still to be read.
type Request struct {
	Sequence uint64
	Wait     observatoryv1.Wait
	SentAt   time.Time // zero: not sent

	events []byte // the message
}

// Read reads everything but the events. It returns ErrInvalid, or the fault invalid_timestamp (of sent_at).
func Read(message []byte) (Request, error) {
	r := Request{events: message}
	valid := eachField(message, func(f field) bool {
		switch {
		case f.is(1, protowire.BytesType):
			return true
		case f.is(2, protowire.BytesType):
			var ok bool
			if r.SentAt, ok = timestamp(f.bytes); !ok {
				r.SentAt = impossible()
			}
		case f.is(3, protowire.VarintType):
			r.Wait = observatoryv1.Wait(int32(f.number)) //nolint:gosec // as protobuf does
		case f.is(4, protowire.VarintType):
			r.Sequence = f.number
		}
		return true
	})
	if !valid {
		return r, ErrInvalid
	}
	if r.SentAt.Equal(impossible()) {
		return r, fault.New(fault.Invalid, "invalid_timestamp", "`sent_at` must be a time between the years 1 and 9999.")
	}
	return r, nil
}

// impossible is a time that no timestamp holds.
func impossible() time.Time { return time.Unix(math.MinInt32*math.MaxUint16, 0) }

// Reader takes events apart. It keeps its memory, so use one per request from a pool.
type Reader struct {
	text []byte // JSON
	err  error
}

// Size is how much memory the events that were read take, in bytes.
func (r *Reader) Size() int { return cap(r.text) }

// Events yields the events of a request, in order. They point into the message and into the reader, and are valid until its next use.
// hold is told how many bytes the events take, as they become more; its error ends the reading. Ask Err in the end.
func (r *Reader) Events(request Request, hold func(n int) error) iter.Seq[wire.Fields] {
	r.text, r.err = r.text[:0], nil
	return func(yield func(wire.Fields) bool) {
		enough := false
		valid := eachField(request.events, func(f field) bool {
			if !f.is(1, protowire.BytesType) {
				return true
			}
			event, ok := r.event(f.bytes)
			if !ok {
				return false
			}
			if r.err = hold(len(r.text)); r.err != nil {
				return false
			}
			enough = !yield(event)
			return !enough
		})
		if !valid && !enough && r.err == nil {
			r.err = ErrInvalid
		}
	}
}

// Err is why the last reading ended early: ErrInvalid, or hold's error.
func (r *Reader) Err() error { return r.err }

// event takes one event apart. false: it is no Event.
func (r *Reader) event(message []byte) (e wire.Fields, ok bool) {
	note := func(code, text string) {
		if e.Flaw == nil {
			e.Flaw = &ingest.Rejection{Code: code, Message: text}
		}
	}
	var kind observatoryv1.EventType
	bodies, circumstances := 0, 0 // messages that are sent twice would have to be merged
	ok = eachField(message, func(f field) bool {
		if f.wire == protowire.VarintType && f.id == 3 {
			kind = observatoryv1.EventType(int32(f.number)) //nolint:gosec // as protobuf does
			return true
		}
		if f.wire != protowire.BytesType {
			return true // of a version to come, as every field that is not known
		}
		valid := true
		switch int(f.id) {
		case 1:
			e.Event = f.bytes
		case 2:
			e.EventID = f.bytes
		case 4:
			e.UserID = f.bytes
		case 5:
			e.AnonymousID = f.bytes
		case 6:
			e.SessionID = f.bytes
		case 7:
			var inRange bool
			if e.Time, inRange = timestamp(f.bytes); !inRange {
				note(ingest.CodeInvalidTimestamp, "`timestamp` must be between the years 1 and 9999.")
			}
		case 8:
			bodies++
			e.Properties, valid = r.object(f.bytes, note)
			e.Payload = nil
		case 9:
			bodies++
			e.Properties, e.Payload = f.bytes, nil
		case 10:
			bodies++
			e.Properties, e.Payload = nil, f.bytes
		case 11:
			circumstances++
			e.Context, valid = r.object(f.bytes, note)
		case 12:
			circumstances++
			e.Context = f.bytes
		}
		return valid
	})
	if bodies > 1 || circumstances > 1 {
		note(ingest.CodeDuplicateKey, "The message of the event holds a field twice.")
	}
	if kind != observatoryv1.EventType_EVENT_TYPE_UNSPECIFIED {
		e.Type = []byte(typeName(kind))
	}
	return e, ok
}

// typeName is a type's name in the JSON dialect. The numbers are the same; a number of a version to come is nobody's name.
func typeName(kind observatoryv1.EventType) string {
	if _, known := observatoryv1.EventType_name[int32(kind)]; !known {
		return "type " + strconv.Itoa(int(kind))
	}
	return ingest.Type(kind).String() //nolint:gosec // six of them
}

// timestamp reads a google.protobuf.Timestamp. false: no such time can be written down (RFC 3339).
func timestamp(message []byte) (time.Time, bool) {
	var seconds, nanos int64
	valid := eachField(message, func(f field) bool {
		switch {
		case f.is(1, protowire.VarintType):
			seconds = int64(f.number) //nolint:gosec // as protobuf does
		case f.is(2, protowire.VarintType):
			nanos = int64(int32(f.number)) //nolint:gosec // as protobuf does
		}
		return true
	})
	const first, last = -62135596800, 253402300799 // the years 1 and 9999
	if !valid || seconds < first || seconds > last || nanos < 0 || nanos >= int64(time.Second) {
		return time.Time{}, false
	}
	return time.Unix(seconds, nanos).UTC(), true
}

// field is one field of a message as it stands on the wire.
type field struct {
	id     protowire.Number
	wire   protowire.Type
	bytes  []byte // of BytesType
	number uint64 // of VarintType and Fixed64Type
}

func (f field) is(id protowire.Number, wire protowire.Type) bool { return f.id == id && f.wire == wire }

// eachField walks over the fields of a message until each says false. It tells whether all of it was walked over.
func eachField(message []byte, each func(field) bool) bool {
	for len(message) > 0 {
		id, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return false
		}
		message = message[n:]
		f := field{id: id, wire: kind}
		switch kind {
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			f.number, n = protowire.ConsumeFixed64(message)
		default:
			n = protowire.ConsumeFieldValue(id, kind, message)
		}
		if n < 0 {
			return false
		}
		message = message[n:]
		if !each(f) {
			return false
		}
	}
	return true
}
