package quarter_test

import (
	"math/big"
	"slices"
	"time"
)

// The model knows what was sent and what was agreed to, and what that must come to. It shares nothing with the program: it adds up one event after
// the other, and counts in fractions.

// priced is what a plan costs, as testdata/plans.yaml has it.
type priced struct {
	fee    int64
	events tariff
	users  tariff
}

type tariff struct {
	included int64 // below 0: everything
	volume   bool
	tiers    []tier
}

type tier struct{ upTo, per, amount int64 } // upTo 0: no end

// prices are by plan and currency.
func prices(plan, currency string) priced {
	all := tariff{included: -1}
	byCurrency := map[string]priced{
		"growth USD": {4900, tariff{100, false, []tier{{200, 10, 7}, {0, 10, 3}}}, tariff{20, false, []tier{{0, 1, 51}}}},
		"growth JPY": {7501, tariff{100, false, []tier{{200, 10, 11}, {0, 10, 5}}}, tariff{20, false, []tier{{0, 1, 75}}}},
		"scale USD":  {49900, tariff{150, true, []tier{{400, 10, 5}, {0, 10, 2}}}, all},
		"free USD":   {0, all, all},
		"free JPY":   {0, all, all},
	}
	p, ok := byCurrency[plan+" "+currency]
	if !ok {
		panic(plan + " " + currency)
	}
	return p
}

// agreed is a plan from an hour on.
type agreed struct {
	from time.Time
	plan string
	half bool // with the coupon, which is for the month in which it was redeemed
}

// book is what a tenant must have been billed for.
type book struct {
	currency string
	plans    []agreed
	events   map[time.Time]int64                // by hour
	users    map[time.Time]map[string]time.Time // by month: the first hour of each
}

func newBook(currency string, since time.Time) *book {
	return &book{
		currency: currency, plans: []agreed{{from: since.Truncate(time.Hour), plan: "free"}},
		events: map[time.Time]int64{}, users: map[time.Time]map[string]time.Time{},
	}
}

// add counts an event of somebody.
func (b *book) add(at time.Time, user string) {
	hour, month := at.Truncate(time.Hour), monthOf(at)
	b.events[hour]++
	if b.users[month] == nil {
		b.users[month] = map[string]time.Time{}
	}
	if first, ok := b.users[month][user]; !ok || hour.Before(first) {
		b.users[month][user] = hour
	}
}

// usersBy is how many people an hour saw that its month had not seen before.
func (b *book) usersBy(month time.Time) map[time.Time]int64 {
	by := map[time.Time]int64{}
	for _, first := range b.users[month] {
		by[first]++
	}
	return by
}

func (b *book) agree(at time.Time, plan string, half bool) {
	b.plans = append(b.plans, agreed{at.Truncate(time.Hour), plan, half})
}

// worth is what a month costs, in minor units.
func (b *book) worth(month time.Time) int64 {
	end := month.AddDate(0, 1, 0)
	hours := int64(end.Sub(month) / time.Hour)
	users := b.usersBy(month)
	var sum int64
	half := false
	for i, a := range b.plans {
		from, to := a.from, end
		if i+1 < len(b.plans) && b.plans[i+1].from.Before(to) {
			to = b.plans[i+1].from
		}
		if from.Before(month) {
			from = month
		}
		if !from.Before(to) {
			continue
		}
		half = a.half && !a.from.Before(month)
		share := big.NewRat(int64(to.Sub(from)/time.Hour), hours)
		p := prices(a.plan, b.currency)
		sum += round(new(big.Rat).Mul(big.NewRat(p.fee, 1), share))
		sum += cost(p.events, total(b.events, from, to), share)
		sum += cost(p.users, total(users, from, to), share)
	}
	if half {
		sum -= round(big.NewRat(sum, 2))
	}
	return sum
}

func total(by map[time.Time]int64, from, to time.Time) (n int64) {
	for hour, count := range by {
		if !hour.Before(from) && hour.Before(to) {
			n += count
		}
	}
	return n
}

// cost takes one after the other and asks what it costs, but for volume, where all have one price.
func cost(t tariff, n int64, share *big.Rat) (sum int64) {
	if t.included < 0 {
		return 0
	}
	portion := func(whole int64) int64 {
		r := new(big.Rat).Mul(big.NewRat(whole, 1), share)
		return new(big.Int).Quo(r.Num(), r.Denom()).Int64()
	}
	in := make([]int64, len(t.tiers))
	tierOf := func(nth int64) int {
		return slices.IndexFunc(t.tiers, func(t tier) bool { return t.upTo == 0 || nth <= portion(t.upTo) })
	}
	for nth := portion(t.included) + 1; nth <= n; nth++ {
		at := tierOf(nth)
		if t.volume {
			at = tierOf(n)
		}
		in[at]++
	}
	for i, count := range in {
		sum += round(big.NewRat(count*t.tiers[i].amount, t.tiers[i].per))
	}
	return sum
}

// round rounds half away from zero. It is not given anything below zero.
func round(r *big.Rat) int64 {
	twice := new(big.Int).Add(new(big.Int).Mul(r.Num(), big.NewInt(2)), r.Denom())
	return twice.Quo(twice, new(big.Int).Mul(r.Denom(), big.NewInt(2))).Int64()
}

func monthOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}
