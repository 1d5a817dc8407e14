package payment

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// The faults of the service.
var (
	// ErrLocal is returned where there is no provider to go to.
	ErrLocal = fault.New(fault.Conflict, "payment_is_local", "This installation has no payment provider. Invoices are paid as they say, and whoever runs it notes that down.")
	// ErrMoved is returned when a standing changed meanwhile.
	ErrMoved = fault.New(fault.Conflict, "standing_changed", "The standing of the organization changed at the same moment. Try again.")
)

// Local is the name of no provider.
const Local = "local"

// Deps are what a Service works with.
type Deps struct {
	Provider      Provider // nil: there is none, and invoices are paid by hand
	Book          Book
	Invoices      Invoices
	Plans         Plans
	Dunning       plan.Dunning
	Ledger        Ledger
	Organisations Organisations
	Effect        Effect
	Jobs          jobs.Enqueuer
	PublicURL     *url.URL
	Now           func() time.Time
	Logger        *slog.Logger
}

// Service is what people and jobs do about payment.
type Service struct{ d Deps }

// New makes a Service.
func New(d Deps) *Service { return &Service{d: d} }

func (s *Service) time() time.Time { return s.d.Now().UTC() }

// State is what a tenant is shown.
type State struct {
	Provider    string // Local where there is none
	Standing    Standing
	Since       time.Time // zero: always
	SuspendedBy string
	Way         Way
	Owed        []Owed // by currency
	Next        time.Time
	Worse       Standing // what the standing becomes then, unless it is paid
	Step        Step
	Differences []Difference
	LookedAt    *time.Time
}

// Owed is what is to be paid in a currency.
type Owed struct {
	Currency billing.Currency
	Amount   billing.Amount // with tax, where the provider has added it
	Invoices []OwedInvoice
}

// OwedInvoice is an invoice that is to be paid.
type OwedInvoice struct {
	ID       uuid.UUID
	Number   string
	Amount   billing.Amount
	Tax      billing.Amount
	IssuedAt time.Time
	DueAt    time.Time
	Page     string // where it can be paid; "" is nowhere
	Declined string // why the last attempt to collect it failed
}

// Step is what somebody should do next.
type Step string

// The steps.
const (
	NoStep       Step = "none"
	PayStep      Step = "pay"          // there is something to pay, by hand
	WaitStep     Step = "wait"         // it is collected by itself
	AddWayStep   Step = "add_way"      // nothing is owed yet; say how to pay
	ContactStep  Step = "contact"      // an operator has suspended the tenant
	RenewWayStep Step = "renew_way"    // the card expires, or was declined
	TransferStep Step = "bank_details" // pay as the invoice says: there is no provider
)

// State says how a tenant stands, what it owes, and what to do next. It needs ViewBilling. The provider is not asked.
func (s *Service) State(ctx context.Context, by tenants.By) (State, error) {
	if err := by.Principal.Require(tenants.ViewBilling); err != nil {
		return State{}, err
	}
	tenant := by.Principal.Tenant
	a, err := s.d.Book.Account(ctx, tenant)
	if err != nil {
		return State{}, err
	}
	unpaid, records, err := s.unpaid(ctx, tenant)
	if err != nil {
		return State{}, err
	}
	st := State{
		Provider: Local, Standing: a.Standing, Since: a.Since, SuspendedBy: a.SuspendedBy, Way: a.Way, LookedAt: a.LookedAt,
		Owed: owed(unpaid, records),
	}
	if s.d.Provider != nil {
		st.Provider = s.d.Provider.Name()
		if st.Differences, err = s.d.Book.Differences(ctx, tenant); err != nil {
			return State{}, err
		}
	}
	_, st.Next, st.Worse = judge(s.d.Dunning, oldestDue(unpaid), s.time())
	st.Step = s.step(st)
	return st, nil
}

// unpaid are a tenant's unpaid invoices, and what the provider knows of them.
func (s *Service) unpaid(ctx context.Context, tenant tenants.ID) ([]billing.Invoice, map[uuid.UUID]Record, error) {
	unpaid, err := s.d.Invoices.Unpaid(ctx, tenant)
	if err != nil {
		return nil, nil, fmt.Errorf("read unpaid invoices: %w", err)
	}
	ids := make([]uuid.UUID, len(unpaid))
	for i, v := range unpaid {
		ids[i] = v.ID
	}
	all, err := s.d.Book.Records(ctx, tenant, ids)
	if err != nil {
		return nil, nil, err
	}
	records := make(map[uuid.UUID]Record, len(all))
	for _, r := range all {
		records[r.Invoice] = r
	}
	return unpaid, records, nil
}

