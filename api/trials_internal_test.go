package api

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tenants"
)

func TestTrialsTakeTurns(t *testing.T) {
	t.Parallel()
	all := newTrials()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	busy := tenants.ID(uuid.New())
	done, err := all.take(t.Context(), busy)
	require.NoError(t, err)
	for range 2 * trialsAtOnce { // of one tenant: they take nothing from the others
		_, err = all.take(gone, busy)
		require.ErrorIs(t, err, context.Canceled)
	}
	dones := []func(){done}
	for range trialsAtOnce - 1 {
		done, err = all.take(t.Context(), tenants.ID(uuid.New()))
		require.NoError(t, err)
		dones = append(dones, done)
	}
	_, err = all.take(gone, tenants.ID(uuid.New()))
	require.ErrorIs(t, err, context.Canceled, "there is no room for more")
	for _, done := range dones {
		done()
	}
	require.Empty(t, all.of)
	done, err = all.take(t.Context(), busy)
	require.NoError(t, err)
	done()
}
