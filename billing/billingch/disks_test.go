package billingch_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingch"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/cost"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

// TestWhatIsStoredAndDoneIsBooked measures two tenants, of which one has nine times as much as the other, and jobs that ended in the hour before.
func TestWhatIsStoredAndDoneIsBooked(t *testing.T) {
	t.Parallel()
	conn, err := ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	ledger := billingpg.New(pool).Consumption()

	small, large := tenants.NewID(), tenants.NewID()
	for tenant, rows := range map[tenants.ID]string{small: "1000", large: "9000"} {
		for _, table := range []string{"events", "held_events"} {
			require.NoError(t, conn.Exec(t.Context(), "INSERT INTO "+table+" (tenant_id, event, event_id) SELECT toUUID('"+tenant.String()+"'), 'e', toString(generateUUIDv4(number)) FROM numbers("+rows+")"))
		}
	}
	var ended time.Time
	require.NoError(t, pool.AcrossTenants(t.Context(), func(tx pgx.Tx) error {
		if err := tx.QueryRow(t.Context(), "SELECT date_trunc('hour', now() - interval '5 minutes', 'UTC') - interval '10 minutes'").Scan(&ended); err != nil {
			return err
		}
		for _, took := range []time.Duration{1500 * time.Millisecond, 2500 * time.Millisecond} {
			id := uuid.New()
			if _, err := tx.Exec(t.Context(), "INSERT INTO jobs (id, kind, queue, params, max_attempts, keep_seconds, correlation_id, created_by) VALUES ($1, 'a:b', 'bulk', '{}', 1, 1, '', '')", id); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), "INSERT INTO job_attempts (job_id, attempt, kind, worker, started_at, ended_at, outcome) VALUES ($1, 1, 'a:b', 'w', $2, $3, 'ok')", id, ended.Add(-took), ended); err != nil {
				return err
			}
		}
		return nil
	}))

	now := ended.UTC().Truncate(time.Hour).Add(time.Hour + time.Minute)
	gauge := cost.NewGauge(billingch.NewDisks(conn), ledger, func() time.Time { return now })
	consumed := func(tenant tenants.ID, r billing.Resource) (sum int64) {
		hours, err := ledger.Consumed(t.Context(), tenant, r, ended.Add(-48*time.Hour), now.Add(48*time.Hour))
		require.NoError(t, err)
		for _, h := range hours {
			sum += h.Quantity
		}
		return sum
	}
	for range 2 { // again changes nothing
		require.NoError(t, gauge.Measure(t.Context(), nil))
		require.EqualValues(t, 4000, consumed(tenants.ID{}, billing.JobWork))
	}
	events, held := consumed(small, billing.EventBytes), consumed(small, billing.HeldBytes)
	require.Greater(t, events, int64(1000))
	require.InDelta(t, 9, float64(consumed(large, billing.EventBytes))/float64(events), 0.01)
	require.InDelta(t, 9, float64(consumed(large, billing.HeldBytes))/float64(held), 0.01)

	now = now.Add(10 * time.Hour) // nobody measured for ten hours: it counts for all of them
	require.NoError(t, gauge.Measure(t.Context(), nil))
	require.InDelta(t, 11, float64(consumed(small, billing.HeldBytes))/float64(held), 0.01)
}
