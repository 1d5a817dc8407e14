package repair

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Cause is why events are in quarantine: those that break the same rule in the same place have one.
type Cause struct {
	ID        uuid.UUID
	Rejection ingest.Rejection // of the newest of them
	Event     string
	Open      int64 // events that are in quarantine
	Repaired  int64 // that were, and no longer are
	FirstSeen time.Time
	LastSeen  time.Time
	Senders   int64 // versions of libraries, counted per source
}

// CauseSender is one version of one library in one source.
type CauseSender struct {
	SDK, Version string
	Source       tenants.SourceID
	Events       int64
	LastSeen     time.Time
}

// CauseCount is how many events were received from a time on.
type CauseCount struct {
	Time   time.Time
	Events int64
}

// CauseDetails are all that is known of a cause.
type CauseDetails struct {
	Cause
	SenderList []CauseSender // most events first
	Daily      bool          // the trend is by day, in UTC, and not by hour
	Trend      []CauseCount  // oldest first
	Examples   []ingest.QuarantinedEvent
}

// Bounds of what is listed.
const (
	maxCauses   = 200
	maxSenders  = 100
	maxExamples = 10
	hourlyUpTo  = 3 * 24 * time.Hour
	usualPeriod = 30 * 24 * time.Hour
)

// ErrNoSuchCause is the answer to a cause that no event in quarantine has, in that period.
var ErrNoSuchCause = fault.New(fault.NotFound, "cause_not_found", "No event in quarantine has this cause in this period.")

// ErrPeriod is the answer to a period that makes no sense.
var ErrPeriod = fault.New(fault.Invalid, "invalid_period", "`from` must lie before `to`, by 366 days at most.")

// CauseStore reads the quarantine by cause.
type CauseStore interface {
	// Causes groups what was received in a period, most open first. Only: of one cause; zero for all.
	Causes(ctx context.Context, tenant tenants.ID, from, to time.Time, only uuid.UUID, openOnly bool, limit int) ([]Cause, error)
	CauseSenders(ctx context.Context, tenant tenants.ID, cause uuid.UUID, from, to time.Time, limit int) ([]CauseSender, error)
	CauseTrend(ctx context.Context, tenant tenants.ID, cause uuid.UUID, from, to time.Time, daily bool) ([]CauseCount, error)
	// Quarantine is that of ingest.BookStore.
	Quarantine(ctx context.Context, tenant tenants.ID, cause uuid.UUID, before ingest.QuarantineCursor, limit int) ([]ingest.QuarantinedEvent, error)
}

// Causes answer why events are in quarantine.
type Causes struct {
	store CauseStore
	now   func() time.Time
}

// NewCauses makes the service.
func NewCauses(store CauseStore, now func() time.Time) *Causes {
	return &Causes{store: store, now: now}
}

// Period fills in what was left out of a period. Errors: ErrPeriod.
func (c *Causes) Period(from, to time.Time) (time.Time, time.Time, error) {
	if to.IsZero() {
		to = c.now()
	}
	if from.IsZero() {
		from = to.Add(-usualPeriod)
	}
	if !from.Before(to) || to.Sub(from) > maxPeriod {
		return from, to, ErrPeriod
	}
	return from.UTC(), to.UTC(), nil
}

// List is the causes of what was received in a period (see Period), most open first, 200 at most.
func (c *Causes) List(ctx context.Context, tenant tenants.ID, from, to time.Time, openOnly bool) ([]Cause, error) {
	return c.store.Causes(ctx, tenant, from, to, uuid.Nil, openOnly, maxCauses)
}

// Details is all about one cause in a period (see Period). Errors: ErrNoSuchCause.
func (c *Causes) Details(ctx context.Context, tenant tenants.ID, cause uuid.UUID, from, to time.Time) (CauseDetails, error) {
	found, err := c.store.Causes(ctx, tenant, from, to, cause, false, 1)
	if err != nil {
		return CauseDetails{}, err
	}
	if len(found) == 0 {
		return CauseDetails{}, ErrNoSuchCause
	}
	d := CauseDetails{Cause: found[0], Daily: to.Sub(from) > hourlyUpTo}
	if d.SenderList, err = c.store.CauseSenders(ctx, tenant, cause, from, to, maxSenders); err != nil {
		return d, err
	}
	if d.Trend, err = c.store.CauseTrend(ctx, tenant, cause, from, to, d.Daily); err != nil {
		return d, err
	}
	d.Examples, err = c.store.Quarantine(ctx, tenant, cause, ingest.QuarantineCursor{}, maxExamples)
	return d, err
}
