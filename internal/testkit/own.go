package testkit

import (
	"path/filepath"
	"testing"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/embedded"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/migrations"
)

// Engine is an engine of one test, which may take it away and bring it back. Its URL stays the same.
type Engine struct {
	tb      testing.TB
	url     string
	launch  func() (engine, error)
	running engine // nil while it is away
}

// engine is what the engines of package embedded have in common.
type engine interface {
	URL() string
	Kill()
}

// OwnClickHouse starts a migrated ClickHouse for this test alone.
func OwnClickHouse(tb testing.TB) *Engine {
	tb.Helper()
	c := embedded.ClickHouseConfig{
		RuntimeDir: RuntimeDir(tb), DataDir: tb.TempDir(), Logger: Logger(tb), TimeZone: TimeZone, Password: "0123456789abcdef",
	}
	e := newEngine(tb, func() (engine, error) {
		server, err := embedded.StartClickHouse(background(), c)
		if err != nil {
			return nil, err
		}
		c.Port = server.Port()
		return server, nil
	})
	if err := ch.Migrate(tb.Context(), e.url, migrations.ClickHouse()); err != nil {
		tb.Fatalf("testkit: %v", err)
	}
	return e
}

// OwnPostgres starts a migrated PostgreSQL for this test alone. It keeps its data over Kill, but not over a power cut.
func OwnPostgres(tb testing.TB) *Engine {
	tb.Helper()
	c := embedded.PostgresConfig{
		RuntimeDir: RuntimeDir(tb), DataDir: filepath.Join(tb.TempDir(), "postgres"), Logger: Logger(tb),
		Settings: postgresTestSettings(),
	}
	e := newEngine(tb, func() (engine, error) {
		server, err := embedded.StartPostgres(background(), c)
		if err != nil {
			return nil, err
		}
		return server, nil
	})
	if err := pg.Migrate(tb.Context(), e.url, migrations.Postgres()); err != nil {
		tb.Fatalf("testkit: %v", err)
	}
	return e
}

// OwnRedis starts a Redis for this test alone. It keeps nothing in between.
func OwnRedis(tb testing.TB) *Engine {
	tb.Helper()
	c := embedded.RedisConfig{Password: "0123456789abcdef"}
	return newEngine(tb, func() (engine, error) {
		server, err := embedded.StartRedis(c)
		if err != nil {
			return nil, err
		}
		c.Port = server.Port()
		return server, nil
	})
}

func newEngine(tb testing.TB, launch func() (engine, error)) *Engine {
	tb.Helper()
	e := &Engine{tb: tb, launch: launch}
	e.Start()
	tb.Cleanup(e.Kill)
	return e
}

// URL is where the engine is, or will be again.
func (e *Engine) URL() string { return e.url }

// Kill ends the engine as kill -9 does; it stays away until Start.
func (e *Engine) Kill() {
	if e.running != nil {
		e.running.Kill()
		e.running = nil
	}
}

// Start brings the engine back, with its data. It returns once the engine answers.
func (e *Engine) Start() {
	e.tb.Helper()
	if e.running != nil {
		return
	}
	running, err := e.launch()
	if err != nil {
		e.tb.Fatalf("testkit: %v", err)
	}
	e.running = running
	if e.url == "" {
		e.url = running.URL()
	}
	if e.url != running.URL() {
		e.tb.Fatal("testkit: the engine's port was taken by somebody else meanwhile")
	}
}
