package analyticsch

import (
	"context"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

func openStore(t *testing.T, url string, limits Limits) *Store {
	t.Helper()
	conn, err := ch.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return New(Config{Conn: conn, Limits: limits, Now: time.Now})
}

func run(ctx context.Context, t *testing.T, s *Store, sql string) (string, error) {
	t.Helper()
	st := newStatement(tenantID(t))
	st.sql = sql
	var answer string
	_, err := s.query(ctx, st, func(rows driver.Rows) error { return rows.Scan(&answer) })
	return answer, err
}

// A caller that has time is no reason to let a query run longer.
func TestLimitsHoldWhateverTheDeadline(t *testing.T) {
	t.Parallel()
	s := openStore(t, testkit.ClickHouse(t), Limits{})
	for _, timeout := range []time.Duration{5 * time.Second, time.Hour} {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		for setting, want := range map[string]string{
			"max_execution_time": "10", "max_memory_usage": "2000000000", "readonly": "1", "do_not_merge_across_partitions_select_final": "true",
		} {
			got, err := run(ctx, t, s, "SELECT toString(getSetting('"+setting+"'))")
			require.NoError(t, err)
			require.Equal(t, want, got, setting)
		}
	}
}

func TestStatementsOnlyRead(t *testing.T) {
	t.Parallel()
	s := openStore(t, testkit.ClickHouse(t), Limits{})
	for _, sql := range []string{"INSERT INTO events (event) VALUES ('x')", "TRUNCATE TABLE events", "CREATE TABLE x (a Int8) ENGINE = Memory", "SET max_execution_time = 100"} {
		_, err := run(t.Context(), t, s, sql)
		require.ErrorContains(t, err, "readonly", sql)
	}
}

func TestTimeoutIsTooExpensive(t *testing.T) {
	t.Parallel()
	s := openStore(t, testkit.ClickHouse(t), Limits{Time: time.Second})
	_, err := run(t.Context(), t, s, "SELECT toString(sum(number)) FROM numbers(1000000000000)")
	require.ErrorIs(t, err, analytics.ErrTooExpensive)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

func TestCancelledQueryEnds(t *testing.T) {
	t.Parallel()
	s := openStore(t, testkit.ClickHouse(t), Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	started := time.Now()
	_, err := run(ctx, t, s, "SELECT toString(sum(number)) FROM numbers(1000000000000)")
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, time.Since(started), 8*time.Second)
}

func TestNoServerIsUnavailable(t *testing.T) {
	t.Parallel()
	s := openStore(t, "clickhouse://127.0.0.1:1/default", Limits{})
	_, err := run(t.Context(), t, s, "SELECT '1'")
	require.ErrorIs(t, err, ch.ErrUnavailable)
}

// TestTellsHowLongTheServerWorked is about a question that is answered after a while, and one that takes too long.
func TestTellsHowLongTheServerWorked(t *testing.T) {
	t.Parallel()
	type told struct {
		tenant   tenants.ID
		work     time.Duration
		answered bool
	}
	var all []told
	s := openStore(t, testkit.ClickHouse(t), Limits{Time: time.Second})
	s.worked = func(tenant tenants.ID, work time.Duration, answered bool) {
		all = append(all, told{tenant, work, answered})
	}
	began := time.Now()
	_, err := run(t.Context(), t, s, "SELECT toString(sleep(0.3))")
	require.NoError(t, err)
	took := time.Since(began)
	_, err = run(t.Context(), t, s, "SELECT toString(sum(number)) FROM numbers(1000000000000)")
	require.ErrorIs(t, err, analytics.ErrTooExpensive)
	require.Len(t, all, 2)
	require.True(t, all[0].answered)
	require.GreaterOrEqual(t, all[0].work, 300*time.Millisecond)
	require.LessOrEqual(t, all[0].work, took)
	require.False(t, all[1].answered)
	require.GreaterOrEqual(t, all[1].work, 500*time.Millisecond)
	require.Equal(t, tenantID(t), all[0].tenant)
	require.Equal(t, tenantID(t), all[1].tenant)
}
