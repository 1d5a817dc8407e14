package price_test

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/price"
)

// The model says what a month costs as slowly and as plainly as can be: hour by hour, unit by unit, in fractions.

// charge is what a line must say.
type charge struct {
	Kind     billing.LineKind
	Meter    billing.MeterName
	From, To time.Time
	Quantity int64
	Amount   int64
}

func compareCharges(a, b charge) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Meter, b.Meter), a.From.Compare(b.From), cmp.Compare(a.Quantity, b.Quantity), cmp.Compare(a.Amount, b.Amount))
}

func chargesOf(lines []billing.Line) (all []charge) {
	for _, l := range lines {
		all = append(all, charge{l.Kind, l.Meter, l.From, l.To, l.Quantity, int64(l.Amount)})
	}
	slices.SortFunc(all, compareCharges)
	return all
}

// rounded is the nearest whole number, away from zero where two are.
func rounded(r *big.Rat) int64 {
	f := new(big.Rat).Add(new(big.Rat).Abs(r), big.NewRat(1, 2))
	n := new(big.Int).Quo(f.Num(), f.Denom())
	if r.Sign() < 0 {
		n.Neg(n)
	}
	return n.Int64()
}

// termsIn are those of the highest revision that had begun in an hour.
func termsIn(history []billing.Terms, hour time.Time) *billing.Terms {
	for i := range slices.Backward(history) {
		if !history[i].From.After(hour) {
			return &history[i]
		}
	}
	return nil
}

// piece is hours in a row that belong together.
type piece struct {
	from, to time.Time
	terms    billing.Terms
	trial    bool
}

func (p piece) same(t billing.Terms, trial bool) bool {
	return p.terms.Plan == t.Plan && p.terms.Catalogue == t.Catalogue && p.terms.Interval == t.Interval && p.trial == trial
}

func pieces(in price.Input) (all []piece) {
	for hour := in.Period.From; hour.Before(in.Period.To); hour = hour.Add(time.Hour) {
		t := termsIn(in.History, hour)
		if t == nil || (!in.Until.IsZero() && !hour.Before(in.Until)) {
			continue
		}
		trial := hour.Before(t.TrialUntil)
		if n := len(all); n > 0 && all[n-1].same(*t, trial) {
			all[n-1].to = hour.Add(time.Hour)
			continue
		}
		all = append(all, piece{hour, hour.Add(time.Hour), *t, trial})
	}
	return all
}

func model(in price.Input) []charge {
	all := pieces(in)
	if len(all) == 0 {
		return nil
	}
	var charges []charge
	last := *termsIn(in.History, all[len(all)-1].to.Add(-time.Hour))
	for _, p := range all {
		charges = append(charges, ofPiece(in, p, last.Currency)...)
	}
	var sum int64
	for _, c := range charges {
		sum += c.Amount
	}
	month := charge{From: in.Period.From, To: in.Period.To, Quantity: 1}
	if last.Coupon != "" {
		coupon := in.Plans.Coupons[last.Coupon]
		off := min(sum, int64(coupon.Amounts[last.Currency]))
		if coupon.Percent > 0 {
			off = rounded(big.NewRat(sum*int64(coupon.Percent), 100))
		}
		if monthsWith(in, last.Coupon) <= coupon.Months && off > 0 {
			month.Kind, month.Amount = billing.CouponLine, -off
			charges, sum = append(charges, month), sum-off
		}
	}
	if last.SpendCap != nil && sum > int64(*last.SpendCap) {
		month.Kind, month.Amount = billing.CapLine, int64(*last.SpendCap)-sum
		charges = append(charges, month)
	}
	charges = append(charges, years(in)...)
	slices.SortFunc(charges, compareCharges)
	return charges
}

// monthsWith counts the months in which the coupon was in force, back from the end of the period.
func monthsWith(in price.Input, code string) int {
	first := in.Period.To.Add(-time.Hour)
	for t := termsIn(in.History, first); t != nil && t.Coupon == code; t = termsIn(in.History, first.Add(-time.Hour)) {
		first = first.Add(-time.Hour)
	}
	if t := termsIn(in.History, first); t == nil || t.Coupon != code {
		first = first.Add(time.Hour)
	}
	months := 1
	for p := billing.PeriodOf(first); p.From.Before(in.Period.From); p = p.Next() {
		months++
	}
	return months
}

