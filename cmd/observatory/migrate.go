package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/latch"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/migrations"
)

func newMigrateCommand() *cobra.Command {
	return withNode(&cobra.Command{
		Use: "migrate", Short: "Bring PostgreSQL and ClickHouse up to date", Args: cobra.NoArgs,
	}, func(cmd *cobra.Command, n *node) error {
		if err := n.migratePostgres(cmd.Context()); err != nil {
			return err
		}
		if err := n.migrateClickHouse(cmd.Context()); err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), "PostgreSQL and ClickHouse are up to date.")
		return nil
	})
}

// eventSchema tells how far a node is with the schema of the event store. Nobody reads or writes there before it is current.
type eventSchema struct {
	current latch.Latch // it is up to date
	tried   latch.Latch // it is known whether the event store answers, which it need not for events to be accepted
}

// known is nil once the schema is up to date.
func (s eventSchema) known() error {
	if !s.current.IsSet() {
		return errors.New("the schema of the event store is not up to date yet")
	}
	return nil
}

// await waits for tried, and tells whether that came before the end of ctx.
func (s eventSchema) await(ctx context.Context) bool {
	select {
	case <-s.tried.Done():
		return true
	case <-ctx.Done():
		return false
	}
}

// migratePostgres brings the control plane up to date. It waits for a server that does not answer yet.
func (n *node) migratePostgres(ctx context.Context) error {
	err := n.untilAnswers(ctx, "PostgreSQL", pg.ErrUnavailable, func() error { return pg.Migrate(ctx, n.urls.Postgres, migrations.Postgres()) })
	if err != nil {
		return err
	}
	if err := n.tenants.SigningKeys.Ensure(ctx); err != nil {
		return err
	}
	if err := n.plans.Check(ctx); err != nil {
		return err
	}
	return n.privacy.proofs.EnsureKey(ctx)
}

// migrateClickHouse brings the store of events up to date, one node at a time. It waits for servers that do not answer yet.
func (n *node) migrateClickHouse(ctx context.Context) error {
	const hangs = 10 * time.Second // whoever takes longer to answer is waited for no more
	defer time.AfterFunc(hangs, n.schema.tried.Set).Stop()
	err := n.untilAnswers(ctx, "PostgreSQL", pg.ErrUnavailable, func() error {
		return n.untilAnswers(ctx, "ClickHouse", ch.ErrUnavailable, func() error {
			err := n.postgres.Alone(ctx, "schema of ClickHouse", func() error { return ch.Migrate(ctx, n.urls.ClickHouse, migrations.ClickHouse()) })
			if errors.Is(err, ch.ErrUnavailable) {
				n.schema.tried.Set()
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	n.schema.current.Set()
	n.schema.tried.Set()
	return nil
}

// untilAnswers tries again as long as the fault is that nobody answers.
func (n *node) untilAnswers(ctx context.Context, what string, away error, try func() error) error {
	const pause = time.Second
	for {
		err := try()
		if err == nil || !errors.Is(err, away) {
			return err
		}
		n.logger.Warn("waiting for "+what, "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
