package rollup_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

// An hour that takes too much is not tried again every few seconds, and keeps neither a backfill nor a tenant that catches up from the others.
func TestHoursThatTakeTooMuch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hours := hoursBack(60)
	h.events(hours...)
	clock := time.Now()
	store := &bounded{Store: h.store, hour: hours[7]}
	service := rollup.New(rollup.Deps{
		Store: store, Settings: noSettings{}, Jobs: h.ledger, Now: func() time.Time { return clock }, Logger: testkit.Logger(t), Metrics: prometheus.NewRegistry(),
	})
	require.NoError(t, service.MarkHours(t.Context(), h.tenant, hours))
	require.NoError(t, service.CatchUp(t.Context(), h.run()))
	require.Len(t, h.served(), 59)
	require.NoError(t, service.Find(t.Context(), jobs.Unwatched(uuid.Nil)))
	require.Empty(t, h.made("rollups:recompute"))
	found := rollup.RecomputeParams{Hours: hours[7:8]} // by another process, which knows nothing of it
	require.NoError(t, service.RecomputeHours(t.Context(), h.run(), found))
	require.Equal(t, 1, store.tries)

	clock = clock.Add(11 * time.Minute)
	require.NoError(t, service.Find(t.Context(), jobs.Unwatched(uuid.Nil)))
	require.Len(t, h.made("rollups:recompute"), 1)
	require.ErrorIs(t, service.RecomputeHours(t.Context(), h.run(), found), analytics.ErrTooExpensive)
	require.Equal(t, 2, store.tries)

	h.events(hours[59].Add(-time.Hour))
	err := service.Fill(t.Context(), h.run(), rollup.RangeParams{})
	require.ErrorIs(t, err, analytics.ErrTooExpensive)
	require.True(t, jobs.IsPermanent(err), "another attempt would go the same way")
	require.Equal(t, 3, store.tries)
	require.Len(t, h.served(), 60)
}

// bounded is a store for which one hour is too much.
type bounded struct {
	rollup.Store
	hour  time.Time
	tries int
}

func (b *bounded) Recompute(ctx context.Context, tenant tenants.ID, hours []time.Time, breakdowns []string) (rollup.Computed, error) {
	others := slices.DeleteFunc(slices.Clone(hours), b.hour.Equal)
	done, err := b.Store.Recompute(ctx, tenant, others, breakdowns)
	if err == nil && len(others) < len(hours) {
		b.tries++
		done.TooMuch, err = []time.Time{b.hour}, analytics.ErrTooExpensive
	}
	return done, err
}

type noSettings struct{ rollup.Settings }

func (noSettings) Breakdowns(context.Context, tenants.ID) ([]string, error) { return nil, nil }
