package ingest

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// negligibleSkew is how far a sender's clock may be off before its times are corrected; less than that is the network.
const negligibleSkew = 5 * time.Second

// Collector takes decoded requests and makes them durable. It is the last step before the acknowledgement.
type Collector struct {
	log      Log
	prepare  Preparer
	receipts Receipts
	limits   *RateLimits
	suppress Suppression
	now      func() time.Time
	refuse   func(tenants.ID) error
	accepted func(who Sender, events int)
	records  sync.Pool // of *[]byte
}

// CollectorDeps is what a collector works with.
type CollectorDeps struct {
	Log      Log
	Prepare  Preparer
	Receipts Receipts
	Limits   *RateLimits
	// Suppression may be nil: nobody is suppressed.
	Suppression Suppression
	Now         func() time.Time
	// Refuse, when set, says why nothing of a tenant is accepted now; nil: it is.
	Refuse func(tenants.ID) error
	// Accepted, when set, is told of each request that went into the log.
	Accepted func(who Sender, events int)
}

// NewCollector makes a collector.
func NewCollector(d CollectorDeps) *Collector {
	if d.Accepted == nil {
		d.Accepted = func(Sender, int) {}
	}
	if d.Suppression == nil {
		d.Suppression = NoSuppression{}
	}
	if d.Refuse == nil {
		d.Refuse = func(tenants.ID) error { return nil }
	}
	return &Collector{
		log: d.Log, prepare: d.Prepare, receipts: d.Receipts, limits: d.Limits, suppress: d.Suppression, now: d.Now, refuse: d.Refuse, accepted: d.Accepted,
		records: sync.Pool{New: func() any { return new([]byte) }},
	}
}

// AcceptInput is a decoded request and who sent it.
type AcceptInput struct {
	Sender        Sender
	Client        Client
	CorrelationID string
	Batch         *Batch
	Loose         bool // fire-and-forget: do not wait until it is durable
}

// Acceptance is the answer to a request.
type Acceptance struct {
	Receipt  string
	Accepted int
	Rejected []RejectedItem
	End      Offset // behind the request's record; 0 when Loose
}

// RejectedItem is an event of the request that is in quarantine.
type RejectedItem struct {
	Index int // in the request, from 0
	Rejection
}

// Accept writes a request into the log and returns once it is durable. Events that break a rule go with it, into quarantine. Of events of
// people who are suppressed nothing is written but that there was one; their sender is not told so here, but by the receipt.
//
// Errors: rate_limited, those of Refuse and of Preparer, ErrLogFull, ErrLogUnavailable. After an error nothing was acknowledged; some of it may be stored all the same.
func (c *Collector) Accept(ctx context.Context, in AcceptInput) (Acceptance, error) {
	now := c.now().UTC().Truncate(time.Millisecond)
	items := in.Batch.Items
	if err := c.refuse(in.Sender.Tenant); err != nil {
		return Acceptance{}, err
	}
	if err := c.limits.Take(in.Sender.Key, len(items), now); err != nil {
		return Acceptance{}, err
	}
	id := NewReceiptID(now, len(items), !in.Loose)
	out := Acceptance{Receipt: c.receipts.Seal(in.Sender.Tenant, id)}
	skew := now.Sub(in.Batch.SentAt)
	if in.Batch.SentAt.IsZero() || skew.Abs() < negligibleSkew {
		skew = 0
	}
	for i := range items {
		if items[i].Rejection == nil {
			setTime(&items[i], now, skew)
		}
		if e := &items[i].Event; len(e.ID) == 0 {
			e.ID = mintedID(id, i)
		}
	}
	view := c.suppress.Enter()
	defer view.Leave() // when it is in the log, or not
	p := Preparation{Sender: in.Sender, Client: in.Client, Items: items, Judge: view.Of(in.Sender.Tenant), ReceivedAt: now}
	done, err := c.prepare.Prepare(ctx, &p)
	if err != nil {
		return Acceptance{}, err
	}
	defer done()
	for i := range items {
		if r := items[i].Rejection; r != nil {
			out.Rejected = append(out.Rejected, RejectedItem{Index: i, Rejection: *r})
		}
	}
	out.Accepted = len(items) - len(out.Rejected)
	if !c.suppress.Known() {
		holdUnknown(items)
	}

	buf := c.records.Get().(*[]byte) //nolint:forcetypeassert // the pool holds nothing else
	defer c.records.Put(buf)
	*buf = AppendRecord((*buf)[:0], Header{
		Sender: in.Sender, Receipt: id, ReceivedAt: now, CorrelationID: in.CorrelationID, KeepDays: p.KeepDays,
	}, items)
	if in.Loose {
		err = c.log.AppendLoosely(ctx, *buf)
	} else {
		out.End, err = c.log.Append(ctx, *buf)
	}
	if err != nil {
		return Acceptance{}, fmt.Errorf("append request to log: %w", err)
	}
	c.accepted(in.Sender, len(items))
	return out, nil
}

// holdUnknown has items held of which nobody can say now whether they may be stored: in the log nobody asks for that again.
func holdUnknown(items []Item) {
	for i := range items {
		if items[i].Rejection == nil {
			items[i].Verdict = max(items[i].Verdict, HoldUnknown)
		}
	}
}

// setTime gives an event its time: its own, corrected for the sender's clock, or when it was received.
func setTime(item *Item, now time.Time, skew time.Duration) {
	e := &item.Event
	if e.Time.IsZero() {
		e.Time = now
		return
	}
	e.Time = e.Time.Add(skew).UTC()
	if e.Time.Before(EarliestTime()) || e.Time.After(now.Add(MaxClockAhead)) {
		item.Rejection = &Rejection{
			Code:    CodeTimestampOutOfRange,
			Message: fmt.Sprintf("The time is out of range: from %s to one day ahead.", EarliestTime().Format(time.DateOnly)),
		}
	}
}

// mintedID is the ID of an event that was sent without one. It stands in the log, so that it stays the same whatever is done again.
func mintedID(receipt ReceiptID, index int) []byte {
	id := append(make([]byte, 0, 41), uuid.UUID(receipt).String()...)
	return strconv.AppendInt(append(id, '-'), int64(index), 10)
}

// ErrBusy is returned when the bytes of the requests in hand exceed the memory that is set aside for them.
func ErrBusy() error {
	return fault.New(fault.Unavailable, "busy", "Too many events are being received right now, so this request was not accepted. Send it again.").After(time.Second)
}
