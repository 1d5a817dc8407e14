package plan

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/observatory/observatory/billing"
)

func (p *parser) plan(where string, version, rank int, doc planDoc) Plan {
	key := regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	p.check(key.MatchString(doc.Key), where+", key", "%q must be a letter and up to 31 letters, digits and _, all of them small", doc.Key)
	p.check(doc.Title != "", where+", title", "is missing")
	p.check(doc.TrialDays >= 0 && doc.TrialDays <= 365, where+", trial_days", "must be 0 to 365")
	one := Plan{
		Key: doc.Key, Catalogue: version, Rank: rank, Title: doc.Title, Summary: doc.Summary, ByAgreement: doc.ByAgreement, TrialDays: int(doc.TrialDays),
		Capabilities: doc.Capabilities, Fees: p.fees(where+", fees", doc.Fees), Prices: map[billing.MeterName]Price{},
	}
	for _, m := range billing.Meters() {
		at := where + ", prices, " + string(m.Name)
		price, given := doc.Prices[string(m.Name)]
		switch {
		case m.Free:
			p.check(!given, at, "nobody pays for this meter")
		case p.check(given, at, "is missing: a plan says of every meter what it costs"):
			one.Prices[m.Name] = p.price(at, m, price)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Prices)) {
		_, known := billing.MeterOf(billing.MeterName(name))
		p.check(known, where+", prices, "+name, "there is no such meter")
	}
	one.Limit = p.limit(where+", limit", doc.Limit, one.Prices[billing.Events])
	return one
}

func (p *parser) fees(where string, doc feesDoc) map[billing.Currency]Fee {
	fees := map[billing.Currency]Fee{}
	for currency, amount := range p.amounts(where+", month", doc.Month) {
		fees[currency] = Fee{Month: amount}
	}
	if doc.Year == nil {
		return fees
	}
	for currency, amount := range p.amounts(where+", year", doc.Year) {
		fees[currency] = Fee{Month: fees[currency].Month, Year: &amount}
	}
	return fees
}

func (p *parser) price(where string, m billing.Meter, doc priceDoc) Price {
	if doc.Included.word != "" {
		p.check(doc.Included.word == "unlimited", where+", included", "%q must be a number or unlimited", doc.Included.word)
		p.check(doc.Tiers == nil && doc.Mode == "", where, "what is unlimited has neither a mode nor tiers")
		return Price{Unlimited: true}
	}
	p.check(doc.Included.given, where+", included", "is missing")
	price := Price{Included: p.quantity(where+", included", doc.Included.units, m.PerUnit, 0), Mode: Mode(doc.Mode)}
	if doc.Tiers == nil { // nothing beyond it is charged, because a limit holds it
		p.check(m.Name == billing.Events, where+", tiers", "are missing: beyond what is included only events can be held, so write unlimited or a price")
		p.check(doc.Mode == "", where+", mode", "is for tiers")
		return price
	}
	p.check(price.Mode == Graduated || price.Mode == Volume, where+", mode", "%q must be graduated or volume", doc.Mode)
	above := price.Included
	for i, t := range doc.Tiers {
		at := fmt.Sprintf("%s, tier %d", where, i+1)
		tier := Tier{Per: p.quantity(at+", per", t.Per, m.PerUnit, 1), Amounts: p.amounts(at+", amounts", t.Amounts)}
		if last := i == len(doc.Tiers)-1; t.UpTo == nil || last {
			p.check(t.UpTo == nil && last, at+", up_to", "every tier but the last has an end, and the last has none")
		} else {
			tier.UpTo = p.quantity(at+", up_to", *t.UpTo, m.PerUnit, 1)
			p.check(tier.UpTo > above, at+", up_to", "must be above %s", m.Show(above))
			above = tier.UpTo
		}
		price.Tiers = append(price.Tiers, tier)
	}
	return price
}

func (p *parser) limit(where string, doc limitDoc, events Price) Limit {
	p.check(doc.KeepDays >= 1 && doc.KeepDays <= 365, where+", keep_days", "must be 1 to 365")
	limit := Limit{Meter: billing.Events, Then: Action(doc.Then), KeepDays: int(doc.KeepDays)}
	p.check(limit.Then == Overage || limit.Then == Hold, where+", then", "%q must be overage or hold", doc.Then)
	switch doc.At.word {
	case "":
		limit.At = p.quantity(where+", at", doc.At.units, 1, 1)
	case "included":
		p.check(events.Included > 0, where+", at", "the plan includes no number of events")
		limit.At = events.Included
	case "none":
		p.check(limit.Then == Overage, where+", then", "without a limit nothing is held")
	default:
		p.wrong(where+", at", "%q must be a number, included or none", doc.At.word)
	}
	unpriced := events.Tiers == nil && !events.Unlimited
	p.check(!unpriced || (limit.Then == Hold && limit.At <= events.Included), where, "events beyond what is included have no price: they must be held")
	return limit
}