func ofPiece(in price.Input, p piece, currency billing.Currency) (charges []charge) {
	one, _ := in.Plans.PlanOf(p.terms)
	hours, whole := int64(p.to.Sub(p.from)/time.Hour), in.Period.Hours()
	if p.terms.Interval == billing.Monthly {
		c := charge{Kind: billing.FeeLine, From: p.from, To: p.to, Quantity: hours}
		if !p.trial {
			c.Amount = rounded(new(big.Rat).Mul(big.NewRat(int64(one.Fees[currency].Month), 1), big.NewRat(hours, whole)))
		}
		charges = append(charges, c)
	}
	for meter, prices := range one.Prices {
		var quantity int64
		for _, h := range in.Use[meter] {
			if !h.Hour.Before(p.from) && h.Hour.Before(p.to) {
				quantity += h.Quantity
			}
		}
		add := func(n, amount int64) {
			if n > 0 {
				charges = append(charges, charge{billing.UsageLine, meter, p.from, p.to, n, amount})
			}
		}
		if p.trial || prices.Unlimited {
			add(quantity, 0)
			continue
		}
		// what each unit is: 0 is included, from 1 on the tiers
		floor := func(n int64) int64 { return n * hours / whole }
		tierOf := func(unit int64) int {
			if unit <= floor(prices.Included) {
				return 0
			}
			for i, t := range prices.Tiers {
				if t.UpTo == 0 || unit <= floor(t.UpTo) {
					return i + 1
				}
			}
			return 0
		}
		units := make([]int64, len(prices.Tiers)+1)
		for unit := int64(1); unit <= quantity; unit++ {
			tier := tierOf(unit)
			if prices.Mode == plan.Volume && tier > 0 {
				tier = tierOf(quantity)
			}
			units[tier]++
		}
		add(units[0], 0)
		for i, t := range prices.Tiers {
			add(units[i+1], rounded(big.NewRat(units[i+1]*int64(t.Amounts[currency]), t.Per)))
		}
	}
	return charges
}

// years walks through all hours since the first.
func years(in price.Input) (charges []charge) {
	var running *billing.Terms
	var from, to time.Time // of the year that was begun last
	var began time.Time
	turns := 0
	end := in.Period.To
	if !in.Until.IsZero() && in.Until.Before(end) {
		end = in.Until
	}
	book := func(at time.Time, c charge) {
		if !at.Before(in.Period.From) {
			charges = append(charges, c)
		}
	}
	fee := func(t billing.Terms) int64 {
		one, _ := in.Plans.PlanOf(t)
		return int64(*one.Fees[t.Currency].Year)
	}
	stop := func(hour time.Time) {
		if running != nil && hour.Before(to) {
			unused, whole := int64(to.Sub(hour)/time.Hour), int64(to.Sub(from)/time.Hour)
			book(hour, charge{billing.FeeLine, "", hour, to, unused, -rounded(big.NewRat(fee(*running)*unused, whole))})
		}
		running = nil
	}
	for hour := in.History[0].From; hour.Before(end); hour = hour.Add(time.Hour) {
		t := termsIn(in.History, hour)
		if running != nil && (t.Interval != billing.Yearly || t.Plan != running.Plan || t.Catalogue != running.Catalogue || t.Currency != running.Currency) {
			stop(hour)
		}
		switch {
		case t.Interval != billing.Yearly:
		case running == nil && !hour.Before(t.TrialUntil):
			running, began, from, to, turns = t, hour, hour, hour.AddDate(1, 0, 0), 1
			book(hour, charge{billing.FeeLine, "", from, to, int64(to.Sub(from) / time.Hour), fee(*t)})
		case running != nil && hour.Equal(to):
			turns++
			from, to = to, began.AddDate(turns, 0, 0)
			book(hour, charge{billing.FeeLine, "", from, to, int64(to.Sub(from) / time.Hour), fee(*t)})
		}
	}
	if !in.Until.IsZero() && !in.Until.After(in.Period.To) && !in.Until.Before(in.Period.From) {
		stop(end)
	}
	return charges
}

// The generators.

func drawAmount(t *rapid.T, name string) billing.Amount {
	return billing.Amount(rapid.Int64Range(0, 5000).Draw(t, name))
}

func drawPrice(t *rapid.T, mode plan.Mode) plan.Price {
	if rapid.IntRange(0, 5).Draw(t, "unlimited") == 0 {
		return plan.Price{Unlimited: true}
	}
	p := plan.Price{Included: rapid.Int64Range(0, 40).Draw(t, "included"), Mode: mode}
	above := p.Included
	for range rapid.IntRange(0, 2).Draw(t, "tiers") {
		above += rapid.Int64Range(1, 60).Draw(t, "up to")
		p.Tiers = append(p.Tiers, plan.Tier{UpTo: above})
	}
	p.Tiers = append(p.Tiers, plan.Tier{})
	for i := range p.Tiers {
		p.Tiers[i].Per = rapid.Int64Range(1, 7).Draw(t, "per")
		p.Tiers[i].Amounts = map[billing.Currency]billing.Amount{"KWD": drawAmount(t, "KWD"), "JPY": drawAmount(t, "JPY")}
	}
	return p
}

