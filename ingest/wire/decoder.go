package wire

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
)

// Decoder turns request bodies into batches. It keeps its memory between bodies, so use one per request from a pool. The
// batch it returns points into the body and into the decoder: it is valid until the next call of the decoder.
type Decoder struct {
	s     scanner
	batch ingest.Batch

	item    *ingest.Item // the event being read
	field   func(key []byte) error
	dialect ingest.Format // of events that can be read
	// complete is the dialect's own last step of an event; nil when it has none
	complete func()

	// what a field leaves behind for the end of its event
	name  []byte
	time  []byte
	typ   []byte
	extra segmentFields
}

// NewDecoder makes a decoder.
func NewDecoder() *Decoder { return &Decoder{} }

func (d *Decoder) reset(body []byte) {
	items := d.batch.Items
	clear(items)
	d.batch = ingest.Batch{Items: items[:0]}
	d.s = scanner{b: body, names: d.s.names[:0], arena: d.s.arena[:0]}
	d.item, d.field, d.complete = nil, nil, nil
}

// Decode reads a body in Observatory's own dialect: one event, an array, {"events": [...], "sent_at": ...}, or one event a line.
//
// Errors (faults): empty_body, invalid_json, too_many_events; of the envelope also wrong_type, unknown_field, invalid_timestamp (of
// sent_at), and the flaws that an event is rejected for.
func (d *Decoder) Decode(body []byte) (*ingest.Batch, error) {
	d.reset(body)
	d.field, d.dialect = d.nativeField, ingest.FormatNative
	if d.s.end() {
		return nil, errEmptyBody()
	}
	var err error
	switch start := d.s.i; {
	case d.s.b[start] == '[':
		err = d.array()
	case d.s.b[start] == '{':
		err = d.objectOrLines()
	case bytes.IndexByte(d.s.b[start:], '\n') >= 0:
		err = d.lines(start)
	default:
		err = d.s.fail("expected an event, an array of events, or {\"events\": [...]}")
	}
	return d.finish(err)
}

// finish checks that a whole text was read and that it held events.
func (d *Decoder) finish(err error) (*ingest.Batch, error) {
	if err == nil && !d.s.end() {
		err = d.s.fail("unexpected text after the end")
	}
	var syntax *syntaxError
	if errors.As(err, &syntax) {
		return nil, fault.New(fault.Invalid, "invalid_json", "The body is not valid JSON: %s. Nothing of it was accepted.", syntax).Because(err)
	}
	if err != nil {
		return nil, err
	}
	if len(d.batch.Items) == 0 {
		return nil, fault.New(fault.Invalid, "empty_body", "The request holds no events. Send at least one.")
	}
	return &d.batch, nil
}

func errEmptyBody() error {
	return fault.New(fault.Invalid, "empty_body", "The body is empty. Send one event, an array of events, or {\"events\": [...]}.")
}

// objectOrLines reads a body that begins with an object: an envelope, one event, or newline-delimited events.
func (d *Decoder) objectOrLines() error {
	start := d.s.i
	envelope, isEnvelope, err := d.envelope()
	switch {
	case err == nil && isEnvelope:
		return d.applyEnvelope(envelope)
	case err == nil && d.s.end():
		d.s.i = start
		return d.event()
	case err != nil && (isEnvelope || bytes.IndexByte(d.s.b[start:], '\n') < 0):
		return err
	}
	return d.lines(start)
}

type envelope struct {
	sentAt []byte
	odd    []byte // a key that does not belong there
}

// envelope looks whether the object at hand is an envelope, which holds "events", and where its parts are.
func (d *Decoder) envelope() (e envelope, is bool, err error) {
	d.s.beginEvent()
	err = d.s.object(func(key []byte) error {
		switch string(key) {
		case "events":
			is = true
			err = d.eventsOf()
		case "sent_at":
			e.sentAt, err = d.s.value()
		default:
			if e.odd == nil {
				e.odd = key
			}
			_, err = d.s.value()
		}
		return err
	})
	return e, is, err
}

// eventsOf reads the array of an envelope in place.
func (d *Decoder) eventsOf() error {
	if d.s.peek() != '[' {
		return fault.New(fault.Invalid, "wrong_type", "`events` must be an array of events.")
	}
	return d.array()
}

func (d *Decoder) applyEnvelope(e envelope) error {
	if flaw := d.s.flaw; flaw != nil {
		return fault.New(fault.Invalid, fault.Code(flaw.Code), "%s It stands beside `events`, so nothing was accepted.", flaw.Message)
	}
	if e.odd != nil {
		return fault.New(fault.Invalid, "unknown_field", "%q does not belong beside `events`. Put it into each event's properties or context.", shown(e.odd))
	}
	if len(e.sentAt) == 0 || string(e.sentAt) == "null" {
		return nil
	}
	t, ok := parseTime(bytes.Trim(e.sentAt, `"`))
	if !ok {
		return fault.New(fault.Invalid, "invalid_timestamp", "`sent_at` must be a time such as 2026-01-31T12:00:00.000Z.")
	}
	d.batch.SentAt = t
	return nil
}

