package ingest

import (
	"encoding/binary"
	"errors"
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
	SDK           string
}

// A record is one request as it stands in the durable log. Its layout is what the sink needs and nothing else, so that
// nothing is parsed a second time:
//
//	version 1 byte | tenant, source, key, receipt 16 bytes each | received at, int64 ms | correlation ID | SDK | number of items, uvarint
//	then each item: type, 1 byte (0: rejected) | time, int64 ms | name | ID | user | anonymous | session | properties or raw | context
//	and for a rejected item: code | message
//
// Texts are a uvarint length and bytes.
const recordVersion = 1

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
	dst = appendText(dst, h.SDK)
	dst = binary.AppendUvarint(dst, uint64(len(items)))
	for i := range items {
		dst = appendItem(dst, &items[i])
	}
	return dst
}

func appendItem(dst []byte, item *Item) []byte {
	e := &item.Event
	typ, body := e.Type, e.Properties
	if item.Rejection != nil {
		typ, body = 0, item.Raw
	}
	dst = append(dst, byte(typ))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.Time.UnixMilli()))
	dst = appendText(dst, e.Name)
	dst = appendText(dst, e.ID)
	dst = appendText(dst, e.UserID)
	dst = appendText(dst, e.AnonymousID)
	dst = appendText(dst, e.SessionID)
	dst = appendText(dst, body)
	dst = appendText(dst, e.Context)
	if item.Rejection != nil {
		dst = appendText(dst, item.Rejection.Code)
		dst = appendText(dst, item.Rejection.Message)
	}
	return dst
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
	var correlation, sdk []byte
	var err error
	if correlation, err = r.text(); err != nil {
		return r, err
	}
	if sdk, err = r.text(); err != nil {
		return r, err
	}
	r.CorrelationID, r.SDK = string(correlation), string(sdk)
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(len(b)) {
		return r, errRecord
	}
	r.Items, r.rest = int(n), r.rest[size:]
	return r, nil
}

// Next reads the next item; call it Items times. A rejected item has its Rejection and Raw, any other its Event.
func (r *RecordReader) Next(item *Item) error {
	*item = Item{}
	if len(r.rest) < 9 {
		return errRecord
	}
	e := &item.Event
	e.Type = Type(r.rest[0])
	e.Time = time.UnixMilli(int64(binary.LittleEndian.Uint64(r.rest[1:]))).UTC()
	r.rest = r.rest[9:]
	var body []byte
	for _, field := range [...]*[]byte{&e.Name, &e.ID, &e.UserID, &e.AnonymousID, &e.SessionID, &body, &e.Context} {
		var err error
		if *field, err = r.text(); err != nil {
			return err
		}
	}
	if e.Type != 0 {
		e.Properties = body
		return nil
	}
	code, err := r.text()
	if err != nil {
		return err
	}
	message, err := r.text()
	if err != nil {
		return err
	}
	item.Raw, item.Rejection = body, &Rejection{Code: string(code), Message: string(message)}
	return nil
}

func (r *RecordReader) text() ([]byte, error) {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > uint64(len(r.rest)-size) {
		return nil, errRecord
	}
	text := r.rest[size : size+int(n) : size+int(n)]
	r.rest = r.rest[size+int(n):]
	return text, nil
}
