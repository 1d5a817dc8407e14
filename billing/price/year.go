package price

import (
	"fmt"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
)

// run is hours in a row under a plan that is had by the year.
type run struct {
	from, to time.Time // without a trial at its beginning
	ended    bool      // other terms follow, or the tenant left
	terms    billing.Terms
}

// years are the fees of the years that begin in the period, and the credit for one that ends in it before its time.
func (r rating) years(end time.Time) ([]billing.Line, error) {
	var lines []billing.Line
	for _, y := range r.runs(end) {
		p, err := r.Plans.PlanOf(y.terms)
		if err != nil {
			return nil, err
		}
		ofRun := r.yearsOf(y, p)
		if len(ofRun) > 0 && y.terms.Currency != r.currency {
			return nil, ErrCurrencies
		}
		lines = append(lines, ofRun...)
	}
	return lines, nil
}

func (r rating) yearsOf(y run, p plan.Plan) (lines []billing.Line) {
	fee, _ := p.Fees[y.terms.Currency].Of(billing.Yearly)
	for k := 0; ; k++ {
		from, to := y.from.AddDate(k, 0, 0), y.from.AddDate(k+1, 0, 0)
		if !from.Before(y.to) {
			return lines
		}
		line := billing.Line{
			Kind: billing.FeeLine, Plan: p.Key, From: from, To: to, Quantity: hoursOf(from, to), Unit: fee.Format(y.terms.Currency) + " per year",
			Text: p.Title + ", a year", Amount: fee,
		}
		if !from.Before(r.Period.From) {
			lines = append(lines, line)
		}
		if unused := hoursOf(y.to, to); y.ended && unused > 0 && !y.to.Before(r.Period.From) {
			line.From, line.Quantity = y.to, unused
			line.Text = fmt.Sprintf("%s, not used: %d of %d hours of the year", p.Title, unused, hoursOf(from, to))
			line.Amount = -billing.Share(fee, unused, hoursOf(from, to))
			lines = append(lines, line)
		}
	}
}

// runs are those of all terms up to the end of the period.
func (r rating) runs(end time.Time) []run {
	var all []run
	open := false
	for _, t := range billing.InForce(r.History, time.Time{}, end) {
		if t.Terms.Interval != billing.Yearly {
			open = false
			continue
		}
		if n := len(all); open && all[n-1].to.Equal(t.From) && sameYear(all[n-1].terms, t.Terms) {
			all[n-1].to = t.To
			continue
		}
		paid := paidFrom(t)
		if open = paid.Before(t.To); open {
			all = append(all, run{from: paid, to: t.To, terms: t.Terms})
		}
	}
	for i := range all {
		left := !r.Until.IsZero() && !r.Until.After(r.Period.To)
		all[i].ended = all[i].to.Before(end) || left
	}
	return all
}

func sameYear(a, b billing.Terms) bool {
	return a.Plan == b.Plan && a.Catalogue == b.Catalogue && a.Currency == b.Currency
}

func hoursOf(from, to time.Time) int64 { return int64(to.Sub(from) / time.Hour) }
