package testkit_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestPostgres(t *testing.T) {
	t.Parallel()
	t0 := time.Now()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	t.Log(time.Since(t0))
	require.NoError(t, err)
	defer pool.Close()
	tenant := uuid.New()
	var role, seen, zone string
	require.NoError(t, pool.WithTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), "SELECT current_user, current_setting('app.tenant_id'), current_setting('timezone')").Scan(&role, &seen, &zone)
	}))
	require.Equal(t, "observatory_app", role)
	require.Equal(t, tenant.String(), seen)
	require.Equal(t, testkit.TimeZone, zone)
}

func TestClickHouse(t *testing.T) {
	t.Parallel()
	t0 := time.Now()
	conn, err := ch.Open(t.Context(), testkit.ClickHouse(t))
	t.Log(time.Since(t0))
	require.NoError(t, err)
	defer conn.Close()
	var zone string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT timezone()").Scan(&zone))
	require.Equal(t, testkit.TimeZone, zone)
	var n uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM events").Scan(&n))
	t0 = time.Now()
	testkit.ClickHouse(t)
	t.Log(time.Since(t0))
	t0 = time.Now()
	testkit.Postgres(t)
	t.Log(time.Since(t0))
}

func TestRedis(t *testing.T) {
	t.Parallel()
	t.Log(testkit.Redis(t), testkit.RealRedis(t))
}
