package ingestch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/tenants"
)

// What was received between cuts, for those who watch it. A cut is on a whole second; what was received at it belongs to what follows.

// ReceivedBetween counts, for each two neighbouring cuts, the events that were received between them and those of them that were quarantined at first.
// Receipts tell, and are kept for 31 days.
func (s *Store) ReceivedBetween(ctx context.Context, tenant tenants.ID, cuts []time.Time) ([]ingest.Counts, error) {
	found := make([]ingest.Counts, len(cuts)-1)
	err := s.between(ctx, tenant, cuts, `
		SELECT roundDown(toUnixTimestamp64Second(received_at), {cuts:Array(Int64)}) AS cut,
			toInt64(sum(length(event_ids))), toInt64(sum(arrayCount(x -> x = 'quarantined', exceptions_status)))
		FROM receipts
		WHERE tenant_id = {tenant:UUID}`+duringCuts+`
		GROUP BY cut`, nil, func(rows scanner, at map[int64]int) error {
		var cut int64
		var c ingest.Counts
		if err := rows.Scan(&cut, &c.Received, &c.Quarantined); err != nil {
			return err
		}
		found[at[cut]] = c
		return nil
	})
	return found, err
}

// NewestBetween is, for each two neighbouring cuts, when the newest of the events with this name ("" is any) that were received between them was
// received; zero where there is none.
func (s *Store) NewestBetween(ctx context.Context, tenant tenants.ID, event string, cuts []time.Time) ([]time.Time, error) {
	from, args := "FROM receipts WHERE length(event_ids) > length(exceptions_index) AND", []any(nil) // which is quicker, where any will do
	if event != "" {
		from, args = "FROM events WHERE event = {event:String} AND", []any{clickhouse.Named("event", event)}
	}
	found := make([]time.Time, len(cuts)-1)
	err := s.between(ctx, tenant, cuts, `
		SELECT roundDown(toUnixTimestamp64Second(received_at), {cuts:Array(Int64)}) AS cut, toUnixTimestamp64Milli(max(received_at))
		`+from+` tenant_id = {tenant:UUID}`+duringCuts+`
		GROUP BY cut`, args, func(rows scanner, at map[int64]int) error {
		var cut, newest int64
		if err := rows.Scan(&cut, &newest); err != nil {
			return err
		}
		found[at[cut]] = time.UnixMilli(newest).UTC()
		return nil
	})
	return found, err
}

const duringCuts = " AND received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND received_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')"

type scanner interface{ Scan(dest ...any) error }

// between runs a query over the time from the first cut to the last. at tells where the stretch that begins with a cut stands.
func (s *Store) between(ctx context.Context, tenant tenants.ID, cuts []time.Time, sql string, args []any, scan func(rows scanner, at map[int64]int) error) error {
	last := len(cuts) - 1
	texts, at := make([]string, last), make(map[int64]int, last)
	for i, cut := range cuts[:last] {
		texts[i], at[cut.Unix()] = fmt.Sprint(cut.Unix()), i
	}
	rows, err := s.conn.Query(ctx, sql, append(args,
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("cuts", "["+strings.Join(texts, ",")+"]"),
		clickhouse.Named("from", fmt.Sprint(cuts[0].UnixMilli())), clickhouse.Named("to", fmt.Sprint(cuts[last].UnixMilli())))...)
	if err != nil {
		return ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		if err := scan(rows, at); err != nil {
			return fmt.Errorf("read what was received: %w", err)
		}
	}
	return ch.Fault(rows.Err())
}
