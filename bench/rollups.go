package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/tenants"
)

const trendDays = 90

// rollups asks the same questions about 90 days with rollups and without, and prints both.
func rollups(ctx context.Context, s *server, events int) (err error) {
	conn, err := ch.Open(ctx, s.urls.ClickHouse)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	tenant := tenants.NewID()
	to := time.Now().UTC().Truncate(24 * time.Hour)
	from := to.AddDate(0, 0, -trendDays)
	begin := time.Now()
	if err := history(ctx, conn, tenant, from, events); err != nil {
		return fmt.Errorf("store the history: %w", err)
	}
	fmt.Printf("%d events over %d days, %d of a session, stored straight into ClickHouse in %.0f s\n\n", events, trendDays, sessionLength, time.Since(begin).Seconds())
	if err := rollUp(ctx, s, conn, tenant, from, to, events); err != nil {
		return fmt.Errorf("roll up: %w", err)
	}
	service := analytics.New(analytics.Deps{
		Store: analyticsch.New(analyticsch.Config{Conn: conn, Now: time.Now, Limits: analyticsch.Limits{Time: time.Minute}}), Now: time.Now,
	})
	fmt.Printf("\n%-44s %10s %10s %8s\n", "trend over all of them, daily", "events", "rollups", "")
	for _, question := range trendQuestions(from, to) {
		if err := question.ask(ctx, service, tenant); err != nil {
			return fmt.Errorf("%s: %w", question.name, err)
		}
	}
	return nil
}

const sessionLength = 10

// history stores events as a shop has them, in the order of time: sessions of ten events, 47 seconds apart, of one in 200,000 people each.
func history(ctx context.Context, conn driver.Conn, tenant tenants.ID, from time.Time, events int) error {
	const together = 1_000_000
	for n := 0; n < events; n += together {
		if err := conn.Exec(clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
			"max_block_size": 100_000, "min_insert_block_size_rows": 250_000, "max_execution_time": 0,
		})), historySQL,
			clickhouse.Named("tenant", uuid.UUID(tenant).String()), clickhouse.Named("from", uint64(n)), clickhouse.Named("count", uint64(min(together, events-n))),
			clickhouse.Named("first", from.UnixMilli()), clickhouse.Named("apart", trendDays*24*time.Hour.Milliseconds()*sessionLength/int64(events)),
		); err != nil {
			return err
		}
	}
	return nil
}

const historySQL = `INSERT INTO events (tenant_id, event, type, time, event_id, user_id, anonymous_id, session_id, properties, context, received_at, facts)
SELECT
    {tenant:UUID},
    ['page_view', 'page_view', 'page_view', 'page_view', 'product_viewed', 'product_viewed', 'search', 'added_to_cart', 'checkout', 'purchase'][nth + 1],
    'track',
    fromUnixTimestamp64Milli({first:Int64} + toInt64(session) * {apart:Int64} + toInt64(cityHash64(session) % 3600000) + nth * 47000, 'UTC') AS at,
    lower(concat(hex(cityHash64(number, 1)), hex(cityHash64(number, 2)))),
    if(who % 3 = 0, concat('user-', toString(who)), ''),
    concat('anon-', lower(hex(cityHash64(who))), '-0b7f6c1e'),
    concat('s-', toString(session)),
    concat('{"path":"/shop/', toString(cityHash64(number, 3) % 200), '","product":"newton-', toString(cityHash64(number, 4) % 50),
        '","price":', toString((cityHash64(number, 5) % 100000) / 100), ',"currency":"EUR","quantity":1,"in_stock":true,"load_ms":', toString(cityHash64(number, 6) % 3000), ',"position":12}'),
    '{"userAgent":"Mozilla/5.0 (X11; Linux x86_64) Firefox/149.0","locale":"de-DE"}',
    at,
    concat('{"browser":"Firefox","country":"', ['DE', 'AT', 'CH', 'FR', 'US'][who % 5 + 1], '"}')
FROM
(
    SELECT number, intDiv(number, 10) AS session, number % 10 AS nth, cityHash64(session, 7) % 200000 AS who
    FROM numbers({from:UInt64}, {count:UInt64})
)`

