package pg_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const things = `
	CREATE TABLE things (
		tenant_id uuid NOT NULL,
		name      text NOT NULL UNIQUE CHECK (name <> 'bad'),
		part_of   text REFERENCES things (name)
	);
	ALTER TABLE things ENABLE ROW LEVEL SECURITY;
	ALTER TABLE things FORCE ROW LEVEL SECURITY;
	CREATE POLICY app ON things TO observatory_app USING (tenant_id = current_setting('app.tenant_id')::uuid);
	CREATE POLICY system ON things TO observatory_system USING (true);
	GRANT SELECT, INSERT ON things TO observatory_app, observatory_system`

func exec(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func open(t *testing.T, url string, o pg.Options) *pg.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), url, o)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func names(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, "SELECT name FROM things ORDER BY name")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func TestTransactionsSeeTheirTenantOnly(t *testing.T) {
	t.Parallel()
	url := testkit.Postgres(t)
	exec(t, url, things)
	pool := open(t, url, pg.Options{MaxConns: 1}) // everything goes over one connection, which must remember nothing
	ctx := t.Context()
	a, b := uuid.New(), uuid.New()
	for _, tenant := range []uuid.UUID{a, b} {
		require.NoError(t, pool.WithTenant(ctx, tenant, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO things (tenant_id, name) VALUES ($1, $2)", tenant, "of "+tenant.String())
			return err
		}))
	}
	require.NoError(t, pool.WithTenant(ctx, a, func(tx pgx.Tx) error {
		seen, err := names(ctx, tx)
		require.Equal(t, []string{"of " + a.String()}, seen)
		return err
	}))
	require.NoError(t, pool.AcrossTenants(ctx, func(tx pgx.Tx) error {
		seen, err := names(ctx, tx)
		require.Len(t, seen, 2)
		return err
	}))
	err := pool.WithTenant(ctx, a, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO things (tenant_id, name) VALUES ($1, 'planted')", b)
		return err
	})
	require.ErrorContains(t, err, "row-level security")
	require.Equal(t, fault.Internal, fault.KindOf(err), "only a mistake of ours gets there")
}

func TestTransactionsAreAllOrNothing(t *testing.T) {
	t.Parallel()
	url := testkit.Postgres(t)
	exec(t, url, things)
	pool := open(t, url, pg.Options{MaxConns: 1})
	ctx := t.Context()
	tenant := uuid.New()
	changedMyMind := errors.New("changed my mind")
	insert := func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO things (tenant_id, name) VALUES ($1, 'thing')", tenant)
		return err
	}
	require.ErrorIs(t, pool.WithTenant(ctx, tenant, func(tx pgx.Tx) error {
		return errors.Join(insert(tx), changedMyMind)
	}), changedMyMind)
	require.Panics(t, func() {
		_ = pool.WithTenant(ctx, tenant, func(tx pgx.Tx) error {
			_ = insert(tx)
			panic("changed my mind")
		})
	})
	require.NoError(t, pool.WithTenant(ctx, tenant, func(tx pgx.Tx) error {
		seen, err := names(ctx, tx)
		require.Empty(t, seen)
		return err
	}))
}

func TestFaults(t *testing.T) {
	t.Parallel()
	url := testkit.Postgres(t)
	exec(t, url, things)
	pool := open(t, url, pg.Options{})
	tenant := uuid.New()
	insert := "INSERT INTO things (tenant_id, name, part_of) VALUES ('" + tenant.String() + "', "
	for name, c := range map[string]struct {
		sql  string
		args []any
		want error // nil means: not a fault
	}{
		"duplicate":         {sql: insert + "'a', NULL), ('" + tenant.String() + "', 'a', NULL)", want: pg.ErrExists},
		"missing reference": {sql: insert + "'a', 'nothing')", want: pg.ErrInUse},
		"check":             {sql: insert + "'bad', NULL)", want: pg.ErrInvalid},
		"not a number":      {sql: "SELECT 'x'::text::int", want: pg.ErrInvalid},
		"zero byte":         {sql: "SELECT $1::text", args: []any{"a\x00b"}, want: pg.ErrInvalid},
		"timeout":           {sql: "SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)", want: pg.ErrUnavailable},
		"serialization":     {sql: "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", want: pg.ErrChanged},
		"out of memory":     {sql: "DO $$ BEGIN RAISE SQLSTATE '53200'; END $$", want: pg.ErrUnavailable},
		"terminated":        {sql: "DO $$ BEGIN RAISE SQLSTATE '57P01'; END $$", want: pg.ErrUnavailable},
		"syntax":            {sql: "SELEKT 1"},
		"forbidden":         {sql: "DELETE FROM things"},
	} {
		err := pool.WithTenant(t.Context(), tenant, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), c.sql, c.args...)
			return err
		})
		require.Error(t, err, name)
		var refused *pgconn.PgError
		require.ErrorAs(t, err, &refused, name)
		if c.want == nil {
			require.Equal(t, fault.Internal, fault.KindOf(err), name)
			continue
		}
		require.ErrorIs(t, err, c.want, name)
	}
	require.ErrorIs(t, pool.AcrossTenants(t.Context(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), "SELECT 1 WHERE false").Scan(new(int))
	}), pg.ErrNotFound)
}

