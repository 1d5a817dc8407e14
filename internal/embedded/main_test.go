package embedded_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/observatory/observatory/internal/embedded"
)

const runtimeDir = "../../.runtime"

func TestMain(m *testing.M) {
	embedded.MaybeRunChild()
	if dir := os.Getenv("OBSERVATORY_TEST_PARENT"); dir != "" {
		if err := runParent(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// parent is another process that has started all engines on a data folder.
type parent struct {
	cmd   *exec.Cmd
	stdin io.Closer
	URLs  embedded.URLs
	PIDs  []int
}

// runParent is the life of such a process: it says what it has started and stops that when its input is closed.
func runParent(dir string) error {
	e, err := embedded.StartAll(context.Background(), embedded.Config{RuntimeDir: runtimeDir, DataDir: dir})
	if err != nil {
		return err
	}
	err = json.NewEncoder(os.Stdout).Encode(parent{URLs: e.URLs(), PIDs: []int{e.ClickHouse.PID(), e.Postgres.PID()}})
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	e.Stop(context.Background())
	return nil
}

func startParent(t *testing.T, dir string) *parent {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	p := &parent{cmd: exec.CommandContext(t.Context(), exe)}
	p.cmd.Env = append(os.Environ(), "OBSERVATORY_TEST_PARENT="+dir)
	p.cmd.Stderr = os.Stderr
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(line, p))
	return p
}

func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// gone says whether a process has ended. One that waits for its parent to notice has.
func gone(pid int) error {
	if err := syscall.Kill(pid, 0); err != nil {
		return nil
	}
	if out, err := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(pid)).Output(); err != nil || out[0] == 'Z' {
		return nil
	}
	return fmt.Errorf("process %d still runs", pid)
}

func startClickHouse(t *testing.T, c embedded.ClickHouseConfig) *embedded.ClickHouse {
	t.Helper()
	c.RuntimeDir = runtimeDir

	began := time.Now()
	server, err := embedded.StartClickHouse(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(server.Kill)
	t.Logf("ClickHouse took %s to start", time.Since(began))
	return server
}

// startPostgres starts a server that leaves out what only a power cut shows.
func startPostgres(t *testing.T, dir string) *embedded.Postgres {
	t.Helper()
	began := time.Now()
	server, err := embedded.StartPostgres(t.Context(), embedded.PostgresConfig{
		RuntimeDir: runtimeDir, DataDir: dir, Settings: map[string]string{"fsync": "off"},
	})
	require.NoError(t, err)
	t.Cleanup(server.Kill)
	t.Logf("PostgreSQL took %s to start", time.Since(began))
	return server
}

func openClickHouse(t *testing.T, url string) driver.Conn {
	t.Helper()
	options, err := clickhouse.ParseDSN(url)
	require.NoError(t, err)
	conn, err := clickhouse.Open(options)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// clickHouseValue runs a query for one value.
func clickHouseValue[T any](t *testing.T, url, sql string) (T, error) {
	t.Helper()
	var v T
	err := openClickHouse(t, url).QueryRow(t.Context(), sql).Scan(&v)
	return v, err
}

// postgresValue runs a query for one value.
func postgresValue[T any](t *testing.T, url, sql string) (v T, err error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return v, err
	}
	defer func() { _ = conn.Close(t.Context()) }()
	return v, conn.QueryRow(t.Context(), sql).Scan(&v)
}

func postgresExec(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}
