package analyticspg

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/analytics/analyticspg/db"
	"github.com/observatory/observatory/analytics/quality"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

// Due implements quality.Schedule.
func (s Quality) Due(ctx context.Context, now time.Time) (all []tenants.ID, err error) {
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		rows, err := db.New(t).ListTenantsWithQualityWork(ctx, now)
		all, err = pg.Each(rows, err, func(id uuid.UUID) tenants.ID { return tenants.ID(id) })
		return err
	})
	return all, err
}

// DueChecks implements quality.Schedule.
func (s Quality) DueChecks(ctx context.Context, tenant tenants.ID, now time.Time) (all []quality.Check, zone *time.Location, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		name, err := t.q.GetQualityTimezone(ctx)
		if err != nil {
			return err
		}
		if zone, err = time.LoadLocation(name); err != nil {
			return fmt.Errorf("load the time zone of the tenant: %w", err)
		}
		rows, err := t.q.ListDueQualityChecks(ctx, now)
		all, err = pg.Each(rows, err, toCheck)
		return err
	})
	return all, zone, err
}

// Record implements quality.Schedule.
func (s Quality) Record(ctx context.Context, tenant tenants.ID, c quality.Check, r quality.Result, next time.Time) (recorded bool, err error) {
	samples, err := json.Marshal(append([]quality.Sample{}, r.Samples...))
	if err != nil {
		return false, fmt.Errorf("write the samples of a result: %w", err)
	}
	err = s.within(ctx, tenant, func(t tx) error {
		moved, err := t.q.MoveQualityCheck(ctx, db.MoveQualityCheckParams{
			ID: uuid.UUID(c.ID), Revision: int32(c.Revision), Tick: c.Next, NextTick: next, DueAt: c.Due(next), //nolint:gosec // counted from 1
		})
		if recorded = moved > 0; err != nil || !recorded {
			return err
		}
		return t.q.PutQualityResult(ctx, db.PutQualityResultParams{
			CheckID: uuid.UUID(c.ID), Tick: r.Tick, MeasuredAt: r.MeasuredAt, Verdict: string(r.Verdict),
			Value: r.Value, Expected: r.Expected, Low: r.Low, High: r.High, Explanation: r.Explanation, Samples: samples,
		})
	})
	return recorded && err == nil, err
}

// Standing implements quality.Schedule.
func (s Quality) Standing(ctx context.Context) (map[quality.Kind]map[quality.Verdict]int, error) {
	counts := map[quality.Kind]map[quality.Verdict]int{}
	err := s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		rows, err := db.New(t).CountQualityVerdicts(ctx)
		for _, row := range rows {
			kind := quality.Kind(row.Kind)
			if counts[kind] == nil {
				counts[kind] = map[quality.Verdict]int{}
			}
			counts[kind][quality.Verdict(row.Verdict)] = int(row.Checks)
		}
		return err
	})
	return counts, err
}

// Forget implements quality.Schedule.
func (s Quality) Forget(ctx context.Context, before time.Time) (deleted int64, err error) {
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		deleted, err = db.New(t).DeleteQualityResults(ctx, before)
		return err
	})
	return deleted, err
}
