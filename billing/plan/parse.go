package plan

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/observatory/observatory/billing"
)

//go:embed plans.yaml
var embedded []byte

// Default is the catalogue that comes with the program.
func Default() (*Catalogue, error) { return Parse(embedded) }

// Open reads the catalogue of a file; "" is the one that comes with the program.
func Open(path string) (*Catalogue, error) {
	if path == "" {
		return Default()
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the plans: %w", err)
	}
	c, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// The largest numbers of a file: no price comes near them, and nothing that is multiplied overflows.
const (
	maxFile   = 1 << 20 // bytes
	maxAmount = whole(1_000_000_000_000)
	maxDays   = 3650
)

// Parse reads a catalogue. It is strict: a word that it does not know, a currency without a price, a meter that a plan says nothing of, bounds
// that do not ascend are errors, each with the place where it is; all of them are told at once.
func Parse(text []byte) (*Catalogue, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("a file of plans has at most %d bytes", maxFile)
	}
	if err := checkNulls(text); err != nil {
		return nil, err
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	var doc document
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("read the plans: %w", err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("the plans are one document; there is something behind it")
	}
	p := &parser{}
	c := p.catalogue(doc)
	if len(p.problems) > 0 {
		return nil, errors.Join(p.problems...)
	}
	return c, nil
}

// parser checks a document on the way to a catalogue.
type parser struct {
	currencies []billing.Currency
	problems   []error
}

func (p *parser) wrong(where, format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...)))
}

// check says what is wrong unless it is right, and tells which it was.
func (p *parser) check(right bool, where, format string, args ...any) bool {
	if !right {
		p.wrong(where, format, args...)
	}
	return right
}

func (p *parser) catalogue(doc document) *Catalogue {
	for i, text := range doc.Currencies {
		where := fmt.Sprintf("currencies, %d", i+1)
		currency, err := billing.ParseCurrency(text)
		if p.check(err == nil && string(currency) == text, where, "%q is no code of ISO 4217 in capitals", text) &&
			p.check(!slices.Contains(p.currencies, currency), where, "%s is there twice", text) {
			p.currencies = append(p.currencies, currency)
		}
	}
	p.check(len(doc.Currencies) > 0, "currencies", "at least one is needed")
	c := &Catalogue{Currencies: p.currencies, Dunning: p.dunning(doc.Dunning), Costs: p.costs(doc.Costs), Coupons: map[string]Coupon{}}
	known := map[string]bool{}
	for i, v := range doc.Versions {
		version := p.version(fmt.Sprintf("versions, %d", i+1), i+1, v)
		if i > 0 && !version.From.IsZero() {
			p.check(version.From.After(c.Versions[i-1].From), fmt.Sprintf("versions, %d, from", i+1), "must be after that of the version before")
		}
		c.Versions = append(c.Versions, version)
		for _, one := range version.Plans {
			known[one.Key] = true
		}
	}
	p.check(len(doc.Versions) > 0, "versions", "at least one is needed")
	for i, one := range doc.Coupons {
		coupon := p.coupon(fmt.Sprintf("coupons, %d", i+1), one, known)
		_, twice := c.Coupons[coupon.Code]
		p.check(!twice, fmt.Sprintf("coupons, %d, code", i+1), "%s is there twice", coupon.Code)
		c.Coupons[coupon.Code] = coupon
	}
	return c
}

func (p *parser) version(where string, number int, doc versionDoc) Version {
	p.check(doc.Version == whole(number), where+", version", "must be %d: they are counted from 1", number)
	v := Version{Number: number, From: p.day(where+", from", doc.From)}
	keys := map[string]bool{}
	for i, one := range doc.Plans {
		at := fmt.Sprintf("%s, plan %s", where, one.Key)
		p.check(!keys[one.Key], at, "is there twice")
		keys[one.Key] = true
		v.Plans = append(v.Plans, p.plan(at, number, i, one))
	}
	if p.check(len(doc.Plans) > 0, where+", plans", "at least one is needed") {
		first := v.Plans[0]
		costs := first.ByAgreement
		for _, fee := range first.Fees {
			costs = costs || fee.Month != 0
		}
		p.check(!costs, fmt.Sprintf("%s, plan %s", where, first.Key), "the first plan is that of whoever chose none: it must have no fee")
	}
	return v
}

