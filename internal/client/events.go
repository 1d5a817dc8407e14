package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// Event is one event as POST /v1/events takes it. Only Name is needed.
type Event struct {
	Name        string         `json:"event"`
	ID          string         `json:"event_id"` // unique per tenant; made up when empty
	UserID      string         `json:"user_id,omitempty"`
	AnonymousID string         `json:"anonymous_id,omitempty"`
	SessionID   string         `json:"session_id,omitempty"`
	Timestamp   time.Time      `json:"timestamp,omitzero"` // when it happened; zero: when it is received
	Properties  map[string]any `json:"properties,omitempty"`
	Context     map[string]any `json:"context,omitempty"`

	// Ref is the sender's own number for it, such as a line of a file. It is not sent; it comes back with a rejection.
	Ref int64 `json:"-"`
}

// Ack is the answer to a batch: from then on its accepted events survive a crash.
type Ack struct {
	Receipt  string      `json:"receipt"`
	Accepted int         `json:"accepted"`
	Rejected []Rejection `json:"rejected"`
}

// Rejection is an event that breaks a rule. It is in quarantine.
type Rejection struct {
	Index   int    `json:"index"` // in the batch, from 0
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Send sends events as one batch, at most 2,500 and 20 MB of JSON; Deliver cuts batches by itself.
func (c *Client) Send(ctx context.Context, events []Event) (Ack, error) {
	var b batch
	for _, e := range events {
		if err := b.add(e); err != nil {
			return Ack{}, err
		}
	}
	return c.sendBatch(ctx, &b)
}

// batch is a request body in the making: {"events":[...]}.
type batch struct {
	body bytes.Buffer
	ids  []string
	refs []int64
}

// add appends an event. An event without an ID gets one here, so that it has the same in every attempt.
func (b *batch) add(e Event) error {
	if e.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("make an event ID: %w", err)
		}
		e.ID = id.String()
	}
	before := b.body.Len()
	if before == 0 {
		b.body.WriteString(`{"events":[`)
	} else {
		b.body.WriteByte(',')
	}
	encoder := json.NewEncoder(&b.body)
	encoder.SetEscapeHTML(false) // this JSON never stands in a page
	if err := encoder.Encode(e); err != nil {
		b.body.Truncate(before)
		return fmt.Errorf("encode event %q (%s): %w", e.Name, e.ID, err)
	}
	b.ids = append(b.ids, e.ID)
	b.refs = append(b.refs, e.Ref)
	return nil
}

// size is the number of events.
func (b *batch) size() int { return len(b.ids) }

// sendBatch sends a batch until it is acknowledged. Duplicates among the attempts are the server's to recognise.
func (c *Client) sendBatch(ctx context.Context, b *batch) (Ack, error) {
	if b.size() == 0 {
		return Ack{}, nil
	}
	body, err := c.compress(append(b.body.Bytes(), "]}"...))
	if err != nil {
		return Ack{}, err
	}
	r := request{method: http.MethodPost, path: "/v1/events", body: body, contentType: "application/json", encoding: string(c.encoding), again: true}
	var ack Ack
	err = c.retry(ctx, r.again, func(ctx context.Context) error {
		ack = Ack{}
		return c.do(ctx, r, &ack)
	})
	if err == nil && ack.Accepted+len(ack.Rejected) != b.size() {
		err = fmt.Errorf("%s was sent %d events and answers for %d: this is not Observatory, or not a version this program knows", c.base, b.size(), ack.Accepted+len(ack.Rejected))
	}
	return ack, err
}

func (c *Client) compress(body []byte) ([]byte, error) {
	switch c.encoding {
	case Zstd:
		return c.zstd.EncodeAll(body, make([]byte, 0, len(body)/4)), nil
	case Gzip:
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		if _, err := w.Write(body); err != nil {
			return nil, fmt.Errorf("compress a batch: %w", err)
		}
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("compress a batch: %w", err)
		}
		return out.Bytes(), nil
	case Identity:
	}
	return body, nil
}
