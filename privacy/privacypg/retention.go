package privacypg

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/privacy/privacypg/db"
	"github.com/observatory/observatory/privacy/retention"
	"github.com/observatory/observatory/tenants"
)

// Retention is a retention.Runs.
type Retention struct{ *Store }

var _ retention.Runs = Retention{}

// Retention gives the store as the port of retention.
func (s *Store) Retention() Retention { return Retention{s} }

// Tenants implements retention.Runs.
func (s Retention) Tenants(ctx context.Context) (found []tenants.ID, err error) {
	err = s.pool.AcrossTenants(ctx, func(tx pgx.Tx) error {
		rows, err := db.New(tx).ListTenantsWithRetention(ctx)
		found, err = pg.Each(rows, err, func(id uuid.UUID) tenants.ID { return tenants.ID(id) })
		return err
	})
	return found, err
}

// Begin implements retention.Runs.
func (s Retention) Begin(ctx context.Context, run retention.Run) (begun retention.Run, err error) {
	err = s.within(ctx, run.Tenant, func(t tx) error {
		if _, err := t.q.AddRetentionRun(ctx, db.AddRetentionRunParams{
			ID: uuid.UUID(run.ID), PolicyVersion: int32(run.Version), Today: run.Today, AskedBy: run.AskedBy, StartedAt: run.Started, //nolint:gosec // counted from 1
		}); err != nil {
			return err
		}
		row, err := t.q.GetOpenRetentionRun(ctx)
		if err != nil {
			return err
		}
		begun, err = toRun(run.Tenant, db.ListRetentionRunsRow(row))
		return err
	})
	return begun, err
}

// Save implements retention.Runs.
func (s Retention) Save(ctx context.Context, run retention.Run) error {
	results, evidence, err := runTexts(run)
	if err != nil {
		return err
	}
	return s.within(ctx, run.Tenant, func(t tx) error {
		n, err := t.q.SaveRetentionRun(ctx, db.SaveRetentionRunParams{ID: uuid.UUID(run.ID), Counted: run.Counted, Results: results, Evidence: evidence})
		return pg.MustTouch(n, err, retention.ErrRunOver)
	})
}

// End implements retention.Runs.
func (s Retention) End(ctx context.Context, run retention.Run, entry *tenants.AuditEntry) error {
	results, evidence, err := runTexts(run)
	if err != nil {
		return err
	}
	return s.within(ctx, run.Tenant, func(t tx) error {
		n, err := t.q.EndRetentionRun(ctx, db.EndRetentionRunParams{
			ID: uuid.UUID(run.ID), State: string(run.State), Results: results, Evidence: evidence, Error: run.Error, EndedAt: *run.Ended,
		})
		if err := pg.MustTouch(n, err, retention.ErrRunOver); err != nil || entry == nil {
			return err
		}
		return t.Audit(ctx, *entry)
	})
}

// List implements retention.Runs.
func (s Retention) List(ctx context.Context, tenant tenants.ID, before retention.RunID, limit int) (all []retention.Run, err error) {
	if before == (retention.RunID{}) {
		before = retention.RunID(uuid.Max)
	}
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListRetentionRuns(ctx, db.ListRetentionRunsParams{Before: uuid.UUID(before), MaxRows: int32(limit)}) //nolint:gosec // a page
		for _, row := range rows {
			run, err := toRun(tenant, row)
			if err != nil {
				return err
			}
			all = append(all, run)
		}
		return err
	})
	return all, err
}

func runTexts(run retention.Run) (results, evidence []byte, err error) {
	if run.Results == nil {
		run.Results = []retention.Result{}
	}
	if results, err = json.Marshal(run.Results); err != nil {
		return nil, nil, fmt.Errorf("encode the results of a run: %w", err)
	}
	if evidence, err = json.Marshal(run.Evidence); err != nil {
		return nil, nil, fmt.Errorf("encode the evidence of a run: %w", err)
	}
	return results, evidence, nil
}

func toRun(tenant tenants.ID, r db.ListRetentionRunsRow) (retention.Run, error) {
	run := retention.Run{
		ID: retention.RunID(r.ID), Tenant: tenant, Version: int(r.PolicyVersion), Today: r.Today.UTC(), State: retention.RunState(r.State), Counted: r.Counted,
		Error: r.Error, AskedBy: r.AskedBy, Started: r.StartedAt.UTC(), Ended: pg.UTC(r.EndedAt),
	}
	if err := json.Unmarshal(r.Results, &run.Results); err != nil {
		return run, fmt.Errorf("read the results of a run: %w", err)
	}
	if err := json.Unmarshal(r.Evidence, &run.Evidence); err != nil {
		return run, fmt.Errorf("read the evidence of a run: %w", err)
	}
	return run, nil
}
