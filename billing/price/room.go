package price

import (
	"maps"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/observatory/observatory/billing"
)

// Room is how many events more an hour of the month can have before the month goes beyond its spend cap; bounded is false where there is no cap, or
// no number of events reaches it. It returns what Rate does.
func Room(in Input, hour time.Time) (events int64, bounded bool, err error) {
	terms, ok := billing.TermsAt(in.History, in.Period.To.Add(-time.Hour))
	if !ok || terms.SpendCap == nil {
		return 0, false, nil
	}
	use := maps.Clone(in.Use)
	if use == nil {
		use = map[billing.MeterName][]billing.HourUse{}
	}
	over := func(more int64) bool {
		use[billing.Events] = append(slices.Clone(in.Use[billing.Events]), billing.HourUse{Hour: hour, Quantity: more})
		with := in
		with.Use = use
		bill, failed := Rate(with)
		if failed != nil {
			err = failed
		}
		return failed != nil || slices.ContainsFunc(bill.Lines, func(l billing.Line) bool { return l.Kind == billing.CapLine })
	}
	ends, err := in.ends(hour)
	if err != nil || over(0) {
		return 0, true, err
	}
	var enough int64
	for _, end := range ends {
		if over(end) {
			n := sort.Search(int(end-enough), func(i int) bool { return over(enough + int64(i) + 1) })
			return enough + int64(n), true, err
		}
		enough = end
	}
	return 0, false, err
}

// ends are numbers of events more, ascending, between which the price of an hour never falls: where a price by volume has a new tier, it does.
func (in Input) ends(hour time.Time) ([]int64, error) {
	segments, err := segmentsOf(in.Plans, billing.InForce(in.History, in.Period.From, in.Period.To))
	if err != nil {
		return nil, err
	}
	ends := []int64{math.MaxInt64 / 2}
	for _, s := range segments {
		if hour.Before(s.from) || !hour.Before(s.to) {
			continue
		}
		for _, t := range s.plan.Prices[billing.Events].Tiers {
			if left := (rating{Input: in}).portion(t.UpTo, s.hours()) - used(in.Use[billing.Events], s); left > 0 {
				ends = append(ends, left)
			}
		}
	}
	slices.Sort(ends)
	return ends, nil
}
