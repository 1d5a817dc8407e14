package privacypg

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/scrub"
	"github.com/observatory/observatory/tenants"
)

// texts are columns of a table in which an identifier of somebody may come to stand: in an error message, say, or where a tenant has written it
// itself. It is taken out there; the row stays.
type texts struct {
	table string
	key   []string
	plain []string
	json  []string
	open  string // condition for rows that somebody works with at the moment: these are left alone until they are over
}

// written is a copy that consists of such columns. They are all read through: there is no index on what should not be there.
type written struct {
	pool   *pg.Pool
	name   string
	system bool // the tables belong to the system's role
	tables []texts
}

// Jobs is the copy of jobs and replays: what they were asked to do, how far they are, why they failed.
func (s *Store) Jobs() privacy.Copy {
	const over = "state IN ('waiting', 'running', 'paused')"
	return written{pool: s.pool, name: "jobs", system: true, tables: []texts{
		{table: "jobs", key: []string{"id"}, plain: []string{"unique_key", "error"}, json: []string{"params", "progress", "cursor"}, open: over},
		{table: "job_attempts", key: []string{"job_id", "attempt"}, plain: []string{"error", "cause"}, open: "outcome = 'running'"},
		{table: "replays", key: []string{"id"}, plain: []string{"error"}, json: []string{"spec", "progress"}, open: "state IN ('waiting', 'running', 'pausing', 'cancelling', 'paused')"},
	}}
}

// Alerts is the copy of what watches over data: rules, checks, what they found, and what was sent about it.
func (s *Store) Alerts() privacy.Copy {
	return written{pool: s.pool, name: "alerts", tables: []texts{
		{table: "alert_rules", key: []string{"id"}, plain: []string{"name", "group_label"}, json: []string{"spec", "labels"}},
		{table: "alert_evaluations", key: []string{"rule_id", "tick"}, plain: []string{"note"}},
		{table: "silences", key: []string{"id"}, plain: []string{"reason"}},
		{table: "incidents", key: []string{"id"}, plain: []string{"group_key", "title"}},
		{table: "incident_rules", key: []string{"incident_id", "rule_id"}, plain: []string{"name", "event", "group_label"}},
		{table: "incident_entries", key: []string{"id"}, plain: []string{"text"}, json: []string{"details"}},
		{table: "deliveries", key: []string{"id"}, json: []string{"notice"}, open: "state = 'waiting'"},
		{table: "delivery_attempts", key: []string{"delivery_id", "attempt"}, plain: []string{"answer", "error"}},
		{table: "quality_checks", key: []string{"id"}, plain: []string{"name", "event", "property"}},
		{table: "quality_results", key: []string{"check_id", "tick"}, plain: []string{"explanation"}, json: []string{"samples"}},
	}}
}

// Copies are all copies in PostgreSQL.
func (s *Store) Copies() []privacy.Copy { return []privacy.Copy{s.Jobs(), s.Alerts()} }

// Texts lists the columns that are scrubbed, by table, for those who compare them with the tables that there are.
func Texts() map[string][]string {
	all := map[string][]string{}
	for _, c := range (&Store{}).Copies() {
		w, _ := c.(written)
		for _, t := range w.tables {
			all[t.table] = append(append(all[t.table], t.plain...), t.json...)
		}
	}
	return all
}

// Name implements privacy.Copy.
func (w written) Name() string { return w.name }

// Find implements privacy.Copy. Times of receipt are not known here: everything counts.
func (w written) Find(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Holding, error) {
	h := privacy.Holding{Unit: "rows"}
	err := w.each(ctx, tenant, op, func(pgx.Tx, texts, named) error {
		h.Items++
		return nil
	})
	return h, err
}

// Erase implements privacy.Copy.
func (w written) Erase(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	scrubbed := 0
	err := w.each(ctx, tenant, op, func(tx pgx.Tx, t texts, n named) error {
		if n.open {
			return nil
		}
		scrubbed++
		return t.write(ctx, tx, tenant, n)
	})
	return privacy.Evidence{"scrubbed": scrubbed}, err
}

// Verify implements privacy.Copy.
func (w written) Verify(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Verification, error) {
	var v privacy.Verification
	open := 0
	err := w.each(ctx, tenant, op, func(_ pgx.Tx, _ texts, n named) error {
		v.Left++
		if n.open {
			open++
		}
		return nil
	})
	if open > 0 {
		v.Pending = fmt.Sprintf("%d of them are being worked with", open)
	}
	return v, err
}

// named is a row that names somebody.
type named struct {
	key   []any
	open  bool
	clean map[string]any // columns as they are to be
}

// each calls do for every row of the tenant that names one of the subjects.
func (w written) each(ctx context.Context, tenant tenants.ID, op privacy.Operation, do func(pgx.Tx, texts, named) error) error {
	if op.Subjects.Empty() {
		return nil
	}
	scrubber := scrub.New(op.Subjects)
	in := func(fn func(pgx.Tx) error) error { return w.pool.WithTenant(ctx, uuid.UUID(tenant), fn) }
	if w.system {
		in = func(fn func(pgx.Tx) error) error { return w.pool.AcrossTenants(ctx, fn) }
	}
	for _, t := range w.tables {
		err := in(func(tx pgx.Tx) error {
			found, err := t.find(ctx, tx, tenant, scrubber)
			if err != nil {
				return err
			}
			for _, n := range found {
				if err := do(tx, t, n); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("look for names in %s: %w", t.table, err)
		}
	}
	return nil
}

// find reads all rows and keeps those that name somebody. What stands between the quotes below are names of tables and columns of ours.
func (t texts) find(ctx context.Context, tx pgx.Tx, tenant tenants.ID, s scrub.Scrubber) ([]named, error) {
	open := t.open
	if open == "" {
		open = "false"
	}
	columns := append(append([]string{}, t.key...), open)
	for _, c := range t.plain {
		columns = append(columns, "coalesce("+c+"::text, '')")
	}
	for _, c := range t.json {
		columns = append(columns, "coalesce("+c+"::text, 'null')")
	}
	rows, err := tx.Query(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+t.table+" WHERE tenant_id = $1", uuid.UUID(tenant))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []named
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return nil, err
		}
		n := named{key: values[:len(t.key)], clean: map[string]any{}}
		n.open, _ = values[len(t.key)].(bool)
		for i, text := range values[len(t.key)+1:] {
			old, _ := text.(string)
			if i < len(t.plain) {
				if clean, k := s.Text(old); k > 0 {
					n.clean[t.plain[i]] = clean
				}
				continue
			}
			clean, k, err := s.JSON([]byte(old))
			if err != nil {
				return nil, err
			}
			if k > 0 {
				n.clean[t.json[i-len(t.plain)]] = string(bytes.TrimSpace(clean))
			}
		}
		if len(n.clean) > 0 {
			found = append(found, n)
		}
	}
	return found, rows.Err()
}

// write writes the columns of a row that named somebody.
func (t texts) write(ctx context.Context, tx pgx.Tx, tenant tenants.ID, n named) error {
	args := []any{uuid.UUID(tenant)}
	bind := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	var set, where []string
	for column, value := range n.clean {
		set = append(set, column+" = "+bind(value))
	}
	for i, column := range t.key {
		where = append(where, column+" = "+bind(n.key[i]))
	}
	_, err := tx.Exec(ctx, "UPDATE "+t.table+" SET "+strings.Join(set, ", ")+" WHERE tenant_id = $1 AND "+strings.Join(where, " AND "), args...)
	return err
}
