package alert

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Trends measures events between neighbouring cuts, as analytics.Service.Windows does.
type Trends interface {
	Windows(ctx context.Context, tenant tenants.ID, q analytics.TrendsQuery, cuts []time.Time) ([]*float64, error)
}

// Books know what became of what was received. Its faults are of kind Unavailable.
type Books interface {
	// Outcomes counts what was received between neighbouring cuts. It knows the past 31 days.
	Outcomes(ctx context.Context, tenant tenants.ID, cuts []time.Time) ([]Outcomes, error)
	// Newest is when the newest event of a name ("" is any) was received between neighbouring cuts; zero where there is none.
	Newest(ctx context.Context, tenant tenants.ID, event string, cuts []time.Time) ([]time.Time, error)
	// Hours are the hours of a period in which something was received, in any order.
	Hours(ctx context.Context, tenant tenants.ID, from, to time.Time) ([]Hour, error)
}

// Outcomes are how many events were received, and how many of these were quarantined at first.
type Outcomes struct{ Received, Quarantined int64 }

// Hour is what the books say of an hour of receipt.
type Hour struct {
	Start    time.Time
	Stored   int64
	Balanced bool
}

// Checks know the results of checks of the quality of data.
type Checks interface {
	// Results are the newest verdicts of a check, as of each of these times: 0 passed, 1 warned, 2 failed; nil where there was none. Errors: a fault of kind
	// NotFound.
	Results(ctx context.Context, tenant tenants.ID, check uuid.UUID, at []time.Time) ([]*float64, error)
}

// Plans know how many events a tenant may have stored a month.
type Plans interface {
	// Limit is that of the plan that is in force now; limited is false where there is none.
	Limit(ctx context.Context, tenant tenants.ID) (events int64, limited bool, err error)
}

// ErrNoChecks says that there are no checks of the quality of data here.
var ErrNoChecks = fault.New(fault.Invalid, "quality_unknown", "There are no checks of data quality here.")

// freshnessReach is how far back freshness looks.
const freshnessReach = 31 * 24 * time.Hour

// Values measures what rules watch.
type Values struct {
	Trends Trends
	Books  Books
	Checks Checks // may be nil: then there are none
	Plans  Plans  // may be nil: then no plan has a limit
}

// samples measures all that a definition needs to judge the ticks. When that fails for good, each sample says why.
func (v *Values) samples(ctx context.Context, tenant tenants.ID, d Definition, ticks []time.Time) (func(tick time.Time) Sample, error) {
	var needed []time.Time
	for _, tick := range ticks {
		needed = append(append(needed, tick), d.pastTicks(tick)...)
	}
	values, err := v.at(ctx, tenant, d.Measure, needed)
	if err != nil && passing(err) {
		return nil, err
	}
	return func(tick time.Time) Sample {
		if err != nil {
			return Sample{Fault: fault.From(err).Message}
		}
		s := Sample{Value: values[tick.Unix()]}
		for _, past := range d.pastTicks(tick) {
			s.Past = append(s.Past, values[past.Unix()])
		}
		return s
	}, nil
}

// at measures as of each of the ticks. The values are by Unix seconds of the tick; those with nothing to measure are nil or absent.
func (v *Values) at(ctx context.Context, tenant tenants.ID, m Measure, ticks []time.Time) (map[int64]*float64, error) {
	ticks = slices.Clone(ticks)
	slices.SortFunc(ticks, time.Time.Compare)
	ticks = slices.CompactFunc(ticks, time.Time.Equal)
	if len(ticks) == 0 {
		return nil, nil
	}
	switch m.Kind {
	case Trend:
		return over(ctx, m, ticks, func(cuts []time.Time) ([]*float64, error) { return v.Trends.Windows(ctx, tenant, m.query(), cuts) })
	case Ratio:
		return v.ratio(ctx, tenant, m, ticks)
	case QuarantineRate:
		return v.quarantineRate(ctx, tenant, m, ticks)
	case Freshness:
		return v.freshness(ctx, tenant, m, ticks)
	case QuotaUse:
		return v.quotaUse(ctx, tenant, m, ticks)
	case LedgerBalance:
		return v.unbalanced(ctx, tenant, m, ticks)
	case Quality:
		return v.quality(ctx, tenant, m, ticks)
	default:
		return nil, fmt.Errorf("measure %q was not validated", m.Kind)
	}
}

