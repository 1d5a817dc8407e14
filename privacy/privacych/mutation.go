package privacych

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/removals"
	"github.com/observatory/observatory/tenants"
)

// mutation is a change of the rows of one table by one operation.
type mutation struct {
	store     *Store
	table     string
	tenant    tenants.ID
	operation uuid.UUID
}

func (s *Store) mutation(table string, tenant tenants.ID, op privacy.Operation) mutation {
	return mutation{store: s, table: table, tenant: tenant, operation: op.ID}
}

// set is what its hashes are kept under.
func (m mutation) set() hashed {
	return hashed{set: uuid.NewSHA1(m.operation, []byte(m.table+" "+m.tenant.String()))}
}

// fill writes the hashes of identifiers. Twice is no more than once.
func (m mutation) fill(ctx context.Context, p pairs) error {
	subjects, err := p.table()
	if err != nil {
		return err
	}
	set := m.set()
	err = m.store.conn.Exec(patient(ctx, clickhouse.WithExternalTable(subjects)), `
		INSERT INTO erasing (set_id, field, hash)
		SELECT {set:UUID}, field, sipHash128Keyed(({set_k0:UInt64}, {set_k1:UInt64}), value) FROM subjects`, set.args()...)
	if err != nil {
		return fmt.Errorf("write the set of what to erase: %w", ch.Fault(err))
	}
	return nil
}

// empty removes the hashes, when no mutation needs them any more.
func (m mutation) empty(ctx context.Context) error { return m.store.drop(ctx, m.set().set.String()) }

func (s *Store) drop(ctx context.Context, set string) error {
	if err := s.conn.Exec(patient(ctx), "ALTER TABLE erasing DROP PARTITION '"+set+"'"); err != nil { // a UUID: partitions take no parameters
		return fmt.Errorf("remove the set of what to erase: %w", ch.Fault(err))
	}
	return nil
}

// begin notes that something of the operation is about to be hidden in the table.
func (m mutation) begin(ctx context.Context) error {
	return m.note(ctx, "begun", 1)
}

func (m mutation) note(ctx context.Context, column string, value uint64) error {
	err := m.store.conn.Exec(patient(ctx), "INSERT INTO erasures (operation_id, table_name, tenant_id, "+column+") VALUES ({operation:UUID}, {table:String}, {tenant:UUID}, {value:UInt64})",
		clickhouse.Named("operation", m.operation.String()), clickhouse.Named("table", m.table), clickhouse.Named("tenant", m.tenant.String()), clickhouse.Named("value", value))
	if err != nil {
		return fmt.Errorf("note an erasure: %w", ch.Fault(err))
	}
	return nil
}

// run makes a change and returns when it is done.
func (m mutation) run(ctx context.Context, sql string, c condition) error {
	return m.store.change(ctx, m.table, m.set(), sql, c)
}

// change makes a change to a table by a set, and returns when it is done.
func (s *Store) change(ctx context.Context, table string, set hashed, sql string, c condition) error {
	if err := s.conn.Exec(patient(ctx), sql+" WHERE "+c.sql, c.args...); err != nil {
		return fmt.Errorf("change %s: %w", table, ch.Fault(err))
	}
	return s.wait(ctx, table, set.set.String())
}

// remove hides rows that the ledger accounts for, and counts them before.
func (m mutation) remove(ctx context.Context, table removals.Table, c condition) error {
	err := removals.Note(patient(ctx), m.store.conn, removals.Removal{Tenant: m.tenant, Operation: m.operation, Table: table, Where: c.sql, Args: c.args, Key: m.store.key})
	if err != nil {
		return err
	}
	return m.run(ctx, "DELETE FROM "+string(table), c)
}

// wait returns when the changes that this operation has begun in the table are done, in this attempt or an earlier one.
func (m mutation) wait(ctx context.Context) error {
	return m.store.wait(ctx, m.table, m.set().set.String())
}

