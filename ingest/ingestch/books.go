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

var _ ingest.BookStore = (*Store)(nil)

// Receipt implements ingest.BookStore.
func (s *Store) Receipt(ctx context.Context, tenant tenants.ID, id ingest.ReceiptID) (*ingest.Receipt, error) {
	rows, err := s.conn.Query(ctx, `
		SELECT source_id, correlation_id, event_ids, exceptions_index, CAST(exceptions_status, 'Array(Int8)'), CAST(exceptions_code, 'Array(String)'), exceptions_message, exceptions_until
		FROM receipts
		WHERE tenant_id = {tenant:UUID} AND received_at = fromUnixTimestamp64Milli({at:Int64}, 'UTC') AND receipt_id = {receipt:UUID}
		LIMIT 1`,
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("at", fmt.Sprint(id.ReceivedAt().UnixMilli())), clickhouse.Named("receipt", uuid.UUID(id).String()))
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	if !rows.Next() {
		return nil, ch.Fault(rows.Err())
	}
	var (
		source          uuid.UUID
		ids             []string
		index           []uint16
		status          []int8
		codes, messages []string
		until           []time.Time // empty in rows from before there was such
		receipt         = ingest.Receipt{ID: id, Settled: true}
	)
	if err := rows.Scan(&source, &receipt.CorrelationID, &ids, &index, &status, &codes, &messages, &until); err != nil {
		return nil, fmt.Errorf("read receipt: %w", err)
	}
	receipt.Source = tenants.SourceID(source)
	receipt.Outcomes = make([]ingest.Outcome, len(ids))
	for i, eventID := range ids {
		receipt.Outcomes[i] = ingest.Outcome{Index: i, EventID: eventID, Status: ingest.Stored}
	}
	for i, at := range index {
		o := &receipt.Outcomes[at]
		o.Status, o.Code, o.Message = ingest.Status(status[i]), codes[i], messages[i] //nolint:gosec // an Enum8 of ours
		if i < len(until) && until[i].Unix() != 0 {
			o.Until = until[i].UTC()
		}
	}
	return &receipt, s.layRepairs(ctx, tenant, &receipt)
}

// layRepairs lays what became later of dead letters, and of events that were held, over the receipt of the request that they came with.
func (s *Store) layRepairs(ctx context.Context, tenant tenants.ID, receipt *ingest.Receipt) error {
	rows, err := s.conn.Query(ctx, `
		SELECT receipt_index, CAST(status, 'Int8'), message
		FROM repairs
		WHERE tenant_id = {tenant:UUID} AND received_at = fromUnixTimestamp64Milli({at:Int64}, 'UTC') AND receipt_id = {receipt:UUID}
		ORDER BY repaired_at`,
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("at", fmt.Sprint(receipt.ID.ReceivedAt().UnixMilli())), clickhouse.Named("receipt", uuid.UUID(receipt.ID).String()))
	if err != nil {
		return ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		var index uint16
		var status int8
		var message string
		if err := rows.Scan(&index, &status, &message); err != nil {
			return fmt.Errorf("read repair: %w", err)
		}
		o := &receipt.Outcomes[index]
		o.Status, o.Message, o.Until = ingest.Status(status), message, time.Time{} //nolint:gosec // an Enum8 of ours
		o.Code = codeOf(o.Status)
	}
	return ch.Fault(rows.Err())
}

// codeOf is the code of an outcome that came later. Of what was stored only the events of people whose data was restricted are held.
func codeOf(s ingest.Status) string {
	switch s {
	case ingest.Duplicate:
		return ingest.CodeDuplicate
	case ingest.Suppressed:
		return ingest.CodeSuppressed
	case ingest.Held:
		return ingest.CodeRestricted
	case ingest.Stored, ingest.Quarantined, ingest.Pending:
	}
	return ""
}

// Ledger implements ingest.BookStore.
func (s *Store) Ledger(ctx context.Context, tenant tenants.ID, from, to, counted time.Time) ([]ingest.LedgerHour, error) {
	hours, err := s.hours(ctx, &tenant, from, to, counted, "")
	for i := range hours {
		if hours[i].Hour.Before(counted) {
			hours[i].Found = nil
		}
	}
	return hours, err
}

// Unbalanced implements ingest.BookStore.
func (s *Store) Unbalanced(ctx context.Context, tenant tenants.ID, since time.Time) ([]ingest.LedgerHour, error) {
	const farAhead = 365 * 24 * time.Hour
	var whose *tenants.ID
	if !tenant.IsZero() {
		whose = &tenant
	}
	return s.hours(ctx, whose, since, since.Add(farAhead), since, `
		HAVING received != stored + duplicate + quarantined + suppressed + held
			OR stored NOT BETWEEN found_events AND found_events + removed_events
			OR quarantined NOT BETWEEN found_dead_letters AND found_dead_letters + removed_dead_letters
			OR held NOT BETWEEN found_held AND found_held + removed_held
			OR received != found_in_receipts`)
}

