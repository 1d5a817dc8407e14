package ingestch

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/tenants"
)

// Writer stores what the sink of one log settles, and marks the hours whose events change by it. It is an ingest.Store.
type Writer struct {
	*Store
	log uuid.UUID
}

var _ ingest.Store = (*Writer)(nil)

// Writer makes the writer of a log. The ID stays the log's for as long as that lives, and no other log has it.
func (s *Store) Writer(log uuid.UUID) *Writer {
	if log == uuid.Nil {
		panic("ingestch: a log needs an ID: none is the mark of changes that come by no log")
	}
	return &Writer{Store: s, log: log}
}

// markedHour is an hour of event time in which something changes.
type markedHour struct {
	tenant tenants.ID
	start  int64 // Unix seconds
}

// hours are those that a settlement's events lie in.
func hours(set *ingest.Settlement) map[markedHour]struct{} {
	found := map[markedHour]struct{}{}
	for _, events := range [][]ingest.StoredEvent{set.Events, set.Reruns} {
		for i := range events {
			e := &events[i]
			found[markedHour{tenant: e.Tenant, start: e.Time.Truncate(time.Hour).Unix()}] = struct{}{}
		}
	}
	return found
}

// mark writes how far the log has come in these hours: begun before a batch's events are sent, stored once they are all there. A batch that
// is stored again marks again: only the largest offsets count. The time is the server's, which those who look for new marks go by.
func (w *Writer) mark(ctx context.Context, hours map[markedHour]struct{}, begun, stored ingest.Offset) error {
	if len(hours) == 0 {
		return nil
	}
	marked, err := ext.NewTable("marked", ext.Column("tenant_id", "UUID"), ext.Column("hour", "DateTime('UTC')"))
	if err != nil {
		return err
	}
	for h := range hours {
		if err := marked.Append(uuid.UUID(h.tenant), time.Unix(h.start, 0).UTC()); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, insertTimeout)
	defer cancel()
	ctx = clickhouse.Context(ctx, clickhouse.WithExternalTable(marked), clickhouse.WithSettings(clickhouse.Settings{
		"async_insert": 0, "max_partitions_per_insert_block": 0, "max_execution_time": 0,
	}))
	err = w.conn.Exec(ctx, `
		INSERT INTO marks (tenant_id, hour, log_id, begun, stored, marked_at)
		SELECT tenant_id, hour, {log:UUID}, {begun:UInt64}, {stored:UInt64}, now64(3) FROM marked`,
		clickhouse.Named("log", w.log.String()), clickhouse.Named("begun", uint64(begun)), clickhouse.Named("stored", uint64(stored))) //nolint:gosec // none is negative
	if err != nil {
		return fmt.Errorf("mark %d hours: %w", len(hours), ch.Fault(err))
	}
	return nil
}
