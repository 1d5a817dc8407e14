package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// LedgerHour is what became of the events that were received within one hour.
type LedgerHour struct {
	Tenant tenants.ID
	Hour   time.Time
	Counts Counts
	// Removed are rows that were there and are not any more, because they were erased or past their retention.
	Removed Removed
	// Found are rows counted in the store: events, dead letters, and the events that receipts speak of. They are counted for recent hours only.
	Found *Found
}

// Removed are rows that were removed on purpose.
type Removed struct{ Events, DeadLetters, Held int64 }

// Sum is all of them.
func (r Removed) Sum() int64 { return r.Events + r.DeadLetters + r.Held }

// Found are rows that are really there: events, dead letters that were not repaired, held events that were not released, and events that receipts
// speak of.
type Found struct{ Events, DeadLetters, Held, InReceipts int64 }

// Balanced tells whether every event has exactly one outcome and, where rows were counted, whether they are all there, but for those that were
// removed. Rows are counted as removed shortly before they go, so for a while they may still be there.
func (h LedgerHour) Balanced() bool {
	f, c := h.Found, h.Counts
	if f == nil {
		return c.Balanced()
	}
	there := func(found, removed, written int64) bool { return found <= written && written <= found+removed }
	return c.Balanced() && f.InReceipts == c.Received &&
		there(f.Events, h.Removed.Events, c.Stored) && there(f.DeadLetters, h.Removed.DeadLetters, c.Quarantined) && there(f.Held, h.Removed.Held, c.Held)
}

// QuarantinedEvent is a dead letter as it is shown.
type QuarantinedEvent struct {
	ReceivedAt    time.Time
	Receipt       ReceiptID
	Index         int
	EventID       string
	Event         string
	Type          string
	UserID        string
	AnonymousID   string
	Time          time.Time
	Rejection     Rejection
	Cause         uuid.UUID
	Format        string
	Payload       string
	SDK, Version  string
	Redactions    []string
	Source        tenants.SourceID
	CorrelationID string
	ExpiresAt     time.Time
}

// QuarantineCursor is a place in the quarantine: events before it, newest first. Zero: from the newest on.
type QuarantineCursor struct {
	ReceivedAt time.Time
	Receipt    ReceiptID
	Index      int
}

// BookStore reads what the sink wrote.
type BookStore interface {
	// Receipt finds a settled receipt; nil when there is none (yet).
	Receipt(ctx context.Context, tenant tenants.ID, id ReceiptID) (*Receipt, error)
	// Ledger sums the ledger of a tenant by hour, newest first. Rows in the store are counted for hours from counted on.
	Ledger(ctx context.Context, tenant tenants.ID, from, to, counted time.Time) ([]LedgerHour, error)
	// Unbalanced finds the hours of a tenant, or, where that is zero, of any, from since on, that do not balance.
	Unbalanced(ctx context.Context, tenant tenants.ID, since time.Time) ([]LedgerHour, error)
	// Newest is when the newest of the stored events with this name ("" is any) was received, if that was not before since; zero when there is none.
	Newest(ctx context.Context, tenant tenants.ID, event string, since time.Time) (time.Time, error)
	// Quarantine reads dead letters that were not repaired, newest first; of one cause, or, where that is zero, of all.
	Quarantine(ctx context.Context, tenant tenants.ID, cause uuid.UUID, before QuarantineCursor, limit int) ([]QuarantinedEvent, error)
}

// Books answer for what became of events.
type Books struct {
	store    BookStore
	receipts Receipts
	now      func() time.Time
	logger   *slog.Logger
}

// NewBooks opens the books.
func NewBooks(store BookStore, receipts Receipts, now func() time.Time, logger *slog.Logger) *Books {
	return &Books{store: store, receipts: receipts, now: now, logger: logger}
}

