package payment

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/tenants"
)

// Invoices are what was issued, as billing/invoicing has written it down.
type Invoices interface {
	// Unpaid are a tenant's invoices that were issued and are neither paid nor void, with their lines, the oldest first: also those that nobody
	// hopes to collect any more.
	Unpaid(ctx context.Context, tenant tenants.ID) ([]billing.Invoice, error)
	// Find is one of a tenant's invoices, without its lines.
	Find(ctx context.Context, tenant tenants.ID, id uuid.UUID) (billing.Invoice, error)
	// SetState says that an invoice was paid, is past due or is given up. Saying it again changes nothing.
	SetState(ctx context.Context, tenant tenants.ID, id uuid.UUID, state billing.InvoiceState, at time.Time, by string) error
	// Owing are the tenants with unpaid invoices.
	Owing(ctx context.Context) ([]tenants.ID, error)
}

// Plans are what tenants have agreed to. cmd hands in billing/subscription.
type Plans interface {
	// Now are the terms in force, with their plan.
	Now(ctx context.Context, tenant tenants.ID) (billing.Terms, plan.Plan, error)
	// Check says what is wrong with a choice.
	Check(ctx context.Context, tenant tenants.ID, c Choice) error
	// Choose changes the plan, once it is known how the tenant pays. To choose what there is changes nothing.
	Choose(ctx context.Context, tenant tenants.ID, c Choice, by string) error
}

// Choice is a plan that somebody chose; an empty Plan is none.
type Choice struct {
	Plan     string
	Interval billing.Interval
	Currency billing.Currency
}

// Ledger is what was used, as billing/usage has booked it.
type Ledger interface {
	// Booked are the newest revisions of those of a tenant's hours from a time on that were booked at or after since, of meters that are not free.
	Booked(ctx context.Context, tenant tenants.ID, from, since time.Time) ([]billing.Entry, error)
}

// Organisations say who a tenant is, to make a customer of it.
type Organisations interface {
	// Customer is the tenant's name and the address of its oldest owner; gone when the tenant has left.
	Customer(ctx context.Context, tenant tenants.ID) (in CustomerInput, gone bool, err error)
}

// Effect has a standing take effect: what a restricted tenant sends is held, what a suspended one sends is refused, and once it may store again
// what was held is released. It may be told the same more than once. cmd hands in billing/quota.
type Effect func(ctx context.Context, tenant tenants.ID, s Standing) error
