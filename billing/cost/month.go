package cost

import (
	"context"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/price"
	"github.com/observatory/observatory/tenants"
)

// Facts are what is known of a tenant in a month, before anything is priced.
type Facts struct {
	Tenant   tenants.ID
	Name     string
	Created  time.Time
	Leaving  time.Time                   // since when it accepts nothing any more; zero: it stays
	Left     time.Time                   // when everything of it was erased; zero: it was not
	Terms    []billing.Terms             // that it agreed to, by revision; those of whoever agreed to none are not among them
	Used     map[billing.MeterName]int64 // by the usage ledger
	Consumed map[billing.Resource]int64  // by the ledger of consumption
	Owed     []Owed                      // by currency
	Standing string                      // of its payments: ok, past_due, restricted, suspended
	Blocked  string                      // the operator who has suspended it; "": nobody
}

// Owed is what invoices that are not paid add up to.
type Owed struct {
	Currency billing.Currency
	Amount   billing.Amount
	Overdue  billing.Amount // as much of it was due before now
}

// Book reads what the month of an installation is made of. Its faults are of kind Unavailable.
type Book interface {
	// Facts are those of all tenants, by name, and what the installation consumed for none of them.
	Facts(ctx context.Context, month billing.Period, now time.Time) (all []Facts, shared map[billing.Resource]int64, err error)
}

// Usage knows what one tenant used in the hours of a month.
type Usage interface {
	Use(ctx context.Context, tenant tenants.ID, month billing.Period) (map[billing.MeterName][]billing.HourUse, error)
}

// Part is what one kind of consumption costs.
type Part struct {
	Kind     plan.CostKind
	Quantity int64 // in the kind's base, see plan.CostKinds
	Amount   billing.Amount
}

// Cost is what consumption costs the one who runs the installation, in the currency of the file of plans.
type Cost struct {
	Amount billing.Amount
	Parts  []Part // one for each of plan.CostKinds
}

// Account is a tenant's month: what it is charged, and what it costs.
type Account struct {
	Facts
	Terms   billing.Terms // in force at the end of the month, or now
	Plan    plan.Plan
	Charged billing.Amount // so far, in the currency of Terms, before credits and tax. See Service
	Cost    Cost
	Margin  *billing.Amount // nil: it is charged in another currency than costs are in
}

// PlanSum is the month of all tenants of a plan.
type PlanSum struct {
	Plan    plan.Plan // of the newest version that one of them has
	Tenants int
	Charged map[billing.Currency]billing.Amount
	Cost    billing.Amount
	Margin  billing.Amount // of those that have one
	Without int            // tenants without a margin
}

// Month is that of the whole installation.
type Month struct {
	Period   billing.Period
	Until    time.Time        // end of the last hour that is in it
	Currency billing.Currency // of costs and margins
	Accounts []Account        // by name
	Plans    []PlanSum        // by rank
	Shared   Cost             // of what is nobody's in particular
}

// Service says what tenants cost and what is left. What a tenant is charged is reckoned anew from its terms and the usage ledger, as invoices are,
// with one difference: fees count in their hours, that of a year too, and not when they are due. What became known after an invoice is therefore in
// the month that it belongs to.
type Service struct {
	plans *plan.Catalogue
	book  Book
	usage Usage
	now   func() time.Time
}

// New makes a Service.
func New(plans *plan.Catalogue, book Book, usage Usage, now func() time.Time) *Service {
	return &Service{plans: plans, book: book, usage: usage, now: now}
}

// Plans are those that tenants can be given.
func (s *Service) Plans() *plan.Catalogue { return s.plans }

// Month reckons a month, of the running one the hours up to the end of this one.
func (s *Service) Month(ctx context.Context, period billing.Period) (Month, error) {
	m := s.begin(period)
	all, shared, err := s.book.Facts(ctx, period, s.now().UTC())
	if err != nil {
		return Month{}, err
	}
	m.Shared = s.cost(shared, 0)
	for _, f := range all {
		if !f.Created.Before(period.To) {
			continue
		}
		a, err := s.account(ctx, f, m)
		if err != nil {
			return Month{}, err
		}
		m.Accounts = append(m.Accounts, a)
	}
	m.Plans = sums(m.Accounts)
	return m, nil
}

// Account reckons the month of one tenant, or returns tenants.ErrTenantNotFound. Of the month that comes back only Period, Until and Currency are filled in.
func (s *Service) Account(ctx context.Context, tenant tenants.ID, period billing.Period) (Month, Account, error) {
	m := s.begin(period)
	all, _, err := s.book.Facts(ctx, period, s.now().UTC())
	if err != nil {
		return m, Account{}, err
	}
	for _, f := range all {
		if f.Tenant == tenant {
			a, err := s.account(ctx, f, m)
			return m, a, err
		}
	}
	return m, Account{}, tenants.ErrTenantNotFound
}

func (s *Service) begin(period billing.Period) Month {
	m := Month{Period: period, Until: s.now().UTC().Truncate(time.Hour).Add(time.Hour), Currency: s.plans.Costs.Currency}
	if m.Until.After(period.To) {
		m.Until = period.To
	}
	return m
}

