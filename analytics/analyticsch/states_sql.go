package analyticsch

import (
	"strings"

	"github.com/observatory/observatory/analytics"
)

// state is a column of a trend that is computed from rollups and events together: what any number of events come to, in a form such that
// two of them can be merged.
type state struct {
	name    string
	events  string // an aggregate function of events
	rollup  string // a column of the rollups
	nothing string // of no events; "" where no row is without it
}

// merging is a measure of states, and the states that it needs. The types of these are those of the tables, to the letter; number is what an
// event has at the measured property, or null.
func merging(m analytics.Measure) (aggregate, []state) {
	events := state{"events", "count()", "events", "toUInt64(0)"}
	switch m {
	case analytics.MeasureCount:
		return aggregate{measure: "toFloat64(sum(events))", withoutNumber: "toUInt64(0)"}, []state{events}
	case analytics.MeasureUniqueUsers:
		people := state{name: "people", events: "uniqExactIfState(person, person != '')", rollup: "people"}
		return aggregate{measure: "toFloat64(uniqExactIfMerge(people))", withoutNumber: "toUInt64(0)"}, []state{people}
	default:
	}
	const null = "CAST(NULL, 'Nullable(Float64)')"
	numbers := state{"numbers", "count(number)", "numbers", "toUInt64(0)"}
	sums := state{"sums", "sumKahanStateIf(assumeNotNull(number), isNotNull(number))", "sum", "arrayReduce('sumKahanState', emptyArrayFloat64())"}
	least := state{"least", "min(number)", "CAST(min, 'Nullable(Float64)')", null}
	most := state{"most", "max(number)", "CAST(max, 'Nullable(Float64)')", null}
	quantiles := state{
		"quantiles", "quantilesExactInclusiveStateIf(0.5, 0.95, 0.99)(assumeNotNull(number), isNotNull(number))",
		"quantiles", "arrayReduce('quantilesExactInclusiveState(0.5, 0.95, 0.99)', emptyArrayFloat64())",
	}
	a := aggregate{withoutNumber: "toUInt64(sum(events) - sum(numbers))"}
	percentile := func(n string) (aggregate, []state) {
		a.measure = "if(sum(numbers) = 0, NULL, quantilesExactInclusiveMerge(0.5, 0.95, 0.99)(quantiles)[" + n + "])"
		return a, []state{events, numbers, quantiles}
	}
	switch m {
	case analytics.MeasureSum:
		a.measure = "sumKahanMerge(sums)"
		return a, []state{events, numbers, sums}
	case analytics.MeasureAvg:
		a.measure = "if(sum(numbers) = 0, NULL, sumKahanMerge(sums) / sum(numbers))"
		return a, []state{events, numbers, sums}
	case analytics.MeasureMin:
		a.measure = "min(least)"
		return a, []state{events, numbers, least}
	case analytics.MeasureMax:
		a.measure = "max(most)"
		return a, []state{events, numbers, most}
	case analytics.MeasureP50:
		return percentile("1")
	case analytics.MeasureP95:
		return percentile("2")
	default:
		return percentile("3")
	}
}

// merged selects the states of a trend: those of rollups, an hour a row, and beside them those of the events in the hours that are open,
// a bucket a row. ofEvents is the measure of events.
func (s *statement) merged(in analytics.MeasureInput, p plan, ofEvents aggregate) (aggregate, string, error) {
	a, states := merging(in.Measure)
	for _, st := range states {
		a.columns = append(a.columns, term{name: st.name})
	}
	events, err := s.openStates(in, p, ofEvents, states)
	if err != nil {
		return aggregate{}, "", err
	}
	s.stored = p.stock.path
	defer func() { s.stored = "" }()
	tables := []string{p.stock.table}
	if p.stock.table == rollupNumbers {
		tables = append(tables, rollupEvents) // knows how many there are, with a number or without
	}
	var parts []string
	for _, table := range tables {
		part, err := s.rollupStates(in, p, table, states)
		if err != nil {
			return aggregate{}, "", err
		}
		parts = append(parts, part)
	}
	if events != "" {
		parts = append(parts, events)
	}
	return a, strings.Join(parts, "\nUNION ALL\n"), nil
}

// rollupStates selects the states that a table of rollups has.
func (s *statement) rollupStates(in analytics.MeasureInput, p plan, table string, states []state) (string, error) {
	columns, err := s.grouped(in, "toInt64(toUnixTimestamp(hour))")
	if err != nil {
		return "", err
	}
	for _, st := range states {
		has := p.stock.table != rollupNumbers || (table == rollupNumbers) == (st.name != "events")
		if has {
			columns = append(columns, term{st.name, st.rollup})
		} else {
			columns = append(columns, term{st.name, st.nothing})
		}
	}
	matching, err := s.matching(in.Event, in.Filter)
	return selected(columns) + s.rolledUp(table, p, matching...), err
}

// openStates selects the states of the events in the hours that are open; "" when none is.
func (s *statement) openStates(in analytics.MeasureInput, p plan, a aggregate, states []state) (string, error) {
	if _, some := s.open(p); !some {
		return "", nil
	}
	rows, err := s.events(in, p, a)
	if err != nil {
		return "", err
	}
	by, columns := "bucket", []term{{name: "bucket"}}
	if in.Breakdown != "" {
		by, columns = "breakdown, bucket_start", []term{{name: "breakdown"}, {name: "bucket_start"}}
	}
	for _, st := range states {
		columns = append(columns, term{st.name, st.events})
	}
	return selected(columns) + "FROM\n(\n" + indent(rows) + "\n)\nGROUP BY " + by, nil
}
