package embedded_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/embedded"
	"github.com/observatory/observatory/internal/fault"
)

func TestTwoInstancesSideBySide(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		e, err := embedded.StartAll(t.Context(), embedded.Config{RuntimeDir: runtimeDir, DataDir: filepath.Join(dir, name)})
		require.NoError(t, err)
		defer e.Stop(t.Context())
		require.NoError(t, openClickHouse(t, e.URLs().ClickHouse).Exec(t.Context(), makeEvents), "their data is apart")
		postgresExec(t, e.URLs().Postgres, "CREATE TABLE t (n int)")
	}
}

func TestOneDataFolderOneInstance(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := embedded.Discover(dir)
	require.ErrorIs(t, err, embedded.ErrNotRunning)
	require.Contains(t, fault.From(err).Message, dir)

	p := startParent(t, dir)
	_, err = embedded.StartAll(t.Context(), embedded.Config{RuntimeDir: runtimeDir, DataDir: dir})
	require.ErrorIs(t, err, embedded.ErrDataDirInUse)
	require.Contains(t, fault.From(err).Message, dir)
	require.Contains(t, fault.From(err).Message, "process "+strconv.Itoa(p.cmd.Process.Pid))

	found, err := embedded.Discover(dir)
	require.NoError(t, err)
	require.Equal(t, p.URLs, found)
	_, err = postgresValue[int](t, found.Postgres, "SELECT 1")
	require.NoError(t, err)
	_, err = clickHouseValue[uint8](t, found.ClickHouse, "SELECT 1")
	require.NoError(t, err)
	info, err := os.Stat(filepath.Join(dir, "run", "engines.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.NoError(t, p.stdin.Close()) // an orderly end
	require.NoError(t, p.cmd.Wait())
	for _, pid := range p.PIDs {
		require.NoError(t, gone(pid), "no child outlives an orderly end")
	}
	_, err = embedded.Discover(dir)
	require.ErrorIs(t, err, embedded.ErrNotRunning)
}

func TestParentIsKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := startParent(t, dir)
	require.NoError(t, openClickHouse(t, p.URLs.ClickHouse).Exec(t.Context(), makeEvents))
	require.NoError(t, openClickHouse(t, p.URLs.ClickHouse).Exec(t.Context(), "INSERT INTO e SELECT number FROM numbers(10)"))
	postgresExec(t, p.URLs.Postgres, "CREATE TABLE t AS SELECT 42 AS n")
	require.NoError(t, p.cmd.Process.Kill())
	require.Error(t, p.cmd.Wait())

	// The next one starts at once, and waits for what is left of the last.
	e, err := embedded.StartAll(t.Context(), embedded.Config{RuntimeDir: runtimeDir, DataDir: dir})
	require.NoError(t, err)
	defer e.Stop(t.Context())
	for _, pid := range p.PIDs {
		require.NoError(t, gone(pid))
	}
	count, err := clickHouseValue[uint64](t, e.URLs().ClickHouse, "SELECT count() FROM e")
	require.NoError(t, err)
	require.EqualValues(t, 10, count)
	n, err := postgresValue[int](t, e.URLs().Postgres, "SELECT n FROM t")
	require.NoError(t, err)
	require.Equal(t, 42, n)
}

func TestChildrenEndWithAKilledParent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := startParent(t, dir)
	require.NoError(t, p.cmd.Process.Kill())
	for _, pid := range p.PIDs {
		eventually(t, "the child ends", func() error { return gone(pid) })
	}
	require.Error(t, p.cmd.Wait())
	_, err := embedded.Discover(dir)
	require.ErrorIs(t, err, embedded.ErrNotRunning, "what a killed process noted is stale")
}

func TestConfiguredEnginesAreNotStarted(t *testing.T) {
	t.Parallel()
	configured := embedded.URLs{ClickHouse: "clickhouse://ch:9000/x", Postgres: "postgres://pg/x"}
	dir := t.TempDir()
	e, err := embedded.StartAll(t.Context(), embedded.Config{RuntimeDir: "/nowhere", DataDir: dir, Configured: configured})
	require.NoError(t, err)
	defer e.Stop(t.Context())
	require.Nil(t, e.ClickHouse)
	require.Nil(t, e.Postgres)
	urls := e.URLs()
	require.NotEmpty(t, urls.Redis)
	require.Equal(t, embedded.URLs{ClickHouse: configured.ClickHouse, Postgres: configured.Postgres, Redis: e.Redis.URL()}, urls)
	found, err := embedded.Discover(dir)
	require.NoError(t, err)
	require.Equal(t, embedded.URLs{Redis: e.Redis.URL()}, found)
}
