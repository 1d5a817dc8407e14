package price

import (
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
)

// fee is the fee of a month for the hours of a segment. That of a year is the business of years.
func (r rating) fee(s segment) []billing.Line {
	if s.interval == billing.Yearly {
		return nil
	}
	whole, _ := s.plan.Fees[r.currency].Of(billing.Monthly)
	line := billing.Line{
		Kind: billing.FeeLine, Plan: s.plan.Key, From: s.from, To: s.to, Quantity: s.hours(), Unit: whole.Format(r.currency) + " per month",
		Text: s.plan.Title, Amount: billing.Share(whole, s.hours(), r.Period.Hours()),
	}
	if s.hours() != r.Period.Hours() {
		line.Text = fmt.Sprintf("%s, %d of %d hours", s.plan.Title, s.hours(), r.Period.Hours())
	}
	if s.trial {
		line.Text, line.Amount = line.Text+", trial", 0
	}
	return []billing.Line{line}
}

// usage are the lines of every meter of which something was used in a segment.
func (r rating) usage(s segment) []billing.Line {
	var lines []billing.Line
	for _, m := range billing.Meters() {
		if m.Free {
			continue
		}
		quantity := used(r.Use[m.Name], s)
		if quantity == 0 {
			continue
		}
		of := func(tier string, part int64) billing.Line {
			return billing.Line{
				Kind: billing.UsageLine, Text: m.Title, Plan: s.plan.Key, Meter: m.Name, From: s.from, To: s.to, Quantity: part, Tier: tier,
			}
		}
		price := s.plan.Prices[m.Name]
		switch {
		case s.trial:
			lines = append(lines, of("trial", quantity))
		case price.Unlimited:
			lines = append(lines, of("included", quantity))
		default:
			for _, p := range r.parts(price, quantity, s.hours()) {
				line := of("included", p.quantity)
				if p.tier != nil {
					amount := p.tier.Amounts[r.currency]
					line.Tier, line.Unit = bounds(m, p.above, p.upTo), unit(m, *p.tier, r.currency)
					line.Amount = billing.Share(amount, p.quantity, p.tier.Per)
				}
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// used is what the hours of a segment come to. What does not fit is as much as fits.
func used(hours []billing.HourUse, s segment) (sum int64) {
	for _, h := range hours {
		if h.Quantity <= 0 || h.Hour.Before(s.from) || !h.Hour.Before(s.to) {
			continue
		}
		if sum > math.MaxInt64-h.Quantity {
			return math.MaxInt64
		}
		sum += h.Quantity
	}
	return sum
}

// part is what of a quantity lies in a tier: above and upTo are its bounds, upTo is 0 where it has no end. Without a tier it is included.
type part struct {
	quantity, above, upTo int64
	tier                  *plan.Tier
}

// parts cuts a quantity by the tiers of a price, for some hours of the month.
func (r rating) parts(price plan.Price, quantity, hours int64) []part {
	included := r.portion(price.Included, hours)
	var all []part
	if n := min(quantity, included); n > 0 {
		all = append(all, part{quantity: n})
	}
	above := included
	for _, t := range price.Tiers {
		upTo := r.portion(t.UpTo, hours)
		in := part{above: above, upTo: upTo, tier: &t}
		switch {
		case quantity <= above:
			return all
		case price.Mode == plan.Volume && (t.UpTo == 0 || quantity <= upTo):
			in.quantity = quantity - included
		case price.Mode == plan.Volume:
		case t.UpTo == 0:
			in.quantity = quantity - above
		default:
			in.quantity = min(quantity, upTo) - above
		}
		if in.quantity > 0 {
			all = append(all, in)
		}
		above = max(above, upTo)
	}
	return all
}

// portion is what of something for a whole month belongs to some hours of it, rounded down.
func (r rating) portion(whole, hours int64) int64 {
	n := new(big.Int).Mul(big.NewInt(whole), big.NewInt(hours))
	return n.Quo(n, big.NewInt(r.Period.Hours())).Int64() // hours are at most those of the period
}

// bounds says where a tier lies, as in "1,000,001 to 5,000,000" of what is counted and "over 10 to 50" of what is measured.
func bounds(m billing.Meter, above, upTo int64) string {
	switch {
	case m.PerUnit == 1 && upTo == 0:
		return m.Show(above+1) + " and more"
	case m.PerUnit == 1:
		return m.Show(above+1) + " to " + m.Show(upTo)
	case upTo == 0:
		return "over " + m.Show(above)
	}
	return "over " + m.Show(above) + " to " + m.Show(upTo)
}

// unit is the price of a tier, as in "USD 0.30 per 1,000 events".
func unit(m billing.Meter, t plan.Tier, currency billing.Currency) string {
	if t.Per == m.PerUnit {
		return t.Amounts[currency].Format(currency) + " per " + strings.TrimSuffix(m.Unit, "s")
	}
	return t.Amounts[currency].Format(currency) + " per " + m.Show(t.Per) + " " + m.Unit
}