func drawPlans(t *rapid.T, modes ...plan.Mode) *plan.Catalogue {
	c := &plan.Catalogue{Currencies: []billing.Currency{"KWD", "JPY"}, Coupons: map[string]plan.Coupon{
		"PERCENT": {Code: "PERCENT", Percent: rapid.IntRange(1, 100).Draw(t, "percent"), Months: rapid.IntRange(1, 3).Draw(t, "months")},
		"AMOUNT":  {Code: "AMOUNT", Months: 2, Amounts: map[billing.Currency]billing.Amount{"KWD": drawAmount(t, "off"), "JPY": drawAmount(t, "off")}},
	}}
	for number := 1; number <= 2; number++ {
		v := plan.Version{Number: number}
		for rank, key := range []string{"a", "b"} {
			yearly := map[billing.Currency]billing.Amount{"KWD": drawAmount(t, "year"), "JPY": drawAmount(t, "year")}
			kwd, jpy := yearly["KWD"], yearly["JPY"]
			v.Plans = append(v.Plans, plan.Plan{
				Key: key, Title: key, Catalogue: number, Rank: rank,
				Fees: map[billing.Currency]plan.Fee{"KWD": {Month: drawAmount(t, "fee"), Year: &kwd}, "JPY": {Month: drawAmount(t, "fee"), Year: &jpy}},
				Prices: map[billing.MeterName]plan.Price{
					billing.Events:  drawPrice(t, rapid.SampledFrom(modes).Draw(t, "mode")),
					billing.Exports: drawPrice(t, rapid.SampledFrom(modes).Draw(t, "mode")),
				},
			})
		}
		c.Versions = append(c.Versions, v)
	}
	return c
}

// drawInput makes a tenant whose terms changed some times in the two years before, or in the month, and some use.
func drawInput(t *rapid.T, plans *plan.Catalogue) price.Input {
	month := billing.PeriodOf(time.Date(2028, time.Month(rapid.IntRange(1, 12).Draw(t, "month")), 1, 0, 0, 0, 0, time.UTC)) // has a leap day
	in := price.Input{Plans: plans, Period: month, Use: map[billing.MeterName][]billing.HourUse{}}
	hourIn := func(name string, before time.Duration) time.Time {
		if rapid.Bool().Draw(t, name+" in the month") {
			before = 0
		}
		return month.From.Add(time.Duration(rapid.Int64Range(-int64(before/time.Hour), month.Hours()+48).Draw(t, name)) * time.Hour)
	}
	const far = 800 * 24 * time.Hour
	currency := rapid.SampledFrom(plans.Currencies).Draw(t, "currency")
	from := hourIn("first", far)
	for revision := range rapid.IntRange(1, 5).Draw(t, "terms") {
		terms := billing.Terms{
			Revision: revision, From: from, Currency: currency, Plan: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "plan"), Catalogue: rapid.IntRange(1, 2).Draw(t, "version"),
			Interval: rapid.SampledFrom([]billing.Interval{billing.Monthly, billing.Yearly}).Draw(t, "interval"),
			Coupon:   rapid.SampledFrom([]string{"", "", "PERCENT", "AMOUNT"}).Draw(t, "coupon"),
		}
		if n := len(in.History); n > 0 && rapid.Bool().Draw(t, "as before") {
			terms.Plan, terms.Catalogue, terms.Interval = in.History[n-1].Plan, in.History[n-1].Catalogue, in.History[n-1].Interval
		}
		if rapid.IntRange(0, 3).Draw(t, "trial") == 0 {
			terms.TrialUntil = from.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "trial hours")) * time.Hour)
		}
		if rapid.IntRange(0, 2).Draw(t, "cap") == 0 {
			spend := drawAmount(t, "spend cap")
			terms.SpendCap = &spend
		}
		in.History = append(in.History, terms)
		if next := hourIn("change", far); !next.Before(in.History[0].From) {
			from = next // may be before terms that are still to come, which it ends
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "leaves") == 0 {
		in.Until = month.From.Add(time.Duration(rapid.Int64Range(1, month.Hours()).Draw(t, "until")) * time.Hour)
	}
	for _, meter := range []billing.MeterName{billing.Events, billing.Exports} {
		for range rapid.IntRange(0, 6).Draw(t, "hours") {
			in.Use[meter] = append(in.Use[meter], billing.HourUse{Hour: hourIn("hour", 0), Quantity: rapid.Int64Range(0, 60).Draw(t, "quantity")})
		}
	}
	return in
}

// immense are quantities that do not fit into anything.
func immense() []int64 { return []int64{math.MaxInt64, math.MaxInt64 / 2, 1 << 62} }
