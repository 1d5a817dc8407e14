package analyticsch_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tenants"
)

// Somebody who is known by two IDs counts once, from the next rollup on, and the look-back sees it the same way.
func TestRecomputeCountsPersonsOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tenant := tenants.NewID()
	hours := []time.Time{at(t, "2024-05-01 10:00")}
	events := exampleEvents(t)[:4]
	b.store(t, tenant, events...)
	require.NoError(t, b.conn.Exec(t.Context(), "INSERT INTO identities VALUES (?, 'x', 'ada', 1)", uuid.UUID(tenant)))
	_, err := b.rollups().Recompute(t.Context(), tenant, hours, nil)
	require.NoError(t, err)
	require.Equal(t, []float64{2, 1}, rollupsInForce(t, b.conn, tenant)[key("events", hours[0], "buy")])
	require.Empty(t, b.compare(t, tenant))
	require.NoError(t, b.conn.Exec(t.Context(), "INSERT INTO identities VALUES (?, 'x', 'x', 2)", uuid.UUID(tenant)))
	require.NotEmpty(t, b.compare(t, tenant))
}
