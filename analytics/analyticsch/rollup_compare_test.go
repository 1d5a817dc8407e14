package analyticsch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/tenants"
)

func (b bench) compare(t tester, tenant tenants.ID) []rollup.Difference {
	t.Helper()
	served, err := b.rollups().Served(t.Context(), tenant, at(t, "2024-01-01 00:00"), at(t, "2025-01-01 00:00"))
	require.NoError(t, err)
	require.NotEmpty(t, served)
	found, err := b.rollups().Compare(t.Context(), tenant, served)
	require.NoError(t, err)
	return found
}

// Whatever is changed behind the back of the marks is found, in each table.
func TestCompareFindsEveryDifference(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tenant := tenants.NewID()
	events := exampleEvents(t)
	b.store(t, tenant, events...)
	hours := []time.Time{at(t, "2024-05-01 10:00"), at(t, "2024-05-01 11:00"), at(t, "2024-05-01 12:00")}
	recompute := func() {
		t.Helper()
		_, err := b.rollups().Recompute(t.Context(), tenant, hours, []string{"properties.path"})
		require.NoError(t, err)
	}
	recompute()
	require.Empty(t, b.compare(t, tenant))

	columns := map[string]string{"events": "events", "numbers": "numbers", "values": "events", "sessions": "ended", "people": "last_at", "aliases": "at"}
	for name, change := range map[string]string{
		"changed": "ALTER TABLE %[1]s UPDATE %[2]s = %[2]s + 1 WHERE true SETTINGS mutations_sync = 2",
		"deleted": "ALTER TABLE %[1]s DELETE WHERE true SETTINGS mutations_sync = 2",
		"twice":   "INSERT INTO %[1]s SELECT * FROM %[1]s WHERE (hour, version) IN (SELECT hour, max(version) FROM rollup_hours GROUP BY hour)",
	} {
		want, got := map[string]uint64{}, map[string]uint64{}
		for table, column := range columns {
			table = "rollup_" + table
			var rows uint64
			require.NoError(t, b.conn.QueryRow(t.Context(), "SELECT count() FROM "+table+" WHERE (hour, version) IN (SELECT hour, max(version) FROM rollup_hours GROUP BY hour)").Scan(&rows))
			require.Positive(t, rows)
			want[table] = rows
			require.NoError(t, b.conn.Exec(t.Context(), fmt.Sprintf(change, table, column)))
		}
		for _, d := range b.compare(t, tenant) {
			got[d.Table]++
			require.NotEqual(t, d.Stored, d.Computed)
		}
		require.Equal(t, want, got, name)
		recompute()
		require.Empty(t, b.compare(t, tenant))
	}
	b.store(t, tenant, analytics.Event{Name: "unmarked", Time: hours[2], UserID: "somebody@example.com"})
	found := fmt.Sprint(b.compare(t, tenant))
	require.Contains(t, found, "unmarked")
	require.NotContains(t, found, "somebody")

	b.mark(t, tenant, uuid.New(), hours[2], 1, 1)
	served, err := b.rollups().Served(t.Context(), tenant, hours[0], hours[2].Add(time.Hour))
	require.NoError(t, err)
	require.Len(t, served, 2, "an hour that is dirty is not in force, so there is nothing to compare")
}

// What an hour holds too much of is not compared; the rest is.
func TestCompareLeavesGapsOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tenant := tenants.NewID()
	hour := at(t, "2024-05-01 10:00")
	var events []analytics.Event
	for i := range rollup.MaxValues + 100 {
		events = append(events, analytics.Event{Time: hour, UserID: fmt.Sprint("u", i), Properties: object(fmt.Sprint("p", i), i)})
	}
	b.store(t, tenant, events...)
	_, err := b.rollups().Recompute(t.Context(), tenant, []time.Time{hour}, []string{"type", "user_id"})
	require.NoError(t, err)
	require.Empty(t, b.compare(t, tenant))
	b.store(t, tenant, analytics.Event{Time: hour})
	tables := map[string]bool{}
	for _, d := range b.compare(t, tenant) {
		tables[d.Table+" "+d.Key] = true
	}
	require.Equal(t, map[string]bool{"rollup_events 'page_view'": true, "rollup_values 'page_view','type'": true}, tables)
}

// What another version has taken the place of goes after a while, and so does what a run left that was cut short.
func TestClean(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tenant := tenants.NewID()
	b.store(t, tenant, exampleEvents(t)...)
	hours := []time.Time{at(t, "2024-05-01 10:00"), at(t, "2024-05-01 11:00")}
	recompute := func() {
		t.Helper()
		_, err := b.rollups().Recompute(t.Context(), tenant, hours, []string{"type"})
		require.NoError(t, err)
	}
	rows := func() (n uint64) {
		for _, table := range []string{"events", "numbers", "values", "sessions", "people", "aliases"} {
			var of uint64
			require.NoError(t, b.conn.QueryRow(t.Context(), "SELECT count() FROM rollup_"+table).Scan(&of))
			n += of
		}
		return n
	}
	recompute()
	once := rows()
	require.NoError(t, b.conn.Exec(t.Context(), "INSERT INTO rollup_events (tenant_id, event, hour, version, events) VALUES (?, 'cut short', ?, 7, 1)", uuid.UUID(tenant), hours[0]))
	recompute()
	recompute()
	require.NoError(t, b.rollups().Clean(t.Context(), now().Add(-time.Hour)))
	require.Equal(t, 3*once+1, rows(), "they may be read still")
	require.NoError(t, b.rollups().Clean(t.Context(), now().Add(time.Hour)))
	require.Eventually(t, func() bool { return rows() == once }, 30*time.Second, 50*time.Millisecond)

	// An hour that takes too much each time gets no newer version, or none at all.
	for _, hour := range []time.Time{hours[0], hours[0].Add(-time.Hour)} {
		require.NoError(t, b.conn.Exec(t.Context(), "INSERT INTO rollup_events (tenant_id, event, hour, version, events) VALUES (?, 'cut short', ?, ?, 1)",
			uuid.UUID(tenant), hour, uint64(now().Add(time.Second).UnixMicro())))
	}
	require.NoError(t, b.rollups().Clean(t.Context(), now().Add(24*time.Hour)))
	require.Equal(t, once+2, rows(), "they may be put in force still")
	require.NoError(t, b.rollups().Clean(t.Context(), now().Add(25*time.Hour)))
	require.Eventually(t, func() bool { return rows() == once }, 30*time.Second, 50*time.Millisecond)
	require.Empty(t, b.compare(t, tenant))
}
