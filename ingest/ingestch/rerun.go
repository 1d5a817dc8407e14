package ingestch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/ch"
)

// rerun writes events in place of what is stored: rows with the same sorting key, of which the engine keeps the newest.
// Whatever is not there any more, because it was deleted since it was read, is left out, so that it does not come back.
func (s *Store) rerun(ctx context.Context, set *ingest.Settlement, again bool) error {
	if len(set.Reruns) == 0 {
		return nil
	}
	there, err := s.stillThere(ctx, set.Reruns)
	if err != nil {
		return fmt.Errorf("look for events to replace: %w", ch.Fault(err))
	}
	rows := slices.Clone(set.Reruns)
	rows = slices.DeleteFunc(rows, func(r ingest.StoredEvent) bool {
		_, ok := there[identity(r.Header, r.Index)]
		return !ok
	})
	for i := range rows {
		rows[i].MeteredAt = there[identity(rows[i].Header, rows[i].Index)]
	}
	t := events()
	t.label = "rerun-"
	return write(ctx, s.conn, t, set.Range.ID, rows, again)
}

// stillThere finds the events by their sorting key, which finds them without reading the tenant's other events, and when each counts as usage.
func (s *Store) stillThere(ctx context.Context, rows []ingest.StoredEvent) (map[string]time.Time, error) {
	wanted, err := ext.NewTable("wanted",
		ext.Column("tenant_id", "UUID"), ext.Column("event", "String"), ext.Column("hour", "DateTime('UTC')"), ext.Column("event_id", "String"))
	if err != nil {
		return nil, err
	}
	for i := range rows {
		r := &rows[i]
		if err := wanted.Append(uuid.UUID(r.Tenant), string(r.Name), r.Time.Truncate(time.Hour), string(r.ID)); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, insertTimeout)
	defer cancel()
	found, err := s.conn.Query(clickhouse.Context(ctx, clickhouse.WithExternalTable(wanted)), `
		SELECT receipt_id, receipt_index, metered_at FROM events
		WHERE (tenant_id, event, toStartOfHour(time), event_id) IN (SELECT tenant_id, event, hour, event_id FROM wanted)`)
	if err != nil {
		return nil, err
	}
	defer found.Close() //nolint:errcheck // Err tells
	there := make(map[string]time.Time, len(rows))
	for found.Next() {
		var receipt uuid.UUID
		var index uint16
		var metered time.Time
		if err := found.Scan(&receipt, &index, &metered); err != nil {
			return nil, err
		}
		there[identity(&ingest.Header{Receipt: ingest.ReceiptID(receipt)}, int(index))] = metered.UTC()
	}
	return there, found.Err()
}
