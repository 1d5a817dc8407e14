package analyticsch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/tenants"
)

func (b bench) rollups() *analyticsch.Rollups {
	return analyticsch.NewRollups(analyticsch.Config{Conn: b.conn, Now: now})
}

// mark is what the sink does before (stored 0) and after it stores a batch.
func (b bench) mark(t tester, tenant tenants.ID, log uuid.UUID, hour time.Time, begun, stored uint64) {
	t.Helper()
	require.NoError(t, b.conn.Exec(t.Context(), "INSERT INTO marks SELECT ?, ?, ?, ?, ?, now64(3)", uuid.UUID(tenant), hour, log, begun, stored))
}

// exampleEvents lie in two hours, and have what rollups hold.
func exampleEvents(t tester) []analytics.Event {
	first, second := at(t, "2024-05-01 10:00"), at(t, "2024-05-01 11:00")
	return []analytics.Event{
		{ID: "1", Name: "buy", Time: first, UserID: "ada", SessionID: "s1", Properties: []byte(`{"price":1.5,"path":"/a","n":{"m":1},"text":"5","none":null}`)},
		{ID: "2", Name: "buy", Time: first.Add(time.Minute), AnonymousID: "x", SessionID: "s1", Properties: []byte(`{"price":-2,"count":7,"path":"/b","":3,"a.b":18446744073709551615}`)},
		{ID: "3", Name: "look", Time: first.Add(2 * time.Minute), UserID: "ada", AnonymousID: "x", SessionID: "s2", Properties: []byte(`{"path":"/a"}`)},
		{ID: "4", Name: "look", Time: first.Add(59*time.Minute + 59*time.Second + 999*time.Millisecond), Properties: []byte(`{"price":1e3,"path":7}`)},
		{ID: "5", Name: "alias", Type: "alias", Time: second, UserID: "ada", AnonymousID: "x", Properties: []byte(`{"previous_id":"old"}`)},
		{ID: "6", Name: "alias", Type: "alias", Time: second, UserID: "ada", Properties: []byte(`{"previous_id":"ada"}`)},
	}
}

// A rollup is what a recount comes to, of the tenant alone, and a second run takes the place of the first. The same event that was stored twice
// counts once.
func TestRecompute(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tenant, other := tenants.NewID(), tenants.NewID()
	events := exampleEvents(t)
	b.store(t, tenant, events...)
	b.store(t, tenant, events[:2]...)
	b.store(t, other, analytics.Event{Time: events[0].Time, UserID: "foreign"})
	hours := []time.Time{at(t, "2024-05-01 11:00"), at(t, "2024-05-01 10:00"), at(t, "2024-05-01 09:00")}
	breakdowns := []string{"properties.path", "user_id"}
	want := recountRollups(events, breakdowns...)
	delete(want, key("numbers", hours[1], "buy", "")) // no path can name it

	for range 2 {
		done, err := b.rollups().Recompute(t.Context(), tenant, hours, breakdowns)
		require.NoError(t, err)
		require.Equal(t, rollup.Computed{Hours: 3, Events: 6}, done)
		requireFigures(t, want, rollupsInForce(t, b.conn, tenant))
	}
	require.Empty(t, rollupsInForce(t, b.conn, other))

	var versions, of uint64
	require.NoError(t, b.conn.QueryRow(t.Context(), "SELECT count(), uniqExact(hour) FROM rollup_hours WHERE tenant_id = ?", uuid.UUID(tenant)).Scan(&versions, &of))
	require.Equal(t, []uint64{6, 3}, []uint64{versions, of}, "an hour without events has a rollup as well")
}

