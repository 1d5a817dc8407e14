package payment

import (
	"context"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// The faults of a provider.
var (
	// ErrProviderAway: it did not answer, or asks to come back later. Whether it has done what it was asked for is not known.
	ErrProviderAway = fault.New(fault.Unavailable, "payment_provider_unavailable", "The payment provider does not answer. Nothing is lost; try again in a moment.").After(10 * time.Second)
	// ErrProviderRefused: it will not do it, however often it is asked.
	ErrProviderRefused = fault.New(fault.Invalid, "payment_provider_refused", "The payment provider refuses this.")
	// ErrProviderUnknown: it has no such thing.
	ErrProviderUnknown = fault.New(fault.NotFound, "payment_provider_unknown", "The payment provider has no such thing.")
	// ErrTooOld: usage of that time can not be told or taken back any more.
	ErrTooOld = fault.New(fault.Conflict, "payment_usage_too_old", "The payment provider takes nothing for a time so long ago.")
	// ErrForged: a webhook that the provider has not signed, or has signed for another time.
	ErrForged = fault.New(fault.Invalid, "webhook_signature_invalid", "The signature of this webhook is missing, wrong, or of another time.")
)

// Provider collects money. Every method can be called again with the same input whatever became of the call before: nothing is made twice within
// a day. Where that is not long enough the caller asks first. Besides those named, any method may return ErrProviderAway or ErrProviderRefused.
type Provider interface {
	Name() string // as in "stripe"
	Customers
	Collector
	Mirror
	Metering
	// Read checks and reads a webhook; ErrForged.
	Read(body []byte, signature string) (Event, error)
}

// Customers are who pays.
type Customers interface {
	// Customer finds the tenant's customer, or makes one.
	Customer(ctx context.Context, in CustomerInput) (customer string, err error)
	// Way is how a customer pays; the zero Way when in none.
	Way(ctx context.Context, customer string) (Way, error)
	// Checkout makes a page on which the customer says how to pay.
	Checkout(ctx context.Context, in CheckoutInput) (Page, error)
	// CheckedOut says what became of it. Once it is done, the customer pays in the way that was given there.
	CheckedOut(ctx context.Context, checkout string) (CheckoutState, error)
	// Portal makes a page on which the customer sees invoices and changes how to pay.
	Portal(ctx context.Context, customer, back string) (Page, error)
}

// CustomerInput is who is to be a customer.
type CustomerInput struct {
	Tenant tenants.ID
	Name   string
	Email  string // of an owner
}

// Way is how a customer pays.
type Way struct {
	Kind  string // card, sepa_debit, ...; "" is none
	Brand string // of a card, as in visa
	Last4 string
	Until *time.Time // when a card expires
}

// CheckoutInput is what a checkout is for.
type CheckoutInput struct {
	Customer string
	Tenant   tenants.ID
	Plan     string // that is chosen with it; ""
	Currency billing.Currency
	Back     string // address to come back to
}

// Page is a page of the provider's.
type Page struct {
	ID    string
	URL   string
	Until time.Time // zero: soon
}

// CheckoutState is what became of a checkout.
type CheckoutState string

// The states.
const (
	CheckoutOpen    CheckoutState = "open"
	CheckoutDone    CheckoutState = "done"
	CheckoutExpired CheckoutState = "expired"
	CheckoutFailed  CheckoutState = "failed" // what was chosen with it can not be had
)

// Collector collects invoices.
type Collector interface {
	// Collect has the provider collect an invoice: it finds the one that it was told of before, or makes one, adds what lines are missing, and
	// sends it out. It returns ErrAmount when what the provider makes of it is not our total.
	Collect(ctx context.Context, in CollectInput) (Document, error)
	// Document is how an invoice is now; ErrProviderUnknown.
	Document(ctx context.Context, id string) (Document, error)
	// Settle tells it that an invoice was paid elsewhere, or is not to be paid. One that is settled already stays as it is.
	Settle(ctx context.Context, id string, state billing.InvoiceState) (Document, error)
}

// CollectInput is an invoice to be collected.
type CollectInput struct {
	Customer string
	Known    string // its ID at the provider; "" when it was not told of it, or did not answer
	Way      Way    // none: it is sent to the customer, who pays by hand
	Invoice  billing.Invoice
}

// Document is one of our invoices as the provider has it.
type Document struct {
	ID       string
	State    DocumentState
	Currency billing.Currency
	Amount   billing.Amount // before tax
	Tax      billing.Amount
	Due      billing.Amount // still to be paid, with tax
	PaidAt   time.Time
	Page     string // where it can be paid
	Declined string // why the last attempt to collect it failed
}

// DocumentState is where an invoice stands at the provider.
type DocumentState string

// The states.
const (
	DocumentDraft         DocumentState = "draft"
	DocumentOpen          DocumentState = "open"
	DocumentPaid          DocumentState = "paid"
	DocumentVoid          DocumentState = "void"
	DocumentUncollectible DocumentState = "uncollectible"
)

// Mirror has the provider know the plan of a customer. Nothing is charged for it.
type Mirror interface {
	Subscribe(ctx context.Context, in Subscription) (id string, err error)
	Unsubscribe(ctx context.Context, id string) error
}

// Subscription is a customer's plan.
type Subscription struct {
	Customer string
	Known    string // ID at the provider; ""
	Plan     string
	Title    string
	Interval billing.Interval
	Currency billing.Currency
}

// Metering has the provider know what was used.
type Metering interface {
	// Tell tells of usage. A name that the provider knows from within a day counts once. ErrTooOld for hours more than 35 days ago.
	Tell(ctx context.Context, u Usage) error
	// TakeBack has it forget what it was told; ErrTooOld when that was more than a day ago.
	TakeBack(ctx context.Context, u Usage) error
	// Totals are what it makes of what it was told, by hour. It may be some minutes behind.
	Totals(ctx context.Context, customer string, meter billing.MeterName, from, to time.Time) (map[time.Time]int64, error)
}

// Usage is what the provider is told of an hour.
type Usage struct {
	Name     string // identifies it; see UsageRow.Name
	Customer string
	Meter    billing.MeterName
	Hour     time.Time
	Quantity int64 // above 0
}

// Event is what a webhook says.
type Event struct {
	ID       string
	Kind     string // as in "invoice.paid"
	Customer string // whom it is about; "" for what is about no customer
	At       time.Time
}

// ErrAmount is returned when the provider's total is not ours.
var ErrAmount = fault.New(fault.Conflict, "payment_amount_differs", "What the payment provider would collect is not what the invoice says.")
