package people

import (
	"context"
	"time"

	"github.com/observatory/observatory/tenants"
)

// KinStore finds whole people, of whom one ID or what their events carry is known. Unlike Store it goes by all that was ever stored, up to this moment,
// whether or not it has been stitched yet, and counts events that are set aside. Its faults are those of analytics.Store.
type KinStore interface {
	// Kin are the people to whom any of these IDs belong, each once; of IDs that no event carries there is nobody. It is bounded: when the
	// people go by more than limit IDs together, it returns ErrTooMany.
	Kin(ctx context.Context, tenant tenants.ID, ids []string, limit int) ([]Kin, error)
	// Carriers are the identities of events that carry one of these values, each once for a value. ErrTooMany where there are more than
	// limit, or where values at more than MaxCarriedPaths paths are wanted; analytics' fault for what is no path.
	Carriers(ctx context.Context, tenant tenants.ID, wanted []Carried, limit int) ([]Carrier, error)
}

// MaxCarriedPaths is at how many different paths values can be looked for together.
const MaxCarriedPaths = 20

// Kin is a person with all IDs that stitching joins.
type Kin struct {
	Person       string // the ID that the person is known by
	UserIDs      []string
	AnonymousIDs []string // also user IDs that events carry as anonymous ones
	Events       int64
	FirstAt      time.Time // of these events
	LastAt       time.Time
}

// Carried is a value at a path of events' properties or context.
type Carried struct {
	Path   string
	Value  string
	Folded bool // capitals and blanks around it make no difference; Value has none. It holds for a path as a whole
}

// Carrier is an event's identity, by which it says who it is about.
type Carrier struct {
	Carried
	ID   string // the user ID, or the anonymous one of events without one
	User bool
}
