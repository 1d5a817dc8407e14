package ingest

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/observatory/observatory/tenants"
)

// Sender is who sent a request.
type Sender struct {
	Tenant tenants.ID
	Source tenants.SourceID
	Key    tenants.KeyID
}

// Header says what all events of a request have in common.
type Header struct {
	Sender
	Receipt       ReceiptID // its time is ReceivedAt
	ReceivedAt    time.Time // milliseconds, UTC
	CorrelationID string
	KeepDays      int // how long those of its events that are rejected stay in quarantine
}

// A record is one request as it stands in the durable log. Its layout is what the sink needs and nothing else, so that
// nothing is parsed a second time:
//
//	version 1 byte | tenant, source, key, receipt 16 bytes each | received at, int64 ms | correlation ID | days to keep | number of items
//	then each item: type, 1 byte (its highest bit: rejected; the next: judged) | if judged: verdict, 1 byte; if that is to bar it: ID, and no more
//	| time, int64 ms | name | ID | user | anonymous | session | properties or raw | context
//	| SDK name | SDK version | schema | policy | redactions
//	then of an event: bot | facts | violations, each code | path | message
//	or of a rejected item: format, 1 byte | code | message | path
//
// Texts are a length and bytes, lists a number and elements. Numbers, lengths included, are uvarints unless said otherwise.
const (
	recordVersion = 2
	rejectedBit   = 0x80
	judgedBit     = 0x40
)

var errRecord = errors.New("record is damaged")

// AppendRecord appends the record of a request to dst.
func AppendRecord(dst []byte, h Header, items []Item) []byte {
	dst = append(dst, recordVersion)
	dst = append(dst, h.Tenant[:]...)
	dst = append(dst, h.Source[:]...)
	dst = append(dst, h.Key[:]...)
	dst = append(dst, h.Receipt[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.ReceivedAt.UnixMilli()))
	dst = appendText(dst, h.CorrelationID)
	dst = appendNumber(dst, h.KeepDays)
	dst = appendNumber(dst, len(items))
	for i := range items {
		dst = appendItem(dst, &items[i])
	}
	return dst
}

func appendItem(dst []byte, item *Item) []byte {
	e := &item.Event
	typ, body, schema := byte(e.Type), e.Properties, e.Schema
	if r := item.Rejection; r != nil {
		typ, body, schema = typ|rejectedBit, item.Raw, r.Schema
	}
	if item.Verdict != Pass {
		dst = append(dst, typ|judgedBit, byte(item.Verdict))
		if item.Verdict == Bar {
			return appendText(dst, e.ID)
		}
	} else {
		dst = append(dst, typ)
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.Time.UnixMilli()))
	for _, text := range [...][]byte{e.Name, e.ID, e.UserID, e.AnonymousID, e.SessionID, body, e.Context, e.Client.Name, e.Client.Version} {
		dst = appendText(dst, text)
	}
	dst = appendNumber(dst, int(schema))
	dst = appendNumber(dst, e.Policy)
	dst = appendNumber(dst, len(e.Redactions))
	for _, name := range e.Redactions {
		dst = appendText(dst, name)
	}
	if r := item.Rejection; r != nil {
		dst = append(dst, byte(item.Format))
		dst = appendText(dst, r.Code)
		dst = appendText(dst, r.Message)
		return appendText(dst, r.Path)
	}
	dst = appendText(dst, e.Bot)
	dst = appendText(dst, e.Facts)
	dst = appendNumber(dst, len(e.Violations))
	for _, v := range e.Violations {
		dst = appendText(dst, v.Code)
		dst = appendText(dst, v.Path)
		dst = appendText(dst, v.Message)
	}
	return dst
}

func appendNumber(dst []byte, n int) []byte {
	return binary.AppendUvarint(dst, uint64(n)) //nolint:gosec // none is negative
}

