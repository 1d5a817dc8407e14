package testkit

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/embedded"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/migrations"
)

// suite holds the engines that the tests of one package share; Main ends them.
var suite engines //nolint:gochecknoglobals // TestMain has no other way to hand something to tests

type engines struct {
	mu         sync.Mutex
	dir        string
	lock       *os.File // of dir
	postgres   *embedded.Postgres
	clickhouse *embedded.ClickHouse
}

// Postgres returns the URL of a new, migrated database on a server that the package shares.
func Postgres(tb testing.TB) string {
	tb.Helper()
	server, err := suite.startPostgres(RuntimeDir(tb))
	if err != nil {
		tb.Fatalf("testkit: %v", err)
	}
	name, admin := newName(), withDatabase(server.URL(), "postgres") // nobody may be connected to a template that is copied
	if err := execPostgres(tb.Context(), admin, "CREATE DATABASE "+name+" TEMPLATE observatory STRATEGY file_copy"); err != nil {
		tb.Fatalf("testkit: make a database: %v", err)
	}
	tb.Cleanup(func() {
		const passing = 30 * time.Second // PostgreSQL's own cleaner may be in it, which nobody may end
		Eventually(tb, passing, func() error { return execPostgres(background(), admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	})
	return withDatabase(server.URL(), name)
}

// ClickHouse returns the URL of a new, migrated database on a server that the package shares.
func ClickHouse(tb testing.TB) string {
	tb.Helper()
	server, err := suite.startClickHouse(RuntimeDir(tb))
	if err != nil {
		tb.Fatalf("testkit: %v", err)
	}
	name := newName()
	if err := copyClickHouse(tb.Context(), server.URL(), name); err != nil {
		tb.Fatalf("testkit: make a database: %v", err)
	}
	tb.Cleanup(func() {
		if err := execClickHouse(background(), server.URL(), "DROP DATABASE "+name+" SYNC"); err != nil {
			tb.Errorf("testkit: drop the database: %v", err)
		}
	})
	return withDatabase(server.URL(), name)
}

func (e *engines) startPostgres(runtimeDir string) (*embedded.Postgres, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.postgres != nil {
		return e.postgres, nil
	}
	dir, err := e.folder()
	if err != nil {
		return nil, err
	}
	server, err := embedded.StartPostgres(background(), embedded.PostgresConfig{
		RuntimeDir: runtimeDir, DataDir: filepath.Join(dir, "postgres"), Settings: postgresTestSettings(),
	})
	if err != nil {
		return nil, err
	}
	// Every test database is a copy of this one.
	if err := pg.Migrate(background(), server.URL(), migrations.Postgres()); err != nil {
		server.Kill()
		return nil, err
	}
	e.postgres = server
	return server, nil
}

func (e *engines) startClickHouse(runtimeDir string) (*embedded.ClickHouse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.clickhouse != nil {
		return e.clickhouse, nil
	}
	dir, err := e.folder()
	if err != nil {
		return nil, err
	}
	server, err := embedded.StartClickHouse(background(), embedded.ClickHouseConfig{
		RuntimeDir: runtimeDir, DataDir: filepath.Join(dir, "clickhouse"), TimeZone: TimeZone,
	})
	if err != nil {
		return nil, err
	}
	// Every test database is a copy of this one.
	if err := ch.Migrate(background(), withDatabase(server.URL(), clickHouseTemplate), migrations.ClickHouse()); err != nil {
		server.Kill()
		return nil, err
	}
	e.clickhouse = server
	return server, nil
}

const clickHouseTemplate = "template"

// copyClickHouse makes a database with the tables of the template, in a fifth of the time that migrating one takes.
func copyClickHouse(ctx context.Context, address, name string) (err error) {
	conn, err := ch.Open(ctx, withDatabase(address, clickHouseTemplate))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var tables []string
	if err := conn.QueryRow(ctx, "SELECT groupArray(name) FROM system.tables WHERE database = currentDatabase()").Scan(&tables); err != nil {
		return err
	}
	if err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return err
	}
	for _, table := range tables {
		if err := conn.Exec(ctx, "CREATE TABLE "+name+"."+table+" AS "+table); err != nil {
			return err
		}
	}
	return conn.Exec(ctx, "INSERT INTO "+name+".goose_db_version SELECT * FROM goose_db_version") // which steps were taken
}

func (e *engines) folder() (string, error) {
	if e.dir != "" {
		return e.dir, nil
	}
	var err error
	e.dir, e.lock, err = newFolder()
	return e.dir, err
}

func (e *engines) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.clickhouse != nil {
		e.clickhouse.Kill() // nobody needs its data
	}
	if e.postgres != nil {
		e.postgres.Stop(background())
	}
	if e.dir == "" {
		return nil
	}
	return errors.Join(os.RemoveAll(e.dir), e.lock.Close())
}

// postgresTestSettings trade what only a power cut shows for speed. synchronous_commit stays on: without it, kill -9 loses
// commits as well. And there is room for tests beside each other that start several nodes each: one takes up to 35 connections.
func postgresTestSettings() map[string]string {
	return map[string]string{"timezone": TimeZone, "fsync": "off", "full_page_writes": "off", "max_connections": "500"}
}

func newName() string { return "t_" + strings.ReplaceAll(uuid.NewString(), "-", "") }

func withDatabase(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		panic(err) // the address is made by package embedded
	}
	u.Path = "/" + name
	return u.String()
}

func execPostgres(ctx context.Context, address, sql string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

func execClickHouse(ctx context.Context, address, sql string) error {
	conn, err := ch.Open(ctx, address)
	if err != nil {
		return err
	}
	return errors.Join(conn.Exec(ctx, sql), conn.Close())
}
