package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings the schema up to date with the steps in steps. An advisory lock makes several processes that start at
// once take turns; each waits up to five minutes.
func Migrate(ctx context.Context, url string, steps fs.FS) (err error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("parse the PostgreSQL URL: %w", err)
	}
	c.ConnectTimeout = connectTimeout
	db := stdlib.OpenDB(*c)
	defer func() { err = errors.Join(err, db.Close()) }()

	turn, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("prepare the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, steps, goose.WithSessionLocker(turn), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the PostgreSQL migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate PostgreSQL: %w", Fault(err))
	}
	return nil
}
