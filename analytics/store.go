package analytics

import (
	"context"
	"time"

	"github.com/observatory/observatory/tenants"
)

// Store answers checked questions. Every method sees the events of its tenant and no others, each event once, and returns
// ErrTooExpensive for a question that would take more time or memory than one may; any other fault is of kind
// Unavailable.
type Store interface {
	// Measure takes a measure of a period, per bucket and as a whole.
	Measure(ctx context.Context, tenant tenants.ID, in MeasureInput) (Measured, error)
	// Quarantined counts the events with this name ("" is any) that were received in the period and are in quarantine.
	Quarantined(ctx context.Context, tenant tenants.ID, event string, period Period) (Quarantined, error)
	// Events returns up to in.Limit events, newest first, and the position of the last one when there are more.
	Events(ctx context.Context, tenant tenants.ID, in EventsInput) ([]Event, *Position, error)
	// Event returns one event, or ErrEventNotFound.
	Event(ctx context.Context, tenant tenants.ID, id string) (EventDetail, error)
	// Catalog describes the events of a period.
	Catalog(ctx context.Context, tenant tenants.ID, period Period) (Catalog, error)
}

// Freshness knows how far storing has come. It returns a time such that every event received before it can be queried; any
// error means that this is not known.
type Freshness interface {
	FreshUntil(ctx context.Context, tenant tenants.ID) (time.Time, error)
}

// MeasureInput is a trend over one period. All its parts are valid.
type MeasureInput struct {
	Event     string // "" is any
	Measure   Measure
	Property  string
	Period    Period
	Buckets   Buckets
	Filter    *Filter
	Breakdown string // "" for none
	Limit     int    // how many breakdown values are told apart: those with the largest total, then the smallest value

	// Values, when it is not nil, are the breakdown values to tell apart, whatever their totals; a nil among them stands for
	// events without the property. Limit is not looked at.
	Values []*string

	Source Source
}

// Measured is what a store found. Groups without events are absent, and so are buckets.
type Measured struct {
	Groups        []Group
	Other         *OtherValues // nil when there are no other values
	WithoutNumber int64
	RollupHours   int64 // hours in UTC that rollups answered for
	EventHours    int64 // hours whose events were read
	Cost          Cost
}

// Group is what was measured for one breakdown value, or, without a breakdown, for all events.
type Group struct {
	Breakdown *string
	Total     *float64
	Values    map[int64]*float64 // by the bucket's start in Unix seconds
}

// Cost says what was run and what that took.
type Cost struct {
	Query      string
	Parameters map[string]string
	Elapsed    time.Duration
	RowsRead   int64
}

// Quarantined is a count of quarantined events.
type Quarantined struct {
	Events int64
	Cost   Cost
}

// EventsInput is a list of events. All its parts are valid.
type EventsInput struct {
	Event  string // "" is any
	Filter *Filter
	Period Period
	After  *Position // nil begins with the newest
	Limit  int
}
