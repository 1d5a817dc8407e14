package privacypg

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy/minimise"
	"github.com/observatory/observatory/privacy/privacypg/db"
	"github.com/observatory/observatory/tenants"
)

// Uses is a minimise.Ledger.
type Uses struct{ *Store }

var _ minimise.Ledger = Uses{}

// Uses gives the store as the ledger of uses of properties.
func (s *Store) Uses() Uses { return Uses{s} }

const maxUses = 20_000

// Record implements minimise.Ledger.
func (s Uses) Record(ctx context.Context, tenant tenants.ID, uses []minimise.Use) error {
	uses = slices.SortedFunc(slices.Values(uses), func(a, b minimise.Use) int { // nodes that write at the same time lock rows in one order
		return cmp.Or(cmp.Compare(a.Event, b.Event), cmp.Compare(a.Path, b.Path))
	})
	n := len(uses)
	in := db.RecordUsesParams{
		Events: make([]string, n), Paths: make([]string, n), Firsts: make([]time.Time, n), Lasts: make([]time.Time, n), Counts: make([]int64, n),
	}
	for i, u := range uses {
		in.Events[i], in.Paths[i], in.Firsts[i], in.Lasts[i], in.Counts[i] = u.Event, u.Path, u.First, u.Last, u.Uses
	}
	return s.within(ctx, tenant, func(t tx) error { return t.q.RecordUses(ctx, in) })
}

// Uses implements minimise.Ledger.
func (s Uses) Uses(ctx context.Context, tenant tenants.ID) (all []minimise.Use, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListUses(ctx, maxUses)
		all, err = pg.Each(rows, err, func(r db.ListUsesRow) minimise.Use {
			return minimise.Use{Event: r.Event, Path: r.Path, First: r.FirstUsed.UTC(), Last: r.LastUsed.UTC(), Uses: r.Uses}
		})
		return err
	})
	return all, err
}
