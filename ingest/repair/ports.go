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
