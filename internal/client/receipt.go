package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Receipt tells what became of a batch, event by event.
type Receipt struct {
	ID            string         `json:"receipt"`
	Status        string         `json:"status"` // pending or settled
	ReceivedAt    time.Time      `json:"received_at"`
	CorrelationID string         `json:"correlation_id"`
	Counts        Counts         `json:"counts"`
	Events        []EventOutcome `json:"events"`
}

// Settled says that nothing in it will change any more.
func (r Receipt) Settled() bool { return r.Status == "settled" }

// EventOutcome is what became of one event.
type EventOutcome struct {
	Index   int    `json:"index"`
	EventID string `json:"event_id"`
	Status  string `json:"status"` // pending, stored, duplicate, quarantined, suppressed or held
	Code    string `json:"code"`   // why it is not stored
	Message string `json:"message"`
}

// Counts of events by what became of them. Received is the sum of the others.
type Counts struct {
	Received    int `json:"received"`
	Stored      int `json:"stored"`
	Duplicate   int `json:"duplicate"`
	Quarantined int `json:"quarantined"`
	Suppressed  int `json:"suppressed"`
	Held        int `json:"held"`
	Pending     int `json:"pending"`
}

// Plus is the sum of both.
func (c Counts) Plus(d Counts) Counts {
	return Counts{
		Received:    c.Received + d.Received,
		Stored:      c.Stored + d.Stored,
		Duplicate:   c.Duplicate + d.Duplicate,
		Quarantined: c.Quarantined + d.Quarantined,
		Suppressed:  c.Suppressed + d.Suppressed,
		Held:        c.Held + d.Held,
		Pending:     c.Pending + d.Pending,
	}
}

// Receipt reads one receipt.
func (c *Client) Receipt(ctx context.Context, id string) (Receipt, error) {
	var r Receipt
	err := c.Call(ctx, http.MethodGet, "/v1/receipts/"+url.PathEscape(id), nil, &r)
	return r, err
}

// SettleOptions of Settle.
type SettleOptions struct {
	Patience  time.Duration // how long to wait while no receipt settles; default 30 s
	OnReceipt func(Counts)  // told after each receipt what is known so far
}

// Outcome is what became of the events behind several receipts.
type Outcome struct {
	Counts
	Reasons map[string]Reason // by code, of events that were not stored and are no duplicates
}

// Reason why events were not stored.
type Reason struct {
	Count   int
	EventID string // of the first
	Message string // of the first
}

// Settle asks the receipts what became of their events and waits for those that are on their way. When nothing has moved
// for as long as its patience lasts, the rest is counted as pending; that is no error: those events are durable.
func (c *Client) Settle(ctx context.Context, receipts []string, o SettleOptions) (Outcome, error) {
	if o.Patience <= 0 {
		o.Patience = 30 * time.Second
	}
	const shortest, longest = 20 * time.Millisecond, time.Second
	all := Outcome{Reasons: map[string]Reason{}}
	moved := time.Now()
	for _, id := range receipts {
		for pause := shortest; ; pause = min(2*pause, longest) {
			r, err := c.Receipt(ctx, id)
			if err != nil {
				return all, err
			}
			if r.Settled() || time.Since(moved) >= o.Patience {
				if r.Settled() {
					moved = time.Now()
				}
				all.add(r)
				break
			}
			if err := sleep(ctx, pause); err != nil {
				return all, err
			}
		}
		if o.OnReceipt != nil {
			o.OnReceipt(all.Counts)
		}
	}
	return all, nil
}

func (o *Outcome) add(r Receipt) {
	o.Counts = o.Plus(r.Counts)
	for _, e := range r.Events {
		switch e.Status {
		case "stored", "pending", "duplicate":
			continue
		}
		reason, seen := o.Reasons[e.Code]
		if !seen {
			reason.EventID, reason.Message = e.EventID, e.Message
		}
		reason.Count++
		o.Reasons[e.Code] = reason
	}
}
