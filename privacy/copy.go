package privacy

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// Operation is one request as the copies see it.
type Operation struct {
	ID       uuid.UUID // of the request: whatever a copy writes down about it carries this, so that doing it again changes nothing
	Subjects Subjects
	// ReceivedBefore bounds what is erased: what a node of ours has received before it, by that node's clock, whatever time the events
	// themselves claim. What came later was accepted under the rules that hold since.
	ReceivedBefore time.Time
}

// Copy is one place where something about people is kept. Every place has one, and goes through the same tests (package copytest). Each
// method may be called again after a crash, at any time, with the same outcome; ctx bounds it.
type Copy interface {
	// Name is stable: it stands in certificates. Lower-case words with hyphens, such as "events" or "rollups".
	Name() string
	// Find counts what there is of the subjects. The first count, before Erase, is kept by the caller.
	Find(ctx context.Context, tenant tenants.ID, op Operation) (Holding, error)
	// Erase makes it invisible to everybody when it returns, and sees to it that it is removed from the disk.
	Erase(ctx context.Context, tenant tenants.ID, op Operation) (Evidence, error)
	// Verify counts again, and looks at what lies on the disk.
	Verify(ctx context.Context, tenant tenants.ID, op Operation) (Verification, error)
}

// Holding is how much a copy holds.
type Holding struct {
	Items int64 // rows, records or files; Unit says which
	Unit  string
}

// Verification is what a copy holds after it was emptied. It is empty when Left is 0 and Pending is "".
type Verification struct {
	Left     int64  // items of the subjects that can still be found
	Pending  string // what is still to be removed from the disk, in words; "" once all is gone
	Evidence Evidence
}

// Evidence is what proves it: query and mutation IDs, counts, offsets, versions, names of parts. It holds no personal data: it is
// shown to the tenant and written into the audit log.
type Evidence map[string]any
