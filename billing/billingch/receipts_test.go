package billingch_test

import (
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingch"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

// TestKept has two receipts: of the first, one event is there, one is a bot's, one was erased, one is being erased, and one was sent again with the
// second, more than a day later.
func TestKept(t *testing.T) {
	t.Parallel()
	conn, err := ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	tenant, other := tenants.NewID(), tenants.NewID()
	first, second := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	at := time.Date(2026, 11, 3, 9, 30, 0, 0, time.UTC)
	later := at.Add(26 * time.Hour)
	exec := func(sql string, args ...any) {
		t.Helper()
		require.NoError(t, conn.Exec(t.Context(), sql, args...))
	}
	store := func(owner tenants.ID, id string, received time.Time, receipt uuid.UUID, index int, bot string) {
		t.Helper()
		exec("INSERT INTO events (tenant_id, event, type, time, event_id, received_at, receipt_id, receipt_index, bot) VALUES (?, 'sale', 'track', ?, ?, ?, ?, ?, ?)",
			uuid.UUID(owner), at, id, received, receipt, uint16(index), bot) //nolint:gosec // a few
	}
	store(tenant, "a", at, first, 0, "")
	store(tenant, "b", at, first, 1, "crawler")
	store(tenant, "d", at, first, 3, "")
	store(tenant, "e", at, first, 4, "")
	store(tenant, "e", later, second, 0, "")
	store(other, "a", at, first, 0, "")
	for _, index := range []int{2, 3} { // of which the second is still there
		exec("INSERT INTO removed_usage (tenant_id, hour, meter, event, operation_id) SELECT ?, toDateTime(?, 'UTC'), 'events', sipHash64(toUUID(?), toUInt16(?)), generateUUIDv4()",
			uuid.UUID(tenant), at.Truncate(time.Hour).Unix(), first.String(), index)
	}
	receipt := func(id uuid.UUID, received time.Time, events []string) {
		t.Helper()
		exec("INSERT INTO receipts (tenant_id, received_at, receipt_id, event_ids) VALUES (?, ?, ?, ?)", uuid.UUID(tenant), received, id, events)
	}
	receipt(first, at, []string{"a", "b", "c", "d", "e"})
	receipt(second, later, []string{"e"})

	asked := []invoicing.Told{
		{ID: first, Received: at, Counts: invoicing.Counts{Received: 5, Stored: 5}}, {ID: second, Received: later, Counts: invoicing.Counts{Received: 1, Stored: 1}},
	}
	receipts := billingch.NewReceipts(conn)
	kept, err := receipts.Kept(t.Context(), tenant, asked)
	require.NoError(t, err)
	hour := at.Truncate(time.Hour)
	require.ElementsMatch(t, []invoicing.Kept{
		{Hour: hour, Meter: billing.BotEvents, Stored: 1},
		{Hour: hour, Meter: billing.Events, Stored: 2},
		{Hour: hour, Meter: billing.Events, Removed: 1},
		{Hour: time.Unix(0, 0).UTC(), Meter: billing.Events, Elsewhere: 1},
	}, kept[first])
	require.Equal(t, []invoicing.Kept{{Hour: later.Truncate(time.Hour), Meter: billing.Events, Stored: 1}}, kept[second])

	alone, err := receipts.Kept(t.Context(), tenant, asked[1:])
	require.NoError(t, err)
	require.Equal(t, kept[second], alone[second])

	page, err := receipts.Between(t.Context(), tenant, at, later.Add(time.Second), uuid.Nil, 1)
	require.NoError(t, err)
	require.Len(t, page, 1)
	rest, err := receipts.Between(t.Context(), tenant, at, later.Add(time.Second), page[0], 5)
	require.NoError(t, err)
	require.ElementsMatch(t, []uuid.UUID{first, second}, append(page, rest...))
}

// TestKeptElsewhere has events of a receipt under two others, of which one was received before it, by a node that was away and stored it afterwards. They
// are found without reading all that the tenant has.
func TestKeptElsewhere(t *testing.T) {
	t.Parallel()
	conn, err := ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	tenant, at := tenants.NewID(), time.Date(2026, 11, 3, 9, 30, 0, 0, time.UTC)
	const events, old = 20, 300_000
	require.NoError(t, conn.Exec(t.Context(), `
		INSERT INTO events (tenant_id, event, type, time, event_id, received_at, receipt_id, receipt_index)
		SELECT ?, 'sale', 'track', toDateTime(?, 'UTC') - INTERVAL 50 + number % 40 DAY AS at, toString(number), at, toUUID('018bcfe5-6800-7000-8000-000000000001'), 0 FROM numbers(?)`,
		uuid.UUID(tenant), at.Unix(), old))
	away, asked, again := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	for _, sent := range []struct {
		receipt     uuid.UUID
		received    time.Time
		first, last int // of its events
	}{
		{asked, at, 0, events},
		{away, at.Add(-5 * 24 * time.Hour), 0, 4},
		{again, at.Add(3 * 24 * time.Hour), 4, 9},
	} {
		require.NoError(t, conn.Exec(t.Context(), `
			INSERT INTO events (tenant_id, event, type, time, event_id, received_at, receipt_id, receipt_index)
			SELECT ?, 'sale', 'track', ?, 'again' || toString(number), ?, ?, number FROM numbers(?, ?)`,
			uuid.UUID(tenant), at, sent.received, sent.receipt, sent.first, sent.last-sent.first))
		require.NoError(t, conn.Exec(t.Context(), `
			INSERT INTO receipts (tenant_id, received_at, receipt_id, event_ids) SELECT ?, ?, ?, groupArray('again' || toString(number)) FROM numbers(?, ?)`,
			uuid.UUID(tenant), sent.received, sent.receipt, sent.first, sent.last-sent.first))
	}
	require.NoError(t, conn.Exec(t.Context(), "OPTIMIZE TABLE events FINAL")) // what was replaced is gone, and tells nothing any more
	var read uint64
	ctx := clickhouse.Context(t.Context(), clickhouse.WithProgress(func(p *clickhouse.Progress) { read += p.Rows }))
	kept, err := billingch.NewReceipts(conn).Kept(ctx, tenant, []invoicing.Told{{ID: asked, Received: at, Counts: invoicing.Counts{Received: events, Stored: events}}})
	require.NoError(t, err)
	require.Equal(t, []invoicing.Kept{
		{Hour: at.Truncate(time.Hour), Meter: billing.Events, Stored: 11},
		{Hour: time.Unix(0, 0).UTC(), Meter: billing.Events, Elsewhere: 9},
	}, kept[asked])
	require.Less(t, read, uint64(old/2))
}
