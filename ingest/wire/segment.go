package wire

import (
	"bytes"
	"encoding/json"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
)

// segmentFields are the parts of a Segment call that are folded into properties and context once the call is read.
type segmentFields struct {
	properties, traits                []byte
	groupID, previousID, pageName     []byte // as JSON values
	integrations                      []byte
	batchContext, batchIntegrations   []byte // of the envelope
	writeKey, itemSentAt, typeOfEvent []byte
}

// SegmentRequest is a decoded body in Segment's dialect.
type SegmentRequest struct {
	Batch    *ingest.Batch
	WriteKey string // from the body; empty when there is none
}

// DecodeSegment reads a body of Segment's tracking API. kind is the type that the path names (track, page, ...), or 0 for a
// batch. See https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/ for the format.
//
// Errors (faults): empty_body, invalid_json, wrong_type, too_many_events.
func (d *Decoder) DecodeSegment(body []byte, kind ingest.Type) (SegmentRequest, error) {
	d.reset(body)
	d.extra = segmentFields{}
	d.field, d.complete = d.segmentField, d.completeSegment
	if d.s.peek() == 0 {
		return SegmentRequest{}, errEmptyBody()
	}
	var err error
	if d.s.peek() != '{' {
		err = fault.New(fault.Invalid, "wrong_type", "The body must be a JSON object.")
	} else if kind == 0 {
		err = d.segmentBatch()
	} else {
		err = d.segmentCall(kind)
	}
	batch, err := d.finish(err)
	if err != nil {
		return SegmentRequest{}, err
	}
	d.foldEnvelope()
	return SegmentRequest{Batch: batch, WriteKey: string(d.extra.writeKey)}, nil
}

// segmentCall reads a body that is one call.
func (d *Decoder) segmentCall(kind ingest.Type) error {
	d.extra.typeOfEvent = []byte(kind.String())
	if err := d.event(); err != nil {
		return err
	}
	d.sentAt(d.extra.itemSentAt)
	return nil
}

// segmentBatch reads {"batch": [...], "sentAt": ..., "context": ..., "integrations": ..., "writeKey": ...}.
func (d *Decoder) segmentBatch() error {
	x := &d.extra
	found := false
	var sentAt []byte
	d.s.beginEvent()
	err := d.s.object(func(key []byte) (err error) {
		switch string(key) {
		case "batch":
			if d.s.peek() != '[' {
				return fault.New(fault.Invalid, "wrong_type", "`batch` must be an array of calls.")
			}
			found = true
			err = d.array()
		case "sentAt":
			sentAt, err = d.stringField("sentAt", 64)
		case "writeKey":
			x.writeKey, err = d.stringField("writeKey", 4096)
		case "context":
			x.batchContext, err = d.objectField("context")
		case "integrations":
			x.batchIntegrations, err = d.objectField("integrations")
		default:
			_, err = d.s.value()
		}
		return err
	})
	if err == nil && !found {
		return fault.New(fault.Invalid, "wrong_type", "The body has no `batch`.")
	}
	d.sentAt(sentAt)
	return err
}

func (d *Decoder) sentAt(text []byte) {
	if t, ok := parseTime(text); ok {
		d.batch.SentAt = t
	}
}

// segmentField reads one field of a Segment call. Fields that we have no use for are passed over, as Segment does.
func (d *Decoder) segmentField(key []byte) (err error) {
	e, x := &d.item.Event, &d.extra
	switch string(key) {
	case "type":
		d.typ, err = d.stringField("type", 32)
	case "event":
		d.name, err = d.stringField("event", ingest.MaxNameBytes)
	case "messageId":
		e.ID, err = d.stringField("messageId", ingest.MaxIDBytes)
	case "userId":
		e.UserID, err = d.idField("userId")
	case "anonymousId":
		e.AnonymousID, err = d.idField("anonymousId")
	case "timestamp":
		d.timeSeen = true
		d.time, err = d.stringField("timestamp", 64)
	case "originalTimestamp":
		var t []byte
		if t, err = d.stringField("originalTimestamp", 64); d.time == nil {
			d.time = t
		}
	case "sentAt":
		x.itemSentAt, err = d.stringField("sentAt", 64)
	case "writeKey":
		var k []byte
		if k, err = d.stringField("writeKey", 4096); len(k) > 0 {
			x.writeKey = k
		}
	case "properties":
		x.properties, err = d.objectField("properties")
	case "traits":
		x.traits, err = d.objectField("traits")
	case "context":
		e.Context, err = d.objectField("context")
	case "integrations":
		x.integrations, err = d.objectField("integrations")
	case "groupId":
		x.groupID, err = d.s.value()
	case "previousId":
		x.previousID, err = d.s.value()
	case "name":
		x.pageName, err = d.s.value()
	default:
		_, err = d.s.value()
	}
	return err
}