// wait returns when all mutations of a table are done that have this in their texts. It does not depend on the connection that began them.
// One that fails is ended: the server would try it for ever, and all behind it would wait.
func (s *Store) wait(ctx context.Context, table, text string) error {
	const those = "system.mutations WHERE database = currentDatabase() AND table = {table:String} AND position(command, {text:String}) > 0 AND NOT is_done"
	args := []any{clickhouse.Named("table", table), clickhouse.Named("text", text)}
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		var left uint64
		var reason string
		err := s.conn.QueryRow(ctx, "SELECT count(), anyIf(latest_fail_reason, latest_fail_reason != '') FROM "+those, args...).Scan(&left, &reason)
		switch {
		case err != nil:
			return fmt.Errorf("wait for a change of %s: %w", table, ch.Fault(err))
		case reason != "":
			err := s.conn.Exec(ctx, "KILL MUTATION WHERE database = currentDatabase() AND table = {table:String} AND position(command, {text:String}) > 0 FORMAT Null", args...)
			return errors.Join(fmt.Errorf("change %s: %s", table, reason), ch.Fault(err))
		case left == 0:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for a change of %s: %w", table, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// hidden notes that everything of the operation is hidden in the table: with the version that its parts have reached.
func (m mutation) hidden(ctx context.Context) error {
	_, version, err := m.store.versions(ctx, m.table)
	if err != nil {
		return err
	}
	if err := m.note(ctx, "version", max(version, 1)); err != nil { // 0: the table has become empty
		return err
	}
	return m.unseen(ctx)
}

// unseen notes that from now on nobody sees anything of the operation in the table.
func (m mutation) unseen(ctx context.Context) error {
	var now int64
	if err := m.store.conn.QueryRow(ctx, "SELECT toUnixTimestamp64Micro(now64(6))").Scan(&now); err != nil {
		return fmt.Errorf("ask for the time: %w", ch.Fault(err))
	}
	return m.note(ctx, "hidden_at", uint64(now)) //nolint:gosec // after 1970
}

// versions are the lowest and the highest version of the active parts of a table; 0 and 0 when it has none.
func (s *Store) versions(ctx context.Context, table string) (lowest, highest uint64, err error) {
	err = s.conn.QueryRow(ctx, "SELECT min(data_version), max(data_version) FROM system.parts WHERE database = currentDatabase() AND table = {table:String} AND active",
		clickhouse.Named("table", table)).Scan(&lowest, &highest)
	if err != nil {
		return 0, 0, fmt.Errorf("read the versions of %s: %w", table, ch.Fault(err))
	}
	return lowest, highest, nil
}

// trace is what is noted of an operation in a table.
type trace struct {
	begun            bool
	hiddenAt         uint64 // microseconds since 1970, by the server's clock
	version, applied uint64
}

func (m mutation) trace(ctx context.Context) (t trace, err error) {
	var begun uint64
	err = m.store.conn.QueryRow(ctx, `
		SELECT max(begun), max(hidden_at), max(version), max(applied) FROM erasures
		WHERE operation_id = {operation:UUID} AND table_name = {table:String} AND tenant_id = {tenant:UUID}`,
		clickhouse.Named("operation", m.operation.String()), clickhouse.Named("table", m.table), clickhouse.Named("tenant", m.tenant.String())).Scan(&begun, &t.hiddenAt, &t.version, &t.applied)
	t.begun = begun > 0
	if err != nil {
		return trace{}, fmt.Errorf("read what is noted of an erasure: %w", ch.Fault(err))
	}
	return t, nil
}

// once hides what is there of an operation, unless nothing is. What follows is done also where an earlier attempt has hidden everything and
// came no further.
func (m mutation) once(ctx context.Context, there bool, hide, follow func() error) error {
	before, err := m.trace(ctx)
	switch {
	case err != nil:
		return err
	case there:
		if err := m.begin(ctx); err != nil {
			return err
		}
		err = hide()
	case !before.begun:
		return nil
	case before.version == 0:
		err = m.hidden(ctx)
	}
	if err != nil {
		return err
	}
	if err := follow(); err != nil {
		return err
	}
	return m.empty(ctx)
}

// verify looks first whether anything lies on the disk, and counts when nothing does: a count may read much, and is asked for often meanwhile.
func verify(ctx context.Context, c privacy.Copy, m mutation, op privacy.Operation) (privacy.Verification, error) {
	pending, evidence, err := m.onDisk(ctx)
	if err != nil || pending != "" {
		return privacy.Verification{Pending: pending, Evidence: evidence}, err
	}
	left, err := c.Find(ctx, m.tenant, op)
	return privacy.Verification{Left: left.Items, Evidence: evidence}, err
}
