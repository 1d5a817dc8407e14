package privacych

import (
	"context"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// stored are the events of which people may demand that they are not used for a while.
type stored struct{ events }

// reasonRestricted is why an event is held whose person wants that. Those that come later are held for the same reason (ingest).
const reasonRestricted = "restricted"

// movedColumns are those that both tables have.
const movedColumns = `tenant_id, event, type, time, event_id, user_id, anonymous_id, session_id, properties, context, source_id, received_at, metered_at, correlation_id,
	receipt_id, receipt_index, sdk_name, sdk_version, schema_id, violations_code, violations_path, violations_message, redactions, policy_version, bot, facts`

// Hold implements privacy.Holder: the subjects' events move to where held events are. They move in the books as well, as a batch of their own
// whose row in the ledger comes last. Of an event that is there twice, because a replay wrote it again, the newer row is held.
func (e stored) Hold(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	w, err := newWho(op.Subjects)
	if err != nil {
		return nil, err
	}
	m := e.store.mutation(e.table, tenant, op)
	if err := m.wait(ctx); err != nil {
		return nil, err
	}
	n, err := e.find(ctx, tenant, op)
	if err != nil {
		return nil, err
	}
	return privacy.Evidence{"held": n.theirs}, m.once(ctx, n.theirs > 0, func() error {
		if err := e.move(ctx, m, w, op); err != nil {
			return err
		}
		return m.hidden(ctx)
	}, func() error { return e.recompute(ctx, m) })
}

func (e stored) move(ctx context.Context, m mutation, w who, op privacy.Operation) error {
	if err := e.noteHours(ctx, m, w, op); err != nil {
		return err
	}
	if err := m.fill(ctx, w.pairs()); err != nil {
		return err
	}
	which := during(m.tenant, op, w.theirs(m.set()))
	args := slices.Concat(which.args, []any{
		clickhouse.Named("batch", uuid.NewSHA1(op.ID, m.tenant[:]).String()), clickhouse.Named("operation", op.ID.String()),
	})
	for _, step := range []struct{ what, sql string }{
		{"copy events", `
			INSERT INTO held_events (` + movedColumns + `, reason, held_at, _batch_id)
			SELECT ` + movedColumns + `, '` + reasonRestricted + `', now64(3), {batch:UUID}
			FROM events
			WHERE ` + which.sql + ` AND (receipt_id, receipt_index) NOT IN (SELECT receipt_id, receipt_index FROM held_events WHERE tenant_id = {tenant:UUID} AND _batch_id = {batch:UUID})
			ORDER BY receipt_id, receipt_index, _rerun_id DESC
			LIMIT 1 BY receipt_id, receipt_index`},
		{"tell their receipts", `
			INSERT INTO repairs (tenant_id, received_at, receipt_id, receipt_index, replay_id, status, repaired_at, _batch_id)
			SELECT tenant_id, received_at, receipt_id, receipt_index, {operation:UUID}, 'held', now64(3), {batch:UUID}
			FROM held_events
			WHERE tenant_id = {tenant:UUID} AND _batch_id = {batch:UUID}
				AND (receipt_id, receipt_index) NOT IN (SELECT receipt_id, receipt_index FROM repairs WHERE tenant_id = {tenant:UUID} AND _batch_id = {batch:UUID})`},
		{"tell the ledger", `
			INSERT INTO ledger (tenant_id, hour, source_id, stored, held, _batch_id)
			SELECT tenant_id, toStartOfHour(received_at) AS at, source_id, -toInt64(count()), toInt64(count()), {batch:UUID}
			FROM held_events
			WHERE tenant_id = {tenant:UUID} AND _batch_id = {batch:UUID}
				AND (SELECT count() FROM ledger WHERE tenant_id = {tenant:UUID} AND _batch_id = {batch:UUID}) = 0
			GROUP BY tenant_id, at, source_id`},
	} {
		if err := e.store.conn.Exec(patient(ctx), step.sql, args...); err != nil {
			return fmt.Errorf("hold events: %s: %w", step.what, ch.Fault(err))
		}
	}
	return m.run(ctx, "DELETE FROM "+e.table, which)
}
