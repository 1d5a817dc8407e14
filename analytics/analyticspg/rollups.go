package analyticspg

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/analytics/analyticspg/db"
	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/tenants"
)

// Rollups is a rollup.Settings.
type Rollups struct{ *Store }

var _ rollup.Settings = Rollups{}

// Rollups gives the store as the port of the package rollup.
func (s *Store) Rollups() Rollups { return Rollups{s} }

// Breakdowns implements rollup.Settings.
func (s Rollups) Breakdowns(ctx context.Context, tenant tenants.ID) (paths []string, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		paths, err = t.q.GetRollupBreakdowns(ctx)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return paths, err
}

// SetBreakdowns implements rollup.Settings.
func (s Rollups) SetBreakdowns(ctx context.Context, tenant tenants.ID, paths []string, entry tenants.AuditEntry, job jobs.Job) error {
	return s.within(ctx, tenant, func(t tx) error {
		if err := t.q.PutRollupBreakdowns(ctx, db.PutRollupBreakdownsParams{Paths: paths, ChangedAt: entry.At}); err != nil {
			return err
		}
		if err := jobspg.Insert(ctx, t.pgx, job); err != nil {
			return err
		}
		return t.audit(ctx, entry)
	})
}
