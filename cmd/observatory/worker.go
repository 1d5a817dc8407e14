package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/observatory/observatory/internal/config"
	"github.com/observatory/observatory/internal/embedded"
)

func newWorkerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "worker", Short: "Run background jobs only", Args: cobra.NoArgs,
		Long: "Runs background jobs in a process of their own. Engines are those that are configured, or else those of a running `observatory serve` on the same data folder.",
	}
	exitWhenIdle := cmd.Flags().Bool("exit-when-idle", false, "end when no job is due or running anywhere")
	return withNode(cmd, func(cmd *cobra.Command, n *node) error {
		if err := n.migratePostgres(cmd.Context()); err != nil {
			return unlessAsked(cmd.Context(), err)
		}
		working, err := n.workers(*exitWhenIdle)
		if err != nil {
			return err
		}
		group, ctx := errgroup.WithContext(cmd.Context())
		noting, end := context.WithCancel(ctx)
		group.Go(func() error { return unlessAsked(noting, n.migrateClickHouse(noting)) })
		group.Go(func() error { return n.lifecycle.uses.Run(noting) })
		group.Go(func() error {
			defer end()
			if !n.schema.await(ctx) {
				return nil
			}
			fmt.Fprintln(cmd.OutOrStdout(), "Observatory's worker is ready")
			return working.Run(ctx)
		})
		return group.Wait()
	})
}

// withNode makes a command work on a node whose engines are configured, or run by serve on the same data folder.
func withNode(cmd *cobra.Command, run func(cmd *cobra.Command, n *node) error) *cobra.Command {
	raw := config.Bind(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		cfg, err := raw.Load(os.Getenv)
		if err != nil {
			return err
		}
		urls, err := findEngines(cfg)
		if err != nil {
			return err
		}
		if err := cfg.EnsureSecretKey(); err != nil {
			return err
		}
		n, err := newNode(cmd.Context(), cfg, urls)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, n.close()) }()
		return run(cmd, n)
	}
	return cmd
}

func findEngines(cfg config.Config) (embedded.URLs, error) {
	urls := embedded.URLs{ClickHouse: cfg.ClickHouseURL, Postgres: cfg.PostgresURL, Redis: cfg.RedisURL}
	if urls.ClickHouse != "" && urls.Postgres != "" && urls.Redis != "" {
		return urls, nil
	}
	running, err := embedded.Discover(cfg.DataDir)
	if err != nil {
		return urls, fmt.Errorf("start `observatory serve` on the same data folder, or set the URLs of all engines: %w", err)
	}
	fill := func(url *string, found string) {
		if *url == "" {
			*url = found
		}
	}
	fill(&urls.ClickHouse, running.ClickHouse)
	fill(&urls.Postgres, running.Postgres)
	fill(&urls.Redis, running.Redis)
	return urls, nil
}
