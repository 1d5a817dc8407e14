package ingestch

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/tenants"
)

var _ ingest.Samples = (*Store)(nil)

// RecentEvents implements ingest.Samples. It looks back in steps that grow, so that a busy tenant's whole history is not sorted for a few events.
func (s *Store) RecentEvents(ctx context.Context, tenant tenants.ID, event string, last int) ([]ingest.Sample, error) {
	const day = 24 * time.Hour
	last = min(last, ingest.MaxSamples)
	var all []ingest.Sample
	for _, back := range []time.Duration{time.Hour, day, 31 * day, 0} {
		since := time.Time{}
		if back > 0 {
			since = time.Now().Add(-back)
		}
		var err error
		all, err = s.recent(ctx, tenant, event, since, last)
		if err != nil || len(all) >= max(last*9/10, 1) { // some were there twice
			return all, err
		}
	}
	return all, nil
}

func (s *Store) recent(ctx context.Context, tenant tenants.ID, event string, since time.Time, last int) ([]ingest.Sample, error) {
	where, args := "tenant_id = {tenant:UUID}", []any{clickhouse.Named("tenant", tenant.String()), clickhouse.Named("last", fmt.Sprint(last))}
	if event != "" {
		where, args = where+" AND event = {event:String}", append(args, clickhouse.Named("event", event))
	}
	if !since.IsZero() {
		where, args = where+" AND received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')", append(args, clickhouse.Named("since", fmt.Sprint(since.UnixMilli())))
	}
	rows, err := s.conn.Query(ctx, `
		SELECT event, CAST(type, 'Int8'), time, event_id, user_id, anonymous_id, session_id, properties, context, source_id, sdk_name, sdk_version, schema_id, bot, facts
		FROM events
		WHERE `+where+`
		ORDER BY received_at DESC, receipt_id, receipt_index
		LIMIT {last:UInt32}`, args...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var all []ingest.Sample
	seen := map[string]bool{} // what was received twice, or replayed, and not merged yet
	for size := 0; size < maxSampleBytes && rows.Next(); {
		e, err := scanSample(rows)
		if err != nil {
			return nil, fmt.Errorf("read sample: %w", err)
		}
		if key := string(e.Name) + "\x00" + string(e.ID); !seen[key] {
			seen[key] = true
			all = append(all, e)
			size += len(e.Properties) + len(e.Context) + len(e.Facts)
		}
	}
	return all, ch.Fault(rows.Err())
}

// maxSampleBytes bounds what samples take in memory.
const maxSampleBytes = 32 << 20

func scanSample(rows driver.Rows) (e ingest.Sample, err error) {
	var name, id, user, anonymous, session, properties, context, sdk, version, bot, facts string
	var typ int8
	var source uuid.UUID
	var schema uint32
	err = rows.Scan(&name, &typ, &e.Time, &id, &user, &anonymous, &session, &properties, &context, &source, &sdk, &version, &schema, &bot, &facts)
	e.Event = ingest.Event{
		Type: ingest.Type(typ), Name: []byte(name), ID: []byte(id), UserID: []byte(user), AnonymousID: []byte(anonymous), SessionID: []byte(session), //nolint:gosec // six of them
		Time: e.Time.UTC(), Properties: []byte(properties), Context: []byte(context),
		Client: ingest.SDK{Name: []byte(sdk), Version: []byte(version)}, Schema: int32(schema), Bot: []byte(bot), Facts: []byte(facts), //nolint:gosec // written from an int32
	}
	e.Source = tenants.SourceID(source)
	return e, err
}
