package privacych

import (
	"context"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/removals"
	"github.com/observatory/observatory/tenants"
)

// events is the copy in a table of events. What is theirs goes; others' events that carry an anonymous ID of theirs lose it.
type events struct {
	store *Store
	name  string
	table string
	hours bool // rollups are computed from it
}

// Events is the copy of the events themselves.
func (s *Store) Events() privacy.Copy {
	return stored{events{store: s, name: "events", table: "events", hours: true}}
}

// Held is the copy of the events that are kept aside.
func (s *Store) Held() privacy.Copy {
	return events{store: s, name: "held-events", table: "held_events"}
}

func (e events) Name() string { return e.name }

// found counts rows.
type found struct{ theirs, carried int64 }

// Find implements privacy.Copy. Rows that were replaced and not merged yet count.
func (e events) Find(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Holding, error) {
	n, err := e.find(ctx, tenant, op)
	return privacy.Holding{Items: n.theirs + n.carried, Unit: "events"}, err
}

func (e events) find(ctx context.Context, tenant tenants.ID, op privacy.Operation) (n found, err error) {
	w, err := newWho(op.Subjects)
	if err != nil {
		return found{}, err
	}
	for _, c := range []struct {
		n     *int64
		which condition
	}{{&n.theirs, w.theirs(plainly{})}, {&n.carried, w.carried(plainly{})}} {
		subjects, err := w.pairs().table()
		if err != nil {
			return found{}, err
		}
		which := during(tenant, op, c.which)
		if *c.n, err = e.store.count(patient(ctx, clickhouse.WithExternalTable(subjects)), "SELECT count() FROM "+e.table+" WHERE "+which.sql, which.args...); err != nil {
			return found{}, fmt.Errorf("count %s: %w", e.name, err)
		}
	}
	return n, nil
}

// Erase implements privacy.Copy.
func (e events) Erase(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	w, err := newWho(op.Subjects)
	if err != nil {
		return nil, err
	}
	m := e.store.mutation(e.table, tenant, op)
	if err := m.wait(ctx); err != nil { // for what an earlier attempt has begun
		return nil, err
	}
	n, err := e.find(ctx, tenant, op)
	if err != nil {
		return nil, err
	}
	evidence := privacy.Evidence{"deleted": n.theirs, "unlinked": n.carried}
	return evidence, m.once(ctx, n.theirs+n.carried > 0, func() error {
		if err := e.hide(ctx, m, w, op, n); err != nil {
			return err
		}
		return m.hidden(ctx)
	}, func() error { return e.recompute(ctx, m) })
}

// hide makes the rows invisible. The hours that change by it are written down before, because nobody can tell them afterwards.
func (e events) hide(ctx context.Context, m mutation, w who, op privacy.Operation, n found) error {
	if err := e.noteHours(ctx, m, w, op); err != nil {
		return err
	}
	if err := m.fill(ctx, w.pairs()); err != nil {
		return err
	}
	if n.carried > 0 { // while it is known still who is not theirs
		if err := m.run(ctx, "ALTER TABLE "+e.table+" UPDATE anonymous_id = ''", during(m.tenant, op, w.carried(m.set()))); err != nil {
			return err
		}
	}
	if n.theirs > 0 {
		return m.remove(ctx, removals.Table(e.table), during(m.tenant, op, w.theirs(m.set())))
	}
	return nil
}

func (e events) noteHours(ctx context.Context, m mutation, w who, op privacy.Operation) error {
	if !e.hours {
		return nil
	}
	for _, c := range []condition{w.theirs(plainly{}), w.carried(plainly{})} {
		subjects, err := w.pairs().table()
		if err != nil {
			return err
		}
		which := during(m.tenant, op, c)
		err = e.store.conn.Exec(patient(ctx, clickhouse.WithExternalTable(subjects)), `
			INSERT INTO erased_hours (operation_id, tenant_id, hour)
			SELECT DISTINCT {operation:UUID}, tenant_id, toStartOfHour(time) FROM `+e.table+` WHERE `+which.sql,
			slices.Concat(which.args, []any{clickhouse.Named("operation", op.ID.String())})...)
		if err != nil {
			return fmt.Errorf("note the hours of events that are erased: %w", ch.Fault(err))
		}
	}
	return nil
}

// recompute has the rollups of these hours computed again, now that the change can be seen.
func (e events) recompute(ctx context.Context, m mutation) error {
	if !e.hours {
		return nil
	}
	hours, err := e.store.hoursOf(ctx, m.operation, m.tenant)
	if err != nil || len(hours) == 0 {
		return err
	}
	return e.store.rollups.MarkHours(ctx, m.tenant, hours)
}

// Verify implements privacy.Copy.
func (e events) Verify(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Verification, error) {
	return verify(ctx, e, e.store.mutation(e.table, tenant, op), op)
}
