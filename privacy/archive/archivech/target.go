package archivech

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/tenants"
)

// restoring is the log under which restores mark hours. It is none: they come by none, but are under way for longer than an instant.
const restoring = "00000000-0000-0000-0000-726573746f72"

// Begin implements archive.Target.
func (s *Store) Begin(ctx context.Context, tenant tenants.ID, hours []time.Time) error {
	return s.mark(ctx, tenant, hours, "greatest(max(before) + 1, toUInt64(toUnixTimestamp64Micro(now64(6))))", "0")
}

// End implements archive.Target.
func (s *Store) End(ctx context.Context, tenant tenants.ID, hours []time.Time) error {
	return s.mark(ctx, tenant, hours, "0", "max(before)")
}

func (s *Store) mark(ctx context.Context, tenant tenants.ID, hours []time.Time, begun, stored string) error {
	at := make([]int64, len(hours))
	for i, h := range hours {
		at[i] = h.Unix()
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0, "max_partitions_per_insert_block": 0}))
	err := s.conn.Exec(ctx, `
		INSERT INTO marks (tenant_id, hour, log_id, begun, stored, marked_at)
		SELECT {tenant:UUID}, at, {log:UUID}, `+begun+`, `+stored+`, now64(3)
		FROM (
			SELECT toDateTime(arrayJoin({hours:Array(Int64)}), 'UTC') AS at, toUInt64(0) AS before
			UNION ALL
			SELECT hour, begun FROM marks WHERE tenant_id = {tenant:UUID} AND log_id = {log:UUID} AND toUnixTimestamp(hour) IN {hours:Array(Int64)}
		)
		GROUP BY at`,
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("hours", at), clickhouse.Named("log", restoring))
	if err != nil {
		return fmt.Errorf("mark %d hours: %w", len(hours), ch.Fault(err))
	}
	return nil
}

// Present implements archive.Target.
func (s *Store) Present(ctx context.Context, tenant tenants.ID, from, to time.Time) (map[archive.Key]struct{}, error) {
	rows, err := s.conn.Query(ctx, "SELECT DISTINCT toUnixTimestamp(toStartOfHour(time)), event, event_id FROM events"+ofHours, between(tenant, from, to)...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	there := map[archive.Key]struct{}{}
	for rows.Next() {
		var hour uint32
		var k archive.Key
		if err := rows.Scan(&hour, &k.Event, &k.ID); err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
		k.Hour = int64(hour)
		there[k] = struct{}{}
	}
	return there, ch.Fault(rows.Err())
}

// Booked implements archive.Target.
func (s *Store) Booked(ctx context.Context, tenant tenants.ID) (bool, error) {
	var n uint64
	err := s.conn.QueryRow(ctx, "SELECT count() FROM (SELECT 1 FROM ledger WHERE tenant_id = {tenant:UUID} LIMIT 1)", clickhouse.Named("tenant", tenant.String())).Scan(&n)
	return n > 0, ch.Fault(err)
}

// Insert implements archive.Target.
func (s *Store) Insert(ctx context.Context, tenant tenants.ID, events []archive.Event) (err error) {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"async_insert": 0, "max_partitions_per_insert_block": 0, "max_execution_time": 0,
		// What was erased from here must not be taken for a repetition of itself, should it come back by right.
		"insert_deduplicate": 0,
	}))
	block, err := s.conn.PrepareBatch(ctx, `INSERT INTO events (tenant_id, event, type, time, event_id, user_id, anonymous_id, session_id, properties, context, facts, source_id, received_at,
		correlation_id, receipt_id, receipt_index, sdk_name, sdk_version, schema_id, violations_code, violations_path, violations_message, redactions, policy_version, bot,
		_batch_id, _rerun_id, metered_at)`)
	if err != nil {
		return ch.Fault(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(ch.Fault(err), block.Abort())
		}
	}()
	for i := range events {
		e := &events[i]
		ids := make([]uuid.UUID, 4)
		for i, text := range []string{e.SourceID, e.ReceiptID, e.BatchID, e.RerunID} {
			if ids[i], err = uuid.Parse(text); err != nil {
				return fmt.Errorf("read an ID: %w", err)
			}
		}
		err := block.Append(uuid.UUID(tenant), e.Event, e.Type, e.At(), e.EventID, e.UserID, e.AnonymousID, e.SessionID, e.Properties, e.Context, e.Facts, ids[0], e.Received(),
			e.CorrelationID, ids[1], uint16(e.ReceiptIndex), e.SDKName, e.SDKVersion, uint32(e.SchemaID), //nolint:gosec // written from these types
			e.ViolationsCode, e.ViolationsPath, e.ViolationsMessage, e.Redactions, uint32(e.PolicyVersion), e.Bot, ids[2], ids[3], e.Metered()) //nolint:gosec // as above
		if err != nil {
			return err
		}
	}
	return block.Send()
}
