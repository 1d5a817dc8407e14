package billingch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/tenants"
)

// Receipts says what the store holds of the events that receipts speak of.
type Receipts struct{ conn driver.Conn }

var _ invoicing.Store = (*Receipts)(nil)

// NewReceipts reads over a connection pool.
func NewReceipts(conn driver.Conn) *Receipts { return &Receipts{conn: conn} }

// Between lists settled receipts that were received in [from, to), in order, behind one of them; the zero UUID is from the first.
func (r *Receipts) Between(ctx context.Context, tenant tenants.ID, from, to time.Time, behind uuid.UUID, limit int) ([]uuid.UUID, error) {
	// A receipt's ID begins with the milliseconds in which it was received, so the order of their texts is that of time.
	rows, err := r.conn.Query(ctx, `
		SELECT receipt_id FROM receipts
		WHERE tenant_id = {tenant:UUID} AND received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND received_at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
			AND toString(receipt_id) > {behind:String}
		ORDER BY toString(receipt_id)
		LIMIT {limit:UInt32}`,
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("from", fmt.Sprint(from.UnixMilli())), clickhouse.Named("to", fmt.Sprint(to.UnixMilli())),
		clickhouse.Named("behind", behind.String()), clickhouse.Named("limit", fmt.Sprint(limit)))
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var all []uuid.UUID
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("read a receipt: %w", err)
		}
		all = append(all, id)
	}
	return all, ch.Fault(rows.Err())
}

// Kept implements invoicing.Store.
func (r *Receipts) Kept(ctx context.Context, tenant tenants.ID, receipts []invoicing.Told) (map[uuid.UUID][]invoicing.Kept, error) {
	found := map[uuid.UUID][]invoicing.Kept{}
	if len(receipts) == 0 {
		return found, nil
	}
	if err := r.read(ctx, storedSQL, tenant, receipts, func(id uuid.UUID, k invoicing.Kept, n int64) {
		k.Stored = n
		found[id] = append(found[id], k)
	}); err != nil {
		return nil, err
	}
	if err := r.read(ctx, removedSQL, tenant, receipts, func(id uuid.UUID, k invoicing.Kept, n int64) {
		k.Removed = n
		found[id] = append(found[id], k)
	}); err != nil {
		return nil, err
	}
	missing := slices.DeleteFunc(slices.Clone(receipts), func(t invoicing.Told) bool { return known(found[t.ID]) >= int64(t.Counts.Stored) })
	if len(missing) == 0 {
		return found, nil
	}
	return found, r.read(ctx, elsewhereSQL, tenant, missing, func(id uuid.UUID, k invoicing.Kept, n int64) {
		k.Elsewhere = n
		found[id] = append(found[id], k)
	})
}

func known(kept []invoicing.Kept) (n int64) {
	for _, k := range kept {
		n += k.Stored + k.Removed
	}
	return n
}

// theirs are the receipts that a statement is about.
const theirs = `tenant_id = {tenant:UUID} AND received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND received_at <= fromUnixTimestamp64Milli({to:Int64}, 'UTC')
				AND receipt_id IN {receipts:Array(UUID)}`

// theirEvents are the events that are there under these receipts. The hours of the events' own time that FINAL has to compare are found out first.
const theirEvents = `
		FROM events FINAL
		PREWHERE tenant_id = {tenant:UUID} AND (event, toStartOfHour(time)) IN (SELECT DISTINCT event, toStartOfHour(time) FROM events WHERE ` + theirs + `)
		WHERE receipt_id IN {receipts:Array(UUID)}`

// storedSQL counts events that are there.
const storedSQL = `
		SELECT receipt_id, ` + metering.Hour + ` AS hour, ` + metering.Meter + ` AS meter, toInt64(count())` + theirEvents + `
		GROUP BY receipt_id, hour, meter
		ORDER BY receipt_id, hour, meter`

// removedSQL counts events that were removed on purpose, and are not there (any more, or again).
const removedSQL = `
		SELECT receipt, hour, CAST(meter, 'String'), toInt64(count())
		FROM removed_usage FINAL
		INNER JOIN (
			SELECT pair.1 AS receipt, sipHash64(pair.1, toUInt16(number)) AS event
			FROM numbers({longest:UInt32})
			ARRAY JOIN arrayMap((r, n) -> (r, n), {receipts:Array(UUID)}, {counts:Array(UInt32)}) AS pair
			WHERE number < pair.2
		) AS asked USING (event)
		WHERE tenant_id = {tenant:UUID} AND hour >= toStartOfHour(fromUnixTimestamp64Milli({from:Int64}, 'UTC'))
			AND event NOT IN (SELECT ` + metering.Event + theirEvents + `)
		GROUP BY receipt, hour, meter
		ORDER BY receipt, hour, meter`

// elsewhereSQL counts events that are there under another receipt: sent again after more than a day, they took the place of the first. Of what the two
// have in common a receipt knows the event ID only, which is looked for among what was received since. What took the place may as well have been
// received before, by a node that was away and stored it later; but not so long before that receipts of then are gone.
const elsewhereSQL = `
		SELECT receipt, toDateTime(0, 'UTC') AS hour, 'events' AS meter, toInt64(count())
		FROM (SELECT receipt_id AS other, event_id FROM events FINAL
			PREWHERE tenant_id = {tenant:UUID} AND (event, toStartOfHour(time), event_id) IN (
				SELECT DISTINCT event, toStartOfHour(time), event_id FROM events
				WHERE tenant_id = {tenant:UUID} AND received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') - INTERVAL 31 DAY
					AND event_id IN (SELECT arrayJoin(event_ids) FROM receipts WHERE ` + theirs + `))) AS there
		INNER JOIN (SELECT receipt_id AS receipt, arrayJoin(arrayFilter((id, n) -> NOT has(exceptions_index, n - 1), event_ids, arrayEnumerate(event_ids))) AS event_id
			FROM receipts WHERE ` + theirs + `) AS told USING (event_id)
		WHERE other != receipt
		GROUP BY receipt`

func (r *Receipts) read(ctx context.Context, sql string, tenant tenants.ID, receipts []invoicing.Told, fn func(uuid.UUID, invoicing.Kept, int64)) error {
	from, to, longest := receipts[0].Received, receipts[0].Received, 0
	ids, counts := make([]string, len(receipts)), make([]string, len(receipts))
	for i, t := range receipts {
		ids[i], counts[i] = "'"+t.ID.String()+"'", fmt.Sprint(t.Counts.Received)
		longest = max(longest, t.Counts.Received)
		if t.Received.Before(from) {
			from = t.Received
		}
		if t.Received.After(to) {
			to = t.Received
		}
	}
	rows, err := r.conn.Query(ctx, sql, clickhouse.Named("tenant", tenant.String()),
		clickhouse.Named("from", fmt.Sprint(from.UnixMilli())), clickhouse.Named("to", fmt.Sprint(to.UnixMilli())), clickhouse.Named("longest", fmt.Sprint(longest)),
		clickhouse.Named("receipts", "["+strings.Join(ids, ",")+"]"), clickhouse.Named("counts", "["+strings.Join(counts, ",")+"]"))
	if err != nil {
		return ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		var id uuid.UUID
		var k invoicing.Kept
		var meter string
		var n int64
		if err := rows.Scan(&id, &k.Hour, &meter, &n); err != nil {
			return fmt.Errorf("read what is kept of a receipt: %w", err)
		}
		k.Hour, k.Meter = k.Hour.UTC(), billing.MeterName(meter)
		fn(id, k, n)
	}
	return ch.Fault(rows.Err())
}