// What the newest version was computed from stands beside it, and an hour in which a batch is under way is left as it is.
func TestRecomputeKeepsTheMarks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tenant := tenants.NewID()
	first, second := at(t, "2024-05-01 10:00"), at(t, "2024-05-01 11:00")
	logs := []uuid.UUID{uuid.New(), uuid.New()}
	b.store(t, tenant, exampleEvents(t)...)
	b.mark(t, tenant, logs[0], first, 100, 0)
	b.mark(t, tenant, logs[0], first, 0, 100)
	b.mark(t, tenant, logs[1], first, 7, 7)
	b.mark(t, tenant, logs[0], second, 100, 0)

	done, err := b.rollups().Recompute(t.Context(), tenant, []time.Time{first, second}, nil)
	require.NoError(t, err)
	require.Equal(t, rollup.Computed{Hours: 1, Events: 4, Undecided: []time.Time{second}}, done)
	var equal bool
	require.NoError(t, b.conn.QueryRow(t.Context(), `SELECT (SELECT argMax(marks, version) FROM rollup_hours WHERE hour = ?) =
		arraySort([(?, 100::UInt64), (?, 7::UInt64)]::Array(Tuple(UUID, UInt64)))`, first, logs[0], logs[1]).Scan(&equal))
	require.True(t, equal)
}

// An hour with more values than a rollup holds says so, path by path, and the others are all there.
func TestRecomputeTellsGaps(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tenant := tenants.NewID()
	hours := []time.Time{at(t, "2024-05-01 10:00"), at(t, "2024-05-01 11:00")}
	var events []analytics.Event
	for i := range rollup.MaxValues + 1 {
		hour := hours[min(1, i/rollup.MaxValues)] // one more than fits, in another hour
		events = append(events, analytics.Event{Time: hour, UserID: fmt.Sprint("u", i), Properties: object(fmt.Sprint("p", i%(rollup.MaxNumbers+1)), i)})
	}
	breakdowns := []string{"user_id", "type"}
	gaps := func() (all []string) {
		_, err := b.rollups().Recompute(t.Context(), tenant, hours, breakdowns)
		require.NoError(t, err)
		for _, hour := range hours {
			var g []string
			require.NoError(t, b.conn.QueryRow(t.Context(), "SELECT argMax(gaps, version) FROM rollup_hours WHERE tenant_id = ? AND hour = ?", uuid.UUID(tenant), hour).Scan(&g))
			all = append(all, fmt.Sprint(g))
		}
		return all
	}
	b.store(t, tenant, events...)
	require.Equal(t, []string{"[numbers]", "[]"}, gaps())
	b.store(t, tenant, analytics.Event{Time: hours[0]})
	require.Equal(t, []string{"[numbers values:user_id]", "[]"}, gaps())
	require.Contains(t, rollupsInForce(t, b.conn, tenant), key("values", hours[0], "page_view", "type", "=track"))
}

// What takes too much together is computed in parts, and an hour that takes too much by itself keeps no other from being computed.
func TestRecomputeWithinBounds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tenant := tenants.NewID()
	small, large, last := at(t, "2024-05-01 10:00"), at(t, "2024-05-01 11:00"), at(t, "2024-05-01 12:00")
	b.store(t, tenant, analytics.Event{Time: small}, analytics.Event{Time: last})
	require.NoError(t, b.conn.Exec(t.Context(), `INSERT INTO events (tenant_id, event, time, event_id, user_id, properties)
		SELECT {tenant:UUID}, 'x', {hour:DateTime('UTC')}, toString(number), toString(generateUUIDv4(number)), format('{{"a":{0},"b":{0},"c":true}}', toString(number)) FROM numbers(100000)`,
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("hour", large.Format(time.DateTime))))
	tight := analyticsch.NewRollups(analyticsch.Config{Conn: b.conn, Now: now, Limits: analyticsch.Limits{Memory: 20_000_000}})
	done, err := tight.Recompute(t.Context(), tenant, []time.Time{small, large, last}, []string{"user_id"})
	require.ErrorIs(t, err, analytics.ErrTooExpensive)
	require.ErrorContains(t, err, "2024-05-01T11:00:00Z")
	require.Equal(t, rollup.Computed{Hours: 2, Events: 2, TooMuch: []time.Time{large}}, done)
	done, err = b.rollups().Recompute(t.Context(), tenant, []time.Time{small, large, last}, []string{"user_id"})
	require.NoError(t, err)
	require.Equal(t, rollup.Computed{Hours: 3, Events: 100_002}, done)
}
