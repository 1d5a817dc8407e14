package sinkstate_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

// What is metered is what was settled, of the newest month and the one before, in whatever order months come and wherever the power is cut: no more is
// counted than was settled, nor less.
func TestMetersAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fs := vfs.NewCrashableMem()
		s := open(t, fs)
		first := ingest.MonthOf(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
		all := map[ingest.Metered]int64{} // by tenant and month
		var newest ingest.Month
		for batch := range rapid.IntRange(1, 12).Draw(t, "batches") {
			var more []ingest.Metered
			for range rapid.IntRange(0, 3).Draw(t, "some") {
				more = append(more, ingest.Metered{
					Tenant: tenants.ID{15: byte(rapid.IntRange(1, 2).Draw(t, "tenant"))}, Month: first + ingest.Month(rapid.IntRange(0, batch/3).Draw(t, "month")), //nolint:gosec // small
					Events: int64(rapid.IntRange(1, 1000).Draw(t, "events")),
				})
			}
			slices.SortFunc(more, func(a, b ingest.Metered) int {
				return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Tenant[15], b.Tenant[15]))
			})
			more = slices.CompactFunc(more, func(a, b ingest.Metered) bool { return a.Month == b.Month && a.Tenant == b.Tenant })
			for _, m := range more {
				newest = max(newest, m.Month)
			}
			require.NoError(t, s.Settle(ingest.Offset(batch+1), nil, more))
			for _, m := range more {
				if m.Month >= newest-1 {
					all[ingest.Metered{Tenant: m.Tenant, Month: m.Month}] += m.Events
				}
			}
			if rapid.Bool().Draw(t, "the power is cut") {
				left := fs.CrashClone(vfs.CrashCloneCfg{})
				require.NoError(t, s.Close())
				fs, s = left, open(t, left)
			}
			want := map[ingest.Metered]int64{}
			for k, n := range all {
				if k.Month >= newest-1 {
					want[k] = n
				}
				if k.Month < newest-1 {
					n = 0
				}
				require.Equal(t, n, s.MeteredOf(k.Tenant, k.Month))
			}
			got := map[ingest.Metered]int64{}
			for _, m := range s.Metered() {
				got[ingest.Metered{Tenant: m.Tenant, Month: m.Month}] = m.Events
			}
			require.Equal(t, want, got)
		}
		require.NoError(t, s.Close())
	})
}
