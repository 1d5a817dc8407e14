// Package ingest is the way of an event from the edge to the store: decoded (ingest/wire), collected into a durable log
// (ingest/eventlog), carried by the sink into ClickHouse (ingest/ingestch) exactly once, and accounted for by receipts
// and the conservation ledger. This package holds the types, the rules and the ports; the technology lies beneath it.
package ingest

import (
	"strconv"
	"time"
)

// Type is what an event says: that something was done (track, page, screen), or who somebody is (identify, group, alias).
type Type uint8

// The types, with the numbers that the store's Enum8 column uses.
const (
	Track Type = iota + 1
	Identify
	Page
	Screen
	Group
	Alias
)

var typeNames = [...]string{"", "track", "identify", "page", "screen", "group", "alias"} //nolint:gochecknoglobals // a constant table

func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "type " + strconv.Itoa(int(t))
}

// ParseType finds the type of that name. ok is false when there is none.
func ParseType(name string) (t Type, ok bool) {
	for i, n := range typeNames[1:] {
		if n == name {
			return Type(i + 1), true
		}
	}
	return 0, false
}

// DefaultName is the event name of a call that has none of its own: a page view is a page view, whichever API it came by.
func (t Type) DefaultName() string {
	switch t {
	case Page:
		return "page_view"
	case Screen:
		return "screen_view"
	case Track:
		return ""
	default:
		return t.String()
	}
}

// Event is one event between decoding and the log. Its byte slices point into the request's body, so it lives no longer
// than the request. Properties and Context are JSON objects as text, or empty.
type Event struct {
	Type        Type
	Name        []byte // 1 to 200 bytes
	ID          []byte // at most 256 bytes; unique per tenant
	UserID      []byte // at most 256 bytes, as are the next two
	AnonymousID []byte
	SessionID   []byte
	Time        time.Time // zero: when it was received
	Properties  []byte
	Context     []byte

	// Payload is the properties in Avro or Protobuf, framed with the schema they were written with, in place of Properties. It is
	// decoded before anything is written, and written nowhere.
	Payload []byte

	// What the tenant's rules made of the event:
	Client     SDK         // the library that made the event
	Schema     int32       // ID of the schema that the properties conform to; 0: none was asked for
	Violations []Violation // of its contract, where that only warns
	Redactions []string    // names of the rules that touched it
	Policy     int         // version of the redaction policy that was applied; 0: the default one
	Bot        []byte      // why it is taken for a bot's; empty: it is not
	Facts      []byte      // what was found out about it: a flat JSON object, or empty
}

// SDK is a sender's library.
type SDK struct{ Name, Version []byte }

// Violation is one way in which an event breaks its contract. It never holds what was sent.
type Violation struct {
	Code    string // stable, as those of rejections
	Path    string // of the property, as in properties.items[2].price
	Message string // what is expected
}

// Format is what a rejected event was kept as.
type Format uint8

// The formats, with the numbers that the store's Enum8 column uses.
const (
	FormatNative  Format = iota // a JSON event in Observatory's own dialect
	FormatSegment               // a JSON event in Segment's dialect
	FormatText                  // not an event that could be read: its values are blanked
	FormatBinary                // a payload that could not be decoded: nothing of it is kept
)

func (f Format) String() string {
	return [...]string{"native", "segment", "text", "binary"}[f]
}

// Item is one place in a request: an event, or the reason why there is none. A rejected item keeps what could be read of
// the event. Raw is the event as it was sent, at most MaxEventBytes of it.
type Item struct {
	Event     Event
	Rejection *Rejection
	Raw       []byte
	Format    Format // of Raw
	// Verdict is what becomes of it for the sake of the people whom it is about. Of an item that is barred nothing is left but its ID.
	Verdict Verdict
}

// Batch is a decoded request.
type Batch struct {
	Items  []Item
	SentAt time.Time // by the sender's clock; zero when unknown
}

// Rejection says why an event was not accepted. The code is stable and documented; the message says what to do.
type Rejection struct {
	Code    string
	Message string
	Path    string // of what breaks the rule, as in properties.items[2].price; empty: the event as a whole
	Schema  int32  // ID of the schema that it breaks; 0: none
}

// Codes of rejected events.
const (
	CodeNotAnObject         = "not_an_object"
	CodeInvalidJSON         = "invalid_json"
	CodeInvalidUTF8         = "invalid_utf8"
	CodeNotANumber          = "not_a_number"
	CodeNumberOutOfRange    = "number_out_of_range"
	CodeDuplicateKey        = "duplicate_key"
	CodeTooDeep             = "too_deep"
	CodeTooManyKeys         = "too_many_keys"
	CodeEventTooLarge       = "event_too_large"
	CodeNameMissing         = "event_name_missing"
	CodeUnknownField        = "unknown_field"
	CodeUnknownType         = "unknown_type"
	CodeWrongType           = "wrong_type"
	CodeFieldTooLong        = "field_too_long"
	CodeInvalidTimestamp    = "invalid_timestamp"
	CodeTimestampOutOfRange = "timestamp_out_of_range"
	CodeUnknownEvent        = "unknown_event"       // the contract does not know it
	CodeSchemaViolation     = "schema_violation"    // the properties do not fit the schema
	CodeUnknownProperty     = "unknown_property"    // the schema does not know a property
	CodeSchemaUnknown       = "schema_unknown"      // a payload names a schema that this tenant does not have
	CodeSchemaIncompatible  = "schema_incompatible" // a payload was written with a schema that the event's schema cannot read
	CodePayloadInvalid      = "payload_invalid"     // a payload that cannot be decoded
)

// Limits of what is accepted. Each has its own error code.
const (
	MaxWireBytes      = 4 << 20  // body as sent: body_too_large
	MaxInflatedBytes  = 20 << 20 // body after decompression: inflated_too_large
	MaxInflationRatio = 200      // inflated : sent, looked at beyond 1 MiB: inflation_ratio
	MaxEvents         = 2500     // in one request: too_many_events
	MaxEventBytes     = 32 << 10 // event_too_large
	MaxDepth          = 32       // nested objects and arrays, the event itself included: too_deep
	MaxKeys           = 1000     // in one event, nested ones included: too_many_keys
	MaxNameBytes      = 200      // field_too_long, as the next
	MaxIDBytes        = 256
	MaxClockAhead     = 24 * time.Hour // an event may lie that far in the future: timestamp_out_of_range
)

// EarliestTime is the oldest time that an event may have. The store keeps months as partitions; this bounds their number.
func EarliestTime() time.Time { return time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) }