func (p *parser) dunning(doc dunningDoc) Dunning {
	days := func(name string, n whole) time.Duration { return p.days("dunning, "+name, n) }
	d := Dunning{
		Due: days("due_days", doc.DueDays), Restrict: days("restrict_days", doc.RestrictDays), Suspend: days("suspend_days", doc.SuspendDays),
	}
	for i, n := range doc.RemindDays {
		d.Remind = append(d.Remind, days("remind_days", n))
		p.check(i == 0 || n > doc.RemindDays[i-1], "dunning, remind_days", "must ascend")
	}
	p.check(d.Suspend > d.Restrict, "dunning, suspend_days", "must be above restrict_days")
	return d
}

func (p *parser) costs(doc costsDoc) Costs {
	currency := billing.Currency(doc.Currency)
	p.check(slices.Contains(p.currencies, currency), "costs, currency", "%q is not among the currencies", doc.Currency)
	costs := Costs{Currency: currency, Rates: map[CostKind]CostRate{}}
	for _, kind := range CostKinds() {
		doc, ok := doc.Rates[string(kind.Kind)]
		where := "costs, " + string(kind.Kind)
		if !p.check(ok, where, "is missing") {
			continue
		}
		costs.Rates[kind.Kind] = CostRate{Amount: p.amount(where+", amount", doc.Amount), Per: p.quantity(where+", per", doc.Per, kind.PerUnit, 1)}
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Rates)) {
		p.check(slices.ContainsFunc(CostKinds(), func(k CostUnit) bool { return string(k.Kind) == name }), "costs, "+name, "there is no such cost")
	}
	return costs
}

func (p *parser) coupon(where string, doc couponDoc, plans map[string]bool) Coupon {
	code := regexp.MustCompile(`^[A-Z0-9]{3,32}$`)
	p.check(code.MatchString(doc.Code), where+", code", "%q must be 3 to 32 capitals and digits", doc.Code)
	p.check(doc.Title != "", where+", title", "is missing")
	p.check((doc.Percent != 0) != (doc.Amounts != nil), where, "either percent or amounts is needed")
	p.check(doc.Percent >= 0 && doc.Percent <= 100, where+", percent", "must be 1 to 100")
	p.check(doc.Months >= 1 && doc.Months <= 120, where+", months", "must be 1 to 120")
	c := Coupon{Code: doc.Code, Title: doc.Title, Percent: int(doc.Percent), Months: int(doc.Months), Plans: doc.Plans}
	if doc.Amounts != nil {
		c.Amounts = p.amounts(where+", amounts", doc.Amounts)
	}
	for _, key := range doc.Plans {
		p.check(plans[key], where+", plans", "there is no plan %q", key)
	}
	if doc.RedeemUntil != "" {
		c.RedeemUntil = p.day(where+", redeem_until", doc.RedeemUntil)
	}
	return c
}

func (p *parser) day(where, text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	p.check(err == nil, where, "%q is no day, such as 2026-01-31", text)
	return t
}

func (p *parser) days(where string, n whole) time.Duration {
	if !p.check(n >= 1 && n <= maxDays, where, "must be 1 to %d", maxDays) {
		return 0
	}
	return time.Duration(n) * 24 * time.Hour
}

func (p *parser) amount(where string, n whole) billing.Amount {
	p.check(n >= 0 && n <= maxAmount, where, "must be 0 to %d of the minor unit", maxAmount)
	return billing.Amount(n)
}

// amounts reads one of each currency.
func (p *parser) amounts(where string, doc map[string]whole) map[billing.Currency]billing.Amount {
	all := map[billing.Currency]billing.Amount{}
	for _, currency := range p.currencies {
		n, ok := doc[string(currency)]
		if p.check(ok, where, "%s is missing", currency) {
			all[currency] = p.amount(where+", "+string(currency), n)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		p.check(slices.Contains(p.currencies, billing.Currency(name)), where, "%s is not among the currencies", name)
	}
	return all
}

// quantity turns units into the quantity of a meter.
func (p *parser) quantity(where string, units whole, perUnit, least int64) int64 {
	if n := int64(units); p.check(n >= least && n <= math.MaxInt64/perUnit, where, "must be %d to %d", least, math.MaxInt64/perUnit) {
		return n * perUnit
	}
	return least
}
