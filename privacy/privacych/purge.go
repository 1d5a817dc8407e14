package privacych

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Purge removes from the disk what operations have hidden, of many together: one mutation for each table in which something waits. It may run
// at any time, and several times at once.
func (s *Store) Purge(ctx context.Context) (tables []string, err error) {
	if err := s.forget(ctx); err != nil {
		return nil, err
	}
	waiting, err := s.waiting(ctx)
	if err != nil {
		return nil, err
	}
	for table, all := range waiting {
		if err := s.apply(ctx, table, all); err != nil {
			return tables, fmt.Errorf("remove deleted rows of %s: %w", table, err)
		}
		tables = append(tables, table)
	}
	return tables, s.sweep(ctx)
}

// waiting are the operations that have hidden something in a table since the last purge.
func (s *Store) waiting(ctx context.Context) (map[string][]mutation, error) {
	return s.noted(ctx, "1", "version > 0 AND applied <= version")
}

// noted are the operations by the table in which something of theirs is noted.
func (s *Store) noted(ctx context.Context, where, having string) (map[string][]mutation, error) {
	rows, err := s.conn.Query(ctx, `
		SELECT table_name, operation_id, tenant_id
		FROM (
			SELECT table_name, operation_id, tenant_id, max(e.begun) AS begun, max(e.hidden_at) AS hidden_at, max(e.version) AS version, max(e.applied) AS applied
			FROM erasures AS e WHERE `+where+` GROUP BY table_name, operation_id, tenant_id
		) WHERE `+having)
	if err != nil {
		return nil, fmt.Errorf("look for what waits to be removed: %w", ch.Fault(err))
	}
	defer rows.Close() //nolint:errcheck // Err tells
	found := map[string][]mutation{}
	for rows.Next() {
		var table string
		var operation, tenant uuid.UUID
		if err := rows.Scan(&table, &operation, &tenant); err != nil {
			return nil, fmt.Errorf("read what waits to be removed: %w", err)
		}
		found[table] = append(found[table], mutation{store: s, table: table, tenant: tenants.ID(tenant), operation: operation})
	}
	return found, ch.Fault(rows.Err())
}

// apply writes the parts of a table anew that have deleted rows, and notes for these operations which versions are without them.
func (s *Store) apply(ctx context.Context, table string, all []mutation) error {
	if err := s.conn.Exec(patient(ctx), "ALTER TABLE "+table+" APPLY DELETED MASK"); err != nil {
		return ch.Fault(err)
	}
	if err := s.wait(ctx, table, "APPLY DELETED MASK"); err != nil {
		return err
	}
	lowest, highest, err := s.versions(ctx, table)
	if err != nil {
		return err
	}
	for _, m := range all {
		t, err := m.trace(ctx)
		if err != nil {
			return err
		}
		applied := lowest
		if highest == 0 {
			applied = t.version + 1 // the table is empty
		}
		if err := m.note(ctx, "applied", applied); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes sets that were left a day ago by an operation that was given up.
func (s *Store) sweep(ctx context.Context) error {
	rows, err := s.conn.Query(ctx, "SELECT toString(set_id) FROM erasing GROUP BY set_id HAVING max(at) < now() - INTERVAL 1 DAY")
	if err != nil {
		return fmt.Errorf("look for sets that were left: %w", ch.Fault(err))
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var left []string
	for rows.Next() {
		var set string
		if err := rows.Scan(&set); err != nil {
			return fmt.Errorf("read a set that was left: %w", err)
		}
		left = append(left, set)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("look for sets that were left: %w", ch.Fault(err))
	}
	for _, set := range left {
		if err := s.drop(ctx, set); err != nil {
			return err
		}
	}
	return nil
}

// onDisk tells in words what of a table may still hold rows that an operation has hidden; "" when nothing does.
func (m mutation) onDisk(ctx context.Context) (pending string, evidence privacy.Evidence, err error) {
	t, err := m.trace(ctx)
	switch {
	case err != nil:
		return "", nil, err
	case !t.begun:
		return "", privacy.Evidence{}, nil // nothing was there
	case t.version == 0:
		return "not hidden yet", nil, nil
	case t.applied <= t.version:
		return "waits for the next purge", nil, nil
	}
	// The column _state is what makes the server list parts whose files are being deleted.
	parts, err := m.store.count(ctx, "SELECT countIf(_state != '') FROM system.parts WHERE database = currentDatabase() AND table = {table:String} AND data_version < {applied:UInt64}",
		clickhouse.Named("table", m.table), clickhouse.Named("applied", t.applied))
	if err != nil {
		return "", nil, fmt.Errorf("look at the parts of %s: %w", m.table, err)
	}
	if parts > 0 {
		pending = fmt.Sprintf("%d outdated parts lie on the disk", parts)
	}
	return pending, privacy.Evidence{"hidden_at_version": t.version, "removed_at_version": t.applied, "older_parts": parts, "seen_at": time.Now().UTC().Format(time.RFC3339)}, nil
}
