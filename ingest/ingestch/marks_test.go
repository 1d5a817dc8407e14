package ingestch_test

import (
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/ingestch"
	"github.com/observatory/observatory/tenants"
)

type mark struct{ begun, stored uint64 }

type markKey struct {
	tenant tenants.ID
	log    uuid.UUID
	hour   time.Time
}

func marksOf(t *testing.T, conn driver.Conn) map[markKey]mark {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT tenant_id, log_id, hour, max(begun), max(stored), max(marked_at) FROM marks GROUP BY ALL")
	require.NoError(t, err)
	found := map[markKey]mark{}
	for rows.Next() {
		var tenant, log uuid.UUID
		var hour, at time.Time
		var m mark
		require.NoError(t, rows.Scan(&tenant, &log, &hour, &m.begun, &m.stored, &at))
		require.WithinDuration(t, time.Now(), at, time.Minute)
		found[markKey{tenant: tenants.ID(tenant), log: log, hour: hour.UTC()}] = m
	}
	require.NoError(t, rows.Err())
	return found
}

// Every hour with an event is marked, to the end of the batch, per tenant and log; so is one with an event that takes another's place.
func TestWriteMarksHours(t *testing.T) {
	t.Parallel()
	store, conn := open(t)
	other := ingestch.New(conn).Writer(uuid.New())
	a, b := settlement(newTenant(), 1, 20, 12), settlement(newTenant(), 1, 20, 1)
	a.Range.To, b.Range.To = 100, 7
	require.NoError(t, store.Write(t.Context(), a, false))
	require.NoError(t, other.Write(t.Context(), b, false))
	want := map[markKey]mark{}
	for _, set := range []*ingest.Settlement{a, b} {
		for _, e := range set.Events {
			want[markKey{tenant: e.Tenant, hour: e.Time.Truncate(time.Hour)}] = mark{uint64(set.Range.To), uint64(set.Range.To)}
		}
	}
	got := marksOf(t, conn)
	logs := map[tenants.ID]uuid.UUID{}
	for key, m := range got {
		logs[key.tenant] = key.log
		key.log = uuid.Nil
		require.Equal(t, want[key], m, key)
	}
	require.Len(t, got, len(want))
	require.NotEqual(t, logs[a.Events[0].Tenant], logs[b.Events[0].Tenant])

	rerun := &ingest.Settlement{Range: ingest.Range{ID: uuid.New(), To: 200}, Reruns: a.Events[:1]}
	require.NoError(t, store.Write(t.Context(), rerun, false))
	require.NoError(t, store.Write(t.Context(), a, true), "an older batch once more")
	key := markKey{tenant: a.Events[0].Tenant, log: logs[a.Events[0].Tenant], hour: a.Events[0].Time.Truncate(time.Hour)}
	require.Equal(t, mark{200, 200}, marksOf(t, conn)[key])
}

// Between a batch's beginning and its end nobody can tell what its hours hold, and the marks say so, whatever ended the attempt.
func TestMarksOfABatchThatFails(t *testing.T) {
	t.Parallel()
	store, conn := open(t)
	set := settlement(newTenant(), 1, 20, 1)
	set.Range.To = 100
	require.NoError(t, conn.Exec(t.Context(), "RENAME TABLE events TO away"))
	require.Error(t, store.Write(t.Context(), set, false))
	for _, m := range marksOf(t, conn) {
		require.Equal(t, mark{begun: 100}, m)
	}
	require.Len(t, marksOf(t, conn), 1)
	require.NoError(t, conn.Exec(t.Context(), "RENAME TABLE away TO events"))
	require.NoError(t, store.Write(t.Context(), set, true))
	for _, m := range marksOf(t, conn) {
		require.Equal(t, mark{begun: 100, stored: 100}, m)
	}
}