func TestFaultsOfContexts(t *testing.T) {
	t.Parallel()
	pool := open(t, testkit.Postgres(t), pg.Options{})
	sleep := func(ctx context.Context) error {
		return pool.AcrossTenants(ctx, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "SELECT pg_sleep(30)")
			return err
		})
	}
	late, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, sleep(late), pg.ErrUnavailable)

	gone, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	err := sleep(gone)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, pg.ErrUnavailable, "nobody is left to be told")
}

func TestFaultLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	known := fault.New(fault.NotFound, "no_such_tenant", "There is no such tenant.")
	other := errors.New("something else")
	for _, err := range []error{nil, known, fmt.Errorf("load: %w", known), other} {
		require.Equal(t, err, pg.Fault(err))
	}
}

func TestPoolOutlivesTheServer(t *testing.T) {
	t.Parallel()
	server := testkit.OwnPostgres(t)
	pool := open(t, server.URL(), pg.Options{})
	require.NoError(t, pool.Ping(t.Context()))
	server.Kill()
	require.ErrorIs(t, pool.Ping(t.Context()), pg.ErrUnavailable)
	require.ErrorIs(t, pool.AcrossTenants(t.Context(), func(pgx.Tx) error { return nil }), pg.ErrUnavailable)
	server.Start()
	testkit.Eventually(t, 10*time.Second, func() error { return pool.Ping(t.Context()) })
}

func TestOneIsAlone(t *testing.T) {
	t.Parallel()
	url := testkit.Postgres(t)
	var inside, most, runs atomic.Int32
	var group errgroup.Group
	outside := open(t, url, pg.Options{})
	for range 8 {
		pool := open(t, url, pg.Options{MaxConns: 1})
		group.Go(func() error {
			for range 5 {
				err := pool.Alone(t.Context(), "a name", func() error {
					most.Store(max(most.Load(), inside.Add(1)))
					err := outside.Ping(t.Context()) // long enough for others to come in
					inside.Add(-1)
					runs.Add(1)
					return err
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	require.EqualValues(t, 1, most.Load())
	require.EqualValues(t, 40, runs.Load())

	pool, other := open(t, url, pg.Options{}), open(t, url, pg.Options{})
	failed := errors.New("failed")
	require.ErrorIs(t, pool.Alone(t.Context(), "a name", func() error { return failed }), failed)
	require.NoError(t, pool.Alone(t.Context(), "a name", func() error {
		require.NoError(t, other.Alone(t.Context(), "another name", func() error { return nil }))
		late, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.Error(t, other.Alone(late, "a name", func() error { panic("it is not its turn") }))
		return nil
	}))
	require.NoError(t, other.Alone(t.Context(), "a name", func() error { return nil }), "the turn was given back, and nobody waits who gave up")
}

func TestOpenRefusesNonsense(t *testing.T) {
	t.Parallel()
	_, err := pg.Open(t.Context(), "postgres://h:notaport/db", pg.Options{})
	require.Error(t, err)
	require.Error(t, pg.Migrate(t.Context(), "postgres://h:notaport/db", nil))
}

// TestCloseDoesNotWaitForAServerThatHangs cuts a query short while the server takes no further connection, over which pgx asks it to give up.
func TestCloseDoesNotWaitForAServerThatHangs(t *testing.T) {
	t.Parallel()
	at, err := url.Parse(testkit.Postgres(t))
	require.NoError(t, err)
	at.Host = oneConnectionTo(t, at.Host)
	pool, err := pg.Open(t.Context(), at.String(), pg.Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	require.Error(t, pool.AcrossTenants(ctx, func(tx pgx.Tx) error {
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err := tx.Exec(ctx, "SELECT pg_sleep(60)")
		return err
	}))
	began := time.Now()
	pool.Close()
	require.Less(t, time.Since(began), 5*time.Second)
}

// oneConnectionTo relays the first connection to a server; others are taken, and nothing is ever said over them. It returns its address.
func oneConnectionTo(t *testing.T, server string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var accepting, relays sync.WaitGroup
	var conns []net.Conn
	accepting.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
			if len(conns) > 1 {
				continue
			}
			behind, err := net.Dial("tcp", server)
			if err != nil {
				return
			}
			relays.Go(func() { _, _ = io.Copy(behind, conn); _ = behind.Close() })
			relays.Go(func() { _, _ = io.Copy(conn, behind) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		accepting.Wait()
		for _, conn := range conns {
			_ = conn.Close()
		}
		relays.Wait()
	})
	return listener.Addr().String()
}
