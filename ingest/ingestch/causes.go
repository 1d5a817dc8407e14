package ingestch

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/tenants"
)

var _ repair.CauseStore = (*Store)(nil)

// Causes implements repair.CauseStore.
func (s *Store) Causes(ctx context.Context, tenant tenants.ID, from, to time.Time, only uuid.UUID, openOnly bool, limit int) ([]repair.Cause, error) {
	where, args := causes(tenant, only, from, to)
	having := ""
	if openOnly {
		having = "HAVING open > 0"
	}
	rows, err := s.conn.Query(ctx, `
		SELECT cause, CAST(any(code), 'String'), any(event), argMax(path, received_at), any(schema_id), argMax(message, received_at),
			toInt64(countIf(NOT repaired)) AS open, toInt64(countIf(repaired)), min(received_at), max(received_at) AS last, toInt64(uniqExact(source_id, sdk_name, sdk_version))
		FROM (
			SELECT cause, code, event, path, schema_id, message, received_at, source_id, sdk_name, sdk_version,
				(receipt_id, receipt_index) IN (SELECT receipt_id, receipt_index FROM repairs WHERE tenant_id = {tenant:UUID}
					AND received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND received_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')) AS repaired
			FROM dead_letters
			WHERE `+where+`
		)
		GROUP BY cause `+having+`
		ORDER BY open DESC, last DESC, cause
		LIMIT {limit:UInt32}`, append(args, clickhouse.Named("limit", fmt.Sprint(limit)))...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	return scanAll(rows, func(c *repair.Cause) error {
		var schema uint32
		r := &c.Rejection
		err := rows.Scan(&c.ID, &r.Code, &c.Event, &r.Path, &schema, &r.Message, &c.Open, &c.Repaired, &c.FirstSeen, &c.LastSeen, &c.Senders)
		r.Schema = int32(schema) //nolint:gosec // written from an int32
		return err
	})
}

// CauseSenders implements repair.CauseStore.
func (s *Store) CauseSenders(ctx context.Context, tenant tenants.ID, cause uuid.UUID, from, to time.Time, limit int) ([]repair.CauseSender, error) {
	where, args := causes(tenant, cause, from, to)
	rows, err := s.conn.Query(ctx, `
		SELECT CAST(sdk_name, 'String') AS name, CAST(sdk_version, 'String') AS version, source_id, toInt64(count()) AS events, max(received_at)
		FROM dead_letters
		WHERE `+where+`
		GROUP BY name, version, source_id
		ORDER BY events DESC, name, version, source_id
		LIMIT {limit:UInt32}`, append(args, clickhouse.Named("limit", fmt.Sprint(limit)))...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	return scanAll(rows, func(c *repair.CauseSender) error {
		var source uuid.UUID
		err := rows.Scan(&c.SDK, &c.Version, &source, &c.Events, &c.LastSeen)
		c.Source = tenants.SourceID(source)
		return err
	})
}

// CauseTrend implements repair.CauseStore.
func (s *Store) CauseTrend(ctx context.Context, tenant tenants.ID, cause uuid.UUID, from, to time.Time, daily bool) ([]repair.CauseCount, error) {
	where, args := causes(tenant, cause, from, to)
	bucket := "toStartOfHour(received_at)"
	if daily {
		bucket = "toDateTime(toStartOfDay(received_at), 'UTC')"
	}
	rows, err := s.conn.Query(ctx, "SELECT "+bucket+" AS bucket, toInt64(count()) FROM dead_letters WHERE "+where+" GROUP BY bucket ORDER BY bucket", args...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	return scanAll(rows, func(c *repair.CauseCount) error { return rows.Scan(&c.Time, &c.Events) })
}

// causes are the conditions of dead letters of a period; of one cause, or, where that is zero, of all.
func causes(tenant tenants.ID, only uuid.UUID, from, to time.Time) (where string, args []any) {
	where = `tenant_id = {tenant:UUID} AND received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND received_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC') AND expires_at > now()`
	args = []any{
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("from", fmt.Sprint(from.UnixMilli())), clickhouse.Named("to", fmt.Sprint(to.UnixMilli())),
	}
	if only != uuid.Nil {
		where, args = where+" AND cause = {cause:UUID}", append(args, clickhouse.Named("cause", only.String()))
	}
	return where, args
}

// NewCauses finds, for all tenants, the causes of what was received from since on, each with when it was seen first in that time.
func (s *Store) NewCauses(ctx context.Context, since time.Time) ([]repair.NewCause, error) {
	rows, err := s.conn.Query(ctx, `
		SELECT tenant_id, cause, CAST(any(code), 'String'), min(received_at)
		FROM dead_letters
		WHERE received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
		GROUP BY tenant_id, cause
		ORDER BY tenant_id, min(received_at)
		LIMIT 10000`, clickhouse.Named("since", fmt.Sprint(since.UnixMilli())))
	if err != nil {
		return nil, ch.Fault(err)
	}
	return scanAll(rows, func(c *repair.NewCause) error {
		var tenant uuid.UUID
		err := rows.Scan(&tenant, &c.Cause, &c.Code, &c.FirstSeen)
		c.Tenant = tenants.ID(tenant)
		return err
	})
}
