package testkit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/migrations"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestPostgres(t *testing.T) {
	t.Parallel()
	for range 2 { // each has its own, or the table would be there already
		pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
		require.NoError(t, err)
		defer pool.Close()
		tenant := uuid.New()
		var role, seen, zone string
		require.NoError(t, pool.WithTenant(t.Context(), tenant, func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), "SELECT current_user, current_setting('app.tenant_id'), current_setting('timezone')").
				Scan(&role, &seen, &zone)
		}))
		require.Equal(t, "observatory_app", role)
		require.Equal(t, tenant.String(), seen)
		require.Equal(t, testkit.TimeZone, zone)
	}
}

func TestClickHouse(t *testing.T) {
	t.Parallel()
	for range 2 {
		conn, err := ch.Open(t.Context(), testkit.ClickHouse(t))
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		var zone string
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT timezone()").Scan(&zone))
		require.Equal(t, testkit.TimeZone, zone)
		var steps uint64
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM goose_db_version WHERE version_id > 0").Scan(&steps))
		require.Positive(t, steps)
		require.NoError(t, conn.Exec(t.Context(), "CREATE TABLE mine (n UInt8) ENGINE = MergeTree ORDER BY n"))
	}
}

// A copy of the template is what a migrated database is.
func TestClickHouseIsAsMigrated(t *testing.T) {
	t.Parallel()
	copied := testkit.ClickHouse(t)
	tables := func(url string) (all []string) {
		conn, err := ch.Open(t.Context(), url)
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		require.NoError(t, conn.QueryRow(t.Context(), `
			SELECT groupArray(replaceOne(create_table_query, currentDatabase() || '.', '')) FROM (SELECT * FROM system.tables WHERE database = currentDatabase() ORDER BY name)`).Scan(&all))
		return all
	}
	migrated := copied + "_migrated"
	require.NoError(t, ch.Migrate(t.Context(), migrated, migrations.ClickHouse()))
	require.Equal(t, tables(migrated), tables(copied))
	require.Greater(t, len(tables(copied)), 10)
}

func redisAt(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	require.NoError(t, err)
	options.MaxRetries = -1
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestRedis(t *testing.T) {
	t.Parallel()
	for _, start := range []func(testing.TB) string{testkit.Redis, testkit.RealRedis} {
		client := redisAt(t, start(t))
		require.NoError(t, client.Set(t.Context(), "k", "v", 0).Err())
		require.ErrorIs(t, redisAt(t, start(t)).Get(t.Context(), "k").Err(), redis.Nil, "each test has its own")
	}
}

func TestEnginesOfOnesOwn(t *testing.T) {
	t.Parallel()
	clickhouse := func(url string) func() error {
		conn, err := ch.Open(t.Context(), url)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return func() error {
			return conn.QueryRow(t.Context(), "SELECT count() FROM goose_db_version").Scan(new(uint64))
		}
	}
	postgres := func(url string) func() error {
		pool, err := pg.Open(t.Context(), url, pg.Options{})
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		return func() error {
			return pool.AcrossTenants(t.Context(), func(tx pgx.Tx) error {
				return tx.QueryRow(t.Context(), "SELECT current_user::text").Scan(new(string))
			})
		}
	}
	inRedis := func(url string) func() error {
		client := redisAt(t, url)
		return func() error { return client.Ping(t.Context()).Err() }
	}
	for name, c := range map[string]struct {
		own func(testing.TB) *testkit.Engine
		try func(url string) func() error
	}{
		"clickhouse": {testkit.OwnClickHouse, clickhouse},
		"postgres":   {testkit.OwnPostgres, postgres},
		"redis":      {testkit.OwnRedis, inRedis},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine := c.own(t)
			try := c.try(engine.URL())
			require.NoError(t, try())
			engine.Kill()
			require.Error(t, try(), "it stays away")
			engine.Start()
			testkit.Eventually(t, 10*time.Second, try)
		})
	}
}

func TestEventually(t *testing.T) {
	t.Parallel()
	left := 3
	testkit.Eventually(t, time.Minute, func() error {
		if left--; left > 0 {
			return errors.New("not yet")
		}
		return nil
	})
	require.Zero(t, left)

	failing := &recorder{TB: t}
	testkit.Eventually(failing, time.Millisecond, func() error { return errors.New("never") })
	require.Contains(t, failing.fatal, "never")
}

// recorder is a test that notes its failure instead of failing.
type recorder struct {
	testing.TB
	fatal string
}

func (r *recorder) Fatalf(_ string, args ...any) {
	for _, a := range args {
		if err, ok := a.(error); ok {
			r.fatal = err.Error()
		}
	}
}

func TestLoggerMayBeUsedAfterTheTest(t *testing.T) {
	t.Parallel()
	var late func()
	t.Run("inner", func(t *testing.T) {
		log := testkit.Logger(t)
		log.Info("shown with the test")
		late = func() { log.InfoContext(context.WithoutCancel(t.Context()), "dropped; testing would panic") }
	})
	require.NotPanics(t, late)
}
