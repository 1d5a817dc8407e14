package privacy

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// SuppressionList tells what holds for identifiers. What is kept of these are hashes, so that only who knows an identifier can ask for it.
type SuppressionList interface {
	// StateOf tells what holds for identifiers, as Normal makes them, in their order; none is an e-mail address.
	StateOf(ctx context.Context, tenant tenants.ID, all []Identifier) ([]SuppressionState, error)
	// List tells of entries, the newest change first, from behind a place in the list on; the zero place is its beginning.
	List(ctx context.Context, tenant tenants.ID, filter SuppressionFilter, before SuppressionPlace, limit int) ([]SuppressionEntry, error)
}

// SuppressionState is what holds for an identifier.
type SuppressionState struct {
	Standing Standing
	Erased   *time.Time // what was received before stays out for ever; nil: nothing
	Request  uuid.UUID  // that changed it last; uuid.Nil: none did
}

// SuppressionEntry is an entry of the list. Who it is about is not known any more.
type SuppressionEntry struct {
	SuppressionState
	Kind      Kind
	Path      string // of a Property
	Hash      [16]byte
	CreatedAt time.Time
	ChangedAt time.Time
}

// SuppressionFilter narrows the list.
type SuppressionFilter struct {
	Standing Standing // empty: any
}

// SuppressionPlace is a place in the list: behind the entry that changed then and has that hash.
type SuppressionPlace struct {
	ChangedAt time.Time // microseconds
	Hash      [16]byte
}

// LookUpSuppressions tells what holds for identifiers as somebody gives them, in their order. An e-mail address may stand for several: the
// strictest of what holds for them is told.
//
// Errors: ErrSubjectInvalid.
func LookUpSuppressions(ctx context.Context, list SuppressionList, tenant tenants.ID, given []Identifier) ([]SuppressionState, error) {
	var all []Identifier
	from := make([]int, 0, len(given)+1) // where in all those of each begin
	for _, i := range given {
		i, err := i.Normal()
		if err != nil {
			return nil, err
		}
		from = append(from, len(all))
		if i.Kind != Email {
			all = append(all, i)
			continue
		}
		all = append(all, Identifier{Kind: UserID, Value: i.Value})
		for _, path := range EmailPaths() {
			all = append(all, Identifier{Kind: Property, Path: path, Value: i.Value})
		}
	}
	from = append(from, len(all))
	states, err := list.StateOf(ctx, tenant, all)
	if err != nil {
		return nil, err
	}
	out := make([]SuppressionState, len(given))
	for i := range given {
		out[i] = states[from[i]]
		for _, s := range states[from[i]+1 : from[i+1]] {
			out[i] = stricter(out[i], s)
		}
	}
	return out, nil
}

func stricter(a, b SuppressionState) SuppressionState {
	if b.Standing == Barred || b.Standing == Restricted && a.Standing == Free {
		a.Standing, a.Request = b.Standing, b.Request
	}
	if a.Erased == nil || b.Erased != nil && b.Erased.After(*a.Erased) {
		a.Erased = b.Erased
	}
	return a
}