func owed(unpaid []billing.Invoice, records map[uuid.UUID]Record) []Owed {
	var all []Owed
	for _, v := range unpaid {
		one := OwedInvoice{ID: v.ID, Number: v.Number, Amount: v.Total, IssuedAt: v.IssuedAt, DueAt: v.DueAt}
		if r, ok := records[v.ID]; ok && r.Document.State == DocumentOpen {
			one.Amount, one.Tax, one.Page, one.Declined = r.Document.Due, r.Document.Tax, r.Document.Page, r.Document.Declined
		}
		i := slices.IndexFunc(all, func(o Owed) bool { return o.Currency == v.Currency })
		if i < 0 {
			i, all = len(all), append(all, Owed{Currency: v.Currency})
		}
		all[i].Amount += one.Amount
		all[i].Invoices = append(all[i].Invoices, one)
	}
	return all
}

// step is what somebody should do next.
func (s *Service) step(st State) Step {
	const soon = 30 * 24 * time.Hour
	declined := slices.ContainsFunc(st.Owed, func(o Owed) bool {
		return slices.ContainsFunc(o.Invoices, func(v OwedInvoice) bool { return v.Declined != "" })
	})
	expires := st.Way.Until != nil && st.Way.Until.Before(s.time().Add(soon))
	switch {
	case st.SuspendedBy != "":
		return ContactStep
	case len(st.Owed) > 0 && st.Provider == Local:
		return TransferStep
	case st.Way.Kind != "" && (declined || expires):
		return RenewWayStep
	case len(st.Owed) > 0 && st.Way.Kind != "" && st.Standing == OK:
		return WaitStep
	case len(st.Owed) > 0:
		return PayStep
	case st.Provider != Local && st.Way.Kind == "":
		return AddWayStep
	}
	return NoStep
}

// oldestDue is when the oldest of some invoices was due, or will be; nil without any.
func oldestDue(unpaid []billing.Invoice) *time.Time {
	var oldest *time.Time
	for _, v := range unpaid {
		if v.Total > 0 && (oldest == nil || v.DueAt.Before(*oldest)) {
			oldest = &v.DueAt
		}
	}
	return oldest
}

// Checkout makes a page on which somebody says how the tenant pays. With a choice, its plan changes once that is known. It needs ManageBilling
// and returns ErrLocal, ErrProviderAway, and whatever is wrong with the choice.
func (s *Service) Checkout(ctx context.Context, by tenants.By, c Choice) (Page, error) {
	if err := by.Principal.Require(tenants.ManageBilling); err != nil {
		return Page{}, err
	}
	if s.d.Provider == nil {
		return Page{}, ErrLocal
	}
	tenant := by.Principal.Tenant
	terms, _, err := s.d.Plans.Now(ctx, tenant)
	if err != nil {
		return Page{}, err
	}
	if c.Plan != "" {
		c = c.or(terms)
		if err := s.d.Plans.Check(ctx, tenant, c); err != nil {
			return Page{}, err
		}
	} else {
		c.Currency = terms.Currency
	}
	a, err := s.customer(ctx, tenant)
	if err != nil {
		return Page{}, err
	}
	page, err := s.d.Provider.Checkout(ctx, CheckoutInput{
		Customer: a.Customer, Tenant: tenant, Plan: c.Plan, Currency: c.Currency, Back: s.d.PublicURL.JoinPath("usage", "payment").String(),
	})
	if err != nil {
		return Page{}, err
	}
	return page, s.d.Book.AddCheckout(ctx, tenant, Checkout{ID: page.ID, Choice: c, By: by.Principal.Actor.Label, MadeAt: s.time()})
}

// or fills in what a choice leaves open.
func (c Choice) or(t billing.Terms) Choice {
	if c.Interval == "" {
		c.Interval = t.Interval
	}
	if c.Currency == "" {
		c.Currency = t.Currency
	}
	return c
}

// Portal makes a page on which the tenant's invoices and its way of paying are. It needs ManageBilling and returns ErrLocal and ErrProviderAway.
func (s *Service) Portal(ctx context.Context, by tenants.By) (Page, error) {
	if err := by.Principal.Require(tenants.ManageBilling); err != nil {
		return Page{}, err
	}
	if s.d.Provider == nil {
		return Page{}, ErrLocal
	}
	a, err := s.customer(ctx, by.Principal.Tenant)
	if err != nil {
		return Page{}, err
	}
	return s.d.Provider.Portal(ctx, a.Customer, s.d.PublicURL.JoinPath("usage", "payment").String())
}

// customer is a tenant's account, of one that the provider knows.
func (s *Service) customer(ctx context.Context, tenant tenants.ID) (Account, error) {
	a, err := s.d.Book.Account(ctx, tenant)
	if err != nil || a.Customer != "" {
		return a, err
	}
	in, gone, err := s.d.Organisations.Customer(ctx, tenant)
	if err != nil || gone {
		return a, err
	}
	if a.Customer, err = s.d.Provider.Customer(ctx, in); err != nil {
		return a, fmt.Errorf("make a customer: %w", err)
	}
	from := s.time().Truncate(time.Hour)
	a.MeteredFrom = &from
	return a, s.d.Book.SaveProvider(ctx, a)
}
