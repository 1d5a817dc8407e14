package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// ReceiptKept is how long a receipt can be asked for.
const ReceiptKept = 30 * 24 * time.Hour

// ErrNoReceipt is the answer to a receipt that is not this tenant's, not a receipt, or too old.
var ErrNoReceipt = fault.New(fault.NotFound, "receipt_not_found", "There is no such receipt. Receipts are kept for 30 days.")

// ReceiptID names what became of one request. It is a UUID of version 7 whose 12 bits after the version are the number of
// events and whose last bit tells whether the acknowledgement was durable, so that a request that is acknowledged but
// not yet stored can be answered for.
type ReceiptID uuid.UUID

// NewReceiptID makes a receipt for count events (at most MaxEvents) that were received at now.
func NewReceiptID(now time.Time, count int, durable bool) ReceiptID {
	id := uuid.New()
	binary.BigEndian.PutUint64(id[:], uint64(now.UnixMilli())<<16|7<<12|uint64(count&0xfff)) //nolint:gosec // times are after 2000
	id[15] &^= 1
	if durable {
		id[15] |= 1
	}
	return ReceiptID(id)
}

// ReceivedAt is when the request was received, in milliseconds.
func (id ReceiptID) ReceivedAt() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id[:8]) >> 16)).UTC() //nolint:gosec // 48 bits
}

// Count is the number of events in the request.
func (id ReceiptID) Count() int { return int(binary.BigEndian.Uint16(id[6:]) & 0xfff) }

// Durable is false when the sender asked for fire-and-forget.
func (id ReceiptID) Durable() bool { return id[15]&1 == 1 }

// Receipts seals receipt IDs, so that nobody can ask for what was never acknowledged to them, and opens them again.
type Receipts struct{ key []byte }

// NewReceipts makes a sealer from a secret of the installation.
func NewReceipts(secret []byte) Receipts {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("observatory receipts"))
	return Receipts{key: mac.Sum(nil)}
}

const (
	receiptPrefix = "rcp_"
	receiptSeal   = 9 // bytes; 25 with the ID, which is 40 letters without padding
)

func receiptEncoding() *base32.Encoding {
	return base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)
}

// Seal makes the text that the tenant is given.
func (s Receipts) Seal(tenant tenants.ID, id ReceiptID) string {
	b := append(make([]byte, 0, len(id)+sha256.Size), id[:]...)
	return receiptPrefix + receiptEncoding().EncodeToString(append(b, s.seal(tenant, id)...))
}

// Open reads a receipt of this tenant, or returns ErrNoReceipt.
func (s Receipts) Open(tenant tenants.ID, text string) (ReceiptID, error) {
	body, ok := strings.CutPrefix(text, receiptPrefix)
	b, err := receiptEncoding().DecodeString(body)
	// The decoder passes over line breaks; a receipt has one text and no other.
	if !ok || err != nil || len(b) != len(ReceiptID{})+receiptSeal || len(body) != receiptEncoding().EncodedLen(len(b)) {
		return ReceiptID{}, ErrNoReceipt
	}
	id := ReceiptID(b[:16])
	if !hmac.Equal(b[16:], s.seal(tenant, id)) {
		return ReceiptID{}, ErrNoReceipt
	}
	return id, nil
}

func (s Receipts) seal(tenant tenants.ID, id ReceiptID) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write(tenant[:])
	mac.Write(id[:])
	return mac.Sum(nil)[:receiptSeal]
}

// Status is what became of an event.
type Status uint8

// The statuses. Those from Duplicate on have the numbers of the store's Enum8 column.
const (
	Stored Status = iota
	Duplicate
	Quarantined
	Suppressed
	Held
	Pending
)

func (s Status) String() string {
	return [...]string{"stored", "duplicate", "quarantined", "suppressed", "held", "pending"}[s]
}

// Outcome is what became of one event of a request.
type Outcome struct {
	Index   int // in the request, from 0
	EventID string
	Status  Status
	Code    string // why it is not stored; empty when it is
	Message string
	Until   time.Time // when it goes for good, of an event that is held for so long; zero of any other
}

// Receipt is what became of a request.
type Receipt struct {
	ID            ReceiptID
	Settled       bool // false: acknowledged, and every outcome is Pending
	Source        tenants.SourceID
	CorrelationID string
	Outcomes      []Outcome
}

// expire says of events that were held until before now that they are gone.
func (r *Receipt) expire(now time.Time) {
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; o.Status == Held && !o.Until.IsZero() && !now.Before(o.Until) {
			o.Message = "It was kept aside (" + o.Code + ") until " + o.Until.Format(time.RFC3339) + " and is gone: there was no room for it in time."
			o.Code = CodeExpired
		}
	}
}

// Counts are the outcomes by their status.
func (r Receipt) Counts() (c Counts) {
	for _, o := range r.Outcomes {
		c.Add(o.Status, 1)
	}
	return c
}

// Counts are events of the conservation ledger. Received = the sum of the others.
type Counts struct {
	Received, Stored, Duplicate, Quarantined, Suppressed, Held int64
}

// Balanced tells whether every received event has exactly one outcome.
func (c Counts) Balanced() bool { return c.Pending() == 0 }

// Pending are those received events that have no outcome yet. Below zero some have more than one.
func (c Counts) Pending() int64 {
	return c.Received - c.Stored - c.Duplicate - c.Quarantined - c.Suppressed - c.Held
}

// Add counts n events of that outcome as received.
func (c *Counts) Add(s Status, n int64) {
	c.Received += n
	switch s {
	case Stored:
		c.Stored += n
	case Duplicate:
		c.Duplicate += n
	case Quarantined:
		c.Quarantined += n
	case Suppressed:
		c.Suppressed += n
	case Held:
		c.Held += n
	case Pending: // has no outcome yet: shows as an imbalance
	}
}

// Plus is the sum of two counts.
func (c Counts) Plus(o Counts) Counts {
	return Counts{
		Received: c.Received + o.Received, Stored: c.Stored + o.Stored, Duplicate: c.Duplicate + o.Duplicate,
		Quarantined: c.Quarantined + o.Quarantined, Suppressed: c.Suppressed + o.Suppressed, Held: c.Held + o.Held,
	}
}
