package analyticsch_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

func openBench(tb testing.TB) bench {
	tb.Helper()
	conn, err := ch.Open(tb.Context(), testkit.ClickHouse(tb))
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, conn.Close()) })
	return bench{conn: conn}
}

// manyEvents stores events of 50,000 people within a day: visits of ten events in five minutes, with ten names, eight properties (three of
// them numbers) and five facts.
func (b bench) manyEvents(tb testing.TB, tenant tenants.ID, day time.Time, events int) {
	tb.Helper()
	require.NoError(tb, b.conn.Exec(tb.Context(), `
		INSERT INTO events (tenant_id, event, type, time, event_id, user_id, anonymous_id, session_id, properties, facts, sdk_name)
		SELECT {tenant:UUID}, concat('event ', toString(r % 10)), 'track', {day:DateTime64(3, 'UTC')} + toIntervalMillisecond(intHash64(visit) % 86000000 + number % 10 * 30000),
			toString(generateUUIDv4(number)), if(person % 3 = 0, concat('user ', toString(person)), ''), concat('visitor ', toString(person)), concat('session ', toString(visit)),
			format('{{"path":"/page/{0}","price":{1},"quantity":{2},"duration":{3},"plan":"plan {4}","title":"The title of a page that is long enough","referrer":"https://example.com/{0}","member":true}}',
				toString(r % 300), toString((r % 10000) / 100), toString(r % 7), toString(r % 60000), toString(r % 4)),
			format('{{"country":"C{0}","browser":"B{1}","device":"D{2}","channel":"H{1}","utm_source":"S{0}"}}', toString(person % 60), toString(person % 8), toString(person % 3)),
			'observatory-js'
		FROM (SELECT number, intDiv(number, 10) AS visit, intHash64(number + 7) AS r, intHash64(visit + 11) % 50000 AS person FROM numbers({events:UInt64}))
		SETTINGS min_insert_block_size_rows = 100000, min_insert_block_size_bytes = 0, max_block_size = 20000, max_threads = 1`,
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("day", day.Format("2006-01-02 15:04:05")), clickhouse.Named("events", uint64(events)))) //nolint:gosec // not negative
}

// cpu is the processor time of the server so far.
func (b bench) cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var us int64
	require.NoError(tb, b.conn.QueryRow(context.Background(), "SELECT toInt64(sum(value)) FROM system.events WHERE event IN ('UserTimeMicroseconds', 'SystemTimeMicroseconds')").Scan(&us))
	return time.Duration(us) * time.Microsecond
}

// BenchmarkRecompute computes the rollups of a million events in a day, with the default breakdowns.
func BenchmarkRecompute(b *testing.B) {
	const events = 1_000_000
	bench := openBench(b)
	tenant, day := tenants.NewID(), time.Date(2024, time.May, 1, 0, 0, 0, 0, time.UTC)
	bench.manyEvents(b, tenant, day, events)
	var hours []time.Time
	for i := range 24 {
		hours = append(hours, day.Add(time.Duration(i)*time.Hour))
	}
	began := bench.cpu(b)
	for b.Loop() {
		done, err := bench.rollups().Recompute(b.Context(), tenant, hours, rollup.DefaultBreakdowns())
		require.NoError(b, err)
		require.EqualValues(b, events, done.Events)
	}
	b.ReportMetric((bench.cpu(b)-began).Seconds()/float64(b.N), "cpu-s/million")
	var bytes, rows uint64
	require.NoError(b, bench.conn.QueryRow(b.Context(), "SELECT sum(bytes_on_disk), sum(rows) FROM system.parts WHERE active AND database = currentDatabase() AND startsWith(table, 'rollup_')").Scan(&bytes, &rows))
	b.ReportMetric(float64(bytes)/float64(b.N), "bytes/million")
	b.ReportMetric(float64(rows)/float64(b.N), "rows/million")
	if os.Getenv("TABLES") != "" {
		r, err := bench.conn.Query(b.Context(), "SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table ORDER BY 3")
		require.NoError(b, err)
		for r.Next() {
			var t string
			var n, m uint64
			require.NoError(b, r.Scan(&t, &n, &m))
			b.Log(t, n/uint64(b.N), m/uint64(b.N))
		}
	}
}

// BenchmarkDirty looks for dirty hours among half a million marks: of the last two hours, as every few seconds, and of all hours.
func BenchmarkDirty(b *testing.B) {
	bench := openBench(b)
	const marked = `SELECT toUUID(concat('00000000-0000-4000-8000-', leftPad(hex(number % 50), 12, '0'))) AS tenant_id,
		toDateTime('2024-01-01 00:00:00', 'UTC') + toIntervalHour(intDiv(number, 50)) AS hour`
	require.NoError(b, bench.conn.Exec(b.Context(), "INSERT INTO marks SELECT tenant_id, hour, ?, 1, 1, now64(3) - INTERVAL 1 DAY FROM ("+marked+" FROM numbers(500000))", uuid.Max))
	require.NoError(b, bench.conn.Exec(b.Context(), "INSERT INTO rollup_hours SELECT tenant_id, hour, 1, [(?, 1)], 1, [], [], now64(3) FROM ("+marked+" FROM numbers(500000))", uuid.Max))
	for name, all := range map[string]bool{"recent": false, "all": true} {
		b.Run(name, func(b *testing.B) {
			rollups := analyticsch.NewRollups(analyticsch.Config{Conn: bench.conn, Now: time.Now})
			began := bench.cpu(b)
			for b.Loop() {
				found, err := rollups.Dirty(b.Context(), all)
				require.NoError(b, err)
				require.Empty(b, found)
			}
			b.ReportMetric(float64((bench.cpu(b)-began).Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}
