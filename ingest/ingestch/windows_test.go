package ingestch_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
)

// What was received is counted between the cuts that it was received between, and is never another tenant's.
func TestReceivedBetween(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	tenant := newTenant()
	set := settlement(tenant, 3, 30, 1)
	require.NoError(t, store.Write(t.Context(), set, false))
	require.NoError(t, store.Write(t.Context(), settlement(newTenant(), 2, 30, 1), false))
	received := set.Receipts[0].ReceivedAt
	second := received.Truncate(time.Second)
	cuts := []time.Time{second.Add(-time.Hour), second, second.Add(time.Second), second.Add(time.Hour)}

	counts, err := store.ReceivedBetween(t.Context(), tenant, cuts)
	require.NoError(t, err)
	require.Equal(t, []ingest.Counts{{}, {Received: 90, Quarantined: int64(len(set.DeadLetters))}, {}}, counts)
	require.NotEmpty(t, set.DeadLetters)
	for _, event := range []string{"", "event"} {
		newest, err := store.NewestBetween(t.Context(), tenant, event, cuts)
		require.NoError(t, err)
		require.Equal(t, []time.Time{{}, received, {}}, newest)
	}
	newest, err := store.NewestBetween(t.Context(), tenant, "another", cuts)
	require.NoError(t, err)
	require.Equal(t, make([]time.Time, 3), newest)
}
