package wire

import (
	"bytes"
	"errors"
	"iter"
	"time"
	"unicode/utf8"

	"github.com/observatory/observatory/ingest"
)

// Fields are an event whose parts came one by one, in a message or in a query, and not as one JSON text. They are held to the same rules.
// An empty text is as good as an absent one.
type Fields struct {
	Event, EventID, Type, UserID, AnonymousID, SessionID []byte

	Time                time.Time         // zero: none was sent
	Timestamp           []byte            // the time as text, in place of Time
	Properties, Context []byte            // JSON objects, not checked yet
	Payload             []byte            // in place of properties; nil: none
	Flaw                *ingest.Rejection // what was noticed when the fields were taken apart
}

// DecodeFields makes a batch of events that came in fields. What it returns points into the fields.
//
// Errors (faults): empty_body, too_many_events.
func (d *Decoder) DecodeFields(events iter.Seq[Fields]) (*ingest.Batch, error) {
	d.reset(nil)
	d.dialect = ingest.FormatNative
	for f := range events {
		if err := d.begin(); err != nil {
			return nil, err
		}
		d.fields(&f)
	}
	return d.finish(nil)
}

func (d *Decoder) fields(f *Fields) {
	d.s.beginEvent()
	d.s.flaw = f.Flaw
	d.item.Format = d.dialect
	e := &d.item.Event
	d.name = d.textOf("event", f.Event, ingest.MaxNameBytes)
	e.ID = d.textOf("event_id", f.EventID, ingest.MaxIDBytes)
	e.UserID = d.textOf("user_id", f.UserID, ingest.MaxIDBytes)
	e.AnonymousID = d.textOf("anonymous_id", f.AnonymousID, ingest.MaxIDBytes)
	e.SessionID = d.textOf("session_id", f.SessionID, ingest.MaxIDBytes)
	d.time = d.textOf("timestamp", f.Timestamp, 64)
	if kind := d.textOf("type", f.Type, 32); kind != nil {
		d.setType(kind)
	}
	e.Properties = d.objectOf("properties", f.Properties)
	e.Context = d.objectOf("context", f.Context)
	if e.Payload = f.Payload; e.Payload != nil && len(e.Payload) == 0 {
		d.s.note(ingest.CodePayloadInvalid, "The payload is empty.")
	}
	if d.completeEvent(); d.time == nil {
		e.Time = f.Time
	}
	if size := f.size(); size > ingest.MaxEventBytes {
		d.s.flaw = tooLarge(size)
		d.item.Format = ingest.FormatText
	}
	d.item.Rejection = d.s.flaw
	if d.item.Format != ingest.FormatBinary {
		start := len(d.s.arena)
		d.s.arena = f.appendJSON(d.s.arena)
		d.item.Raw = bounded(d.s.arena[start:len(d.s.arena):len(d.s.arena)])
	}
}

// textOf checks a text of at most most bytes. nil: there is none.
func (d *Decoder) textOf(field string, text []byte, most int) []byte {
	if len(text) == 0 {
		return nil
	}
	d.s.keys++
	if !utf8.Valid(text) {
		d.s.note(ingest.CodeInvalidUTF8, "`%s` holds bytes that are not UTF-8.", field)
	}
	if len(text) > most {
		d.noteTooLong(field, len(text), most)
		text = text[:most]
	}
	return text
}

// objectOf checks the text of an object.
func (d *Decoder) objectOf(field string, text []byte) []byte {
	if len(text) == 0 {
		return nil
	}
	d.s.keys++
	d.s.b, d.s.i, d.s.depth, d.s.names = text, 0, 1, d.s.names[:0]
	object, err := d.objectField(field)
	if err == nil && !d.s.end() {
		err = d.s.fail("unexpected text after the end")
	}
	d.s.b, d.s.i, d.s.depth = nil, 0, 0
	var syntax *syntaxError
	if errors.As(err, &syntax) {
		d.s.names = d.s.names[:0]
		d.s.note(ingest.CodeInvalidJSON, "`%s` is not valid JSON: %s.", field, syntax)
		d.item.Format = ingest.FormatText
		return nil
	}
	return object
}

// size is what the fields come to, in bytes.
func (f *Fields) size() int {
	n := 0
	for _, part := range [...][]byte{f.Event, f.EventID, f.Type, f.UserID, f.AnonymousID, f.SessionID, f.Properties, f.Context, f.Payload} {
		n += len(part)
	}
	return n
}

// appendJSON appends the event in Observatory's own dialect, which is what is kept of it when it is rejected. What is no JSON makes none.
func (f *Fields) appendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	text := func(key string, value []byte) {
		if len(value) > 0 {
			dst = AppendString(append(append(append(dst, '"'), key...), `":`...), value)
			dst = append(dst, ',')
		}
	}
	text("event", f.Event)
	text("event_id", f.EventID)
	text("type", f.Type)
	text("user_id", f.UserID)
	text("anonymous_id", f.AnonymousID)
	text("session_id", f.SessionID)
	if text("timestamp", f.Timestamp); len(f.Timestamp) == 0 && !f.Time.IsZero() {
		dst = append(f.Time.UTC().AppendFormat(append(dst, `"timestamp":"`...), time.RFC3339Nano), `",`...)
	}
	for _, object := range [...]struct {
		key  string
		text []byte
	}{{"properties", f.Properties}, {"context", f.Context}} {
		if len(object.text) > 0 {
			dst = append(append(append(dst, '"'), object.key...), `":`...)
			dst = append(append(dst, object.text...), ',')
		}
	}
	return append(bytes.TrimSuffix(dst, []byte{','}), '}')
}

// AppendString appends a text as a JSON string. Bytes that are not UTF-8 stay as they are, for a decoder to find.
func AppendString[T []byte | string](dst []byte, text T) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	begin := 0
	for i := range len(text) {
		c := text[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[begin:i]...)
		begin = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
	}
	return append(append(dst, text[begin:]...), '"')
}
