package privacypg

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/offboard"
	"github.com/observatory/observatory/tenants"
)

// ControlPlane is all that PostgreSQL holds of a tenant, as an offboard.Copy and as offboard.Tables. Which tables that are, the catalogue
// says: those with tenant_id that the role observatory_eraser may delete from (see make_erasable in the migrations).
type ControlPlane struct{ *Store }

var (
	_ offboard.Copy   = ControlPlane{}
	_ offboard.Tables = ControlPlane{}
)

// ControlPlane gives the store as such.
func (s *Store) ControlPlane() ControlPlane { return ControlPlane{s} }

// Name implements offboard.Copy.
func (ControlPlane) Name() string { return "control-plane" }

// owned is a table with rows of tenants.
type owned struct {
	name    string
	refers  []string // to other tables
	columns []string // that a tenant's requests may read, but for bytes, which are sealed or hashes
}

// owned lists the tables on which the transaction's role has a right.
func ownedTables(ctx context.Context, t pgx.Tx, right string) ([]owned, error) {
	rows, err := t.Query(ctx, `
		SELECT c.relname::text,
		       ARRAY(SELECT DISTINCT o.relname::text FROM pg_constraint f JOIN pg_class o ON o.oid = f.confrelid
		             WHERE f.contype = 'f' AND f.conrelid = c.oid AND f.confrelid <> c.oid),
		       ARRAY(SELECT a.attname::text FROM pg_attribute a
		             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid <> 'bytea'::regtype
		               AND has_column_privilege(c.oid, a.attnum, 'SELECT') ORDER BY a.attnum)
		FROM pg_class c
		WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
		  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
		  AND (has_table_privilege(c.oid, $1) OR $1 = 'SELECT' AND has_any_column_privilege(c.oid, 'SELECT'))
		ORDER BY c.relname`, right)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (o owned, err error) {
		return o, row.Scan(&o.name, &o.refers, &o.columns)
	})
}

// inOrder puts tables before those that they refer to.
func inOrder(tables []owned) ([]owned, error) {
	var ordered []owned
	for len(tables) > 0 {
		free := slices.IndexFunc(tables, func(t owned) bool {
			return !slices.ContainsFunc(tables, func(o owned) bool { return slices.Contains(o.refers, t.name) })
		})
		if free < 0 {
			return nil, fmt.Errorf("tables refer to each other in a circle, of which one is %s", tables[0].name)
		}
		ordered = append(ordered, tables[free])
		tables = slices.Delete(tables, free, free+1)
	}
	return ordered, nil
}

// Count implements offboard.Copy.
func (c ControlPlane) Count(ctx context.Context, tenant tenants.ID) (privacy.Holding, error) {
	n, err := c.left(ctx, tenant)
	return privacy.Holding{Items: n, Unit: "rows"}, err
}

func (c ControlPlane) left(ctx context.Context, tenant tenants.ID) (n int64, err error) {
	err = c.pool.ErasingTenant(ctx, uuid.UUID(tenant), func(t pgx.Tx) error {
		tables, err := ownedTables(ctx, t, "DELETE")
		for _, table := range tables {
			var rows int64
			if err := t.QueryRow(ctx, "SELECT count(*) FROM "+quoted(table.name)+" WHERE tenant_id = $1", uuid.UUID(tenant)).Scan(&rows); err != nil {
				return fmt.Errorf("count %s: %w", table.name, err)
			}
			n += rows
		}
		return err
	})
	return n, err
}

// Erase implements offboard.Copy. Accounts of people who belong to no other organisation go with it.
func (c ControlPlane) Erase(ctx context.Context, l offboard.Leaving) (privacy.Evidence, error) {
	people := make([]uuid.UUID, len(l.People))
	for i, id := range l.People {
		people[i] = uuid.UUID(id)
	}
	evidence := privacy.Evidence{}
	err := c.pool.ErasingTenant(ctx, uuid.UUID(l.Tenant), func(t pgx.Tx) error {
		tables, err := ownedTables(ctx, t, "DELETE")
		if err == nil {
			tables, err = inOrder(tables)
		}
		if err != nil {
			return err
		}
		for _, table := range tables {
			done, err := t.Exec(ctx, "DELETE FROM "+quoted(table.name)+" WHERE tenant_id = $1", uuid.UUID(l.Tenant))
			if err != nil {
				return fmt.Errorf("erase %s: %w", table.name, err)
			}
			if n := done.RowsAffected(); n > 0 {
				evidence[table.name] = n
			}
		}
		for _, table := range []string{"sessions", "links", "users"} {
			column := "user_id"
			if table == "users" {
				column = "id"
			}
			done, err := t.Exec(ctx, "DELETE FROM "+table+" WHERE "+column+" = ANY ($1)", people) // of whom the table's policy lets go
			if err != nil {
				return fmt.Errorf("erase %s: %w", table, err)
			}
			evidence[table] = done.RowsAffected()
		}
		return nil
	})
	return evidence, err
}

// Verify implements offboard.Copy.
func (c ControlPlane) Verify(ctx context.Context, l offboard.Leaving) (privacy.Verification, error) {
	n, err := c.left(ctx, l.Tenant)
	return privacy.Verification{Left: n}, err
}

// Tables implements offboard.Tables.
func (c ControlPlane) Tables(ctx context.Context, tenant tenants.ID) (names []string, err error) {
	err = c.within(ctx, tenant, func(t tx) error {
		tables, err := ownedTables(ctx, t.pgx, "SELECT")
		for _, table := range tables {
			names = append(names, table.name)
		}
		return err
	})
	return append(names, "people"), err
}

// Write implements offboard.Tables.
func (c ControlPlane) Write(ctx context.Context, tenant tenants.ID, table string, w io.Writer) (n int64, err error) {
	err = c.within(ctx, tenant, func(t tx) error {
		sql := "SELECT u.id, u.email, u.name, u.created_at FROM members m JOIN users u ON u.id = m.user_id WHERE m.tenant_id = current_tenant()"
		if table != "people" {
			tables, err := ownedTables(ctx, t.pgx, "SELECT")
			if err != nil {
				return err
			}
			at := slices.IndexFunc(tables, func(o owned) bool { return o.name == table })
			if at < 0 {
				return fmt.Errorf("there is no table %s", table)
			}
			columns := make([]string, len(tables[at].columns))
			for i, name := range tables[at].columns {
				columns[i] = quoted(name)
			}
			sql = "SELECT " + strings.Join(columns, ", ") + " FROM " + quoted(table) + " WHERE tenant_id = current_tenant()"
		}
		rows, err := t.pgx.Query(ctx, "SELECT row_to_json(r) FROM ("+sql+") r")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var line json.RawMessage
			if err := rows.Scan(&line); err != nil {
				return err
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
			n++
		}
		return rows.Err()
	})
	return n, err
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }
