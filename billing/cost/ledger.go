package cost

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/tenants"
)

// Row is what a tenant consumed of a resource in an hour.
type Row struct {
	Tenant   tenants.ID
	Resource billing.Resource
	Hour     time.Time // its beginning
	Quantity int64     // more than 0
}

// Flush is what is written at once, with at most one row for a tenant, resource and hour.
type Flush struct {
	ID   uuid.UUID
	Node string // that measured it
	Rows []Row
}

// Ledger keeps what was consumed. Its faults are of kind Unavailable.
type Ledger interface {
	// Add writes a flush down, all of it or nothing. Adding it again changes nothing, so that it may be tried until it succeeds; but not later
	// than CompactAfter, when rows of it may stand in others.
	Add(ctx context.Context, f Flush) error
	// Compact puts the rows of hours before an hour together, up to atOnce hours of a tenant and resource, and says how many those were.
	Compact(ctx context.Context, before time.Time, atOnce int) (int, error)
}

// CompactAfter is how old an hour is when its rows are put together.
const CompactAfter = 48 * time.Hour