// Receipt tells what became of a request of the tenant. A receipt that is sealed by us and not in the store is pending:
// its events are in the log and will be stored. Errors: ErrNoReceipt.
func (b *Books) Receipt(ctx context.Context, tenant tenants.ID, text string) (Receipt, error) {
	id, err := b.receipts.Open(tenant, text)
	if err != nil {
		return Receipt{}, err
	}
	if b.now().Sub(id.ReceivedAt()) > ReceiptKept {
		return Receipt{}, ErrNoReceipt
	}
	found, err := b.store.Receipt(ctx, tenant, id)
	if err != nil {
		return Receipt{}, fmt.Errorf("find receipt: %w", err)
	}
	if found != nil {
		found.expire(b.now())
		return *found, nil
	}
	pending := Receipt{ID: id, Outcomes: make([]Outcome, id.Count())}
	for i := range pending.Outcomes {
		pending.Outcomes[i] = Outcome{Index: i, Status: Pending}
	}
	return pending, nil
}

// SealedReceipt is the text of a receipt of the tenant.
func (b *Books) SealedReceipt(tenant tenants.ID, id ReceiptID) string {
	return b.receipts.Seal(tenant, id)
}

// Ledger is the conservation ledger of a tenant, newest hour first. The period is at most 366 days.
func (b *Books) Ledger(ctx context.Context, tenant tenants.ID, from, to time.Time) ([]LedgerHour, error) {
	const longest = 366 * 24 * time.Hour
	if !from.Before(to) || to.Sub(from) > longest {
		return nil, fault.New(fault.Invalid, "invalid_period", "`from` must lie before `to`, by 366 days at most.")
	}
	// A day later the store may have replaced a late duplicate, and rows that were erased are no longer there to be counted.
	return b.store.Ledger(ctx, tenant, from.Truncate(time.Hour), to, b.now().Add(-DuplicateWindow).Truncate(time.Hour).Add(time.Hour))
}

// Quarantine lists events that were not accepted and not repaired since, newest first; of one cause, or, where that is zero, of all.
func (b *Books) Quarantine(ctx context.Context, tenant tenants.ID, cause uuid.UUID, before QuarantineCursor, limit int) ([]QuarantinedEvent, error) {
	return b.store.Quarantine(ctx, tenant, cause, before, limit)
}

// Newest is when the newest of the stored events with this name ("" is any) was received; zero when there is none.
func (b *Books) Newest(ctx context.Context, tenant tenants.ID, event string) (time.Time, error) {
	const day = 24 * time.Hour
	now := b.now()
	for _, since := range []time.Time{now.Add(-time.Hour), now.Add(-day), now.Add(-31 * day), {}} { // most often the first look finds it, and reads little
		newest, err := b.store.Newest(ctx, tenant, event, since)
		if err != nil || !newest.IsZero() {
			return newest, err
		}
	}
	return time.Time{}, nil
}

// Unbalanced finds the hours of a tenant, or, where that is zero, of any, from since on, that do not balance. A batch that is being
// stored while it looks may show once, so only what shows twice counts.
func (b *Books) Unbalanced(ctx context.Context, tenant tenants.ID, since time.Time) ([]LedgerHour, error) {
	since = since.Truncate(time.Hour)
	first, err := b.store.Unbalanced(ctx, tenant, since)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	second, err := b.store.Unbalanced(ctx, tenant, since)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(second, func(h LedgerHour) bool {
		return !slices.ContainsFunc(first, func(o LedgerHour) bool {
			return o.Tenant == h.Tenant && o.Hour.Equal(h.Hour) && o.Counts == h.Counts && o.Removed == h.Removed && *o.Found == *h.Found
		})
	}), nil
}

// Check looks for hours, of any tenant and from since on, that do not balance, and logs each as an error.
func (b *Books) Check(ctx context.Context, since time.Time) ([]LedgerHour, error) {
	unbalanced, err := b.Unbalanced(ctx, tenants.ID{}, since)
	for _, h := range unbalanced {
		b.logger.Error("the conservation ledger does not balance", "tenant", h.Tenant, "hour", h.Hour, "counts", h.Counts, "found", *h.Found, "removed", h.Removed)
	}
	return unbalanced, err
}