// rollUp computes the rollups of all hours, a day at a time, as a backfill does.
func rollUp(ctx context.Context, s *server, conn driver.Conn, tenant tenants.ID, from, to time.Time, events int) error {
	r := analyticsch.NewRollups(analyticsch.Config{Conn: conn, Now: time.Now})
	before, err := s.usage()
	if err != nil {
		return err
	}
	begin := time.Now()
	for day := from; !day.After(to); day = day.Add(24 * time.Hour) { // the last sessions reach into the day after
		var hours []time.Time
		for hour := range 24 {
			hours = append(hours, day.Add(time.Duration(hour)*time.Hour))
		}
		if _, err := r.Recompute(ctx, tenant, hours, []string{"properties.path", "facts.country", "bot"}); err != nil {
			return err
		}
	}
	took := time.Since(begin)
	after, err := s.usage()
	if err != nil {
		return err
	}
	var bytes, ofEvents uint64
	if err := conn.QueryRow(ctx, `SELECT sumIf(bytes_on_disk, startsWith(table, 'rollup_')), sumIf(bytes_on_disk, table = 'events')
		FROM system.parts WHERE active AND database = currentDatabase()`).Scan(&bytes, &ofEvents); err != nil {
		return err
	}
	fmt.Printf("(i) rollups of %d hours, 3 breakdowns  %.0f s, %.1f CPU-s per million events (ClickHouse); %.0f MB beside %.0f MB of events\n",
		24*(trendDays+1), took.Seconds(), perMillion(after.clickhouse-before.clickhouse, events), float64(bytes)/1e6, float64(ofEvents)/1e6)
	return nil
}

// trendQuestion is a trend that is asked twice.
type trendQuestion struct {
	name  string
	query analytics.TrendsQuery
}

func trendQuestions(from, to time.Time) []trendQuestion {
	question := func(name string, m analytics.Measure, change func(*analytics.TrendsQuery)) trendQuestion {
		q := analytics.TrendsQuery{Measure: m, Interval: analytics.IntervalDay, From: from, To: to, Timezone: "UTC"}
		if change != nil {
			change(&q)
		}
		return trendQuestion{name, q}
	}
	return []trendQuestion{
		question("count", analytics.MeasureCount, nil),
		question("count, by the clock of Kolkata (half hours)", analytics.MeasureCount, func(q *analytics.TrendsQuery) { q.Timezone = "Asia/Kolkata" }),
		question("count by event", analytics.MeasureCount, func(q *analytics.TrendsQuery) { q.Breakdown = "event" }),
		question("count by path", analytics.MeasureCount, func(q *analytics.TrendsQuery) { q.Breakdown = "properties.path" }),
		question("unique users", analytics.MeasureUniqueUsers, nil),
		question("unique users of one event", analytics.MeasureUniqueUsers, func(q *analytics.TrendsQuery) { q.Event = "page_view" }),
		question("unique users by country", analytics.MeasureUniqueUsers, func(q *analytics.TrendsQuery) { q.Breakdown = "facts.country" }),
		question("sum of a property of one event", analytics.MeasureSum, func(q *analytics.TrendsQuery) { q.Event, q.Property = "purchase", "properties.price" }),
		question("p95 of a property", analytics.MeasureP95, func(q *analytics.TrendsQuery) { q.Property = "properties.load_ms" }),
		question("sessions", analytics.MeasureSessions, nil),
	}
}

// slow is how long an answer takes that is not asked for again.
const slow = 4 * time.Second

// ask prints the median of three answers from events, and of those with rollups, which must be the same.
func (t trendQuestion) ask(ctx context.Context, service *analytics.Service, tenant tenants.ID) error {
	var took [2]time.Duration
	var totals [2]float64
	for i, source := range []analytics.Source{analytics.SourceEvents, analytics.SourceAuto} {
		t.query.Source = source
		var runs []time.Duration
		for range 3 {
			begin := time.Now()
			result, err := service.Trends(ctx, tenant, t.query)
			if err != nil {
				return err
			}
			runs = append(runs, time.Since(begin))
			totals[i] = *result.Series[0].Total
			if runs[0] > slow {
				break
			}
		}
		slices.Sort(runs)
		took[i] = runs[len(runs)/2]
	}
	if math.Abs(totals[0]-totals[1]) > 1e-9*math.Abs(totals[0]) {
		return fmt.Errorf("events come to %v and rollups to %v", totals[0], totals[1])
	}
	fmt.Printf("    %-40s %7.0f ms %7.0f ms %7.0f x\n", t.name, ms(took[0]), ms(took[1]), float64(took[0])/float64(took[1]))
	return nil
}