func appendText[T []byte | string](dst []byte, text T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

// RecordReader walks over a record. What it returns points into the record.
type RecordReader struct {
	Header
	Items int // in the record
	rest  []byte
}

// ReadRecord begins to read a record.
func ReadRecord(b []byte) (RecordReader, error) {
	var r RecordReader
	const fixed = 1 + 4*16 + 8
	if len(b) < fixed || b[0] != recordVersion {
		return r, errRecord
	}
	copy(r.Tenant[:], b[1:])
	copy(r.Source[:], b[17:])
	copy(r.Key[:], b[33:])
	copy(r.Receipt[:], b[49:])
	r.ReceivedAt = time.UnixMilli(int64(binary.LittleEndian.Uint64(b[65:]))).UTC()
	r.rest = b[fixed:]
	correlation, err := r.text()
	if err != nil {
		return r, err
	}
	r.CorrelationID = string(correlation)
	if r.KeepDays, err = r.number(math.MaxInt32); err != nil {
		return r, err
	}
	r.Items, err = r.number(len(r.rest))
	return r, err
}

// Next reads the next item; call it Items times. A rejected item has its Rejection and Raw, one that is barred its ID, any other its Event.
func (r *RecordReader) Next(item *Item) (err error) {
	*item = Item{}
	if len(r.rest) < 2 {
		return errRecord
	}
	e := &item.Event
	typ := r.rest[0]
	r.rest = r.rest[1:]
	if typ&judgedBit != 0 {
		item.Verdict, r.rest = Verdict(r.rest[0]), r.rest[1:]
		if item.Verdict == Pass || item.Verdict > Bar {
			return errRecord
		}
		if item.Verdict == Bar {
			e.ID, err = r.text()
			return err
		}
	}
	if len(r.rest) < 8 {
		return errRecord
	}
	e.Type = Type(typ &^ (rejectedBit | judgedBit))
	e.Time = time.UnixMilli(int64(binary.LittleEndian.Uint64(r.rest))).UTC()
	r.rest = r.rest[8:]
	var body []byte
	for _, field := range [...]*[]byte{&e.Name, &e.ID, &e.UserID, &e.AnonymousID, &e.SessionID, &body, &e.Context, &e.Client.Name, &e.Client.Version} {
		if *field, err = r.text(); err != nil {
			return err
		}
	}
	schema, err := r.number(math.MaxInt32)
	if err != nil {
		return err
	}
	if e.Policy, err = r.number(math.MaxInt32); err != nil {
		return err
	}
	if e.Redactions, err = list(r, (*RecordReader).string); err != nil {
		return err
	}
	if typ&rejectedBit != 0 {
		item.Raw = body
		item.Rejection = &Rejection{Schema: int32(schema)}
		return r.rejection(item)
	}
	e.Properties, e.Schema = body, int32(schema)
	if e.Bot, err = r.text(); err != nil {
		return err
	}
	if e.Facts, err = r.text(); err != nil {
		return err
	}
	e.Violations, err = list(r, (*RecordReader).violation)
	return err
}

func (r *RecordReader) rejection(item *Item) error {
	if len(r.rest) == 0 || r.rest[0] > byte(FormatBinary) {
		return errRecord
	}
	item.Format, r.rest = Format(r.rest[0]), r.rest[1:]
	return r.strings(&item.Rejection.Code, &item.Rejection.Message, &item.Rejection.Path)
}

func (r *RecordReader) violation() (v Violation, err error) {
	return v, r.strings(&v.Code, &v.Path, &v.Message)
}

// list reads a list; nil when it is empty.
func list[E any](r *RecordReader, element func(*RecordReader) (E, error)) ([]E, error) {
	n, err := r.number(len(r.rest))
	if n == 0 || err != nil {
		return nil, err
	}
	all := make([]E, n)
	for i := range all {
		if all[i], err = element(r); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// number reads a number that is at most most.
func (r *RecordReader) number(most int) (int, error) {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(most) { //nolint:gosec // none is negative
		return 0, errRecord
	}
	r.rest = r.rest[size:]
	return int(n), nil //nolint:gosec // at most most
}

func (r *RecordReader) strings(fields ...*string) (err error) {
	for _, f := range fields {
		if *f, err = r.string(); err != nil {
			return err
		}
	}
	return nil
}

func (r *RecordReader) string() (string, error) {
	text, err := r.text()
	return string(text), err
}

func (r *RecordReader) text() ([]byte, error) {
	n, err := r.number(len(r.rest))
	if err != nil || n > len(r.rest) {
		return nil, errRecord
	}
	text := r.rest[:n:n]
	r.rest = r.rest[n:]
	return text, nil
}
