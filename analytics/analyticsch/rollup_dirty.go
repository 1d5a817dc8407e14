package analyticsch

import (
	"context"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/tenants"
)

// dirtyRow is a row of dirtyHours.
type dirtyRow struct {
	Tenant     uuid.UUID `ch:"tenant_id"`
	Hour       time.Time `ch:"hour"`
	Undecided  bool      `ch:"undecided"`
	MarkedAt   time.Time `ch:"marked_at"`
	ComputedAt time.Time `ch:"computed_at"`
	Now        time.Time `ch:"now"`
}

// Dirty implements rollup.Store.
func (r *Rollups) Dirty(ctx context.Context, all bool) ([]rollup.Dirty, error) {
	condition := everybodysRecentHours
	if all {
		condition = everybodysHours
	}
	return r.dirty(ctx, dirtyHours(condition))
}

// DirtyOf implements rollup.Store.
func (r *Rollups) DirtyOf(ctx context.Context, tenant tenants.ID) ([]rollup.Dirty, error) {
	return r.dirty(ctx, dirtyHoursOf(tenant))
}

func (r *Rollups) dirty(ctx context.Context, s *statement) ([]rollup.Dirty, error) {
	var found []rollup.Dirty
	_, err := r.store.query(ctx, s, func(rows driver.Rows) error {
		var d dirtyRow
		if err := rows.ScanStruct(&d); err != nil {
			return err
		}
		found = append(found, rollup.Dirty{
			Tenant: tenants.ID(d.Tenant), Hour: d.Hour.UTC(), Undecided: d.Undecided,
			MarkedAt: d.MarkedAt.UTC(), ComputedAt: d.ComputedAt.UTC(), Now: d.Now.UTC(),
		})
		return nil
	})
	return found, err
}

// maxHours is how many hours one statement is given.
const maxHours = 2000

// MarkHours implements rollup.Store.
func (r *Rollups) MarkHours(ctx context.Context, tenant tenants.ID, hours []time.Time) error {
	whole := make([]time.Time, 0, len(hours))
	for _, h := range hours {
		whole = append(whole, h.UTC().Truncate(time.Hour))
	}
	slices.SortFunc(whole, time.Time.Compare)
	for some := range slices.Chunk(slices.Compact(whole), maxHours) {
		if err := r.exec(ctx, markHours(tenant, some)); err != nil {
			return err
		}
	}
	return nil
}
