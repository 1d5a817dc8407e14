package privacych

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// profiles is the copy of who is who: the IDs that belong to somebody who goes by another. They are made of events, and made anew when these
// change; whoever was at it while the events went may write one of before once more, which Verify finds.
type profiles struct{ store *Store }

// Profiles is the copy of links between IDs.
func (s *Store) Profiles() privacy.Copy { return profiles{s} }

func (profiles) Name() string { return "profiles" }

const idField = "id"

func links(v values) condition {
	return condition{sql: "(" + v.among("id", idField) + " OR " + v.among("person", idField) + ")", args: v.args()}
}

func (profiles) ids(op privacy.Operation) pairs {
	return pairs{idField: append(op.Subjects.UserIDs[:len(op.Subjects.UserIDs):len(op.Subjects.UserIDs)], op.Subjects.AnonymousIDs...)}
}

// Find implements privacy.Copy. What was linked since it was hidden is made of events that came later.
func (p profiles) Find(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Holding, error) {
	t, err := p.store.mutation("identities", tenant, op).trace(ctx)
	if err != nil {
		return privacy.Holding{}, err
	}
	which := links(plainly{})
	if t.hiddenAt > 0 {
		which.sql += " AND version < {hidden:UInt64}"
		which.args = append(which.args, clickhouse.Named("hidden", t.hiddenAt))
	}
	n, err := p.count(ctx, tenant, op, which)
	return privacy.Holding{Items: n, Unit: "links"}, err
}

func (p profiles) count(ctx context.Context, tenant tenants.ID, op privacy.Operation, which condition) (int64, error) {
	subjects, err := p.ids(op).table()
	if err != nil {
		return 0, err
	}
	which = during(tenant, privacy.Operation{}, which)
	n, err := p.store.count(patient(ctx, clickhouse.WithExternalTable(subjects)), "SELECT count() FROM identities WHERE "+which.sql, which.args...)
	if err != nil {
		return 0, fmt.Errorf("count links: %w", err)
	}
	return n, nil
}

// Erase implements privacy.Copy.
func (p profiles) Erase(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	m := p.store.mutation("identities", tenant, op)
	if err := m.wait(ctx); err != nil {
		return nil, err
	}
	n, err := p.count(ctx, tenant, op, links(plainly{}))
	if err != nil {
		return nil, err
	}
	return privacy.Evidence{"deleted": n}, m.once(ctx, n > 0, func() error {
		if err := m.fill(ctx, p.ids(op)); err != nil {
			return err
		}
		if err := m.run(ctx, "DELETE FROM identities", during(tenant, privacy.Operation{}, links(m.set()))); err != nil {
			return err
		}
		return m.hidden(ctx)
	}, nothing)
}

// Verify implements privacy.Copy.
func (p profiles) Verify(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Verification, error) {
	return verify(ctx, p, p.store.mutation("identities", tenant, op), op)
}
