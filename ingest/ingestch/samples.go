package ingestch

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
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
		if all, err = s.recent(ctx, tenant, event, since, last); err != nil || len(all) >= last {
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
		LIMIT 1 BY event, event_id
		LIMIT {last:UInt32}`, args...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	return scanAll(rows, func(e *ingest.Sample) error {
		var name, id, user, anonymous, session, properties, context, sdk, version, bot, facts string
		var typ int8
		var source uuid.UUID
		var schema uint32
		err := rows.Scan(&name, &typ, &e.Time, &id, &user, &anonymous, &session, &properties, &context, &source, &sdk, &version, &schema, &bot, &facts)
		e.Event = ingest.Event{
			Type: ingest.Type(typ), Name: []byte(name), ID: []byte(id), UserID: []byte(user), AnonymousID: []byte(anonymous), SessionID: []byte(session), //nolint:gosec // six of them
			Time: e.Time.UTC(), Properties: []byte(properties), Context: []byte(context),
			Client: ingest.SDK{Name: []byte(sdk), Version: []byte(version)}, Schema: int32(schema), Bot: []byte(bot), Facts: []byte(facts), //nolint:gosec // written from an int32
		}
		e.Source = tenants.SourceID(source)
		return err
	})
}
