package analytics

import (
	"context"
	"fmt"
	"time"

	"github.com/observatory/observatory/tenants"
)

// Windows takes a measure of each stretch of time between two neighbours among cuts: one number fewer than there are cuts, nil where there
// was nothing to measure. It is for those who watch a number; they lay out time by themselves, so of the question only Event, Measure,
// Property and Filter count. Cuts ascend and are on whole seconds, and there are 2 to MaxBuckets+1 of them; otherwise it panics, as that is
// no caller's choice. It returns the faults of TrendsQuery.Validate for those four, and those of Store.
func (s *Service) Windows(ctx context.Context, tenant tenants.ID, q TrendsQuery, cuts []time.Time) ([]*float64, error) {
	if err := q.ValidateMeasure(); err != nil {
		return nil, err
	}
	last := len(cuts) - 1
	if last < 1 || last > MaxBuckets {
		panic(fmt.Sprintf("analytics: %d cuts", len(cuts)))
	}
	measured, err := s.store.Measure(ctx, tenant, MeasureInput{
		Event: q.Event, Measure: q.Measure, Property: q.Property, Filter: q.Filter,
		Period: Period{From: cuts[0], To: cuts[last]}, Buckets: Buckets{Starts: cuts[:last], End: cuts[last]},
	})
	if err != nil {
		return nil, fmt.Errorf("measure windows: %w", err)
	}
	found := measured.group(nil)
	values := make([]*float64, last)
	for i := range values {
		if values[i] = found.Values[cuts[i].Unix()]; values[i] == nil {
			values[i] = q.Measure.OfNothing()
		}
	}
	return values, nil
}

// ValidateMeasure returns the first fault of what is measured: the event, the measure, its property and the filter.
func (q TrendsQuery) ValidateMeasure() error {
	for _, check := range []func() error{q.Measure.validate, q.validateEvent, q.validateProperty, q.Filter.Validate} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}
