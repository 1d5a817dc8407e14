package analytics

import "time"

// input asks the store about one period of the plan.
func (p plan) input(t timespan) MeasureInput {
	return MeasureInput{
		Event: p.query.Event, Measure: p.query.Measure, Property: p.query.Property,
		Period: t.Period, Buckets: t.Buckets, Filter: p.query.Filter,
		Breakdown: p.query.Breakdown, Limit: p.query.BreakdownLimit,
		Source: p.query.Source,
	}
}

// series are those of the main period, in the store's order. Without a breakdown there is one even when there is no event.
func (p plan) series(t timespan, m Measured, now time.Time) []Series {
	var breakdown []*string
	for _, g := range m.Groups {
		breakdown = append(breakdown, g.Breakdown)
	}
	if p.query.Breakdown == "" {
		breakdown = []*string{nil}
	}
	return p.seriesOf(breakdown, t, m, now)
}

// seriesOf returns a series for each of the breakdown values, with a point for each bucket.
func (p plan) seriesOf(breakdown []*string, t timespan, m Measured, now time.Time) []Series {
	series := make([]Series, 0, len(breakdown))
	for _, value := range breakdown {
		group := m.group(value)
		s := Series{Breakdown: value, Points: make([]Point, 0, len(t.Starts)), Total: p.query.Measure.OfNothing()}
		if group.Total != nil {
			s.Total = group.Total
		}
		for i, start := range t.Starts {
			end := t.End
			if i+1 < len(t.Starts) {
				end = t.Starts[i+1]
			}
			point := Point{
				Time: start, Value: p.query.Measure.OfNothing(),
				Partial: start.Before(t.From) || end.After(t.To) || end.After(now),
			}
			if v := group.Values[start.Unix()]; v != nil {
				point.Value = v
			}
			s.Points = append(s.Points, point)
		}
		series = append(series, s)
	}
	return series
}

func (m Measured) group(value *string) Group {
	for _, g := range m.Groups {
		if (g.Breakdown == nil) == (value == nil) && (value == nil || *g.Breakdown == *value) {
			return g
		}
	}
	return Group{}
}

func values(series []Series) []*string {
	breakdown := make([]*string, 0, len(series))
	for _, s := range series {
		breakdown = append(breakdown, s.Breakdown)
	}
	return breakdown
}
