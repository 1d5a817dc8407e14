// Package billingch counts in ClickHouse what tenants used.
package billingch

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/tenants"
)

// Counter is a usage.Counter.
type Counter struct {
	conn driver.Conn
	key  metering.Key
}

var _ usage.Counter = (*Counter)(nil)

// NewCounter makes a counter on a connection pool. It knows people again who were removed under the same key.
func NewCounter(conn driver.Conn, key metering.Key) *Counter { return &Counter{conn: conn, key: key} }

// inHours confines a statement to a tenant's events that are metered in [from, to), each in the version that counts. Which hours of the events'
// own time these lie in is found out first, by the index of metered_at: all versions of an event share what the sorting key has, so these columns
// choose what FINAL has to compare.
const inHours = `
		FROM events FINAL
		PREWHERE tenant_id = {tenant:UUID} AND (event, toStartOfHour(time)) IN (
			SELECT DISTINCT event, toStartOfHour(time) FROM events WHERE tenant_id = {tenant:UUID} AND metered_at >= toDateTime({from:Int64}, 'UTC') AND metered_at < toDateTime({to:Int64}, 'UTC')
		)
		WHERE metered_at >= toDateTime({from:Int64}, 'UTC') AND metered_at < toDateTime({to:Int64}, 'UTC')`

func between(tenant tenants.ID, from, to time.Time, more ...any) []any {
	return append([]any{clickhouse.Named("tenant", tenant.String()), clickhouse.Named("from", fmt.Sprint(from.Unix())), clickhouse.Named("to", fmt.Sprint(to.Unix()))}, more...)
}

// patient is for statements that read a month of a tenant.
func patient(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_execution_time": 0, "max_threads": 2, "optimize_aggregation_in_order": 0, "max_bytes_before_external_group_by": 1 << 30,
	}))
}

// Now implements usage.Counter.
func (c *Counter) Now(ctx context.Context) (now time.Time, err error) {
	err = c.conn.QueryRow(ctx, "SELECT now64(3, 'UTC')").Scan(&now)
	return now.UTC(), ch.Fault(err)
}

// Count implements usage.Counter. What has been removed is asked before and after what is there: as long as that does not change meanwhile, all
// three are of one moment. Whoever removes events writes them down before they go.
func (c *Counter) Count(ctx context.Context, tenant tenants.ID, from, to time.Time) ([]usage.Count, error) {
	return settled(func() (removed, error) { return c.removedEvents(ctx, tenant, from, to) }, func(r removed) ([]usage.Count, error) {
		return c.count(ctx, tenant, from, to, r)
	})
}

