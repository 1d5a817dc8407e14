package billingch

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

var errBusy = fault.New(fault.Unavailable, "usage_busy", "Events are being removed all the time; usage is counted later.")

// changesSQL are the times at which something was last written down, by tenant and hour. Whatever changes an hour has a row in the conservation
// ledger, which is written last; what was removed has not.
const changesSQL = `
		SELECT tenant_id, hour, maxIf(at, kind = 1) AS received_at, maxIf(at, kind = 2) AS moved_at, maxIf(at, kind = 3) AS removed_at
		FROM (
			SELECT tenant_id, hour, booked_at AS at, if(received > 0, 1, 2) AS kind FROM ledger WHERE %[1]s AND booked_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
			UNION ALL
			SELECT tenant_id, r.hour AS hour, r.at AS at, 3 AS kind FROM removed_usage AS r WHERE %[1]s AND at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
		)
		GROUP BY tenant_id, hour`

// Due implements usage.Counter.
func (c *Counter) Due(ctx context.Context, since time.Time) ([]usage.Due, error) {
	return c.changes(ctx, "1", clickhouse.Named("since", fmt.Sprint(max(since.UnixMilli(), 0))))
}

// Changes implements usage.Counter.
func (c *Counter) Changes(ctx context.Context, tenant tenants.ID, from, to time.Time) (map[time.Time]usage.Change, error) {
	found, err := c.changes(ctx, "tenant_id = {tenant:UUID} AND hour >= toDateTime({from:Int64}, 'UTC') AND hour < toDateTime({to:Int64}, 'UTC')",
		between(tenant, from, to, clickhouse.Named("since", "0"))...)
	all := make(map[time.Time]usage.Change, len(found))
	for _, d := range found {
		all[d.Hour] = d.Change
	}
	return all, err
}

func (c *Counter) changes(ctx context.Context, where string, args ...any) ([]usage.Due, error) {
	rows, err := c.conn.Query(ctx, fmt.Sprintf(changesSQL, where), args...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var all []usage.Due
	for rows.Next() {
		var d usage.Due
		var tenant uuid.UUID
		if err := rows.Scan(&tenant, &d.Hour, &d.Received, &d.Moved, &d.Removed); err != nil {
			return nil, fmt.Errorf("read a change: %w", err)
		}
		d.Tenant, d.Hour = tenants.ID(tenant), d.Hour.UTC()
		for _, at := range []*time.Time{&d.Received, &d.Moved, &d.Removed} {
			if at.Unix() <= 0 {
				*at = time.Time{}
			} else {
				*at = at.UTC()
			}
		}
		all = append(all, d)
	}
	return all, ch.Fault(rows.Err())
}

// Free implements usage.Counter.
func (c *Counter) Free(ctx context.Context, tenant tenants.ID, from, to time.Time) (f usage.Free, err error) {
	err = c.conn.QueryRow(ctx, `
		SELECT sum(duplicate), sum(quarantined), sum(suppressed), sum(held)
		FROM ledger
		WHERE tenant_id = {tenant:UUID} AND hour >= toDateTime({from:Int64}, 'UTC') AND hour < toDateTime({to:Int64}, 'UTC')`,
		between(tenant, from, to)...).Scan(&f.Duplicate, &f.Quarantined, &f.Suppressed, &f.Held)
	return f, ch.Fault(err)
}