func (v *Values) ratio(ctx context.Context, tenant tenants.ID, m Measure, ticks []time.Time) (map[int64]*float64, error) {
	count := func(event string, filter *analytics.Filter) (map[int64]*float64, error) {
		q := analytics.TrendsQuery{Measure: analytics.MeasureCount, Event: event, Filter: filter}
		return over(ctx, m, ticks, func(cuts []time.Time) ([]*float64, error) { return v.Trends.Windows(ctx, tenant, q, cuts) })
	}
	part, err := count(m.Event, m.Filter)
	if err != nil {
		return nil, err
	}
	whole, err := count(m.OfEvent, nil)
	return shares(part, whole), err
}

func (v *Values) quarantineRate(ctx context.Context, tenant tenants.ID, m Measure, ticks []time.Time) (map[int64]*float64, error) {
	count := func(which func(Outcomes) int64) (map[int64]*float64, error) {
		return over(ctx, m, ticks, func(cuts []time.Time) ([]*float64, error) {
			outcomes, err := v.Books.Outcomes(ctx, tenant, cuts)
			values := make([]*float64, len(outcomes))
			for i := range outcomes {
				n := float64(which(outcomes[i]))
				values[i] = &n
			}
			return values, err
		})
	}
	part, err := count(func(o Outcomes) int64 { return o.Quarantined })
	if err != nil {
		return nil, err
	}
	whole, err := count(func(o Outcomes) int64 { return o.Received })
	return shares(part, whole), err
}

// shares divides, where there is something to divide by.
func shares(part, whole map[int64]*float64) map[int64]*float64 {
	of := make(map[int64]*float64, len(whole))
	for tick, n := range whole {
		if n != nil && *n > 0 && part[tick] != nil {
			share := *part[tick] / *n
			of[tick] = &share
		}
	}
	return of
}

func (v *Values) freshness(ctx context.Context, tenant tenants.ID, m Measure, ticks []time.Time) (map[int64]*float64, error) {
	var newest time.Time
	values := make(map[int64]*float64, len(ticks))
	cuts := append([]time.Time{ticks[0].Add(-freshnessReach)}, ticks...)
	for len(cuts) > 1 {
		some := cuts[:min(len(cuts), maxCuts)]
		found, err := v.Books.Newest(ctx, tenant, m.Event, some)
		if err != nil {
			return nil, err
		}
		for i, at := range found {
			if !at.IsZero() {
				newest = at
			}
			if age := some[i+1].Sub(newest); !newest.IsZero() && age <= freshnessReach {
				seconds := age.Seconds()
				values[some[i+1].Unix()] = &seconds
			}
		}
		cuts = cuts[len(some)-1:]
	}
	return values, nil
}

func (v *Values) quotaUse(ctx context.Context, tenant tenants.ID, m Measure, ticks []time.Time) (map[int64]*float64, error) {
	last := ticks[len(ticks)-1]
	amount := m.Amount
	if amount == 0 && v.Plans != nil {
		events, limited, err := v.Plans.Limit(ctx, tenant)
		if err != nil {
			return nil, err
		}
		if limited {
			amount = events
		}
	}
	if amount == 0 {
		return nil, nil // there is nothing that it could be a share of
	}
	hours, err := v.Books.Hours(ctx, tenant, monthOf(ticks[0].Add(-time.Second)), last)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(hours, func(a, b Hour) int { return a.Start.Compare(b.Start) })
	values := make(map[int64]*float64, len(ticks))
	next, stored, month := 0, int64(0), time.Time{}
	for _, tick := range ticks {
		// A month ends with the tick at its very end: the window that ends there lies in it.
		if start := monthOf(tick.Add(-time.Second)); !start.Equal(month) {
			month, stored = start, 0
		}
		for ; next < len(hours) && hours[next].Start.Before(tick); next++ {
			if !hours[next].Start.Before(month) {
				stored += hours[next].Stored
			}
		}
		use := float64(stored) / float64(amount)
		values[tick.Unix()] = &use
	}
	return values, nil
}

func monthOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func (v *Values) unbalanced(ctx context.Context, tenant tenants.ID, m Measure, ticks []time.Time) (map[int64]*float64, error) {
	hours, err := v.Books.Hours(ctx, tenant, ticks[0].Add(-m.Window), ticks[len(ticks)-1])
	if err != nil {
		return nil, err
	}
	hours = slices.DeleteFunc(hours, func(h Hour) bool { return h.Balanced })
	values := make(map[int64]*float64, len(ticks))
	for _, tick := range ticks {
		n := 0.0
		for _, h := range hours {
			if h.Start.Before(tick) && h.Start.Add(time.Hour).After(tick.Add(-m.Window)) {
				n++
			}
		}
		values[tick.Unix()] = &n
	}
	return values, nil
}

func (v *Values) quality(ctx context.Context, tenant tenants.ID, m Measure, ticks []time.Time) (map[int64]*float64, error) {
	if v.Checks == nil {
		return nil, ErrNoChecks
	}
	found, err := v.Checks.Results(ctx, tenant, m.Check, ticks)
	if err != nil {
		return nil, err
	}
	values := make(map[int64]*float64, len(ticks))
	for i, tick := range ticks {
		values[tick.Unix()] = found[i]
	}
	return values, nil
}

const (
	maxCuts = 5000      // that are asked for at once
	joinGap = time.Hour // what lies between two windows is measured along with them when it is not longer, rather than asking twice
)

// over measures the windows of m that end at the ticks, which ascend, by asking for stretches between cuts. Windows that overlap are put
// together from common stretches where the measure adds up, and are otherwise asked for in turns that do not overlap.
func over(ctx context.Context, m Measure, ticks []time.Time, ask func(cuts []time.Time) ([]*float64, error)) (map[int64]*float64, error) {
	values := make(map[int64]*float64, len(ticks))
	for _, run := range runs(ticks, m.Window) {
		turns := [][]time.Time{run}
		if !m.adds() {
			turns = apart(run, m.Window)
		}
		for _, turn := range turns {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			cuts := cutsOf(turn, m.Window)
			stretches, err := askAll(cuts, ask)
			if err != nil {
				return nil, err
			}
			for _, tick := range turn {
				values[tick.Unix()] = sum(cuts, stretches, tick.Add(-m.Window), tick)
			}
		}
	}
	return values, nil
}

// runs parts ticks where there is a long gap between their windows.
func runs(ticks []time.Time, window time.Duration) (all [][]time.Time) {
	from := 0
	for i := 1; i <= len(ticks); i++ {
		if i == len(ticks) || ticks[i].Add(-window).Sub(ticks[i-1]) > joinGap {
			all = append(all, ticks[from:i])
			from = i
		}
	}
	return all
}

// apart deals ticks out so that no two windows of one hand overlap.
func apart(ticks []time.Time, window time.Duration) (hands [][]time.Time) {
	for _, tick := range ticks {
		at := slices.IndexFunc(hands, func(hand []time.Time) bool { return !hand[len(hand)-1].After(tick.Add(-window)) })
		if at < 0 {
			hands = append(hands, nil)
			at = len(hands) - 1
		}
		hands[at] = append(hands[at], tick)
	}
	return hands
}

// cutsOf are the beginnings and ends of all windows, ascending, each once.
func cutsOf(ticks []time.Time, window time.Duration) []time.Time {
	cuts := make([]time.Time, 0, 2*len(ticks))
	for _, tick := range ticks {
		cuts = append(cuts, tick.Add(-window), tick)
	}
	slices.SortFunc(cuts, time.Time.Compare)
	return slices.CompactFunc(cuts, time.Time.Equal)
}

// askAll asks for a part of the cuts at a time.
func askAll(cuts []time.Time, ask func([]time.Time) ([]*float64, error)) (values []*float64, err error) {
	for len(cuts) > 1 {
		some := cuts[:min(len(cuts), maxCuts)]
		found, err := ask(some)
		if err != nil {
			return nil, err
		}
		values = append(values, found...)
		cuts = cuts[len(some)-1:]
	}
	return values, nil
}

// sum adds up the stretches from from to to, both of which are cuts. A single one is taken as it is.
func sum(cuts []time.Time, stretches []*float64, from, to time.Time) *float64 {
	find := func(t time.Time) int { return sort.Search(len(cuts), func(i int) bool { return !cuts[i].Before(t) }) }
	first, end := find(from), find(to)
	if end == first+1 {
		return stretches[first]
	}
	total := 0.0
	for _, s := range stretches[first:end] {
		if s != nil {
			total += *s
		}
	}
	return &total
}
