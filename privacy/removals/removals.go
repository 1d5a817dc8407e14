// Package removals keeps the books straight when rows are removed on purpose. The conservation ledger says what became of every event; a row that
// is missing is an alarm. Whoever erases, or removes what is past its retention, counts the rows here before they go.
//
// Rows that are moved with the ledger (a restriction, a release, a repair) are not removed, and not counted here.
package removals

import (
	"context"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/tenants"
)

// Table is a table whose rows the ledger accounts for.
type Table string

// The tables.
const (
	Events      Table = "events"
	DeadLetters Table = "dead_letters"
	HeldEvents  Table = "held_events"
)

// Removal is what is about to be removed.
type Removal struct {
	Tenant    tenants.ID
	Operation uuid.UUID // for whose sake
	Table     Table
	Where     string       // condition on columns of the table that, within the tenant, holds for just the rows that go; they can still be seen
	Args      []any        // of Where: clickhouse.Named, but for removal_tenant and removal_operation
	Key       metering.Key // of Events: under which those who caused them are known again
}

// Note counts the rows by hour of receipt and source. It is called before they are removed, and again before that is tried again: rows that
// were counted before, all or none of them, are counted once. ctx may carry external tables that Where names.
func Note(ctx context.Context, conn driver.Conn, r Removal) error {
	counted := ""
	switch r.Table {
	case Events:
		if err := noteUsage(ctx, conn, r); err != nil {
			return err
		}
	case DeadLetters: // one that was repaired is in the ledger as what it became
		counted = ` AND (receipt_id, receipt_index) NOT IN (
				SELECT receipt_id, receipt_index FROM repairs WHERE tenant_id = {removal_tenant:UUID})`
	case HeldEvents: // one that was released too, unless it was held again
		counted = ` AND (receipt_id, receipt_index, held_at) NOT IN (
				SELECT held_events.receipt_id, held_events.receipt_index, held_events.held_at
				FROM held_events INNER JOIN repairs ON repairs.receipt_id = held_events.receipt_id AND repairs.receipt_index = held_events.receipt_index
				WHERE held_events.tenant_id = {removal_tenant:UUID} AND repairs.tenant_id = {removal_tenant:UUID}
					AND repairs.status != 'held' AND repairs.repaired_at >= held_events.held_at)`
	default:
		return fmt.Errorf("the ledger does not account for the rows of %q", r.Table)
	}
	err := conn.Exec(ctx, `
		INSERT INTO removals (tenant_id, hour, source_id, kind, digest, rows, operation_id)
		SELECT tenant_id, hour, source_id, {removal_kind:String}, groupBitXor(sipHash64(receipt_id, receipt_index)), count(), {removal_operation:UUID}
		FROM (
			SELECT DISTINCT tenant_id, toStartOfHour(received_at) AS hour, source_id, receipt_id, receipt_index
			FROM `+string(r.Table)+`
			WHERE tenant_id = {removal_tenant:UUID} AND (`+r.Where+`)`+counted+`
		)
		GROUP BY tenant_id, hour, source_id`, r.args(clickhouse.Named("removal_kind", string(r.Table)))...)
	if err != nil {
		return fmt.Errorf("count what is removed of %s: %w", r.Table, ch.Fault(err))
	}
	return nil
}

func (r Removal) args(more ...any) []any {
	return slices.Concat(r.Args, more, []any{clickhouse.Named("removal_tenant", r.Tenant.String()), clickhouse.Named("removal_operation", r.Operation.String())})
}

// noteUsage writes down the events that go, one by one, and the people who caused them, so that both count as usage still: a bill does not fall
// because somebody was erased. The same events twice are once. Where a row is there in two versions the one counts that questions see, so that the
// events are read with FINAL; those hours of theirs are read in which something goes.
func noteUsage(ctx context.Context, conn driver.Conn, r Removal) error {
	const going = `
		FROM events FINAL
		PREWHERE tenant_id = {removal_tenant:UUID} AND (event, toStartOfHour(time)) IN (SELECT DISTINCT event, toStartOfHour(time) FROM events WHERE tenant_id = {removal_tenant:UUID} AND (%[1]s))
		WHERE (%[1]s)`
	keyed, err := r.Key.With(ctx)
	if err != nil {
		return err
	}
	for what, sql := range map[string]string{
		"events": `
		INSERT INTO removed_usage (tenant_id, hour, meter, event, operation_id)
		SELECT tenant_id, ` + metering.Hour + `, ` + metering.Meter + `, ` + metering.Event + `, {removal_operation:UUID}` + going,
		"people": `
		INSERT INTO removed_users (tenant_id, month, user, hour)
		SELECT tenant_id, toStartOfMonth(metered_at) AS month, ` + metering.User + ` AS user, min(` + metering.Hour + `)
		FROM (SELECT tenant_id, metered_at, user_id, anonymous_id` + going + ` AND ` + metering.Tracked + ` AND metered_at > now() - INTERVAL 80 DAY) AS tracked
		CROSS JOIN ` + metering.KeyTable + `
		GROUP BY tenant_id, month, user`,
	} {
		if err := conn.Exec(keyed, fmt.Sprintf(sql, r.Where), r.args()...); err != nil {
			return fmt.Errorf("write down the usage of %s that go: %w", what, ch.Fault(err))
		}
	}
	return nil
}
