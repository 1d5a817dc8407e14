package pg_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/embedded"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/migrations"
)

func TestMigrateTakesTurns(t *testing.T) {
	t.Parallel()
	url := testkit.Postgres(t)
	steps := fstest.MapFS{
		"90001_a.sql": {Data: []byte("-- +goose Up\nCREATE TABLE once (n int);\nSELECT pg_sleep(0.1);\nINSERT INTO once VALUES (1);\n")},
	}
	errs := make([]error, 4)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = pg.Migrate(t.Context(), url, steps) })
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM once").Scan(&n))
	require.Equal(t, 1, n)
}

// TestRolesAreMadeOnce is about databases of one server that are migrated at once: they have the roles in common, but no
// lock.
func TestRolesAreMadeOnce(t *testing.T) {
	t.Parallel()
	server, err := embedded.StartPostgres(t.Context(), embedded.PostgresConfig{
		RuntimeDir: testkit.RuntimeDir(t), DataDir: t.TempDir(), Settings: map[string]string{"fsync": "off"},
	})
	require.NoError(t, err)
	defer server.Kill()
	const databases = 8
	errs := make([]error, databases)
	var all sync.WaitGroup
	for i := range databases {
		exec(t, server.URL(), "CREATE DATABASE d"+strconv.Itoa(i))
	}
	for i := range databases {
		all.Go(func() {
			url := strings.Replace(server.URL(), "/observatory?", "/d"+strconv.Itoa(i)+"?", 1)
			errs[i] = pg.Migrate(t.Context(), url, migrations.Postgres())
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}
