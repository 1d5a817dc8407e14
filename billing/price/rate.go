// Package price says what a month costs. It is arithmetic and nothing else: the same terms and the same use always come to the same lines.
//
//   - An hour is priced by the last terms in force in it (billing.InForce).
//   - A month is cut into segments: hours in a row under the same plan, interval and version, in a trial or not. What a month includes, the
//     bounds of its tiers (both rounded down) and its fee belong to a segment in proportion to its hours.
//   - The fee of a year stands on the bill of the month in which the year begins, and the hours that are not used of it are credited on that
//     of the month in which the plan changes.
//   - A coupon lowers fees of the month and usage, and then a spend cap does.
//   - Each line is rounded by itself, half away from zero, and nothing else is.
package price

import (
	"slices"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/internal/fault"
)

// ErrCurrencies is returned for a month that has the fee of a year in another currency than its last hour. Nothing that changes terms lets it come
// to that.
var ErrCurrencies = fault.New(fault.Internal, "billing_currencies_mixed", "The fee of a year is in another currency than the month.")

// Input is everything that the price of a month depends on.
type Input struct {
	Plans   *plan.Catalogue
	Period  billing.Period
	History []billing.Terms                         // all that the tenant ever agreed to, in order
	Use     map[billing.MeterName][]billing.HourUse // of the hours of the period; what lies outside is left out
	Until   time.Time                               // a whole hour from which on there is no tenant any more; zero: it stays
}

// Bill is what a month comes to.
type Bill struct {
	Period   billing.Period
	Currency billing.Currency // that of the last hour
	Free     bool             // no plan that was in force can cost anything
	Lines    []billing.Line   // without IDs
}

// Total is the sum of the lines, before tax. It is below 0 where more is credited than charged. What does not fit is as much as fits.
func (b Bill) Total() billing.Amount { return billing.Total(b.Lines) }

// Rate says what a month costs. It returns plan.ErrUnknown and plan.ErrCouponUnknown for terms about something that is not in the catalogue any
// more, and ErrCurrencies.
func Rate(in Input) (Bill, error) {
	end := in.Period.To
	if left := !in.Until.IsZero(); left && in.Until.Before(end) {
		end = in.Until
	}
	terms := billing.InForce(in.History, in.Period.From, end)
	if len(terms) == 0 {
		return Bill{Period: in.Period, Currency: in.Plans.Currency(), Free: true}, nil
	}
	last := terms[len(terms)-1].Terms
	segments, err := segmentsOf(in.Plans, terms)
	if err != nil {
		return Bill{}, err
	}
	r := rating{Input: in, currency: last.Currency}
	bill := Bill{Period: in.Period, Currency: last.Currency, Free: true}
	var usage []billing.Line
	for _, s := range segments {
		bill.Lines, bill.Free = append(bill.Lines, r.fee(s)...), bill.Free && s.plan.Free()
		usage = append(usage, r.usage(s)...)
	}
	lowered, err := r.lowered(last, slices.Concat(bill.Lines, usage))
	if err != nil {
		return Bill{}, err
	}
	years, err := r.years(end)
	bill.Lines, bill.Free = slices.Concat(bill.Lines, years, usage, lowered), bill.Free && len(years) == 0
	return bill, err
}

type rating struct {
	Input
	currency billing.Currency
}

// segment is hours in a row that are priced together.
type segment struct {
	from, to time.Time
	interval billing.Interval
	plan     plan.Plan
	trial    bool
}

func (s segment) hours() int64 { return int64(s.to.Sub(s.from) / time.Hour) }

func segmentsOf(plans *plan.Catalogue, terms []billing.Stretch) ([]segment, error) {
	var all []segment
	add := func(s segment) {
		if n := len(all); n > 0 {
			if l := &all[n-1]; l.interval == s.interval && l.plan.Key == s.plan.Key && l.plan.Catalogue == s.plan.Catalogue && l.trial == s.trial {
				l.to = s.to
				return
			}
		}
		if s.from.Before(s.to) {
			all = append(all, s)
		}
	}
	for _, t := range terms {
		p, err := plans.PlanOf(t.Terms)
		if err != nil {
			return nil, err
		}
		paid := paidFrom(t)
		if t.From.Before(paid) {
			add(segment{from: t.From, to: paid, interval: t.Terms.Interval, plan: p, trial: true})
		}
		if paid.Before(t.To) {
			add(segment{from: paid, to: t.To, interval: t.Terms.Interval, plan: p})
		}
	}
	return all, nil
}

// paidFrom is the first hour of a stretch that no trial covers, its end where there is none.
func paidFrom(t billing.Stretch) time.Time {
	until := t.Terms.TrialUntil.UTC()
	if hour := until.Truncate(time.Hour); hour.Before(until) {
		until = hour.Add(time.Hour)
	}
	switch {
	case until.Before(t.From):
		return t.From
	case until.After(t.To):
		return t.To
	}
	return until
}
