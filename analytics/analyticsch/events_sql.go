package analyticsch

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// eventRow is an event as it is stored.
type eventRow struct {
	ID            string    `ch:"event_id"`
	Name          string    `ch:"event"`
	Type          string    `ch:"type"`
	Time          time.Time `ch:"time"`
	ReceivedAt    time.Time `ch:"received_at"`
	UserID        string    `ch:"user_id"`
	AnonymousID   string    `ch:"anonymous_id"`
	SessionID     string    `ch:"session_id"`
	SourceID      uuid.UUID `ch:"source_id"`
	Properties    string    `ch:"properties"`
	Context       string    `ch:"context"`
	CorrelationID string    `ch:"correlation_id"`
	ReceiptID     uuid.UUID `ch:"receipt_id"`
	ReceiptIndex  uint16    `ch:"receipt_index"`
	SDKName       string    `ch:"sdk_name"`
	SDKVersion    string    `ch:"sdk_version"`
	Bot           string    `ch:"bot"`
	Facts         string    `ch:"facts"`
	Tie           uint64    `ch:"tie"`
}

// detailRow is an event with what the tenant's rules made of it.
type detailRow struct {
	eventRow
	SchemaID          uint32   `ch:"schema_id"`
	PolicyVersion     uint32   `ch:"policy_version"`
	Redactions        []string `ch:"redactions"`
	ViolationsCode    []string `ch:"violations_code"`
	ViolationsPath    []string `ch:"violations_path"`
	ViolationsMessage []string `ch:"violations_message"`
}

const (
	columns = `SELECT
    event_id,
    event,
    type,
    time,
    received_at,
    user_id,
    anonymous_id,
    session_id,
    source_id,
    properties,
    context,
    correlation_id,
    receipt_id,
    receipt_index,
    sdk_name,
    sdk_version,
    bot,
    facts,
    ` + tie + ` AS tie`

	eventColumns  = columns + "\n"
	detailColumns = columns + `,
    schema_id,
    policy_version,
    redactions,
    violations_code,
    violations_path,
    violations_message
`
	newestFirst = "\nORDER BY time DESC, received_at DESC, receipt_index DESC, tie DESC\nLIMIT "
	// tie tells events apart that were received as the same item of two requests in the same millisecond.
	tie = "sipHash64(event, event_id)"
)

func (r eventRow) event() analytics.Event {
	return analytics.Event{
		ID: r.ID, Name: r.Name, Type: r.Type, Time: r.Time.UTC(), ReceivedAt: r.ReceivedAt.UTC(),
		UserID: r.UserID, AnonymousID: r.AnonymousID, SessionID: r.SessionID, SourceID: tenants.SourceID(r.SourceID),
		Properties: object(r.Properties), Context: object(r.Context),
		CorrelationID: r.CorrelationID, ReceiptID: r.ReceiptID, ReceiptIndex: r.ReceiptIndex,
		SDKName: r.SDKName, SDKVersion: r.SDKVersion, Bot: r.Bot, Facts: object(r.Facts),
	}
}

func (r detailRow) detail() analytics.EventDetail {
	d := analytics.EventDetail{Event: r.event(), SchemaID: r.SchemaID, PolicyVersion: r.PolicyVersion, Redactions: r.Redactions}
	for i, code := range r.ViolationsCode { // the three are written together and are of one length
		d.Violations = append(d.Violations, analytics.Violation{Code: code, Path: r.ViolationsPath[i], Message: r.ViolationsMessage[i]})
	}
	return d
}

// object is stored JSON. Only objects are ever stored; should there be anything else, one event must not spoil a whole list.
func object(text string) json.RawMessage {
	if !strings.HasPrefix(text, "{") || !json.Valid([]byte(text)) {
		return json.RawMessage("{}")
	}
	return json.RawMessage(text)
}

func (r eventRow) position() *analytics.Position {
	return &analytics.Position{Time: r.Time.UTC(), ReceivedAt: r.ReceivedAt.UTC(), Index: r.ReceiptIndex, Tie: r.Tie}
}

// listEvents writes the query of one window of a list.
func listEvents(tenant tenants.ID, in analytics.EventsInput, window analytics.Period, limit int) (*statement, error) {
	s := newStatement(tenant)
	conditions := s.during("time", window)
	matching, err := s.matching(in.Event, in.Filter)
	if err != nil {
		return nil, err
	}
	conditions = append(conditions, matching...)
	if in.After != nil {
		conditions = append(conditions, s.after(*in.After))
	}
	s.sql = eventColumns + s.from(eventsTable, conditions...) + newestFirst + s.bind("limit", "UInt32", limit)
	return s, nil
}

// after is the condition for what comes after a position, newest first.
func (s *statement) after(p analytics.Position) string {
	return "(time, received_at, receipt_index, " + tie + ") < (" +
		s.bindTime("after_time", p.Time) + ", " + s.bindTime("after_received", p.ReceivedAt) + ", " +
		s.bind("after_index", "UInt16", p.Index) + ", " + s.bind("after_tie", "UInt64", p.Tie) + ")"
}

// findEvent writes the query of one event. Where an ID was used again after a day, under another name or time, the newest is meant.
func findEvent(tenant tenants.ID, id string) *statement {
	s := newStatement(tenant)
	s.sql = detailColumns + s.fromByKey("event_id = "+s.bind("event_id", "String", id)) + newestFirst + "1"
	return s
}
