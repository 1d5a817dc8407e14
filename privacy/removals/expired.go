package removals

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/tenants"
)

// Expired removes held events whose time is over.
type Expired struct{ conn driver.Conn }

// NewExpired makes it.
func NewExpired(conn driver.Conn) Expired { return Expired{conn} }

// Expire removes, of all tenants, the held events that have expired, and returns how many those were. The ledger is told first. What is held of an
// hour and a source goes when the last of it expires: then it is the same that was counted, however often this is tried.
func (e Expired) Expire(ctx context.Context) (removed int64, err error) {
	const whole = `(tenant_id, toStartOfHour(received_at), source_id, reason) IN (
		SELECT tenant_id, toStartOfHour(received_at), source_id, reason
		FROM held_events
		WHERE expires_at < toDateTime(4294967295, 'UTC')
		GROUP BY tenant_id, toStartOfHour(received_at), source_id, reason
		HAVING max(expires_at) <= toDateTime({now:Int64}, 'UTC')
	)`
	var now int64
	if err := e.conn.QueryRow(ctx, "SELECT toInt64(toUnixTimestamp(now()))").Scan(&now); err != nil {
		return 0, fmt.Errorf("ask for the time: %w", ch.Fault(err))
	}
	args := []any{clickhouse.Named("now", fmt.Sprint(now))}
	rows, err := e.conn.Query(ctx, "SELECT tenant_id, toInt64(count()) FROM held_events WHERE expires_at < toDateTime(4294967295, 'UTC') AND "+whole+" GROUP BY tenant_id", args...)
	if err != nil {
		return 0, fmt.Errorf("look for held events that have expired: %w", ch.Fault(err))
	}
	var whose []tenants.ID
	for rows.Next() {
		var id uuid.UUID
		var n int64
		if err := rows.Scan(&id, &n); err != nil {
			return 0, fmt.Errorf("read row: %w", err)
		}
		whose, removed = append(whose, tenants.ID(id)), removed+n
	}
	if err := rows.Close(); err != nil {
		return 0, ch.Fault(err)
	}
	if err := rows.Err(); err != nil || len(whose) == 0 {
		return 0, ch.Fault(err)
	}
	for _, tenant := range whose {
		err := Note(ctx, e.conn, Removal{Tenant: tenant, Operation: uuid.New(), Table: HeldEvents, Where: "expires_at < toDateTime(4294967295, 'UTC') AND " + whole, Args: args})
		if err != nil {
			return 0, err
		}
	}
	settings := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"mutations_sync": 2, "max_execution_time": 0, "allow_nondeterministic_mutations": 1}))
	if err := e.conn.Exec(settings, "ALTER TABLE held_events DELETE WHERE expires_at < toDateTime(4294967295, 'UTC') AND "+whole, args...); err != nil {
		return 0, fmt.Errorf("remove held events that have expired: %w", ch.Fault(err))
	}
	return removed, nil
}