func (s *Service) account(ctx context.Context, f Facts, m Month) (a Account, err error) {
	a.Facts = f
	history := append([]billing.Terms{s.plans.FirstTerms(f.Tenant, f.Created)}, f.Terms...)
	until, gone := m.Until, time.Time{}
	if !f.Leaving.IsZero() && f.Leaving.Before(until) {
		gone = f.Leaving.Truncate(time.Hour)
		until = gone
	}
	stretches := billing.InForce(history, m.Period.From, until)
	a.Terms = history[0]
	if n := len(stretches); n > 0 {
		a.Terms = stretches[n-1].Terms
	} else if last := billing.InForce(history, time.Time{}, m.Period.From); len(last) > 0 { // it left before
		a.Terms = last[len(last)-1].Terms
	}
	if a.Plan, err = s.plans.PlanOf(a.Terms); err != nil {
		return a, err
	}
	if a.Charged, err = s.charged(ctx, f, history, stretches, m.Period, gone); err != nil {
		return a, err
	}
	a.Cost = s.cost(f.Consumed, f.Used[billing.Events]+f.Used[billing.BotEvents]+f.Used[billing.SyntheticEvents])
	if a.Terms.Currency == m.Currency {
		margin := a.Charged - a.Cost.Amount
		a.Margin = &margin
	}
	return a, nil
}

// charged is what a tenant is charged for the hours so far: its usage, priced with everything that the whole month includes, and the fees of
// the hours. What coupon and spend cap take off the whole month is taken off in proportion.
func (s *Service) charged(ctx context.Context, f Facts, history []billing.Terms, soFar []billing.Stretch, month billing.Period, gone time.Time) (billing.Amount, error) {
	if len(soFar) == 0 {
		return 0, nil
	}
	in := price.Input{Plans: s.plans, Period: month, History: history, Use: map[billing.MeterName][]billing.HourUse{}}
	end := month.To
	if !gone.IsZero() {
		in.Until, end = gone, gone
	}
	whole := billing.InForce(history, month.From, end)
	if len(whole) == 1 && !whole[0].Terms.Trial(whole[0].From) { // which hour it was makes no difference
		for meter, quantity := range f.Used {
			in.Use[meter] = []billing.HourUse{{Hour: whole[0].From, Quantity: quantity}}
		}
	} else if len(f.Used) > 0 {
		var err error
		if in.Use, err = s.usage.Use(ctx, f.Tenant, month); err != nil {
			return 0, err
		}
	}
	bill, err := price.Rate(in)
	if err != nil {
		return 0, err
	}
	var usage, lowered billing.Amount
	for _, l := range bill.Lines {
		switch l.Kind { //nolint:exhaustive // no others are of a month
		case billing.UsageLine:
			usage += l.Amount
		case billing.CouponLine, billing.CapLine:
			lowered += l.Amount
		}
	}
	ofMonth, err := s.fees(whole, billing.Monthly, month, bill.Currency)
	if err != nil {
		return 0, err
	}
	ofHours, err := s.fees(soFar, billing.Monthly, month, bill.Currency)
	if err != nil {
		return 0, err
	}
	ofYear, err := s.fees(soFar, billing.Yearly, month, bill.Currency)
	if sum := ofMonth + usage; sum > 0 {
		lowered = billing.Share(lowered, int64(ofHours+usage), int64(sum))
	}
	return ofHours + ofYear + usage + lowered, err
}

// fees are those of the hours of stretches that have one for the interval, whenever it is due.
func (s *Service) fees(stretches []billing.Stretch, interval billing.Interval, month billing.Period, currency billing.Currency) (sum billing.Amount, err error) {
	whole := month.Hours()
	if interval == billing.Yearly {
		whole = int64(month.From.AddDate(1, 0, 0).Sub(month.From) / time.Hour)
	}
	for _, stretch := range stretches {
		from := stretch.From
		if trial := stretch.Terms.TrialUntil; trial.After(from) {
			from = trial
		}
		hours := int64(stretch.To.Sub(from) / time.Hour)
		if hours <= 0 || stretch.Terms.Interval != interval {
			continue
		}
		p, err := s.plans.PlanOf(stretch.Terms)
		if err != nil {
			return 0, err
		}
		fee, _ := p.Fees[currency].Of(interval)
		sum += billing.Share(fee, hours, whole)
	}
	return sum, nil
}

// cost prices what was consumed, and events that were stored.
func (s *Service) cost(consumed map[billing.Resource]int64, events int64) (c Cost) {
	quantities := map[plan.CostKind]int64{
		plan.QueryCost:   consumed[billing.QueryWork] + consumed[billing.UnansweredWork],
		plan.JobCost:     consumed[billing.JobWork],
		plan.EgressCost:  consumed[billing.Egress],
		plan.StorageCost: consumed[billing.EventBytes] + consumed[billing.HeldBytes] + consumed[billing.RejectedBytes] + consumed[billing.ArchiveBytes],
		plan.EventCost:   events,
	}
	for _, kind := range plan.CostKinds() {
		rate := s.plans.Costs.Rates[kind.Kind]
		part := Part{Kind: kind.Kind, Quantity: quantities[kind.Kind]}
		part.Amount = billing.Share(rate.Amount, part.Quantity, rate.Per)
		c.Amount += part.Amount
		c.Parts = append(c.Parts, part)
	}
	return c
}
