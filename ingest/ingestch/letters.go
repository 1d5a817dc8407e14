package ingestch

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/tenants"
)

var _ repair.Archive = (*Store)(nil)

// DeadLetters implements repair.Archive.
func (s *Store) DeadLetters(ctx context.Context, tenant tenants.ID, in repair.LettersInput) ([]repair.Letter, error) {
	where, args := letters(tenant, in)
	order := "tenant_id, received_at, receipt_id, receipt_index"
	if in.Newest {
		order = "tenant_id DESC, received_at DESC, receipt_id DESC, receipt_index DESC"
	}
	rows, err := s.conn.Query(ctx, `
		SELECT source_id, key_id, receipt_id, receipt_index, correlation_id, event_id, CAST(type, 'Int8'), time, CAST(code, 'String'),
			CAST(sdk_name, 'String'), CAST(sdk_version, 'String'), CAST(redactions, 'Array(String)'), CAST(format, 'Int8'), payload
		FROM dead_letters
		WHERE `+where+`
		ORDER BY `+order+`
		LIMIT {limit:UInt32}`, args...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	return scanAll(rows, func(l *repair.Letter) error {
		var source, key, receipt uuid.UUID
		var index uint16
		var typ, format int8
		var payload string
		err := rows.Scan(&source, &key, &receipt, &index, &l.CorrelationID, &l.EventID, &typ, &l.Time, &l.Code, &l.Client[0], &l.Client[1], &l.Redactions, &format, &payload)
		l.Sender = ingest.Sender{Tenant: tenant, Source: tenants.SourceID(source), Key: tenants.KeyID(key)}
		l.Receipt, l.Index, l.Time = ingest.ReceiptID(receipt), int(index), l.Time.UTC()
		l.ReceivedAt = l.Receipt.ReceivedAt()
		l.Type, l.Format, l.Payload = ingest.Type(typ), ingest.Format(format), []byte(payload) //nolint:gosec // Enum8s of ours
		return err
	})
}

// CountDeadLetters implements repair.Archive.
func (s *Store) CountDeadLetters(ctx context.Context, tenant tenants.ID, in repair.LettersInput) (int64, error) {
	where, args := letters(tenant, in)
	var n uint64
	err := s.conn.QueryRow(ctx, "SELECT count() FROM dead_letters WHERE "+where, args...).Scan(&n)
	return int64(n), ch.Fault(err) //nolint:gosec // a count of rows
}

// StoredIDs implements repair.Archive.
func (s *Store) StoredIDs(ctx context.Context, tenant tenants.ID, in repair.LettersInput) (map[string]time.Time, error) {
	where, args := letters(tenant, in)
	return s.storedIDs(ctx, "SELECT event_id FROM dead_letters WHERE "+where+" ORDER BY tenant_id, received_at, receipt_id, receipt_index LIMIT {limit:UInt32}", args)
}

// storedIDs tells which of the IDs that a query finds belong to stored events of the tenant, and when those were received.
func (s *Store) storedIDs(ctx context.Context, ids string, args []any) (map[string]time.Time, error) {
	rows, err := s.conn.Query(ctx, `
		SELECT event_id, min(received_at)
		FROM events
		WHERE tenant_id = {tenant:UUID} AND event_id IN (`+ids+`)
		GROUP BY event_id`, args...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	stored := map[string]time.Time{}
	for rows.Next() {
		var id string
		var at time.Time
		if err := rows.Scan(&id, &at); err != nil {
			return nil, fmt.Errorf("read row: %w", err)
		}
		stored[id] = at.UTC()
	}
	return stored, ch.Fault(rows.Err())
}

// letters are the conditions of dead letters that are still in quarantine.
func letters(tenant tenants.ID, in repair.LettersInput) (where string, args []any) {
	return `
			tenant_id = {tenant:UUID} AND cause = {cause:UUID} AND received_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC') AND expires_at > now()
			AND received_at >= fromUnixTimestamp64Milli({at:Int64}, 'UTC') AND (received_at, receipt_id, receipt_index) > (fromUnixTimestamp64Milli({at:Int64}, 'UTC'), {receipt:UUID}, {index:UInt16})
			AND (receipt_id, receipt_index) NOT IN (
				SELECT receipt_id, receipt_index FROM repairs
				WHERE tenant_id = {tenant:UUID} AND received_at >= fromUnixTimestamp64Milli({at:Int64}, 'UTC') AND received_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
			)`, []any{
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("cause", in.Cause.String()), clickhouse.Named("until", fmt.Sprint(in.Until.UnixMilli())),
		clickhouse.Named("at", fmt.Sprint(max(0, in.After.ReceivedAt.UnixMilli()))), clickhouse.Named("receipt", uuid.UUID(in.After.Receipt).String()),
		clickhouse.Named("index", fmt.Sprint(in.After.Index)), clickhouse.Named("limit", fmt.Sprint(in.Limit)),
	}
}

// RepairedBy implements repair.Archive.
func (s *Store) RepairedBy(ctx context.Context, tenant tenants.ID, replay repair.ID) (stored, duplicate int64, err error) {
	err = s.conn.QueryRow(ctx, `
		SELECT toInt64(countIf(status = 'stored')), toInt64(countIf(status = 'duplicate')) FROM repairs WHERE tenant_id = {tenant:UUID} AND replay_id = {replay:UUID}`,
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("replay", replay.String())).Scan(&stored, &duplicate)
	return stored, duplicate, ch.Fault(err)
}
