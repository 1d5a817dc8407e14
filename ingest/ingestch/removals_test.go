package ingestch_test

import (
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/privacy/removals"
)

// What is removed on purpose is no imbalance: not before it is counted and goes, not after, and not when either is done twice. What is lost
// beside it still is.
func TestRemovalsKeepTheBooksStraight(t *testing.T) {
	t.Parallel()
	store, conn := open(t)
	tenant := newTenant()
	set := settlement(tenant, 3, 30, 2)
	hour := set.Ledger[0].Hour
	held := ingest.HeldEvent{StoredEvent: set.Events[0], Reason: ingest.CodeRestricted, At: now()}
	released := ingest.HeldEvent{StoredEvent: set.Events[1], Reason: ingest.CodeRestricted, At: now().Add(-time.Second)}
	set.Held = []ingest.HeldEvent{held, released}
	set.Events = set.Events[1:] // the second is there as what was released
	letter := set.DeadLetters[0]
	set.Repairs = []ingest.Repair{
		{Header: letter.Header, Index: letter.Index, Replay: uuid.New(), At: now(), Status: ingest.Duplicate, Message: "seen"},
		{Header: released.Header, Index: released.Index, Replay: uuid.New(), At: now(), Status: ingest.Stored, Held: true},
	}
	c := &set.Ledger[0].Counts
	c.Stored, c.Held, c.Quarantined, c.Duplicate = c.Stored-1, c.Held+1, c.Quarantined-1, c.Duplicate+1
	require.NoError(t, store.Write(t.Context(), set, false))

	balanced := func() bool {
		t.Helper()
		unbalanced, err := store.Unbalanced(t.Context(), tenant, hour)
		require.NoError(t, err)
		hours, err := store.Ledger(t.Context(), tenant, hour, hour.Add(2*time.Hour), hour)
		require.NoError(t, err)
		require.Len(t, hours, 1)
		require.Equal(t, hours[0].Balanced(), len(unbalanced) == 0, "both tell the same")
		return len(unbalanced) == 0
	}
	removed := func() ingest.Removed {
		hours, err := store.Ledger(t.Context(), tenant, hour, hour.Add(2*time.Hour), hour.Add(24*time.Hour))
		require.NoError(t, err)
		require.Nil(t, hours[0].Found)
		return hours[0].Removed
	}
	require.True(t, balanced())

	key, err := metering.NewKey(make([]byte, 32))
	require.NoError(t, err)
	tables := []removals.Table{removals.Events, removals.DeadLetters, removals.HeldEvents}
	note := func(index uint16) {
		for _, table := range tables {
			require.NoError(t, removals.Note(t.Context(), conn, removals.Removal{
				Tenant: tenant, Operation: uuid.New(), Table: table, Where: "receipt_index < {index:UInt16}", Args: []any{clickhouse.Named("index", index)}, Key: key,
			}))
		}
	}
	remove := func(where string) {
		for _, table := range tables {
			require.NoError(t, conn.Exec(t.Context(), "DELETE FROM "+string(table)+" WHERE tenant_id = '"+tenant.String()+"' AND "+where))
		}
	}
	note(10)
	note(10) // after a crash
	want := ingest.Removed{Events: 3*8 - 1, DeadLetters: 2, Held: 1}
	require.Equal(t, want, removed())
	require.True(t, balanced(), "what is counted as removed may still be there")
	remove("receipt_index < 10")
	require.True(t, balanced())
	note(10) // nothing is there any more
	require.Equal(t, want, removed())

	note(20)
	remove("receipt_index < 20")
	require.True(t, balanced())
	require.Equal(t, ingest.Removed{Events: 3*16 - 1, DeadLetters: 5, Held: 1}, removed())

	remove("receipt_index = 25 AND receipt_id = '" + receiptOf(set) + "'")
	require.False(t, balanced(), "what nobody has counted as removed is lost")
}
