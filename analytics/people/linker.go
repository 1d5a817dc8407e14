package people

import (
	"context"
	"fmt"
	"time"

	"github.com/observatory/observatory/tenants"
)

// LinkStore keeps who is who. Its faults are those of analytics.Store.
type LinkStore interface {
	// Touched are the tenants whose events have changed within that time, by the clock of the store.
	Touched(ctx context.Context, ago time.Duration) ([]tenants.ID, error)
	// Relink stitches anew, from all that is seen, and writes down what is different.
	Relink(ctx context.Context, tenant tenants.ID) (Relinked, error)
	// Marked says that the hours of a Relinked are marked, so that the next has others.
	Marked(ctx context.Context, tenant tenants.ID, r Relinked) error
}

// Relinked is what stitching anew has changed.
type Relinked struct {
	Changed int         // IDs that belong to somebody else than before
	Hours   []time.Time // in which IDs that changed occur, also those of a run that was cut short
	Version uint64      // microseconds since 1970
}

// Marks are told which hours' rollups have to be computed again.
type Marks interface {
	MarkHours(ctx context.Context, tenant tenants.ID, hours []time.Time) error
}

// Linker keeps the links between IDs as events say. Running it again changes nothing, and what one run leaves undone the next one does.
type Linker struct {
	store LinkStore
	marks Marks
}

// NewLinker makes a Linker. It panics when something is missing, which is a mistake in the wiring.
func NewLinker(store LinkStore, marks Marks) *Linker {
	if store == nil || marks == nil {
		panic("people: a Linker needs a store and marks")
	}
	return &Linker{store: store, marks: marks}
}

// Touched are the tenants whose events have changed within that time.
func (l *Linker) Touched(ctx context.Context, ago time.Duration) ([]tenants.ID, error) {
	return l.store.Touched(ctx, ago)
}

// Link stitches the IDs of a tenant anew. The hours are marked once the links can be seen: an hour that is computed meanwhile with
// the links of before is computed again.
func (l *Linker) Link(ctx context.Context, tenant tenants.ID) (Relinked, error) {
	r, err := l.store.Relink(ctx, tenant)
	if err != nil {
		return r, fmt.Errorf("stitch: %w", err)
	}
	if r.Version == 0 { // nothing is different
		return r, nil
	}
	if err := l.marks.MarkHours(ctx, tenant, r.Hours); err != nil {
		return r, fmt.Errorf("mark hours: %w", err)
	}
	if err := l.store.Marked(ctx, tenant, r); err != nil {
		return r, fmt.Errorf("keep that the hours are marked: %w", err)
	}
	return r, nil
}
