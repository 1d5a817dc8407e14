// Package offboardch erases whole tenants from ClickHouse, and writes out what it holds of them. Which tables that are, the catalogue says:
// all with tenant_id.
package offboardch

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/offboard"
	"github.com/observatory/observatory/tenants"
)

// main are the tables with events, by the names under which they go as copies.
func main() []named {
	return []named{{"events", "events"}, {"held-events", "held_events"}, {"quarantine", "dead_letters"}}
}

type named struct{ name, table string }

// Copies are all places in ClickHouse that hold something of a tenant.
func Copies(conn driver.Conn) []offboard.Copy {
	var all []offboard.Copy
	for _, m := range main() {
		all = append(all, tables{conn: conn, name: m.name, only: m.table})
	}
	return append(all, tables{conn: conn, name: "derived"}) // rollups, people, receipts, the ledger, and whatever else there is
}

// tables are one table, or all others.
type tables struct {
	conn driver.Conn
	name string
	only string
}

// Name implements offboard.Copy.
func (c tables) Name() string { return c.name }

func (c tables) list(ctx context.Context) ([]string, error) {
	if c.only != "" {
		return []string{c.only}, nil
	}
	var all []string
	err := c.conn.QueryRow(ctx, `
		SELECT arraySort(groupUniqArray(c.table)) FROM system.columns AS c INNER JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
		WHERE c.database = currentDatabase() AND c.name = 'tenant_id' AND t.engine LIKE '%MergeTree'`).Scan(&all)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", ch.Fault(err))
	}
	return slices.DeleteFunc(all, func(table string) bool {
		return slices.ContainsFunc(main(), func(m named) bool { return m.table == table })
	}), nil
}

// Count implements offboard.Copy.
func (c tables) Count(ctx context.Context, tenant tenants.ID) (privacy.Holding, error) {
	all, err := c.list(ctx)
	h := privacy.Holding{Unit: "rows"}
	for _, table := range all {
		n, err := c.count(ctx, table, tenant)
		if err != nil {
			return h, err
		}
		h.Items += n
	}
	return h, err
}

func (c tables) count(ctx context.Context, table string, tenant tenants.ID) (int64, error) {
	var n uint64
	err := c.conn.QueryRow(patiently(ctx), "SELECT count() FROM "+table+" WHERE tenant_id = {tenant:UUID}", clickhouse.Named("tenant", tenant.String())).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", table, ch.Fault(err))
	}
	return int64(n), nil //nolint:gosec // a count
}

// Erase implements offboard.Copy. It begins one mutation for each table that has something, which carries the ID of the leaving.
func (c tables) Erase(ctx context.Context, l offboard.Leaving) (privacy.Evidence, error) {
	all, err := c.list(ctx)
	if err != nil {
		return nil, err
	}
	evidence := privacy.Evidence{}
	for _, table := range all {
		n, err := c.count(ctx, table, l.Tenant)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			err := c.conn.Exec(patiently(ctx), "ALTER TABLE "+table+" DELETE WHERE tenant_id = {tenant:UUID} AND {tag:String} != ''",
				clickhouse.Named("tenant", l.Tenant.String()), clickhouse.Named("tag", tag(l)))
			if err != nil {
				return nil, fmt.Errorf("erase %s: %w", table, ch.Fault(err))
			}
		}
		ids, _, err := c.mutations(ctx, table, l)
		if err != nil {
			return nil, err
		}
		if len(ids) > 0 {
			evidence[table] = ids
		}
	}
	return evidence, nil
}

func tag(l offboard.Leaving) string { return "offboarding " + l.ID.String() }

// mutations finds those of a leaving, and counts the ones that are not over.
func (c tables) mutations(ctx context.Context, table string, l offboard.Leaving) (ids []string, open uint64, err error) {
	err = c.conn.QueryRow(ctx, `SELECT groupArray(mutation_id), countIf(NOT is_done) FROM system.mutations
		WHERE database = currentDatabase() AND table = {table:String} AND NOT is_killed AND position(command, {tag:String}) > 0`,
		clickhouse.Named("table", table), clickhouse.Named("tag", tag(l))).Scan(&ids, &open)
	if err != nil {
		return nil, 0, fmt.Errorf("look for mutations of %s: %w", table, ch.Fault(err))
	}
	return ids, open, nil
}

