// Package minimisech looks into events in ClickHouse for what they carry.
package minimisech

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/privacy/minimise"
	"github.com/observatory/observatory/tenants"
)

// Store is a minimise.Store.
type Store struct{ conn driver.Conn }

var _ minimise.Store = Store{}

// New makes a Store.
func New(conn driver.Conn) Store { return Store{conn} }

const (
	lookedInto = 2000 // events of each name, about
	maxEvents  = 200  // names
	maxPaths   = 300  // of events of one name
	patience   = 30   // seconds that one statement may take
)

// Carried implements minimise.Store. Which events are looked into is left to chance (a hash of their IDs).
func (s Store) Carried(ctx context.Context, tenant tenants.ID, event string, since time.Time) ([]minimise.Found, error) {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": patience}))
	args := []any{
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("since", since.UTC().Format("2006-01-02 15:04:05.000")), clickhouse.Named("event", event),
	}
	where := "tenant_id = {tenant:UUID} AND received_at >= {since:DateTime64(3, 'UTC')}"
	if event != "" {
		where += " AND event = {event:String}"
	}
	found, err := s.counts(ctx, where, args)
	if err != nil || len(found) == 0 {
		return found, err
	}
	names, every, byName := make([]string, len(found)), make([]uint64, len(found)), map[string]*minimise.Found{}
	for i := range found {
		names[i], every[i] = found[i].Event, uint64(max(found[i].Events/lookedInto, 1)) //nolint:gosec // a count
		byName[names[i]] = &found[i]
	}
	args = append(args, clickhouse.Named("names", names), clickhouse.Named("every", every))
	sample := "SELECT event, properties, context FROM events FINAL WHERE " + where +
		" AND event IN {names:Array(String)} AND cityHash64(event_id) % transform(event, {names:Array(String)}, {every:Array(UInt64)}, toUInt64(1)) = 0"
	rows, err := s.conn.Query(ctx, `
		WITH looked AS (`+sample+`)
		SELECT event, '' AS root, '' AS key, count() AS carried, 0 AS bytes FROM looked GROUP BY event
		UNION ALL
		SELECT event, pair.1 AS root, pair.2.1 AS key, count() AS carried, sum(length(pair.2.1) + length(pair.2.2)) AS bytes
		FROM
		(
			SELECT event, arrayJoin(arrayConcat(
				arrayMap(kv -> ('properties', kv), JSONExtractKeysAndValuesRaw(properties)),
				arrayMap(kv -> ('context', kv), JSONExtractKeysAndValuesRaw(context)))) AS pair
			FROM looked
		)
		GROUP BY event, root, key
		ORDER BY event, bytes DESC, key
		LIMIT {most:UInt32} BY event`, append(args, clickhouse.Named("most", uint32(maxPaths+1)))...)
	if err != nil {
		return nil, fmt.Errorf("look into events: %w", ch.Fault(err))
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		var (
			name, root, key string
			carried, bytes  uint64
		)
		if err := rows.Scan(&name, &root, &key, &carried, &bytes); err != nil {
			return nil, fmt.Errorf("read what events carry: %w", err)
		}
		f := byName[name]
		if root == "" {
			f.Looked = int64(carried) //nolint:gosec // a count
			continue
		}
		f.Paths = append(f.Paths, minimise.Carried{
			Path: root + "." + strings.NewReplacer(`\`, `\\`, `.`, `\.`).Replace(key), Count: int64(carried), Bytes: int64(bytes), //nolint:gosec // counts
		})
	}
	return found, ch.Fault(rows.Err())
}

// counts finds the most frequent names.
func (s Store) counts(ctx context.Context, where string, args []any) ([]minimise.Found, error) {
	rows, err := s.conn.Query(ctx, "SELECT event, count() AS n FROM events FINAL WHERE "+where+" GROUP BY event ORDER BY n DESC, event LIMIT {names:UInt32}",
		append(args, clickhouse.Named("names", uint32(maxEvents)))...)
	if err != nil {
		return nil, fmt.Errorf("count events: %w", ch.Fault(err))
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var found []minimise.Found
	for rows.Next() {
		var (
			f minimise.Found
			n uint64
		)
		if err := rows.Scan(&f.Event, &n); err != nil {
			return nil, fmt.Errorf("read a count of events: %w", err)
		}
		f.Events = int64(n) //nolint:gosec // a count
		found = append(found, f)
	}
	return found, ch.Fault(rows.Err())
}
