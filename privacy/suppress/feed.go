package suppress

import (
	"context"
	"time"

	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Feed is where a Set learns what holds. An error means that it cannot be reached now.
type Feed interface {
	// SuppressionChanges returns the entries that changed after the call that returned the mark since, and possibly a few more; for the
	// zero mark, and whenever in doubt, all.
	SuppressionChanges(ctx context.Context, since follow.Mark) (Changes, error)
	// ListenSuppressions calls changed after every change, and whenever it may have missed one, until ctx ends. A call may be lost.
	ListenSuppressions(ctx context.Context, changed func())
}

// Changes is what a Set takes over.
type Changes struct {
	Entries  []Entry
	Complete bool        // there are no others
	Mark     follow.Mark // for the next call
}

// Entry is what holds for one identifier of a tenant.
type Entry struct {
	Tenant       tenants.ID
	Kind         privacy.Kind
	Path         string // of a property
	Hash         Hash
	Standing     privacy.Standing
	ErasedBefore time.Time // what was received before stays out; zero: nothing
}
