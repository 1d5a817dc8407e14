package repair

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

// Archive is where dead letters and stored events are, as replays read them.
type Archive interface {
	// DeadLetters reads dead letters of a cause that are still in quarantine and were received before until: behind the cursor, in the order
	// of cursors; or, with newest, from the newest on.
	DeadLetters(ctx context.Context, tenant tenants.ID, in LettersInput) ([]Letter, error)
	// CountDeadLetters counts those from behind the cursor on.
	CountDeadLetters(ctx context.Context, tenant tenants.ID, in LettersInput) (int64, error)
	// StoredIDs tells which of the IDs of the same dead letters, as many as limit, belong to stored events, and when those were received.
	StoredIDs(ctx context.Context, tenant tenants.ID, in LettersInput) (map[string]time.Time, error)
	// RepairedBy counts the outcomes that a replay has in the store.
	RepairedBy(ctx context.Context, tenant tenants.ID, replay ID) (stored, duplicate int64, err error)

	// Events reads stored events of a period that were received before until: behind the cursor, in its order; or the newest.
	Events(ctx context.Context, tenant tenants.ID, in EventsInput) ([]Stored, error)
	// CountEvents counts those from behind the cursor on.
	CountEvents(ctx context.Context, tenant tenants.ID, in EventsInput) (int64, error)

	// Held reads events that are held since before until, behind the cursor, in its order.
	Held(ctx context.Context, tenant tenants.ID, in HeldInput) ([]Held, error)
	// CountHeld counts those from behind the cursor on.
	CountHeld(ctx context.Context, tenant tenants.ID, in HeldInput) (int64, error)
	// StoredHeld is StoredIDs for the same held events.
	StoredHeld(ctx context.Context, tenant tenants.ID, in HeldInput) (map[string]time.Time, error)
	// RemoveReleased removes what a replay has released, and was held since before until, from among the held events.
	RemoveReleased(ctx context.Context, tenant tenants.ID, replay ID, until time.Time) error
}

// HeldInput says which held events.
type HeldInput struct {
	After Cursor
	Until time.Time
	Limit int
	Quota bool // those that are held for their number, or as unpaid; otherwise all others
}

// Held is an event that is held.
type Held struct {
	Stored
	At time.Time // since when
}

// LettersInput says which dead letters.
type LettersInput struct {
	Cause  uuid.UUID
	After  Cursor
	Until  time.Time
	Newest bool
	Limit  int
}

// EventsInput says which stored events.
type EventsInput struct {
	From, To time.Time // of the events' time
	Names    []string  // empty for all
	After    Cursor
	Until    time.Time
	Newest   bool
	Limit    int
}

// Stored is an event as the store has it.
type Stored struct {
	ingest.Header
	ingest.Event
	Index int
}

func (s *Stored) cursor() Cursor {
	return Cursor{Hour: s.Time.Truncate(time.Hour), Event: string(s.Name), EventID: string(s.ID)}
}