func (d *Decoder) array() error { return d.s.elements(d.event) }

// lines reads newline-delimited JSON. A line that is not JSON costs only itself. Where no line is an object of its own the body is
// something else: most likely one pretty-printed document that was cut short.
func (d *Decoder) lines(start int) error {
	whole := d.s.b
	clear(d.batch.Items)
	d.batch.Items = d.batch.Items[:0]
	anyObject := false
	var syntax *syntaxError
	for rest := whole[start:]; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte{'\n'})
		rest = after
		object := len(line) > 0 && line[0] == '{' // not indented, as what lies within a document is
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		d.s.b, d.s.i, d.s.depth = line, 0, 0
		err := d.event()
		if err == nil && !d.s.end() {
			err = d.s.fail("unexpected text after the event")
		}
		anyObject = anyObject || err == nil && object
		if errors.As(err, &syntax) {
			d.s.names, d.s.depth = d.s.names[:0], 0
			d.item.Rejection = &ingest.Rejection{Code: ingest.CodeInvalidJSON, Message: "The line is not valid JSON: " + syntax.Error() + "."}
			d.item.Raw, d.item.Format = bounded(line), ingest.FormatText
			err = nil
		}
		if err != nil {
			return err
		}
	}
	d.s.b, d.s.i = whole, len(whole)
	if anyObject {
		return nil
	}
	return fault.New(fault.Invalid, "invalid_json", "The body is neither one JSON document nor one a line. Nothing of it was accepted.")
}

// begin makes room for another event of the batch.
func (d *Decoder) begin() error {
	if len(d.batch.Items) >= ingest.MaxEvents {
		return fault.New(fault.TooLarge, "too_many_events", "A request may hold %d events. Send the rest in another.", ingest.MaxEvents)
	}
	d.batch.Items = append(d.batch.Items, ingest.Item{})
	d.item = &d.batch.Items[len(d.batch.Items)-1]
	d.name, d.time, d.typ = nil, nil, nil
	return nil
}

// event reads the event that begins here, whatever is wrong with it. Only text that is not JSON is an error.
func (d *Decoder) event() error {
	if err := d.begin(); err != nil {
		return err
	}
	d.item.Format = d.dialect
	depth, keys, flaw := d.s.depth, d.s.keys, d.s.flaw // of the envelope
	d.s.beginEvent()
	begins := d.s.peek()
	start := d.s.i
	var err error
	if begins == '{' {
		err = d.s.object(d.field)
	} else {
		d.item.Format = ingest.FormatText
		d.s.note(ingest.CodeNotAnObject, "An event is a JSON object.")
		_, err = d.s.value()
	}
	if err != nil {
		return err
	}
	raw := d.s.b[start:d.s.i]
	if len(raw) > ingest.MaxEventBytes {
		d.s.flaw = tooLarge(len(raw))
		d.item.Format = ingest.FormatText // what is kept of it is cut short
	}
	if d.complete != nil {
		d.complete()
	}
	d.completeEvent()
	d.item.Rejection = d.s.flaw
	if d.item.Format != ingest.FormatBinary { // nobody could say what such text gives away
		d.item.Raw = bounded(raw)
	}
	d.s.depth, d.s.keys, d.s.flaw = depth, keys, flaw
	return nil
}

// completeEvent looks at what can only be judged once all fields are read.
func (d *Decoder) completeEvent() {
	e := &d.item.Event
	if e.Type == 0 {
		e.Type = ingest.Track
	}
	if e.Payload != nil && d.item.Format == d.dialect {
		d.item.Format = ingest.FormatBinary
	}
	if e.Name = d.name; len(e.Name) == 0 {
		e.Name = []byte(e.Type.DefaultName())
	}
	if len(e.Name) == 0 {
		d.s.note(ingest.CodeNameMissing, "The event has no name. Send it as `event`.")
	}
	if d.time != nil {
		var ok bool
		if e.Time, ok = parseTime(d.time); !ok {
			d.s.note(ingest.CodeInvalidTimestamp, "`timestamp` is not a time. Send one such as 2026-01-31T12:00:00.000Z.")
		}
	}
}

