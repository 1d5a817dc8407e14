// Package archivech reads events for the archive out of ClickHouse, and puts those back that are restored.
package archivech

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/tenants"
)

// Store is the events in one database.
type Store struct{ conn driver.Conn }

var (
	_ archive.Source = (*Store)(nil)
	_ archive.Target = (*Store)(nil)
)

// New makes a store on a connection pool.
func New(conn driver.Conn) *Store { return &Store{conn: conn} }

// queryTimeout bounds the reading of one hour.
const queryTimeout = 10 * time.Minute

// Tenants implements archive.Source.
func (s *Store) Tenants(ctx context.Context) ([]tenants.ID, error) {
	rows, err := s.conn.Query(ctx, "SELECT DISTINCT tenant_id FROM marks")
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var all []tenants.ID
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("read tenant: %w", err)
		}
		all = append(all, tenants.ID(id))
	}
	return all, ch.Fault(rows.Err())
}

// Recent implements archive.Source.
func (s *Store) Recent(ctx context.Context) ([]archive.Hour, error) {
	return s.hours(ctx, `(tenant_id, hour) IN (
			SELECT tenant_id, hour FROM marks WHERE marked_at >= now64(3) - INTERVAL 3 HOUR
			UNION DISTINCT
			SELECT tenant_id, hour FROM marks WHERE hour >= toStartOfHour(now()) - INTERVAL 3 HOUR AND hour < toStartOfHour(now()))`)
}

// Hours implements archive.Source.
func (s *Store) Hours(ctx context.Context, tenant tenants.ID, date string) ([]archive.Hour, error) {
	where, args := "tenant_id = {tenant:UUID}", []any{clickhouse.Named("tenant", tenant.String())}
	if date != "" {
		where, args = where+" AND toDate(hour, 'UTC') = toDate({date:String})", append(args, clickhouse.Named("date", date))
	}
	return s.hours(ctx, where, args...)
}

func (s *Store) hours(ctx context.Context, where string, args ...any) ([]archive.Hour, error) {
	rows, err := s.conn.Query(ctx, `
		SELECT tenant_id, hour, groupArray(log_id), groupArray(settled), toUInt8(max(started > settled)), max(marked), now64(3)
		FROM (
			SELECT tenant_id, hour, log_id, max(begun) AS started, max(stored) AS settled, max(marked_at) AS marked
			FROM marks
			WHERE `+where+`
			GROUP BY tenant_id, hour, log_id
			ORDER BY tenant_id, hour, log_id
		)
		GROUP BY tenant_id, hour
		ORDER BY tenant_id, hour`, args...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var all []archive.Hour
	for rows.Next() {
		var (
			id        uuid.UUID
			logs      []uuid.UUID
			stored    []uint64
			undecided uint8
			h         archive.Hour
		)
		if err := rows.Scan(&id, &h.At, &logs, &stored, &undecided, &h.MarkedAt, &h.Now); err != nil {
			return nil, fmt.Errorf("read marks: %w", err)
		}
		h.Tenant, h.Undecided = tenants.ID(id), undecided == 1
		h.At, h.MarkedAt, h.Now = h.At.UTC(), h.MarkedAt.UTC(), h.Now.UTC()
		for i := range logs {
			h.Marks = append(h.Marks, archive.Mark{Log: logs[i], Stored: stored[i]})
		}
		all = append(all, h)
	}
	return all, ch.Fault(rows.Err())
}

// ofHours confines a statement to the events of some hours. It names columns of the sorting key only, which all versions of an event share, so
// that it may be looked at before FINAL compares versions.
const ofHours = "\n\t\tPREWHERE tenant_id = {tenant:UUID} AND toStartOfHour(time) >= toDateTime({from:Int64}, 'UTC') AND toStartOfHour(time) < toDateTime({to:Int64}, 'UTC')"

func between(tenant tenants.ID, from, to time.Time) []any {
	return []any{clickhouse.Named("tenant", tenant.String()), clickhouse.Named("from", fmt.Sprint(from.Unix())), clickhouse.Named("to", fmt.Sprint(to.Unix()))}
}

// Events implements archive.Source.
func (s *Store) Events(ctx context.Context, tenant tenants.ID, from, to time.Time, f func([]archive.Event) error) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 0, "max_threads": 2}))
	rows, err := s.conn.Query(ctx, `
		SELECT event, CAST(type, 'String'), toUnixTimestamp64Milli(time), event_id, user_id, anonymous_id, session_id, properties, context, facts, toString(source_id),
			toUnixTimestamp64Milli(received_at), correlation_id, toString(receipt_id), toInt32(receipt_index), sdk_name, sdk_version, toInt64(schema_id),
			CAST(violations_code, 'Array(String)'), violations_path, violations_message, CAST(redactions, 'Array(String)'), toInt64(policy_version), bot,
			toString(_batch_id), toString(_rerun_id), if(metered_at = toDateTime(received_at), 0, toInt64(toUnixTimestamp(metered_at)) * 1000)
		FROM events FINAL`+ofHours+`
		ORDER BY event, event_id`, between(tenant, from, to)...)
	if err != nil {
		return ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	const atOnce = 1000
	chunk := make([]archive.Event, 0, atOnce)
	for rows.Next() {
		var e archive.Event
		if err := rows.Scan(&e.Event, &e.Type, &e.Time, &e.EventID, &e.UserID, &e.AnonymousID, &e.SessionID, &e.Properties, &e.Context, &e.Facts, &e.SourceID,
			&e.ReceivedAt, &e.CorrelationID, &e.ReceiptID, &e.ReceiptIndex, &e.SDKName, &e.SDKVersion, &e.SchemaID,
			&e.ViolationsCode, &e.ViolationsPath, &e.ViolationsMessage, &e.Redactions, &e.PolicyVersion, &e.Bot, &e.BatchID, &e.RerunID, &e.MeteredAt); err != nil {
			return fmt.Errorf("read event: %w", err)
		}
		if chunk = append(chunk, e); len(chunk) == atOnce {
			if err := f(chunk); err != nil {
				return err
			}
			chunk = chunk[:0]
		}
	}
	if err := rows.Err(); err != nil {
		return ch.Fault(err)
	}
	if len(chunk) > 0 {
		return f(chunk)
	}
	return nil
}
