package analyticsch_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tenants"
)

// dirtyHours are those that either search finds, which must agree, and the search for one tenant. True stands for undecided ones.
func (b bench) dirtyHours(t tester, tenant tenants.ID) map[time.Time]bool {
	t.Helper()
	found := map[time.Time]bool{}
	for i, all := range []bool{true, false} {
		dirty, err := b.rollups().Dirty(t.Context(), all)
		require.NoError(t, err)
		again := map[time.Time]bool{}
		for _, d := range dirty {
			if d.Tenant == tenant {
				again[d.Hour] = d.Undecided
				require.WithinDuration(t, time.Now(), d.MarkedAt, time.Minute)
				require.WithinDuration(t, time.Now(), d.Now, time.Minute)
			}
		}
		if i > 0 {
			require.Equal(t, found, again)
		}
		found = again
	}
	dirty, err := b.rollups().DirtyOf(t.Context(), tenant)
	require.NoError(t, err)
	require.Len(t, dirty, len(found))
	for _, d := range dirty {
		require.Equal(t, tenant, d.Tenant)
	}
	return found
}

// An hour is dirty from the mark of a change to the rollup that was computed after it.
func TestDirty(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tenant, other := tenants.NewID(), tenants.NewID()
	hour, log := at(t, "2024-05-01 10:00"), uuid.New()
	recompute := func() {
		t.Helper()
		_, err := b.rollups().Recompute(t.Context(), tenant, []time.Time{hour}, nil)
		require.NoError(t, err)
	}
	b.mark(t, other, log, hour, 1, 1)
	require.Empty(t, b.dirtyHours(t, tenant))
	b.mark(t, tenant, log, hour, 10, 0)
	require.Equal(t, map[time.Time]bool{hour: true}, b.dirtyHours(t, tenant))
	recompute()
	require.Equal(t, map[time.Time]bool{hour: true}, b.dirtyHours(t, tenant), "a batch is under way: nothing was computed")
	b.mark(t, tenant, log, hour, 0, 10)
	require.Equal(t, map[time.Time]bool{hour: false}, b.dirtyHours(t, tenant))
	recompute()
	require.Empty(t, b.dirtyHours(t, tenant))
	b.mark(t, tenant, log, hour, 10, 10)
	require.Empty(t, b.dirtyHours(t, tenant), "a batch that was stored before, once more")
	b.mark(t, tenant, uuid.New(), hour, 3, 3)
	require.Equal(t, map[time.Time]bool{hour: false}, b.dirtyHours(t, tenant), "a batch of another log")
	recompute()
	require.Empty(t, b.dirtyHours(t, tenant))
	require.NoError(t, b.conn.Exec(t.Context(), "OPTIMIZE TABLE marks FINAL"))
	require.NoError(t, b.conn.Exec(t.Context(), "OPTIMIZE TABLE rollup_hours FINAL"))
	require.Empty(t, b.dirtyHours(t, tenant))

	for range 2 {
		require.NoError(t, b.rollups().MarkHours(t.Context(), tenant, []time.Time{hour.Add(time.Minute), hour.Add(2 * time.Hour), hour}))
		require.Equal(t, map[time.Time]bool{hour: false, hour.Add(2 * time.Hour): false}, b.dirtyHours(t, tenant))
		_, err := b.rollups().Recompute(t.Context(), tenant, []time.Time{hour, hour.Add(2 * time.Hour)}, nil)
		require.NoError(t, err)
		require.Empty(t, b.dirtyHours(t, tenant))
	}
}

// The hour that is not over is not dirty: it is answered from its events. One that just ended is found by what was marked long ago too.
func TestDirtyIsOver(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tenant := tenants.NewID()
	this := time.Now().UTC().Add(-time.Minute).Truncate(time.Hour)
	for _, hour := range []time.Time{this.Add(-time.Hour), this, this.Add(24 * time.Hour)} {
		b.mark(t, tenant, uuid.New(), hour, 1, 1)
	}
	require.Equal(t, map[time.Time]bool{this.Add(-time.Hour): false}, b.dirtyHours(t, tenant))

	old := tenants.NewID()
	for _, hour := range []time.Time{this.Add(-time.Hour), this.Add(-50 * time.Hour)} {
		require.NoError(t, b.conn.Exec(t.Context(), "INSERT INTO marks SELECT ?, ?, ?, 1, 1, now64(3) - INTERVAL 30 HOUR", uuid.UUID(old), hour, uuid.New()))
	}
	for all, want := range map[bool]int{true: 2, false: 1} {
		dirty, err := b.rollups().Dirty(t.Context(), all)
		require.NoError(t, err)
		var found []time.Time
		for _, d := range dirty {
			if d.Tenant == old {
				found = append(found, d.Hour)
			}
		}
		require.Len(t, found, want)
		require.Equal(t, this.Add(-time.Hour), found[0])
	}
}
