package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingch"
	"github.com/observatory/observatory/billing/billingpg"
	counting "github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/tenants"
)

// meter counts the usage of a tenant that has so many events, and prints what that costs: an hour, the whole month with its users, and how long
// the store works on a million events.
func meter(ctx context.Context, s *server, events int) (err error) {
	conn, err := ch.Open(ctx, s.urls.ClickHouse)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	pool, err := pg.Open(ctx, s.urls.Postgres, pg.Options{})
	if err != nil {
		return err
	}
	defer pool.Close()
	tenant := tenants.NewID()
	err = pool.WithTenant(ctx, uuid.UUID(tenant), func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'Metered', 'UTC', now())", uuid.UUID(tenant))
		return err
	})
	if err != nil {
		return err
	}
	period := billing.PeriodOf(time.Now()).Before()
	if err := history(ctx, conn, tenant, period.From, events); err != nil {
		return fmt.Errorf("store the history: %w", err)
	}
	key, err := metering.NewKey(make([]byte, seal.KeyLength)) // nobody is removed
	if err != nil {
		return err
	}
	service := counting.New(counting.Deps{
		Books: billingpg.New(pool).Usage(), Counter: billingch.NewCounter(conn, key), Jobs: jobspg.New(pool, jobspg.Config{}), Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	fmt.Printf("%d events of one tenant over %d days\n", events, trendDays)
	var month int64
	for _, part := range []struct {
		name  string
		count func() ([]billing.Entry, error)
	}{
		{"an hour", func() ([]billing.Entry, error) {
			return service.CountHours(ctx, tenant, []time.Time{period.From.AddDate(0, 0, 10).Add(12 * time.Hour)})
		}},
		{"the month", func() ([]billing.Entry, error) { return service.CountMonth(ctx, tenant, period) }},
	} {
		const rounds = 5
		var took []time.Duration
		before, err := s.usage()
		if err != nil {
			return err
		}
		for range rounds {
			began := time.Now()
			booked, err := part.count()
			if err != nil {
				return fmt.Errorf("count %s: %w", part.name, err)
			}
			took = append(took, time.Since(began))
			for _, e := range booked {
				if e.Meter != billing.TrackedUsers {
					month += e.Delta
				}
			}
		}
		after, err := s.usage()
		if err != nil {
			return err
		}
		slices.Sort(took)
		worked := (after.clickhouse - before.clickhouse + after.self - before.self).Seconds() / rounds
		fmt.Printf("    %-10s %5.0f ms, %5.0f ms of processors, %d events booked so far (of %d counts, of which the first books)\n",
			part.name, took[rounds/2].Seconds()*1000, worked*1000, month, rounds)
	}
	return nil
}