// idField reads an identity: a string, or a number, which is kept as its text.
func (d *Decoder) idField(name string) ([]byte, error) {
	c := d.s.peek()
	if c != '-' && (c < '0' || c > '9') {
		return d.stringField(name, ingest.MaxIDBytes)
	}
	v, err := d.s.value()
	return v[:min(len(v), ingest.MaxIDBytes)], err
}

// completeSegment turns what a Segment call holds into an event of ours: page and screen calls become page_view and
// screen_view, traits become properties.
func (d *Decoder) completeSegment() {
	e, x := &d.item.Event, &d.extra
	typ := d.typ
	if len(typ) == 0 {
		typ = x.typeOfEvent
	}
	var ok bool
	if e.Type, ok = ingest.ParseType(string(typ)); !ok {
		d.s.note(ingest.CodeUnknownType, "%q is not a type of call. Use track, identify, page, screen, group or alias.", clip(typ))
		e.Type = ingest.Track
	}
	e.Properties = x.properties
	switch e.Type {
	case ingest.Page, ingest.Screen:
		d.name = nil
		e.Properties = withMember(e.Properties, "name", x.pageName)
	case ingest.Identify:
		e.Properties = x.traits
	case ingest.Group:
		e.Properties = withMember(x.traits, "group_id", x.groupID)
	case ingest.Alias:
		e.Properties = withMember(x.properties, "previous_id", x.previousID)
	}
	if e.Type != ingest.Track {
		d.name = nil
	}
	e.Context = withMember(e.Context, "integrations", nonEmptyObject(x.integrations))
	keep := segmentFields{
		writeKey: x.writeKey, itemSentAt: x.itemSentAt, typeOfEvent: x.typeOfEvent,
		batchContext: x.batchContext, batchIntegrations: x.batchIntegrations,
	}
	*x = keep
}

// foldEnvelope merges the envelope's context and integrations into every item; the item's own keys win.
func (d *Decoder) foldEnvelope() {
	x := &d.extra
	shared := withMember(x.batchContext, "integrations", nonEmptyObject(x.batchIntegrations))
	if len(shared) == 0 {
		return
	}
	for i := range d.batch.Items {
		e := &d.batch.Items[i].Event
		e.Context = mergeObjects(shared, e.Context)
	}
}

func nonEmptyObject(v []byte) []byte {
	if len(v) < 2 || v[0] != '{' || len(bytes.TrimSpace(v[1:len(v)-1])) == 0 {
		return nil
	}
	return v
}

// withMember returns object with key: value added, unless value is absent or null or the object has the key. The object may be empty.
func withMember(object []byte, key string, value []byte) []byte {
	if len(value) == 0 || string(value) == "null" || hasMember(object, key) {
		return object
	}
	out := make([]byte, 0, len(object)+len(key)+len(value)+6)
	out = append(append(append(out, `{"`...), key...), `":`...)
	out = append(out, value...)
	return appendMembers(out, object)
}

// appendMembers closes a not yet closed, not empty object with the members of object.
func appendMembers(open, object []byte) []byte {
	if nonEmptyObject(object) == nil {
		return append(open, '}')
	}
	return append(append(open, ','), object[1:]...)
}

func hasMember(object []byte, key string) bool {
	found := false
	eachMember(object, func(k, _ []byte) { found = found || string(k) == key })
	return found
}

// eachMember walks over the members of an object that the scanner has accepted.
func eachMember(object []byte, f func(key, value []byte)) {
	s := scanner{b: object}
	if s.peek() != '{' {
		return
	}
	_ = s.object(func(key []byte) error { // valid: it was scanned before
		s.space()
		v, err := s.value()
		f(key, v)
		return err
	})
}

// mergeObjects merges two objects, key by key; over wins.
func mergeObjects(under, over []byte) []byte {
	if nonEmptyObject(over) == nil {
		return under
	}
	merged := over
	eachMember(under, func(key, value []byte) {
		if !hasMember(over, string(key)) {
			merged = withMember(merged, string(quotedBody(key)), value)
		}
	})
	return merged
}

// quotedBody is key as it stands between the quotes of JSON text.
func quotedBody(key []byte) []byte {
	quoted, err := json.Marshal(string(key))
	if err != nil {
		return key
	}
	return quoted[1 : len(quoted)-1]
}