// Newest implements ingest.BookStore.
func (s *Store) Newest(ctx context.Context, tenant tenants.ID, event string, since time.Time) (time.Time, error) {
	name, args := "", []any{clickhouse.Named("tenant", tenant.String()), clickhouse.Named("since", fmt.Sprint(max(since.UnixMilli(), 0)))}
	if event != "" {
		name, args = " AND event = {event:String}", append(args, clickhouse.Named("event", event))
	}
	row := s.conn.QueryRow(ctx, `
		SELECT toUnixTimestamp64Milli(max(received_at))
		FROM events
		WHERE tenant_id = {tenant:UUID} AND received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')`+name, args...)
	var newest int64
	if err := row.Scan(&newest); err != nil || newest == 0 {
		return time.Time{}, ch.Fault(err)
	}
	return time.UnixMilli(newest).UTC(), nil
}

// hours sums the ledger and counts the rows that should be there. Only batches that are in the ledger count: it is written last. A dead
// letter that was repaired counts no more, nor does an event that was held and released; an event that a replay of history wrote again counts
// once, whether or not the row before is still there.
func (s *Store) hours(ctx context.Context, tenant *tenants.ID, from, to, counted time.Time, having string) ([]ingest.LedgerHour, error) {
	whose, args := "1", []any{
		clickhouse.Named("from", fmt.Sprint(from.UnixMilli())), clickhouse.Named("to", fmt.Sprint(to.UnixMilli())),
		clickhouse.Named("counted", fmt.Sprint(max(counted.UnixMilli(), from.UnixMilli()))),
	}
	if tenant != nil {
		whose, args = "tenant_id = {tenant:UUID}", append(args, clickhouse.Named("tenant", tenant.String()))
	}
	const inHours = " AND received_at >= fromUnixTimestamp64Milli({counted:Int64}, 'UTC') AND received_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')"
	const inPeriod = " AND hour >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND hour < fromUnixTimestamp64Milli({to:Int64}, 'UTC')"
	const noneRemoved = "0 AS gone_e, 0 AS gone_d, 0 AS gone_h"
	settled := " AND _batch_id IN (SELECT _batch_id FROM ledger WHERE " + whose + " AND hour >= fromUnixTimestamp64Milli({counted:Int64}, 'UTC'))"
	found := func(table, count, where string) string {
		return `
			SELECT tenant_id, toStartOfHour(received_at) AS hour, 0 AS received, 0 AS stored, 0 AS duplicate, 0 AS quarantined, 0 AS suppressed, 0 AS held, ` + count + `, ` + noneRemoved + `
			FROM ` + table + `
			WHERE ` + whose + inHours + where + `
			GROUP BY tenant_id, hour`
	}
	const once = "_rerun_id = toUUID('00000000-0000-0000-0000-000000000000')"
	rerun := "SELECT receipt_id, receipt_index FROM events WHERE " + whose + inHours + " AND NOT " + once
	repaired := "SELECT receipt_id, receipt_index FROM repairs WHERE " + whose + inHours + settled
	released := "SELECT receipt_id, receipt_index, max(repaired_at) AS at FROM repairs WHERE " + whose + inHours + settled + " AND status != 'held' GROUP BY receipt_id, receipt_index"
	rows, err := s.conn.Query(ctx, `
		SELECT tenant_id, hour, sum(t.received) AS received, sum(t.stored) AS stored, sum(t.duplicate) AS duplicate,
			sum(t.quarantined) AS quarantined, sum(t.suppressed) AS suppressed, sum(t.held) AS held,
			toInt64(sum(t.e)) AS found_events, toInt64(sum(t.d)) AS found_dead_letters, toInt64(sum(t.h)) AS found_held, toInt64(sum(t.r)) AS found_in_receipts,
			sum(t.gone_e) AS removed_events, sum(t.gone_d) AS removed_dead_letters, sum(t.gone_h) AS removed_held
		FROM (
			SELECT tenant_id, hour, received, stored, duplicate, quarantined, suppressed, held, 0 AS e, 0 AS d, 0 AS h, 0 AS r, `+noneRemoved+`
			FROM ledger
			WHERE `+whose+inPeriod+`
			UNION ALL
			SELECT tenant_id, hour, 0 AS received, 0 AS stored, 0 AS duplicate, 0 AS quarantined, 0 AS suppressed, 0 AS held, 0 AS e, 0 AS d, 0 AS h, 0 AS r,
				if(kind = 'events', rows, 0) AS gone_e, if(kind = 'dead_letters', rows, 0) AS gone_d, if(kind = 'held_events', rows, 0) AS gone_h
			FROM removals FINAL
			WHERE `+whose+inPeriod+`
			UNION ALL `+found("events", "count() AS e, 0 AS d, 0 AS h, 0 AS r", settled+" AND "+once+" AND (receipt_id, receipt_index) NOT IN ("+rerun+")")+`
			UNION ALL `+found("events", "uniqExact(receipt_id, receipt_index) AS e, 0 AS d, 0 AS h, 0 AS r", " AND NOT "+once)+`
			UNION ALL `+found("dead_letters", "0 AS e, count() AS d, 0 AS h, 0 AS r", settled+" AND (receipt_id, receipt_index) NOT IN ("+repaired+")")+`
			UNION ALL `+found("held_events LEFT JOIN ("+released+") AS released USING (receipt_id, receipt_index)", "0 AS e, 0 AS d, count() AS h, 0 AS r", settled+" AND held_at > released.at")+`
			UNION ALL `+found("receipts", "0 AS e, 0 AS d, 0 AS h, sum(length(event_ids)) AS r", settled)+`
		) AS t
		GROUP BY tenant_id, hour`+having+`
		ORDER BY hour DESC, tenant_id
		LIMIT 10000`, args...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	return scanAll(rows, func(h *ingest.LedgerHour) error {
		h.Found = &ingest.Found{}
		var id uuid.UUID
		c := &h.Counts
		err := rows.Scan(&id, &h.Hour, &c.Received, &c.Stored, &c.Duplicate, &c.Quarantined, &c.Suppressed, &c.Held, &h.Found.Events, &h.Found.DeadLetters, &h.Found.Held, &h.Found.InReceipts,
			&h.Removed.Events, &h.Removed.DeadLetters, &h.Removed.Held)
		h.Tenant = tenants.ID(id)
		return err
	})
}

// Quarantine implements ingest.BookStore.
func (s *Store) Quarantine(ctx context.Context, tenant tenants.ID, cause uuid.UUID, before ingest.QuarantineCursor, limit int) ([]ingest.QuarantinedEvent, error) {
	if before.ReceivedAt.IsZero() {
		before.ReceivedAt = time.UnixMilli(1 << 42) // the year 2109
	}
	which, args := "", []any{
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("at", fmt.Sprint(before.ReceivedAt.UnixMilli())),
		clickhouse.Named("receipt", uuid.UUID(before.Receipt).String()), clickhouse.Named("index", fmt.Sprint(before.Index)), clickhouse.Named("limit", fmt.Sprint(limit)),
	}
	if cause != uuid.Nil {
		which, args = " AND cause = {cause:UUID}", append(args, clickhouse.Named("cause", cause.String()))
	}
	rows, err := s.conn.Query(ctx, `
		SELECT received_at, receipt_id, receipt_index, event_id, event, CAST(type, 'String'), user_id, anonymous_id, time, CAST(code, 'String'), message, path, schema_id, cause,
			CAST(format, 'String'), payload, CAST(sdk_name, 'String'), CAST(sdk_version, 'String'), CAST(redactions, 'Array(String)'), source_id, correlation_id, expires_at
		FROM dead_letters
		WHERE tenant_id = {tenant:UUID} AND expires_at > now()`+which+`
			AND received_at <= fromUnixTimestamp64Milli({at:Int64}, 'UTC') AND (received_at, receipt_id, receipt_index) < (fromUnixTimestamp64Milli({at:Int64}, 'UTC'), {receipt:UUID}, {index:UInt16})
			AND (receipt_id, receipt_index) NOT IN (SELECT receipt_id, receipt_index FROM repairs WHERE tenant_id = {tenant:UUID} AND received_at <= fromUnixTimestamp64Milli({at:Int64}, 'UTC'))
		ORDER BY tenant_id DESC, received_at DESC, receipt_id DESC, receipt_index DESC
		LIMIT {limit:UInt32}`, args...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	return scanAll(rows, func(e *ingest.QuarantinedEvent) error {
		var receipt, source uuid.UUID
		var index uint16
		var schema uint32
		err := rows.Scan(&e.ReceivedAt, &receipt, &index, &e.EventID, &e.Event, &e.Type, &e.UserID, &e.AnonymousID, &e.Time, &e.Rejection.Code, &e.Rejection.Message, &e.Rejection.Path, &schema, &e.Cause,
			&e.Format, &e.Payload, &e.SDK, &e.Version, &e.Redactions, &source, &e.CorrelationID, &e.ExpiresAt)
		e.Receipt, e.Index, e.Source, e.Rejection.Schema = ingest.ReceiptID(receipt), int(index), tenants.SourceID(source), int32(schema) //nolint:gosec // written from an int32
		return err
	})
}

// scanAll reads every row and closes the rows.
func scanAll[R any](rows driver.Rows, scan func(*R) error) ([]R, error) {
	defer rows.Close() //nolint:errcheck // Err tells
	var all []R
	for rows.Next() {
		var r R
		if err := scan(&r); err != nil {
			return nil, fmt.Errorf("read row: %w", err)
		}
		all = append(all, r)
	}
	return all, ch.Fault(rows.Err())
}
