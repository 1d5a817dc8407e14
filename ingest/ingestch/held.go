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

// A held event stays in its table until the release that stored it is over; until then a later row in repairs says that it is held no more.

// Held implements repair.Archive.
func (s *Store) Held(ctx context.Context, tenant tenants.ID, in repair.HeldInput) ([]repair.Held, error) {
	from, args := held(tenant, in)
	rows, err := s.conn.Query(ctx, `
		SELECT `+storedColumns+`, held_at
		FROM `+from+`
		ORDER BY tenant_id, received_at, receipt_id, receipt_index
		LIMIT {limit:UInt32}`, args...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	return scanAll(rows, func(h *repair.Held) error {
		err := scanStored(rows, tenant, &h.Stored, &h.At)
		h.At = h.At.UTC()
		return err
	})
}

// CountHeld implements repair.Archive.
func (s *Store) CountHeld(ctx context.Context, tenant tenants.ID, in repair.HeldInput) (int64, error) {
	from, args := held(tenant, in)
	var n uint64
	err := s.conn.QueryRow(ctx, "SELECT count() FROM "+from, args...).Scan(&n)
	return int64(n), ch.Fault(err) //nolint:gosec // a count of rows
}

// StoredHeld implements repair.Archive.
func (s *Store) StoredHeld(ctx context.Context, tenant tenants.ID, in repair.HeldInput) (map[string]time.Time, error) {
	from, args := held(tenant, in)
	return s.storedIDs(ctx, "SELECT event_id FROM "+from+" ORDER BY tenant_id, received_at, receipt_id, receipt_index LIMIT {limit:UInt32}", args)
}

// held are the held events of a tenant that were not released.
func held(tenant tenants.ID, in repair.HeldInput) (from string, args []any) {
	reasons := "NOT IN"
	if in.Quota {
		reasons = "IN"
	}
	return `held_events LEFT JOIN (
				SELECT receipt_id, receipt_index, max(repaired_at) AS at FROM repairs
				WHERE tenant_id = {tenant:UUID} AND status != 'held' AND received_at >= fromUnixTimestamp64Milli({at:Int64}, 'UTC')
				GROUP BY receipt_id, receipt_index
			) AS released USING (receipt_id, receipt_index)
		WHERE tenant_id = {tenant:UUID} AND held_at > released.at AND held_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC') AND expires_at > now()
			AND reason ` + reasons + ` (` + quotaReasons + `)
			AND received_at >= fromUnixTimestamp64Milli({at:Int64}, 'UTC') AND (received_at, receipt_id, receipt_index) > (fromUnixTimestamp64Milli({at:Int64}, 'UTC'), {receipt:UUID}, {index:UInt16})`, []any{
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("until", fmt.Sprint(in.Until.UnixMilli())),
		clickhouse.Named("at", fmt.Sprint(max(0, in.After.ReceivedAt.UnixMilli()))), clickhouse.Named("receipt", uuid.UUID(in.After.Receipt).String()),
		clickhouse.Named("index", fmt.Sprint(in.After.Index)), clickhouse.Named("limit", fmt.Sprint(in.Limit)),
	}
}

// RemoveReleased implements repair.Archive.
func (s *Store) RemoveReleased(ctx context.Context, tenant tenants.ID, replay repair.ID, until time.Time) error {
	err := s.conn.Exec(ctx, `
		DELETE FROM held_events
		WHERE tenant_id = {tenant:UUID} AND held_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC') AND (receipt_id, receipt_index) IN (
			SELECT receipt_id, receipt_index FROM repairs WHERE tenant_id = {tenant:UUID} AND replay_id = {replay:UUID}
		)`,
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("replay", replay.String()), clickhouse.Named("until", fmt.Sprint(until.UnixMilli())))
	return ch.Fault(err)
}

// quotaReasons are why events are held for the sake of their number, as SQL has it.
const quotaReasons = "'" + ingest.CodeOverQuota + "', '" + ingest.CodeUnpaid + "'"

// HeldEvents are the events of a tenant that are held for one reason.
type HeldEvents struct {
	Reason       string // a code of ingest
	Events       int64
	Since, Until time.Time // the oldest, and when the first goes for good
	Last         time.Time // when the last goes
}

// HeldForQuota counts the events that are held for the sake of their number, of a tenant or, where that is zero, of any, by reason.
func (s *Store) HeldForQuota(ctx context.Context, tenant tenants.ID) (map[tenants.ID][]HeldEvents, error) {
	whose, args := "1", []any(nil)
	if !tenant.IsZero() {
		whose, args = "tenant_id = {tenant:UUID}", []any{clickhouse.Named("tenant", tenant.String())}
	}
	which := whose + " AND reason IN (" + quotaReasons + ") AND expires_at > now()"
	rows, err := s.conn.Query(ctx, `
		SELECT tenant_id, reason, toInt64(count()), min(held_at), min(expires_at), max(expires_at)
		FROM held_events LEFT JOIN (
			SELECT tenant_id, receipt_id, receipt_index, max(repaired_at) AS at
			FROM repairs
			WHERE `+whose+` AND status != 'held' AND (receipt_id, receipt_index) IN (SELECT receipt_id, receipt_index FROM held_events WHERE `+which+`)
			GROUP BY tenant_id, receipt_id, receipt_index
		) AS released USING (tenant_id, receipt_id, receipt_index)
		WHERE `+which+` AND held_at > released.at
		GROUP BY tenant_id, reason
		ORDER BY reason`, args...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	all := map[tenants.ID][]HeldEvents{}
	for rows.Next() {
		var id uuid.UUID
		var h HeldEvents
		if err := rows.Scan(&id, &h.Reason, &h.Events, &h.Since, &h.Until, &h.Last); err != nil {
			return nil, fmt.Errorf("read row: %w", err)
		}
		h.Since, h.Until, h.Last = h.Since.UTC(), h.Until.UTC(), h.Last.UTC()
		all[tenants.ID(id)] = append(all[tenants.ID(id)], h)
	}
	return all, ch.Fault(rows.Err())
}

// HeldFor implements repair.HeldStore.
func (s *Store) HeldFor(ctx context.Context, reason string) (map[tenants.ID]time.Time, error) {
	var n uint64
	err := s.conn.QueryRow(ctx, "SELECT count() FROM held_events WHERE reason = {reason:String}", clickhouse.Named("reason", reason)).Scan(&n)
	if err != nil || n == 0 { // as nearly always, and repairs may be many
		return nil, ch.Fault(err)
	}
	rows, err := s.conn.Query(ctx, `
		SELECT tenant_id, max(held_at)
		FROM held_events LEFT JOIN (
			SELECT receipt_id, receipt_index, max(repaired_at) AS at
			FROM repairs
			WHERE status != 'held' AND (receipt_id, receipt_index) IN (SELECT receipt_id, receipt_index FROM held_events WHERE reason = {reason:String})
			GROUP BY receipt_id, receipt_index
		) AS released USING (receipt_id, receipt_index)
		WHERE reason = {reason:String} AND held_at > released.at AND expires_at > now()
		GROUP BY tenant_id`, clickhouse.Named("reason", reason))
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	all := map[tenants.ID]time.Time{}
	for rows.Next() {
		var id uuid.UUID
		var newest time.Time
		if err := rows.Scan(&id, &newest); err != nil {
			return nil, fmt.Errorf("read row: %w", err)
		}
		all[tenants.ID(id)] = newest.UTC()
	}
	return all, ch.Fault(rows.Err())
}