// nativeField reads one field of an event in Observatory's dialect.
func (d *Decoder) nativeField(key []byte) (err error) {
	e := &d.item.Event
	switch string(key) {
	case "event":
		d.name, err = d.stringField("event", ingest.MaxNameBytes)
	case "event_id":
		e.ID, err = d.stringField("event_id", ingest.MaxIDBytes)
	case "user_id":
		e.UserID, err = d.stringField("user_id", ingest.MaxIDBytes)
	case "anonymous_id":
		e.AnonymousID, err = d.stringField("anonymous_id", ingest.MaxIDBytes)
	case "session_id":
		e.SessionID, err = d.stringField("session_id", ingest.MaxIDBytes)
	case "timestamp":
		d.time, err = d.stringField("timestamp", 64)
	case "type":
		var text []byte
		if text, err = d.stringField("type", 32); text != nil {
			d.setType(text)
		}
	case "properties":
		if e.Properties, err = d.objectField("properties"); e.Payload != nil && e.Properties != nil {
			d.noteTwoBodies()
		}
	case "payload":
		err = d.payloadField()
	case "context":
		e.Context, err = d.objectField("context")
	default:
		d.s.note(ingest.CodeUnknownField, "%q is not a field of an event. Put your own data into `properties`.", shown(key))
		_, err = d.s.value()
	}
	return err
}

// stringField reads a string of at most most bytes; null is as good as absent.
func (d *Decoder) stringField(name string, most int) ([]byte, error) {
	if d.s.peek() != '"' {
		v, err := d.s.value()
		if err == nil && string(v) != "null" {
			d.s.note(ingest.CodeWrongType, "`%s` must be a string.", name)
		}
		return nil, err
	}
	v, err := d.s.str()
	if len(v) > most {
		d.noteTooLong(name, len(v), most)
		v = v[:most]
	}
	return v, err
}

func (d *Decoder) noteTooLong(field string, has, most int) {
	d.s.note(ingest.CodeFieldTooLong, "`%s` has %d bytes; %d are allowed.", field, has, most)
}

func tooLarge(size int) *ingest.Rejection {
	return &ingest.Rejection{Code: ingest.CodeEventTooLarge, Message: fmt.Sprintf("The event has %d bytes; %d are allowed.", size, ingest.MaxEventBytes)}
}

// objectField walks over an object and keeps its text; null is as good as absent.
func (d *Decoder) objectField(name string) ([]byte, error) {
	begins := d.s.peek()
	v, err := d.s.value()
	if begins == '{' {
		return v, err
	}
	if err == nil && string(v) != "null" {
		d.s.note(ingest.CodeWrongType, "`%s` must be an object.", name)
	}
	return nil, err
}

// setType finds the type of that name.
func (d *Decoder) setType(name []byte) {
	var ok bool
	if d.item.Event.Type, ok = ingest.ParseType(string(name)); !ok {
		d.s.note(ingest.CodeUnknownType, "`type` is not a type of event. Use track, identify, page, screen, group or alias.")
	}
}

// payloadField reads a framed payload, which stands in base64; null is as good as absent.
func (d *Decoder) payloadField() error {
	if d.s.peek() != '"' {
		_, err := d.stringField("payload", 0)
		return err
	}
	text, err := d.s.str()
	if err != nil {
		return err
	}
	e, start := &d.item.Event, len(d.s.arena)
	if d.s.arena, err = base64.StdEncoding.AppendDecode(d.s.arena, text); err != nil || len(d.s.arena) == start {
		d.s.note(ingest.CodePayloadInvalid, "`payload` is not base64 of a payload.")
		e.Payload = []byte{}
		return nil
	}
	if e.Payload = d.s.arena[start:len(d.s.arena):len(d.s.arena)]; e.Properties != nil {
		d.noteTwoBodies()
	}
	return nil
}

func (d *Decoder) noteTwoBodies() {
	d.s.note(ingest.CodePayloadInvalid, "The event has `properties` and a `payload`. A payload stands in place of properties: send one of them.")
}

// bounded cuts what is kept of a rejected event.
func bounded(raw []byte) []byte { return raw[:min(len(raw), ingest.MaxEventBytes)] }

// parseTime reads an RFC 3339 time.
func parseTime(b []byte) (time.Time, bool) {
	if t, ok := parseUTC(b); ok {
		return t, true
	}
	t, err := time.Parse(time.RFC3339Nano, string(b))
	return t, err == nil
}

// parseUTC is the quick way for the one form that nearly all libraries send: 2026-01-31T12:00:00.000Z.
func parseUTC(b []byte) (time.Time, bool) {
	const form = "2006-01-02T15:04:05.000Z"
	if len(b) != len(form) {
		return time.Time{}, false
	}
	var n [7]int
	field, digits := 0, 0
	for i, c := range b {
		switch f := form[i]; {
		case f < '0' || f > '9':
			if c != f {
				return time.Time{}, false
			}
			field++
			digits = 0
		case c-'0' > 9:
			return time.Time{}, false
		default:
			n[field] = n[field]*10 + int(c-'0')
			digits++
		}
	}
	year, month, day := n[0], n[1], n[2]
	if month < 1 || month > 12 || n[3] > 23 || n[4] > 59 || n[5] > 59 {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, n[3], n[4], n[5], n[6]*int(time.Millisecond), time.UTC)
	return t, t.Day() == day // 31 April would be 1 May
}
