package ch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func open(t *testing.T, url string) driver.Conn {
	t.Helper()
	conn, err := ch.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestMigrateMakesTheDatabaseAndContinues(t *testing.T) {
	t.Parallel()
	url := testkit.ClickHouse(t)
	url = strings.Replace(url, "/t_", "/odd`na\\me_", 1)
	steps := fstest.MapFS{
		"00001_a.sql": {Data: []byte("-- +goose Up\nCREATE TABLE a (n UInt8) ENGINE = MergeTree ORDER BY n;\nINSERT INTO a VALUES (1);\n")},
	}
	require.NoError(t, ch.Migrate(t.Context(), url, steps))
	steps["00002_b.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nINSERT INTO a VALUES (2);\n")}
	require.NoError(t, ch.Migrate(t.Context(), url, steps))
	require.NoError(t, ch.Migrate(t.Context(), url, steps))
	var sum, count uint64
	require.NoError(t, open(t, url).QueryRow(t.Context(), "SELECT sum(n), count() FROM a").Scan(&sum, &count))
	require.EqualValues(t, 3, sum)
	require.EqualValues(t, 2, count, "a step is done once")

	steps["00003_c.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nSELEKT 1;\n")}
	require.ErrorContains(t, ch.Migrate(t.Context(), url, steps), "version:3")
}

func TestRowsArriveWithAndWithoutCompression(t *testing.T) {
	t.Parallel()
	url := testkit.ClickHouse(t)
	require.NoError(t, open(t, url).Exec(t.Context(), "CREATE TABLE a (n UInt64) ENGINE = MergeTree ORDER BY n"))
	for i, url := range []string{url, url + "?compress=lz4"} {
		conn := open(t, url)
		batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO a")
		require.NoError(t, err)
		for n := range 10_000 {
			require.NoError(t, batch.Append(uint64(n)))
		}
		require.NoError(t, batch.Send())
		var count uint64
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM a").Scan(&count))
		require.EqualValues(t, 10_000*(i+1), count)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	conn := open(t, testkit.ClickHouse(t))
	for name, c := range map[string]struct {
		sql  string
		want error // nil means: not a fault
	}{
		"too slow":             {"SELECT count() FROM numbers(1e12) SETTINGS max_execution_time = 1, timeout_before_checking_execution_speed = 0", ch.ErrTooExpensive},
		"too many rows":        {"SELECT count() FROM numbers(1000) SETTINGS max_rows_to_read = 10", ch.ErrTooExpensive},
		"too large for memory": {"SELECT groupArray(number) FROM numbers(1e9) SETTINGS max_memory_usage = 10000000", ch.ErrTooExpensive},
		"parts, as it says":    {"SELECT throwIf(1, 'x', 252::Int16) SETTINGS allow_custom_error_code_in_throwif = 1", ch.ErrUnavailable},
		"syntax":               {"SELEKT 1", nil},
		"no such table":        {"SELECT 1 FROM nonesuch", nil},
	} {
		err := ch.Fault(conn.Exec(t.Context(), c.sql))
		require.Error(t, err, name)
		var refused *clickhouse.Exception
		require.ErrorAs(t, err, &refused, name)
		if c.want == nil {
			require.Equal(t, fault.Internal, fault.KindOf(err), name)
			continue
		}
		require.ErrorIs(t, err, c.want, name)
	}
	late, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, ch.Fault(conn.Exec(late, "SELECT sleep(3)")), ch.ErrUnavailable)

	gone, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	err := ch.Fault(conn.Exec(gone, "SELECT sleep(3)"))
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ch.ErrUnavailable, "nobody is left to be told")
}

func TestFaultOfAFullServer(t *testing.T) {
	t.Parallel()
	full := &clickhouse.Exception{Code: 241, Message: "(total) memory limit exceeded: would use 2.01 GiB"}
	require.ErrorIs(t, ch.Fault(fmt.Errorf("insert: %w", full)), ch.ErrUnavailable)
}

func TestFaultLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	known := fault.New(fault.NotFound, "no_such_tenant", "There is no such tenant.")
	other := errors.New("something else")
	for _, err := range []error{nil, known, fmt.Errorf("load: %w", known), other} {
		require.Equal(t, err, ch.Fault(err))
	}
}

func TestPoolWaitsForTheSchema(t *testing.T) {
	t.Parallel()
	current := make(chan struct{})
	conn, err := ch.OpenAfter(t.Context(), testkit.ClickHouse(t), current)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, batchErr := conn.PrepareBatch(t.Context(), "INSERT INTO events")
	for _, err := range []error{conn.Ping(t.Context()), conn.Exec(t.Context(), "SELECT 1"), conn.QueryRow(t.Context(), "SELECT 1").Err(), batchErr} {
		require.ErrorIs(t, ch.Fault(err), ch.ErrUnavailable)
		require.ErrorContains(t, err, "schema is not up to date")
	}
	close(current)
	require.NoError(t, conn.Ping(t.Context()))
	require.NoError(t, conn.Exec(t.Context(), "SELECT 1"))
}

func TestPoolOutlivesTheServer(t *testing.T) {
	t.Parallel()
	server := testkit.OwnClickHouse(t)
	conn := open(t, server.URL())
	require.NoError(t, conn.Ping(t.Context()))
	server.Kill()
	require.ErrorIs(t, ch.Fault(conn.Ping(t.Context())), ch.ErrUnavailable)
	require.ErrorIs(t, ch.Fault(conn.Exec(t.Context(), "SELECT 1")), ch.ErrUnavailable)
	require.ErrorIs(t, ch.Migrate(t.Context(), server.URL(), fstest.MapFS{}), ch.ErrUnavailable)
	server.Start()
	testkit.Eventually(t, 10*time.Second, func() error { return conn.Ping(t.Context()) })
}

func TestOpenRefusesNonsense(t *testing.T) {
	t.Parallel()
	_, err := ch.Open(t.Context(), "clickhouse://h:9000/db?dial_timeout=soon")
	require.Error(t, err)
}
