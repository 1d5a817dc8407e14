package analyticspg

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/analytics/analyticspg/db"
	"github.com/observatory/observatory/analytics/quality"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

var _ alert.Checks = Alerts{}

// Results implements alert.Checks. A verdict counts until the next, for two days at most.
func (s Alerts) Results(ctx context.Context, tenant tenants.ID, check uuid.UUID, at []time.Time) ([]*float64, error) {
	const reach = 48 * time.Hour
	var rows []db.ListQualityVerdictsRow
	err := s.within(ctx, tenant, func(t tx) (err error) {
		if _, err := t.q.GetQualityCheck(ctx, check); err != nil {
			return pg.OrNotFound(err, quality.ErrNoSuchCheck)
		}
		rows, err = t.q.ListQualityVerdicts(ctx, db.ListQualityVerdictsParams{
			CheckID: check, FromTick: slices.MinFunc(at, time.Time.Compare).Add(-reach), ToTick: slices.MaxFunc(at, time.Time.Compare),
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	found := make([]*float64, len(at))
	for i, when := range at {
		next, _ := slices.BinarySearchFunc(rows, when, func(r db.ListQualityVerdictsRow, t time.Time) int {
			if r.Tick.After(t) {
				return 1
			}
			return -1
		})
		if next > 0 && when.Sub(rows[next-1].Tick) <= reach {
			found[i] = verdictNumber(quality.Verdict(rows[next-1].Verdict))
		}
	}
	return found, nil
}

// verdictNumber is larger the worse it is; nil when it is not known.
func verdictNumber(v quality.Verdict) *float64 {
	worse := []quality.Verdict{quality.Pass, quality.Warn, quality.Fail}
	n := float64(slices.Index(worse, v))
	if n < 0 {
		return nil
	}
	return &n
}
