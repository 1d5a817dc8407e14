package removals_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy/removals"
	"github.com/observatory/observatory/tenants"
)

// Who was removed is known again under the same key. Without it nobody can try out guesses.
func TestWhoWasRemovedCannotBeGuessed(t *testing.T) {
	t.Parallel()
	conn, err := ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	tenant := tenants.NewID()
	now := time.Now().UTC()
	received := time.Date(now.Year(), now.Month()-1, 10, 9, 30, 0, 0, time.UTC)
	require.NoError(t, conn.Exec(t.Context(), `
		INSERT INTO events (tenant_id, event, type, time, event_id, user_id, received_at, receipt_id)
		SELECT {tenant:UUID}, 'sale', 'track', {at:DateTime}, toString(number), 'ada', {at:DateTime}, generateUUIDv4() FROM numbers(3)`,
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("at", received.Format(time.DateTime))))
	note := func(key metering.Key) error {
		return removals.Note(t.Context(), conn, removals.Removal{
			Tenant: tenant, Operation: uuid.New(), Table: removals.Events, Where: "user_id = {whom:String}", Args: []any{clickhouse.Named("whom", "ada")}, Key: key,
		})
	}
	count := func(ctx context.Context, condition string) (n uint64) {
		t.Helper()
		require.NoError(t, conn.QueryRow(ctx, "SELECT uniqExact(user) FROM removed_users WHERE tenant_id = {tenant:UUID} AND "+condition, clickhouse.Named("tenant", tenant.String())).Scan(&n))
		return n
	}
	// guess says whether somebody who has the events of a person finds that person, given a hash of them.
	guess := func(ctx context.Context, hash string) bool {
		t.Helper()
		return count(ctx, "user IN (SELECT "+hash+" FROM events CROSS JOIN "+metering.KeyTable+" WHERE tenant_id = {tenant:UUID})") == 1
	}
	under := func(key metering.Key) context.Context {
		t.Helper()
		ctx, err := key.With(t.Context())
		require.NoError(t, err)
		return ctx
	}

	ours, err := metering.NewKey(bytes.Repeat([]byte{1}, 32))
	require.NoError(t, err)
	theirs, err := metering.NewKey(bytes.Repeat([]byte{2}, 32))
	require.NoError(t, err)
	require.Error(t, note(metering.Key{}), "nobody is written down without a key")
	require.NoError(t, note(ours))
	require.NoError(t, note(ours))
	require.EqualValues(t, 1, count(t.Context(), "true"), "one person, however often")
	require.True(t, guess(under(ours), metering.User))
	require.False(t, guess(under(theirs), metering.User))
	const of = "tenant_id, toStartOfMonth(metered_at), user_id != '', user_id)"
	for _, hash := range []string{"sipHash64(" + of, "sipHash64Keyed((toUInt64(0), toUInt64(0)), " + of} {
		require.False(t, guess(under(theirs), hash), hash)
	}
	require.NoError(t, note(theirs))
	require.EqualValues(t, 2, count(t.Context(), "true"), "another key makes another hash")
}
