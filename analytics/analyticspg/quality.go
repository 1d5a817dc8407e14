package analyticspg

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/analyticspg/db"
	"github.com/observatory/observatory/analytics/quality"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

// Quality is a quality.Store and a quality.Schedule.
type Quality struct{ *Store }

var (
	_ quality.Store    = Quality{}
	_ quality.Schedule = Quality{}
)

// Quality gives the store as the ports of the package quality.
func (s *Store) Quality() Quality { return Quality{s} }

// Checks implements quality.Store.
func (s Quality) Checks(ctx context.Context, tenant tenants.ID) (all []quality.Check, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListQualityChecks(ctx)
		all, err = pg.Each(rows, err, toCheck)
		return err
	})
	return all, err
}

// Check implements quality.Store.
func (s Quality) Check(ctx context.Context, tenant tenants.ID, id quality.ID) (c quality.Check, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		row, err := t.q.GetQualityCheck(ctx, uuid.UUID(id))
		c = toCheck(row)
		return pg.OrNotFound(err, quality.ErrNoSuchCheck)
	})
	return c, err
}

// AddBuiltins implements quality.Store and quality.Schedule.
func (s Quality) AddBuiltins(ctx context.Context, tenant tenants.ID, checks []quality.Check) error {
	return s.within(ctx, tenant, func(t tx) error {
		for _, c := range checks {
			if err := t.q.AddQualityCheck(ctx, addCheck(c)); err != nil {
				return err
			}
		}
		return nil
	})
}

// AddCheck implements quality.Store.
func (s Quality) AddCheck(ctx context.Context, tenant tenants.ID, c quality.Check, entry tenants.AuditEntry) error {
	return s.within(ctx, tenant, func(t tx) error {
		if err := t.q.AddQualityCheck(ctx, addCheck(c)); err != nil {
			return err
		}
		if err := t.audit(ctx, entry); err != nil { // from here on nobody else adds one
			return err
		}
		n, err := t.q.CountQualityChecks(ctx)
		if err == nil && n > quality.MaxChecks {
			err = quality.ErrTooManyChecks
		}
		return err
	})
}

// ChangeCheck implements quality.Store.
func (s Quality) ChangeCheck(ctx context.Context, tenant tenants.ID, id quality.ID, change func(*quality.Check) error, entry tenants.AuditEntry) (c quality.Check, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		row, err := t.q.GetQualityCheckForUpdate(ctx, uuid.UUID(id))
		if err != nil {
			return pg.OrNotFound(err, quality.ErrNoSuchCheck)
		}
		c = toCheck(row)
		if err := change(&c); err != nil {
			return err
		}
		a := addCheck(c)
		err = t.q.UpdateQualityCheck(ctx, db.UpdateQualityCheckParams{
			ID: a.ID, Name: a.Name, Event: a.Event, Property: a.Property, Tolerance: a.Tolerance, MaxShare: a.MaxShare, SlaS: a.SlaS, IntervalS: a.IntervalS,
			Enabled: a.Enabled, Revision: a.Revision, NextTick: a.NextTick, DueAt: a.DueAt, UpdatedAt: a.UpdatedAt, UpdatedBy: a.UpdatedBy,
		})
		if err != nil {
			return err
		}
		return t.audit(ctx, entry)
	})
	return c, err
}

// RemoveCheck implements quality.Store. The results go with the check.
func (s Quality) RemoveCheck(ctx context.Context, tenant tenants.ID, id quality.ID, entry tenants.AuditEntry) error {
	return s.within(ctx, tenant, func(t tx) error {
		row, err := t.q.GetQualityCheckForUpdate(ctx, uuid.UUID(id))
		if err != nil {
			return pg.OrNotFound(err, quality.ErrNoSuchCheck)
		}
		if row.Builtin {
			return quality.ErrBuiltinCheck
		}
		if err := t.q.DeleteQualityCheck(ctx, row.ID); err != nil {
			return err
		}
		return t.audit(ctx, entry)
	})
}

// Results implements quality.Store.
func (s Quality) Results(ctx context.Context, tenant tenants.ID, id quality.ID, from, to time.Time, limit int) (all []quality.Result, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListQualityResults(ctx, db.ListQualityResultsParams{
			CheckID: uuid.UUID(id), FromTick: from, ToTick: to, MaxRows: int32(limit), //nolint:gosec // a few thousand
		})
		if err != nil {
			return err
		}
		all, err = toResults(rows)
		slices.Reverse(all)
		return err
	})
	return all, err
}

// Newest implements quality.Store.
func (s Quality) Newest(ctx context.Context, tenant tenants.ID) (map[quality.ID]quality.Result, error) {
	newest := map[quality.ID]quality.Result{}
	err := s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListNewestQualityResults(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			r, err := toResult(row)
			if err != nil {
				return err
			}
			newest[r.Check] = r
		}
		return nil
	})
	return newest, err
}

func addCheck(c quality.Check) db.AddQualityCheckParams {
	return db.AddQualityCheckParams{
		ID: uuid.UUID(c.ID), Builtin: c.Builtin, Name: c.Name, Kind: string(c.Kind), Event: c.Event, Property: c.Property,
		Tolerance: c.Tolerance, MaxShare: c.MaxShare, SlaS: int32(c.SLA / time.Second), IntervalS: int32(c.Interval / time.Second), //nolint:gosec // of days at most
		Enabled: c.Enabled, Revision: int32(c.Revision), NextTick: c.Next, DueAt: c.Due(c.Next), //nolint:gosec // counted from 1
		CreatedAt: c.CreatedAt, CreatedBy: c.CreatedBy, UpdatedAt: c.UpdatedAt, UpdatedBy: c.UpdatedBy,
	}
}

func toCheck(r db.QualityCheck) quality.Check {
	return quality.Check{
		ID: quality.ID(r.ID), Builtin: r.Builtin, Revision: int(r.Revision), Next: r.NextTick.UTC(),
		Definition: quality.Definition{
			Name: r.Name, Kind: quality.Kind(r.Kind), Event: r.Event, Property: r.Property, Tolerance: r.Tolerance, MaxShare: r.MaxShare,
			SLA: time.Duration(r.SlaS) * time.Second, Interval: time.Duration(r.IntervalS) * time.Second, Enabled: r.Enabled,
		},
		CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, UpdatedAt: r.UpdatedAt.UTC(), UpdatedBy: r.UpdatedBy,
	}
}

func toResults(rows []db.QualityResult) ([]quality.Result, error) {
	all := make([]quality.Result, len(rows))
	for i, row := range rows {
		var err error
		if all[i], err = toResult(row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func toResult(r db.QualityResult) (quality.Result, error) {
	result := quality.Result{
		Check: quality.ID(r.CheckID), Tick: r.Tick.UTC(), MeasuredAt: r.MeasuredAt.UTC(), Verdict: quality.Verdict(r.Verdict),
		Value: r.Value, Expected: r.Expected, Low: r.Low, High: r.High, Explanation: r.Explanation,
	}
	if err := json.Unmarshal(r.Samples, &result.Samples); err != nil {
		return result, fmt.Errorf("read the samples of a result: %w", err)
	}
	return result, nil
}
