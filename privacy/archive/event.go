package archive

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"time"

	"github.com/google/uuid"
	"github.com/zeebo/xxh3"
)

// SchemaVersion is that of Event. It is raised when a column is added; readers take what they know.
const SchemaVersion = 2

// Event is a row of a file: the columns of the table events but for the tenant, which stands in the name of the folder. IDs are texts, so that
// every program shows them as people know them.
type Event struct {
	Event             string   `parquet:"event,dict"`
	Type              string   `parquet:"type,dict"`
	Time              int64    `parquet:"time,delta,timestamp(millisecond)"`
	EventID           string   `parquet:"event_id"`
	UserID            string   `parquet:"user_id"`
	AnonymousID       string   `parquet:"anonymous_id"`
	SessionID         string   `parquet:"session_id"`
	Properties        string   `parquet:"properties"` // JSON
	Context           string   `parquet:"context"`    // JSON
	Facts             string   `parquet:"facts"`      // JSON
	SourceID          string   `parquet:"source_id,dict"`
	ReceivedAt        int64    `parquet:"received_at,delta,timestamp(millisecond)"`
	CorrelationID     string   `parquet:"correlation_id"`
	ReceiptID         string   `parquet:"receipt_id"`
	ReceiptIndex      int32    `parquet:"receipt_index"`
	SDKName           string   `parquet:"sdk_name,dict"`
	SDKVersion        string   `parquet:"sdk_version,dict"`
	SchemaID          int64    `parquet:"schema_id"`
	ViolationsCode    []string `parquet:"violations_code,list"`
	ViolationsPath    []string `parquet:"violations_path,list"`
	ViolationsMessage []string `parquet:"violations_message,list"`
	Redactions        []string `parquet:"redactions,list"`
	PolicyVersion     int64    `parquet:"policy_version"`
	Bot               string   `parquet:"bot,dict"`
	BatchID           string   `parquet:"batch_id,dict"`                           // of the log: with it a restored event counts where it counted before
	RerunID           string   `parquet:"rerun_id,dict"`                           // of the replay of history that wrote it; the zero UUID: none
	MeteredAt         int64    `parquet:"metered_at,delta,timestamp(millisecond)"` // when it counts as usage; 0: when it was received
}

// At is the event's time.
func (e *Event) At() time.Time { return time.UnixMilli(e.Time).UTC() }

// Received is when it was received.
func (e *Event) Received() time.Time { return time.UnixMilli(e.ReceivedAt).UTC() }

// Metered is when it counts as usage, in whole seconds.
func (e *Event) Metered() time.Time {
	if e.MeteredAt == 0 {
		return e.Received().Truncate(time.Second)
	}
	return time.UnixMilli(e.MeteredAt).UTC()
}

// key tells the event from all others.
func (e *Event) key() Key { return Key{e.At().Truncate(time.Hour).Unix(), e.Event, e.EventID} }

// Key tells a tenant's events apart, as the store does: by the hour of their time (Unix seconds), their name, and their ID.
type Key struct {
	Hour      int64
	Event, ID string
}

// Digest is a checksum of events in any order: the sum of a hash (XXH3, 128 bits) of each. It tells whether two stores hold the same; SHA-256
// of the files tells whether somebody has changed them. Which batch brought an event is left out: it says nothing about the event.
type Digest struct {
	hi, lo uint64
	Rows   int64
	buffer []byte
}

// Add adds an event.
func (d *Digest) Add(e *Event) {
	b := d.buffer[:0]
	text := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	texts := func(all []string) {
		b = binary.AppendUvarint(b, uint64(len(all)))
		for _, s := range all {
			text(s)
		}
	}
	for _, s := range [...]string{
		e.Event, e.Type, e.EventID, e.UserID, e.AnonymousID, e.SessionID, e.Properties, e.Context, e.Facts, e.SourceID, e.CorrelationID, e.ReceiptID,
		e.SDKName, e.SDKVersion, e.Bot,
	} {
		text(s)
	}
	for _, n := range [...]int64{e.Time, e.ReceivedAt, int64(e.ReceiptIndex), e.SchemaID, e.PolicyVersion} {
		b = binary.AppendVarint(b, n)
	}
	if at := e.Metered(); !at.Equal(e.Received().Truncate(time.Second)) { // an event that was held over quota; all others have the sum that they always had
		b = binary.AppendVarint(b, at.Unix())
	}
	for _, all := range [...][]string{e.ViolationsCode, e.ViolationsPath, e.ViolationsMessage, e.Redactions} {
		texts(all)
	}
	h := xxh3.Hash128(b)
	var carry uint64
	d.lo, carry = bits.Add64(d.lo, h.Lo, 0)
	d.hi, _ = bits.Add64(d.hi, h.Hi, carry)
	d.Rows++
	d.buffer = b
}

// Join adds the events of another digest.
func (d *Digest) Join(o Digest) {
	var carry uint64
	d.lo, carry = bits.Add64(d.lo, o.lo, 0)
	d.hi, _ = bits.Add64(d.hi, o.hi, carry)
	d.Rows += o.Rows
}

// Same tells whether both are of the same events.
func (d *Digest) Same(o Digest) bool { return d.hi == o.hi && d.lo == o.lo && d.Rows == o.Rows }

// String is the sum in hex.
func (d *Digest) String() string {
	return hex.EncodeToString(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, d.hi), d.lo))
}

// digest reads what String wrote.
func digest(text string, rows int64) (d Digest, ok bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 16 {
		return Digest{}, false
	}
	return Digest{hi: binary.BigEndian.Uint64(raw), lo: binary.BigEndian.Uint64(raw[8:]), Rows: rows}, true
}

// none is the rerun of an event that no replay of history wrote.
func none() string { return uuid.Nil.String() }
