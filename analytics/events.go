package analytics

import (
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// Bounds of a list of events.
const (
	DefaultEventsLimit = 50
	MaxEventsLimit     = 500
	MaxEventIDLength   = 256 // characters
)

// Event is one stored event.
type Event struct {
	ID            string
	Name          string // the contract's "event"
	Type          string // track, identify, page, screen, group or alias
	Time          time.Time
	ReceivedAt    time.Time
	UserID        string // "" when it was not sent; the same for the next two
	AnonymousID   string
	SessionID     string
	SourceID      tenants.SourceID
	Properties    json.RawMessage // an object
	Context       json.RawMessage // an object
	CorrelationID string
	ReceiptID     uuid.UUID // the request it came in
	ReceiptIndex  uint16    // its position in that request, from 0
	SDKName       string    // of the library that sent it; "" when unknown, as is its version
	SDKVersion    string
	Bot           string          // why it is taken for a bot's; "": it is not
	Facts         json.RawMessage // what enrichment found out: a flat object
}

// EventDetail is an event with what the tenant's rules made of it.
type EventDetail struct {
	Event
	SchemaID      uint32 // that the properties conform to; 0: none was asked for
	PolicyVersion uint32 // of the redaction policy that was applied; 0: the default one
	Redactions    []string
	Violations    []Violation
}

// Violation is one way in which an event breaks a contract that only warns.
type Violation struct{ Code, Path, Message string }

// EventsQuery asks for events, newest first.
type EventsQuery struct {
	Event    string // the event's name; "" asks for all events
	Filter   *Filter
	From, To time.Time // From inclusive, To exclusive; the zero time is open
	Limit    int       // 1 to MaxEventsLimit; 0 means DefaultEventsLimit
	Cursor   string    // NextCursor of the page before; "" begins with the newest
}

// EventsPage is a page of events by time, newest first; among those of one millisecond the one that was received last comes
// first. A page holds only what is older than the page before, however many events arrive meanwhile.
type EventsPage struct {
	Events     []Event
	NextCursor string // "" on the last page
}

// Validate returns the first fault of the query, of kind Invalid.
func (q EventsQuery) Validate() error {
	_, err := q.input()
	return err
}

func (q EventsQuery) input() (in EventsInput, err error) {
	in = EventsInput{Event: q.Event, Filter: q.Filter, Limit: q.Limit}
	if q.Limit == 0 {
		in.Limit = DefaultEventsLimit
	}
	if in.Limit < 1 || in.Limit > MaxEventsLimit {
		return EventsInput{}, invalid(CodeLimitInvalid, "limit must be from 1 to %d.", MaxEventsLimit)
	}
	if err := validateEvent(q.Event); err != nil {
		return EventsInput{}, err
	}
	if err := q.Filter.Validate(); err != nil {
		return EventsInput{}, err
	}
	if in.Period, err = openPeriod(q.From, q.To); err != nil {
		return EventsInput{}, err
	}
	if q.Cursor != "" {
		position, err := ParseCursor(q.Cursor)
		if err != nil {
			return EventsInput{}, err
		}
		in.After = &position
	}
	return in, nil
}

func validName(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit
}
