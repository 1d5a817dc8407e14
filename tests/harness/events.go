package harness

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/testkit"
)

// Event is an event as it is sent.
type Event = client.Event

// Send sends events as one batch, which must be accepted. An event without an ID is given one by the server.
func (c *Caller) Send(tb testing.TB, events ...Event) client.Ack {
	tb.Helper()
	bodies := make([]map[string]any, len(events))
	for i, e := range events {
		bodies[i] = body(e)
	}
	return As[client.Ack](tb, c.Post(tb, "/v1/events", map[string]any{"events": bodies}).Want(tb, http.StatusAccepted))
}

// body is an event with only the fields that are set.
func body(e Event) map[string]any {
	out := map[string]any{"event": e.Name}
	for name, text := range map[string]string{"event_id": e.ID, "user_id": e.UserID, "anonymous_id": e.AnonymousID, "session_id": e.SessionID} {
		if text != "" {
			out[name] = text
		}
	}
	if !e.Timestamp.IsZero() {
		out["timestamp"] = e.Timestamp
	}
	if e.Properties != nil {
		out["properties"] = e.Properties
	}
	if e.Context != nil {
		out["context"] = e.Context
	}
	return out
}

// Settled waits until a receipt says what became of every event.
func (c *Caller) Settled(tb testing.TB, receipt string) client.Receipt {
	tb.Helper()
	var r client.Receipt
	testkit.Eventually(tb, Patience, func() error {
		r = As[client.Receipt](tb, c.Get(tb, "/v1/receipts/"+receipt).Want(tb, http.StatusOK))
		if !r.Settled() {
			return fmt.Errorf("receipt %s is %s", receipt, r.Status)
		}
		return nil
	})
	return r
}

// StoredEvent is an event as it is shown.
type StoredEvent struct {
	ID            string         `json:"event_id"`
	Name          string         `json:"event"`
	Type          string         `json:"type"`
	Time          time.Time      `json:"time"`
	ReceivedAt    time.Time      `json:"received_at"`
	UserID        string         `json:"user_id"`
	AnonymousID   string         `json:"anonymous_id"`
	SessionID     string         `json:"session_id"`
	SourceID      string         `json:"source_id"`
	Properties    map[string]any `json:"properties"`
	Context       map[string]any `json:"context"`
	CorrelationID string         `json:"correlation_id"`
	Receipt       string         `json:"receipt"`
}

// Events are the newest 500 events of a query (the body of POST /v1/query/events), newest first.
func (c *Caller) Events(tb testing.TB, query map[string]any) []StoredEvent {
	tb.Helper()
	in := map[string]any{"limit": 500}
	for name, value := range query {
		in[name] = value
	}
	return As[struct{ Events []StoredEvent }](tb, c.Post(tb, "/v1/query/events", in).Want(tb, http.StatusOK)).Events
}

// Trends is an answer to POST /v1/query/trends.
type Trends struct {
	Series []struct {
		Breakdown *string
		Points    []struct {
			Time  time.Time
			Value *float64
		}
		Total *float64
	}
}

// Trends asks for trends.
func (c *Caller) Trends(tb testing.TB, query map[string]any) Trends {
	tb.Helper()
	return As[Trends](tb, c.Post(tb, "/v1/query/trends", query).Want(tb, http.StatusOK))
}

// Count counts the stored events of that name (empty: all), as a trend over the time from two years ago to two days ahead.
func (c *Caller) Count(tb testing.TB, event string) int {
	tb.Helper()
	now := time.Now().UTC()
	query := map[string]any{
		"measure": "count", "interval": "month", "timezone": "UTC",
		"from": now.AddDate(-2, 0, 0).Format(time.RFC3339), "to": now.AddDate(0, 0, 2).Format(time.RFC3339),
	}
	if event != "" {
		query["event"] = event
	}
	total := 0
	for _, s := range c.Trends(tb, query).Series {
		total += int(*s.Total)
	}
	return total
}