func (c *Counter) count(ctx context.Context, tenant tenants.ID, from, to time.Time, gone removed) ([]usage.Count, error) {
	still := "toInt64(0)"
	if gone.total > 0 {
		still = `toInt64(countIf((` + metering.Hour + `, meter, ` + metering.Event + `) IN (
			SELECT hour, CAST(meter, 'String'), event FROM removed_usage WHERE tenant_id = {tenant:UUID} AND hour >= toDateTime({from:Int64}, 'UTC') AND hour < toDateTime({to:Int64}, 'UTC'))))`
	}
	rows, err := c.conn.Query(patient(ctx), `
		SELECT `+metering.Hour+` AS hour, `+metering.Meter+` AS meter, toInt64(count()), `+still+inHours+`
		GROUP BY hour, meter`, between(tenant, from, to)...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var all []usage.Count
	for rows.Next() {
		var n usage.Count
		var meter string
		var still int64
		if err := rows.Scan(&n.Hour, &meter, &n.Found, &still); err != nil {
			return nil, fmt.Errorf("read a count: %w", err)
		}
		n.Meter, n.Hour = billing.MeterName(meter), n.Hour.UTC()
		at := place{n.Meter, n.Hour}
		n.Gone = gone.counts[at] - still
		delete(gone.counts, at)
		all = append(all, n)
	}
	for at, n := range gone.counts { // of hours in which nothing is left
		all = append(all, usage.Count{Meter: at.meter, Hour: at.hour, Gone: n})
	}
	return all, ch.Fault(rows.Err())
}

type place struct {
	meter billing.MeterName
	hour  time.Time
}

// removed is what was removed on purpose. It only grows, so that two of the same total and mark are the same.
type removed struct {
	counts map[place]int64
	total  int64
	mark   uint64
}

func (r removed) same(o removed) bool { return r.total == o.total && r.mark == o.mark }

func (c *Counter) removedEvents(ctx context.Context, tenant tenants.ID, from, to time.Time) (r removed, err error) {
	rows, err := c.conn.Query(ctx, `
		SELECT hour, CAST(meter, 'String'), toInt64(uniqExact(event))
		FROM removed_usage
		WHERE tenant_id = {tenant:UUID} AND hour >= toDateTime({from:Int64}, 'UTC') AND hour < toDateTime({to:Int64}, 'UTC')
		GROUP BY hour, meter`, between(tenant, from, to)...)
	if err != nil {
		return r, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	r.counts = map[place]int64{}
	for rows.Next() {
		var hour time.Time
		var meter string
		var n int64
		if err := rows.Scan(&hour, &meter, &n); err != nil {
			return r, fmt.Errorf("read what was removed: %w", err)
		}
		r.counts[place{billing.MeterName(meter), hour.UTC()}] = n
		r.total += n
	}
	return r, ch.Fault(rows.Err())
}

// Users implements usage.Counter.
func (c *Counter) Users(ctx context.Context, tenant tenants.ID, period billing.Period) ([]usage.Count, error) {
	return settled(func() (removed, error) { return c.removedUsers(ctx, tenant, period) }, func(removed) ([]usage.Count, error) {
		return c.users(ctx, tenant, period)
	})
}

// users counts everybody by the first hour in which they had an event, removed or not. Who has none in that hour any more is gone from it.
func (c *Counter) users(ctx context.Context, tenant tenants.ID, period billing.Period) ([]usage.Count, error) {
	ctx, err := c.key.With(patient(ctx))
	if err != nil {
		return nil, err
	}
	rows, err := c.conn.Query(ctx, `
		SELECT began, toInt64(countIf(seen = began)), toInt64(countIf(seen != began))
		FROM (
			SELECT min(hour) AS began, minIf(hour, there) AS seen
			FROM (
				SELECT `+metering.User+` AS user, min(`+metering.Hour+`) AS hour, true AS there
				FROM (SELECT tenant_id, metered_at, user_id, anonymous_id`+inHours+` AND `+metering.Tracked+`) AS tracked
				CROSS JOIN `+metering.KeyTable+`
				GROUP BY user
				UNION ALL
				SELECT user, min(r.hour) AS hour, false AS there FROM removed_users AS r
				WHERE tenant_id = {tenant:UUID} AND month = toDate(toDateTime({from:Int64}, 'UTC'))
				GROUP BY user
			)
			GROUP BY user
		)
		GROUP BY began`, between(tenant, period.From, period.To)...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var all []usage.Count
	for rows.Next() {
		n := usage.Count{Meter: billing.TrackedUsers}
		if err := rows.Scan(&n.Hour, &n.Found, &n.Gone); err != nil {
			return nil, fmt.Errorf("read a count of users: %w", err)
		}
		n.Hour = n.Hour.UTC()
		all = append(all, n)
	}
	return all, ch.Fault(rows.Err())
}

func (c *Counter) removedUsers(ctx context.Context, tenant tenants.ID, period billing.Period) (r removed, err error) {
	err = c.conn.QueryRow(ctx, `
		SELECT toInt64(count()), sum(toUnixTimestamp(hour))
		FROM (
			SELECT user, min(r.hour) AS hour FROM removed_users AS r
			WHERE tenant_id = {tenant:UUID} AND month = toDate(toDateTime({from:Int64}, 'UTC'))
			GROUP BY user
		)`, between(tenant, period.From, period.To)...).Scan(&r.total, &r.mark)
	return r, ch.Fault(err)
}

// settled reads between two looks at what was removed that agree. Removals are rare and short.
func settled(look func() (removed, error), read func(removed) ([]usage.Count, error)) ([]usage.Count, error) {
	const attempts = 10
	before, err := look()
	for range attempts {
		if err != nil {
			return nil, fmt.Errorf("look for what was removed: %w", err)
		}
		all, err := read(before)
		if err != nil {
			return nil, fmt.Errorf("count events: %w", err)
		}
		after, err := look()
		if err != nil {
			return nil, fmt.Errorf("look for what was removed: %w", err)
		}
		if before.same(after) {
			return all, nil
		}
		before = after
	}
	return nil, errBusy
}

// Weigh implements usage.Counter.
func (c *Counter) Weigh(ctx context.Context, tenant tenants.ID, from, to time.Time) ([]usage.Weight, error) {
	rows, err := c.conn.Query(patient(ctx), `
		SELECT `+metering.Hour+` AS hour,
			toInt64(sum(length(event) + length(event_id) + length(user_id) + length(anonymous_id) + length(session_id) + length(properties) + length(context) + length(facts)))`+
		inHours+` AND bot = ''
		GROUP BY hour`, between(tenant, from, to)...)
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var all []usage.Weight
	for rows.Next() {
		var w usage.Weight
		if err := rows.Scan(&w.Hour, &w.Bytes); err != nil {
			return nil, fmt.Errorf("read a weight: %w", err)
		}
		w.Hour = w.Hour.UTC()
		all = append(all, w)
	}
	return all, ch.Fault(rows.Err())
}

// Sample implements usage.Counter.
func (c *Counter) Sample(ctx context.Context, tenant tenants.ID, meter billing.MeterName, hour time.Time, limit int) ([]usage.Event, int64, error) {
	which := " AND " + metering.Meter + " = {meter:String}"
	if meter == billing.TrackedUsers {
		which = " AND " + metering.Tracked
	}
	rows, err := c.conn.Query(patient(ctx), `
		SELECT event_id, event, receipt_id, receipt_index, received_at, toInt64(count() OVER ())`+inHours+which+`
		ORDER BY event_id
		LIMIT {limit:UInt32}`, between(tenant, hour, hour.Add(time.Hour), clickhouse.Named("meter", string(meter)), clickhouse.Named("limit", fmt.Sprint(limit)))...)
	if err != nil {
		return nil, 0, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var all []usage.Event
	var total int64
	for rows.Next() {
		var e usage.Event
		var receipt uuid.UUID
		var index uint16
		if err := rows.Scan(&e.ID, &e.Name, &receipt, &index, &e.ReceivedAt, &total); err != nil {
			return nil, 0, fmt.Errorf("read an event: %w", err)
		}
		e.Receipt, e.Index, e.ReceivedAt = receipt, int(index), e.ReceivedAt.UTC()
		all = append(all, e)
	}
	return all, total, ch.Fault(rows.Err())
}
