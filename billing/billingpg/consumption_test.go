package billingpg_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/cost"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

func openStore(t *testing.T) *billingpg.Store {
	t.Helper()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return billingpg.New(pool)
}

// unsure is a ledger that writes, or does not, and says that it failed.
type unsure struct {
	cost.Ledger
	writes func() bool
	fails  func() bool
}

var errLost = errors.New("the answer was lost")

func (u unsure) Add(ctx context.Context, f cost.Flush) error {
	if u.writes() {
		if err := u.Ledger.Add(ctx, f); err != nil {
			return err
		}
		if !u.fails() {
			return nil
		}
	}
	return errLost
}

// TestConsumptionIsBookedOnce notes what random tenants consume on several nodes, whose ledger fails before or after it has written, while the
// rows are put together: what is read is what was noted.
func TestConsumptionIsBookedOnce(t *testing.T) {
	t.Parallel()
	ledger := openStore(t).Consumption()
	resources := []billing.Resource{billing.QueryWork, billing.ExportsAsked, billing.Egress}
	log := testkit.Logger(t)
	begin := time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC) // clocks change that night
	rapid.Check(t, func(t *rapid.T) {
		now := begin
		coin := func(name string) func() bool { return func() bool { return rapid.Bool().Draw(t, name) } }
		nodes := make([]*cost.Recorder, 3)
		for i := range nodes {
			nodes[i] = cost.NewRecorder(unsure{ledger, coin("writes"), coin("fails")}, "n", func() time.Time { return now }, log)
		}
		tenant := []tenants.ID{tenants.NewID(), tenants.NewID()}
		type use struct {
			tenant   tenants.ID
			resource billing.Resource
			hour     time.Time
		}
		want := map[use]int64{}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			switch node := rapid.SampledFrom(nodes).Draw(t, "node"); rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				_ = node.Flush(t.Context())
			case 1:
				_, err := ledger.Compact(t.Context(), now.Add(-cost.CompactAfter), 1)
				require.NoError(t, err)
			case 2:
				for _, node := range nodes { // a batch that is tried for two days is given up
					for node.Flush(t.Context()) != nil { //nolint:revive // until it is written
					}
				}
				now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "minutes")) * time.Minute)
			default:
				u := use{rapid.SampledFrom(tenant).Draw(t, "tenant"), rapid.SampledFrom(resources).Draw(t, "resource"), now.Truncate(time.Hour)}
				n := rapid.Int64Range(-1, 1000).Draw(t, "quantity")
				node.Consumed(u.tenant, u.resource, n)
				want[u] += max(n, 0)
			}
		}
		for _, node := range nodes {
			for node.Flush(t.Context()) != nil { //nolint:revive // until it is written
			}
		}
		for {
			n, err := ledger.Compact(t.Context(), now.Add(time.Hour), 2)
			require.NoError(t, err)
			if n == 0 {
				break
			}
		}
		got := map[use]int64{}
		for _, id := range tenant {
			for _, r := range resources {
				hours, err := ledger.Consumed(t.Context(), id, r, begin, now.Add(time.Hour))
				require.NoError(t, err)
				for _, h := range hours {
					got[use{id, r, h.Hour}] = h.Quantity
				}
			}
		}
		for u, n := range want {
			if n == 0 {
				delete(want, u)
			}
		}
		require.Equal(t, want, got)
	})
}

func TestConsumptionOfHoursIsPutTogether(t *testing.T) {
	t.Parallel()
	ledger := openStore(t).Consumption()
	tenant, hour := tenants.NewID(), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i := range 5 {
		require.NoError(t, ledger.Add(t.Context(), cost.Flush{ID: uuid.New(), Node: "n", Rows: []cost.Row{
			{Tenant: tenant, Resource: billing.Egress, Hour: hour, Quantity: 7}, {Tenant: tenant, Resource: billing.Egress, Hour: hour.Add(time.Hour), Quantity: int64(i + 1)},
		}}))
	}
	n, err := ledger.Compact(t.Context(), hour.Add(time.Hour), 100)
	require.NoError(t, err)
	require.Equal(t, 1, n, "the hour that is not before the limit stays as it is")
	n, err = ledger.Compact(t.Context(), hour.Add(time.Hour), 100)
	require.NoError(t, err)
	require.Zero(t, n, "one row is together")
	hours, err := ledger.Consumed(t.Context(), tenant, billing.Egress, hour, hour.Add(2*time.Hour))
	require.NoError(t, err)
	require.Equal(t, []billing.HourUse{{Hour: hour, Quantity: 35}, {Hour: hour.Add(time.Hour), Quantity: 15}}, hours)
	hours, err = ledger.Consumed(t.Context(), tenants.NewID(), billing.Egress, hour, hour.Add(2*time.Hour))
	require.NoError(t, err)
	require.Empty(t, hours, "of somebody else")
}

// TestRecorderWritesWhenItEnds also is about a ledger that is away at first.
func TestRecorderWritesWhenItEnds(t *testing.T) {
	t.Parallel()
	ledger, now := openStore(t).Consumption(), time.Date(2026, 11, 1, 0, 30, 0, 0, time.UTC)
	away := true
	r := cost.NewRecorder(unsure{ledger, func() bool { return !away }, func() bool { return false }}, "n", func() time.Time { return now }, testkit.Logger(t))
	tenant := tenants.NewID()
	r.Consumed(tenant, billing.QueryWork, 12)
	r.Consumed(tenants.ID{}, billing.QueryWork, 12)
	require.ErrorIs(t, r.Flush(t.Context()), errLost)
	away = false
	r.Consumed(tenant, billing.QueryWork, 30)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, r.Run(ctx))
	hours, err := ledger.Consumed(t.Context(), tenant, billing.QueryWork, now.Truncate(time.Hour), now)
	require.NoError(t, err)
	require.Equal(t, []billing.HourUse{{Hour: now.Truncate(time.Hour), Quantity: 42}}, hours)
}

func TestRestsOfMillisecondsAreCounted(t *testing.T) {
	t.Parallel()
	ledger, now, tenant := openStore(t).Consumption(), time.Date(2026, 11, 1, 0, 30, 0, 0, time.UTC), tenants.NewID()
	r := cost.NewRecorder(ledger, "n", func() time.Time { return now }, nil)
	for range 1000 {
		r.Worked(tenant, billing.QueryWork, 400*time.Microsecond)
	}
	require.NoError(t, r.Flush(t.Context()))
	hours, err := ledger.Consumed(t.Context(), tenant, billing.QueryWork, now.Truncate(time.Hour), now)
	require.NoError(t, err)
	require.Equal(t, []billing.HourUse{{Hour: now.Truncate(time.Hour), Quantity: 400}}, hours)
}
