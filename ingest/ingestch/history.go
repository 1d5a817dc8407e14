package ingestch

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/tenants"
)

// Events implements repair.Archive. Within an hour events lie in the order of the cursor, so a page is found by its place. Hours
// without events are passed over.
func (s *Store) Events(ctx context.Context, tenant tenants.ID, in repair.EventsInput) ([]repair.Stored, error) {
	if in.Newest {
		return s.eventsWhere(ctx, tenant, in, in.From, in.To, "received_at DESC, receipt_id, receipt_index", in.Limit)
	}
	var all []repair.Stored
	for len(all) < in.Limit {
		hour, err := s.nextHour(ctx, tenant, in)
		if err != nil || hour.IsZero() {
			return all, err
		}
		from, to := hour, hour.Add(time.Hour)
		if from.Before(in.From) {
			from = in.From
		}
		if to.After(in.To) {
			to = in.To
		}
		page, err := s.eventsWhere(ctx, tenant, in, from, to, "event, event_id", in.Limit-len(all))
		if err != nil {
			return all, err
		}
		all = append(all, page...)
		if len(page) == 0 || len(all) < in.Limit { // nothing is left of this hour
			in.After = repair.Cursor{Hour: hour.Add(time.Hour)}
			continue
		}
		break
	}
	return all, nil
}

// nextHour is the first hour from the cursor's on that has events; zero when there is none.
func (s *Store) nextHour(ctx context.Context, tenant tenants.ID, in repair.EventsInput) (time.Time, error) {
	from := in.From
	if in.After.Hour.After(from) {
		from = in.After.Hour
	}
	if in.After.Event != "" {
		return in.After.Hour, nil // there may be more behind the cursor
	}
	const day = 24 * time.Hour
	for _, ahead := range []time.Duration{day, 31 * day, in.To.Sub(from)} { // so that the rest of a long period is not read for each hour
		to := from.Add(ahead)
		if to.After(in.To) {
			to = in.To
		}
		where, args := eventsOf(tenant, in, from, to)
		var n uint64
		var first time.Time
		if err := s.conn.QueryRow(ctx, "SELECT count(), min(time) FROM events WHERE "+where, args...).Scan(&n, &first); err != nil {
			return time.Time{}, ch.Fault(err)
		}
		if n > 0 {
			return first.UTC().Truncate(time.Hour), nil
		}
	}
	return time.Time{}, nil
}

// CountEvents implements repair.Archive.
func (s *Store) CountEvents(ctx context.Context, tenant tenants.ID, in repair.EventsInput) (int64, error) {
	where, args := eventsOf(tenant, in, in.From, in.To)
	var n uint64
	err := s.conn.QueryRow(ctx, "SELECT count() FROM events FINAL WHERE "+where, args...).Scan(&n)
	return int64(n), ch.Fault(err) //nolint:gosec // a count of rows
}

func eventsOf(tenant tenants.ID, in repair.EventsInput, from, to time.Time) (where string, args []any) {
	where = `
		tenant_id = {tenant:UUID} AND time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
			AND received_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')`
	args = []any{
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("from", fmt.Sprint(from.UnixMilli())), clickhouse.Named("to", fmt.Sprint(to.UnixMilli())),
		clickhouse.Named("until", fmt.Sprint(in.Until.UnixMilli())),
	}
	if len(in.Names) > 0 {
		where, args = where+" AND event IN {names:Array(String)}", append(args, clickhouse.Named("names", in.Names))
	}
	return where, args
}

func (s *Store) eventsWhere(ctx context.Context, tenant tenants.ID, in repair.EventsInput, from, to time.Time, order string, limit int) ([]repair.Stored, error) {
	where, args := eventsOf(tenant, in, from, to)
	if in.After.Event != "" {
		where += " AND event >= {after:String} AND (event, event_id) > ({after:String}, {after_id:String})"
		args = append(args, clickhouse.Named("after", in.After.Event), clickhouse.Named("after_id", in.After.EventID))
	}
	args = append(args, clickhouse.Named("limit", fmt.Sprint(limit)))
	rows, err := s.conn.Query(ctx, `
		SELECT `+storedColumns+`
		FROM events FINAL
		WHERE `+where+`
		ORDER BY `+order+`
		LIMIT {limit:UInt32}`, args...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	return scanAll(rows, func(e *repair.Stored) error { return scanStored(rows, tenant, e) })
}

// storedColumns are the columns that scanStored reads.
const storedColumns = `event, CAST(type, 'Int8'), time, event_id, user_id, anonymous_id, session_id, properties, context, source_id, correlation_id, receipt_id, receipt_index,
			CAST(sdk_name, 'String'), CAST(sdk_version, 'String'), schema_id, CAST(violations_code, 'Array(String)'), violations_path, violations_message,
			CAST(redactions, 'Array(String)'), policy_version, CAST(bot, 'String'), facts`

// scanStored reads an event, and the columns behind it.
func scanStored(rows driver.Rows, tenant tenants.ID, e *repair.Stored, more ...any) error {
	var name, id, user, anonymous, session, properties, context, sdk, version, bot, facts string
	var typ int8
	var source, receipt uuid.UUID
	var index uint16
	var schema, policy uint32
	var codes, paths, messages []string
	err := rows.Scan(append([]any{
		&name, &typ, &e.Time, &id, &user, &anonymous, &session, &properties, &context, &source, &e.CorrelationID, &receipt, &index,
		&sdk, &version, &schema, &codes, &paths, &messages, &e.Redactions, &policy, &bot, &facts,
	}, more...)...)
	e.Type, e.Name, e.ID, e.Time = ingest.Type(typ), []byte(name), []byte(id), e.Time.UTC() //nolint:gosec // an Enum8 of ours
	e.UserID, e.AnonymousID, e.SessionID = []byte(user), []byte(anonymous), []byte(session)
	e.Properties, e.Context, e.Facts, e.Bot = []byte(properties), []byte(context), []byte(facts), []byte(bot)
	e.Client = ingest.SDK{Name: []byte(sdk), Version: []byte(version)}
	e.Schema, e.Policy = int32(schema), int(policy) //nolint:gosec // written from an int32
	for i := range codes {
		e.Violations = append(e.Violations, ingest.Violation{Code: codes[i], Path: paths[i], Message: messages[i]})
	}
	e.Sender = ingest.Sender{Tenant: tenant, Source: tenants.SourceID(source)}
	e.Receipt, e.Index = ingest.ReceiptID(receipt), int(index)
	e.ReceivedAt = e.Receipt.ReceivedAt()
	return err
}
