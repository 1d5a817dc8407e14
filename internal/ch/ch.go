// Package ch connects to ClickHouse, the store of events, over its native protocol.
package ch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/pressly/goose/v3"
)

const (
	dialTimeout  = 3 * time.Second
	maxOpenConns = 16
	maxIdleConns = 8
	// maxLifetime is short because a network may forget connections without telling either end: whoever is given one of them waits for its
	// own timeout. A new connection costs a few milliseconds.
	maxLifetime = time.Minute
)

// Open makes a pool of connections. It fails on a URL that makes no sense, but not when the server is away: see Ping of
// the result. Nothing is compressed, which is best on loopback; for a server across a network add ?compress=lz4.
func Open(ctx context.Context, url string) (driver.Conn, error) {
	always := make(chan struct{})
	close(always)
	return OpenAfter(ctx, url, always)
}

// OpenAfter makes a pool that reaches its server once current is closed, which is when the schema is up to date. Until then everything
// fails with ErrUnavailable.
func OpenAfter(_ context.Context, url string, current <-chan struct{}) (driver.Conn, error) {
	o, err := options(url)
	if err != nil {
		return nil, err
	}
	o.DialStrategy = func(ctx context.Context, id int, o *clickhouse.Options, dial clickhouse.Dial) (clickhouse.DialResult, error) {
		select {
		case <-current:
			return clickhouse.DefaultDialStrategy(ctx, id, o, dial)
		default:
			return clickhouse.DialResult{}, ErrUnavailable.Because(errBehind)
		}
	}
	conn, err := clickhouse.Open(o)
	if err != nil {
		return nil, fmt.Errorf("open the ClickHouse pool: %w", err)
	}
	return conn, nil
}

var errBehind = errors.New("its schema is not up to date yet")

// Migrate makes the database if it is not there and brings its schema up to date with the steps in steps. ClickHouse has
// no lock to take turns with: the caller holds one in PostgreSQL meanwhile.
func Migrate(ctx context.Context, url string, steps fs.FS) (err error) {
	if err := createDatabase(ctx, url); err != nil {
		return err
	}
	o, err := options(url)
	if err != nil {
		return err
	}
	db := clickhouse.OpenDB(o)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := goose.NewProvider(goose.DialectClickHouse, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the ClickHouse migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate ClickHouse: %w", Fault(err))
	}
	return nil
}

func options(url string) (*clickhouse.Options, error) {
	o, err := clickhouse.ParseDSN(url)
	if err != nil {
		return nil, fmt.Errorf("parse the ClickHouse URL: %w", err)
	}
	o.DialTimeout = dialTimeout
	o.MaxOpenConns = maxOpenConns
	o.MaxIdleConns = maxIdleConns
	o.ConnMaxLifetime = maxLifetime
	o.ClientInfo.Products = append(o.ClientInfo.Products, struct{ Name, Version string }{"observatory", "1"})
	return o, nil
}

func createDatabase(ctx context.Context, url string) (err error) {
	o, err := options(url)
	if err != nil {
		return err
	}
	name := o.Auth.Database
	o.Auth.Database = "default" // which every server has
	conn, err := clickhouse.Open(o)
	if err != nil {
		return fmt.Errorf("open the ClickHouse pool: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if name == "" {
		return nil
	}
	quoted := "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
	if err := conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+quoted); err != nil {
		return fmt.Errorf("make the database %s: %w", name, Fault(err))
	}
	return nil
}