// Verify implements offboard.Copy. A table is clear once no part is left that was there before the mutation.
func (c tables) Verify(ctx context.Context, l offboard.Leaving) (privacy.Verification, error) {
	all, err := c.list(ctx)
	if err != nil {
		return privacy.Verification{}, err
	}
	var v privacy.Verification
	for _, table := range all {
		ids, open, err := c.mutations(ctx, table, l)
		if err != nil {
			return v, err
		}
		if open > 0 {
			v.Pending = fmt.Sprintf("%s is being written anew.", table)
			continue
		}
		n, err := c.count(ctx, table, l.Tenant)
		if err != nil {
			return v, err
		}
		v.Left += n
		old, err := c.olderParts(ctx, table, ids)
		if err != nil {
			return v, err
		}
		if old > 0 {
			v.Pending = fmt.Sprintf("%d older parts of %s are still on the disk.", old, table)
		}
	}
	return v, nil
}

// olderParts counts parts, in use or not, from before the newest of the mutations.
func (c tables) olderParts(ctx context.Context, table string, ids []string) (uint64, error) {
	newest := 0
	for _, id := range ids { // mutation_12.txt
		version, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(id, "mutation_"), ".txt"))
		if err != nil {
			return 0, fmt.Errorf("read the version of mutation %s: %w", id, err)
		}
		newest = max(newest, version)
	}
	var n uint64
	err := c.conn.QueryRow(ctx, "SELECT count() FROM system.parts WHERE database = currentDatabase() AND table = {table:String} AND data_version < {version:UInt64}",
		clickhouse.Named("table", table), clickhouse.Named("version", uint64(newest))).Scan(&n) //nolint:gosec // from 0
	if err != nil {
		return 0, fmt.Errorf("look at the parts of %s: %w", table, ch.Fault(err))
	}
	return n, nil
}

// Data are the tables that go into the last export.
type Data struct{ conn driver.Conn }

var _ offboard.Tables = Data{}

// NewData makes them.
func NewData(conn driver.Conn) Data { return Data{conn} }

// Tables implements offboard.Tables.
func (d Data) Tables(context.Context, tenants.ID) ([]string, error) {
	names := []string{"identities"}
	for _, m := range main() {
		names = append(names, m.name)
	}
	return names, nil
}

// Write implements offboard.Tables.
func (d Data) Write(ctx context.Context, tenant tenants.ID, name string, w io.Writer) (n int64, err error) {
	table, modifier := "identities", " FINAL"
	for _, m := range main() {
		if m.name == name {
			table = m.table
		}
	}
	if table == "held_events" || table == "dead_letters" {
		modifier = ""
	}
	var columns []string
	err = d.conn.QueryRow(ctx, `SELECT groupArray(name) FROM (SELECT name FROM system.columns
		WHERE database = currentDatabase() AND table = {table:String} AND name NOT LIKE '\\_%' AND name != 'tenant_id' ORDER BY position)`,
		clickhouse.Named("table", table)).Scan(&columns)
	if err != nil {
		return 0, fmt.Errorf("list the columns of %s: %w", table, ch.Fault(err))
	}
	rows, err := d.conn.Query(patiently(ctx), "SELECT formatRow('JSONEachRow', "+strings.Join(columns, ", ")+") FROM "+table+modifier+" WHERE tenant_id = {tenant:UUID}",
		clickhouse.Named("tenant", tenant.String()))
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", table, ch.Fault(err))
	}
	defer rows.Close() //nolint:errcheck // Err tells
	buffered := bufio.NewWriter(w)
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return n, fmt.Errorf("read a row of %s: %w", table, err)
		}
		if _, err := buffered.WriteString(line); err != nil {
			return n, err
		}
		n++
	}
	if err := rows.Err(); err != nil {
		return n, fmt.Errorf("read %s: %w", table, ch.Fault(err))
	}
	return n, buffered.Flush()
}

// patiently is for statements that may take long, and for mutations, which are waited for elsewhere.
func patiently(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 0, "mutations_sync": 0}))
}
