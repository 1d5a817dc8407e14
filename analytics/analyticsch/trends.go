package analyticsch

import (
	"context"
	"math"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// Measure implements analytics.Store.
func (s *Store) Measure(ctx context.Context, tenant tenants.ID, in analytics.MeasureInput) (analytics.Measured, error) {
	p, planning, err := s.plan(ctx, tenant, in)
	if err != nil {
		return analytics.Measured{}, err
	}
	st, err := measure(tenant, in, p)
	if err != nil {
		return analytics.Measured{}, err
	}
	var (
		m      = analytics.Measured{RollupHours: p.rollups, EventHours: p.events}
		groups = map[string]int{}
	)
	cost, err := s.query(ctx, st, func(rows driver.Rows) error {
		var r measureRow
		if err := rows.ScanStruct(&r); err != nil {
			return err
		}
		r.add(&m, groups)
		return nil
	})
	cost.Elapsed += planning.Elapsed
	cost.RowsRead += planning.RowsRead
	m.Cost = cost
	return m, err
}

// measureRow is a bucket of a breakdown value, or (Whole) the whole period of one. The values that are not shown come as one.
type measureRow struct {
	Whole         bool     `ch:"whole"`
	Shown         bool     `ch:"shown"`
	Value         *string  `ch:"value"`
	Bucket        int64    `ch:"bucket"`
	Measure       *float64 `ch:"measure"`
	Values        uint64   `ch:"distinct_values"`
	WithoutNumber uint64   `ch:"without_number"`
}

// add relies on the rows of whole periods coming before those of buckets.
func (r measureRow) add(m *analytics.Measured, groups map[string]int) {
	measure := finite(r.Measure)
	if r.Whole {
		m.WithoutNumber += int64(r.WithoutNumber)
	}
	if !r.Shown {
		if r.Whole {
			m.Other = &analytics.OtherValues{Values: int64(r.Values), Total: measure}
		}
		return
	}
	key := "null"
	if r.Value != nil {
		key = "=" + *r.Value
	}
	if r.Whole {
		groups[key] = len(m.Groups)
		m.Groups = append(m.Groups, analytics.Group{Breakdown: r.Value, Total: measure, Values: map[int64]*float64{}})
		return
	}
	if i, ok := groups[key]; ok {
		m.Groups[i].Values[r.Bucket] = measure
	}
}

// finite makes nil of a sum that is too large for a float64: JSON has no infinity.
func finite(f *float64) *float64 {
	if f == nil || math.IsNaN(*f) || math.IsInf(*f, 0) {
		return nil
	}
	return f
}
