package wire

import (
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
)

// segmentFields are the parts of a Segment call that are folded into properties and context once the call is read.
type segmentFields struct {
	properties, traits, integrations  []byte
	groupID, previousID               []byte // JSON values of any type, as the next two
	pageName, pageCategory            []byte
	writeKey, itemSentAt, typeOfEvent []byte
	all                               sharedFields
}

// sharedFields are the parts of a batch that are merged into its calls.
type sharedFields struct {
	context, integrations []byte
	ofItems               [][]byte // the calls' own integrations
	flaw                  *ingest.Rejection
}

// SegmentRequest is a decoded body in Segment's dialect.
type SegmentRequest struct {
	Batch    *ingest.Batch
	WriteKey string // from the body; empty when there is none
}

// DecodeSegment reads a body of Segment's tracking API. kind is the type that the path names (track, page, ...), or 0 for a
// batch. See https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/ for the format.
//
// Errors (faults): empty_body, invalid_json, wrong_type, too_many_events, inflated_too_large (once what the calls share is merged into each).
func (d *Decoder) DecodeSegment(body []byte, kind ingest.Type) (SegmentRequest, error) {
	d.reset(body)
	d.extra = segmentFields{all: sharedFields{ofItems: d.extra.all.ofItems[:0]}}
	d.field, d.complete, d.dialect = d.segmentField, d.completeSegment, ingest.FormatSegment
	if d.s.end() {
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
	if err := d.foldEnvelope(); err != nil {
		return SegmentRequest{}, err
	}
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
	var sentAt, writeKey []byte
	d.s.beginEvent()
	err := d.s.object(func(key []byte) (err error) {
		flaw := d.s.flaw
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
			writeKey, err = d.stringField("writeKey", 4096)
		case "context":
			x.all.context, err = d.objectField("context")
			flaw = d.s.flaw
		case "integrations":
			x.all.integrations, err = d.objectField("integrations")
			flaw = d.s.flaw
		default:
			_, err = d.s.value()
		}
		d.s.flaw = flaw // only what is merged into the calls can spoil them
		return err
	})
	if err == nil && !found {
		return fault.New(fault.Invalid, "wrong_type", "The body has no `batch`.")
	}
	x.all.flaw = d.s.flaw
	if len(writeKey) > 0 {
		x.writeKey = writeKey
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
		var t []byte
		if t, err = d.stringField("timestamp", 64); t != nil {
			d.time = t
		}
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
	case "category":
		x.pageCategory, err = d.s.value()
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
	before := d.s.flaw
	v, err := d.s.value()
	if d.s.flaw != before && d.s.flaw.Code == ingest.CodeNumberOutOfRange {
		d.s.flaw = before // as text it may have any number of digits
	}
	if len(v) > ingest.MaxIDBytes {
		d.noteTooLong(name, len(v), ingest.MaxIDBytes)
		v = v[:ingest.MaxIDBytes]
	}
	return v, err
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
		d.s.note(ingest.CodeUnknownType, "`type` is not a type of call. Use track, identify, page, screen, group or alias.")
		e.Type = ingest.Track
	}
	e.Properties = x.properties
	switch e.Type {
	case ingest.Track:
	case ingest.Page, ingest.Screen:
		e.Properties = withMember(withMember(e.Properties, "category", x.pageCategory), "name", x.pageName)
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
	x.all.ofItems = append(x.all.ofItems, x.integrations)
	*x = segmentFields{writeKey: x.writeKey, itemSentAt: x.itemSentAt, typeOfEvent: x.typeOfEvent, all: x.all}
}

// foldEnvelope merges the context and the integrations of the batch into those of every call, whose own keys win, and puts the
// integrations into the context. A flaw of what is shared is a flaw of every call.
func (d *Decoder) foldEnvelope() error {
	all := &d.extra.all
	context, integrations := newOverlay(all.context), newOverlay(all.integrations)
	total := 0
	for i := range d.batch.Items {
		item := &d.batch.Items[i]
		if item.Rejection == nil {
			item.Rejection = all.flaw
		}
		if item.Rejection != nil {
			continue
		}
		e := &item.Event
		ofContext, ofIntegrations := context.under(e.Context), integrations.under(all.ofItems[i])
		size := len(item.Raw) + len(ofContext) - len(e.Context) + len(ofIntegrations) - len(all.ofItems[i])
		if size > ingest.MaxEventBytes {
			item.Rejection = tooLarge(size)
			continue
		}
		e.Context = withMember(ofContext, "integrations", nonEmptyObject(ofIntegrations))
		if total += len(e.Context); total > ingest.MaxInflatedBytes {
			return ErrInflatedTooLarge
		}
	}
	return nil
}
