package embedded_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/embedded"
	"github.com/observatory/observatory/internal/fault"
)

const makeEvents = "CREATE TABLE e (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS fsync_after_insert = 1"

func TestClickHouseKeepsItsDataOverARestart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a & b <c> 'd'") // a path is escaped wherever it is written
	first := startClickHouse(t, embedded.ClickHouseConfig{DataDir: dir, TimeZone: "Pacific/Auckland", MemoryLimit: 1 << 30})
	conn := openClickHouse(t, first.URL())
	require.NoError(t, conn.Exec(t.Context(), makeEvents))
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO e SELECT number FROM numbers(1000)"))
	zone, err := clickHouseValue[string](t, first.URL(), "SELECT timezone()")
	require.NoError(t, err)
	require.Equal(t, "Pacific/Auckland", zone)
	limit, err := clickHouseValue[string](t, first.URL(), "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'")
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(1<<30), limit)
	require.NoError(t, conn.Close())
	first.Stop(t.Context())
	require.NoError(t, gone(first.PID()))

	second := startClickHouse(t, embedded.ClickHouseConfig{DataDir: dir})
	require.NotEqual(t, first.URL(), second.URL(), "every start has its own password")
	count, err := clickHouseValue[uint64](t, second.URL(), "SELECT count() FROM e")
	require.NoError(t, err)
	require.EqualValues(t, 1000, count)
}

func TestClickHouseComesBackAfterACrash(t *testing.T) {
	t.Parallel()
	server := startClickHouse(t, embedded.ClickHouseConfig{DataDir: t.TempDir()})
	conn := openClickHouse(t, server.URL())
	require.NoError(t, conn.Exec(t.Context(), makeEvents))
	for round := range uint64(3) {
		require.NoError(t, conn.Exec(t.Context(), "INSERT INTO e VALUES (1)"))
		pid := server.PID()
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		eventually(t, "ClickHouse comes back on the same port with the same password", func() error {
			var count uint64
			if err := conn.QueryRow(t.Context(), "SELECT count() FROM e").Scan(&count); err != nil {
				return err
			}
			require.Equal(t, round+1, count)
			return nil
		})
		require.NotEqual(t, pid, server.PID())
	}
	select {
	case <-server.Done():
		t.Fatal("a server that is started again is not done")
	default:
	}
	server.Stop(t.Context())
	<-server.Done()
}

func TestClickHouseMutationsRun(t *testing.T) {
	t.Parallel()
	server := startClickHouse(t, embedded.ClickHouseConfig{DataDir: t.TempDir()})
	conn := openClickHouse(t, server.URL())
	require.NoError(t, conn.Exec(t.Context(), makeEvents))
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO e SELECT number FROM numbers(1000)"))
	// With a pool this small, the default thresholds would keep a mutation waiting for ever.
	require.NoError(t, conn.Exec(t.Context(), "ALTER TABLE e DELETE WHERE n < 400 SETTINGS mutations_sync = 2"))
	require.NoError(t, conn.Exec(t.Context(), "OPTIMIZE TABLE e FINAL"))
	count, err := clickHouseValue[uint64](t, server.URL(), "SELECT count() FROM e")
	require.NoError(t, err)
	require.EqualValues(t, 600, count)
}

// What is asked for may be somebody's name, and an error tells the whole statement.
func TestClickHouseLogsNoTexts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := startClickHouse(t, embedded.ClickHouseConfig{DataDir: dir})
	conn := openClickHouse(t, server.URL())
	err := conn.Exec(t.Context(), `SELECT no_such_column FROM system.one WHERE 'Ada\'s \\' IN {names:Array(String)}`, clickhouse.Named("names", []string{"Grace", "O'Hara\\"}))
	require.Error(t, err)
	log := filepath.Join(dir, "log", "clickhouse.log")
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	for _, name := range []string{"Ada", "Grace", "Hara"} {
		require.NotContains(t, string(text), name)
	}
}

func TestClickHouseLetsNobodyElseIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := startClickHouse(t, embedded.ClickHouseConfig{DataDir: dir})
	good, err := url.Parse(server.URL())
	require.NoError(t, err)
	for name, user := range map[string]*url.Userinfo{
		"nobody":                         nil,
		"the user of the keeper session": url.UserPassword("default", ""),
		"wrong password":                 url.UserPassword("observatory", "guess"),
		"no password":                    url.User("observatory"),
	} {
		bad := *good
		bad.User = user
		_, err := clickHouseValue[uint8](t, bad.String(), "SELECT 1")
		require.ErrorContains(t, err, "code: ", name) // refused by the server, not by the network

		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+server.HTTPAddr()+"/?query=SELECT+1&max_sessions_for_user=9", http.NoBody)
		require.NoError(t, err)
		req.Close = true
		if user != nil {
			password, _ := user.Password()
			req.SetBasicAuth(user.Username(), password)
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.GreaterOrEqual(t, resp.StatusCode, 400, "%s: %s", name, body)
	}
	for _, file := range []string{"users.xml", "config.xml"} {
		info, err := os.Stat(filepath.Join(dir, file))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

// TestClickHouseOutlivesRudeClients is about clients that fail before they are logged in: see withTerminal.
func TestClickHouseOutlivesRudeClients(t *testing.T) {
	t.Parallel()
	server := startClickHouse(t, embedded.ClickHouseConfig{DataDir: t.TempDir()})
	pid := server.PID()
	for _, rude := range []string{"", "\x00\x05cli", strings.Repeat("\xff", 100), "\x16\x03\x01\x02\x00\x01", "GET / HTTP/1.1\r\n\r\n"} {
		for _, linger := range []int{0, 1} { // with 0, closing resets the connection
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", server.Port()))
			require.NoError(t, err)
			require.NoError(t, conn.(*net.TCPConn).SetLinger(linger))
			_, err = conn.Write([]byte(rude))
			require.NoError(t, err)
			require.NoError(t, conn.Close())
		}
	}
	for i := range 100 { // a query whose client goes away while the driver connects
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*20*time.Microsecond)
		_ = openClickHouse(t, server.URL()).Ping(ctx)
		cancel()
	}
	nowhere, err := url.Parse(server.URL())
	require.NoError(t, err)
	nowhere.Path = "/nonesuch"
	require.ErrorContains(t, openClickHouse(t, nowhere.String()).Ping(t.Context()), "nonesuch does not exist")

	_, err = clickHouseValue[uint8](t, server.URL(), "SELECT 1")
	require.NoError(t, err)
	require.Equal(t, pid, server.PID())
}

func TestClickHouseIsOutOfReachOfCtrlC(t *testing.T) {
	t.Parallel()
	server := startClickHouse(t, embedded.ClickHouseConfig{DataDir: t.TempDir()})
	group, err := syscall.Getpgid(server.PID())
	require.NoError(t, err)
	require.NotEqual(t, syscall.Getpgrp(), group)
}

func TestClickHouseOnAPortThatIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	_, err = embedded.StartClickHouse(t.Context(), embedded.ClickHouseConfig{
		RuntimeDir: runtimeDir, DataDir: t.TempDir(), Port: taken.Addr().(*net.TCPAddr).Port,
	})
	require.ErrorContains(t, err, "address already in use", "a port that was asked for is not exchanged")
}

func TestMissingEngines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := embedded.StartAll(t.Context(), embedded.Config{RuntimeDir: dir, DataDir: filepath.Join(dir, "data")})
	require.ErrorIs(t, err, embedded.ErrEngineMissing)

	_, err = embedded.StartClickHouse(t.Context(), embedded.ClickHouseConfig{RuntimeDir: dir, DataDir: dir})
	require.ErrorIs(t, err, embedded.ErrEngineMissing)
	for _, part := range []string{dir, "@chdb/lib-", "make runtime", "OBSERVATORY_CLICKHOUSE_URL"} {
		require.Contains(t, fault.From(err).Message, part)
	}
	_, err = embedded.StartPostgres(t.Context(), embedded.PostgresConfig{RuntimeDir: dir, DataDir: dir})
	require.ErrorIs(t, err, embedded.ErrEngineMissing)
	for _, part := range []string{dir, "@embedded-postgres/", "make runtime", "OBSERVATORY_POSTGRES_URL"} {
		require.Contains(t, fault.From(err).Message, part)
	}
	require.Contains(t, fmt.Sprint(err), "no such file")
}
