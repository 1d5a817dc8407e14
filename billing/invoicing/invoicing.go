// Package invoicing makes a month into an invoice, once, and what turns out otherwise afterwards into a correction.
//
// A month is closed in one transaction that writes its invoice, the lines, the numbers, the credit that went into it, and that the month is
// closed. What was booked of earlier months since then is charged by comparing: a month is rated again as it is known now, and whatever that
// says beyond all that was charged for it is a correction on the invoice that is made now; what it says less is a credit note. So whenever a month was
// closed last, all invoices and credit notes of a tenant together come to what its ledger is worth.
package invoicing

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// The faults of invoices.
var (
	ErrNotFound     = fault.New(fault.NotFound, "invoice_not_found", "There is no such invoice.")
	ErrLineNotFound = fault.New(fault.NotFound, "invoice_line_not_found", "This invoice has no such line.")
	ErrLineNotUsage = fault.New(fault.Invalid, "invoice_line_not_usage", "This line is not about usage, so there are no hours behind it.")
	ErrHour         = fault.New(fault.Invalid, "invoice_line_hour", "Give the beginning of an hour within the line.")
	ErrState        = fault.New(fault.Conflict, "invoice_state", "An invoice in this state cannot get that one.")
	ErrCredit       = fault.New(fault.Invalid, "invalid_credit", "A credit is an amount above 0 in a currency, with a note that says why.")
	ErrRange        = fault.New(fault.Invalid, "invalid_range", "Choose a range of at most 31 days whose end is behind its beginning.")

	// ErrMoved is returned when somebody else has written to the tenant's books since they were read. Nothing happened; read again.
	ErrMoved = fault.New(fault.Conflict, "books_moved", "Something else happened to the invoices at the same moment. Try again.")
)

// Use is what was used in a month: the hours by meter.
type Use = map[billing.MeterName][]billing.HourUse

// Usage is the ledger of what was used. Errors: Unavailable.
type Usage interface {
	// Use is what the hours of a month come to, by their newest revisions.
	Use(ctx context.Context, tenant tenants.ID, month billing.Period) (Use, error)
	// Settled says whether a month is over, and everything that was received in it booked. Otherwise waiting says for what it waits.
	Settled(ctx context.Context, tenant tenants.ID, month billing.Period) (waiting string, err error)
	// Count books what a month that still runs comes to by now.
	Count(ctx context.Context, tenant tenants.ID, month billing.Period) error
	// Revisions are all lines of the ledger about the hours of a meter, by hour and revision.
	Revisions(ctx context.Context, tenant tenants.ID, meter billing.MeterName, from, to time.Time) ([]billing.Entry, error)
	// EventIDs is a sample of the events that are counted in an hour.
	EventIDs(ctx context.Context, tenant tenants.ID, meter billing.MeterName, hour time.Time, limit int) ([]string, error)
}

// Rates say what a month costs. Errors: Unavailable.
type Rates interface {
	// Rate is what the hours of a month come to, under the terms that held in them: lines of fees, usage, coupons and the cap. The
	// same terms and the same use come to the same lines, whenever they are rated. until is the hour at which the tenant ends; zero: it stays.
	Rate(ctx context.Context, tenant tenants.ID, month billing.Period, until time.Time, use Use) (Bill, error)
}

// Bill is what a month costs.
type Bill struct {
	Currency billing.Currency
	Free     bool // no plan that held in it can cost anything
	Lines    []billing.Line
}

// Books is where invoices are kept. Errors besides those that are named: Unavailable.
type Books interface {
	// Read reads all that closing a month has to know.
	Read(ctx context.Context, tenant tenants.ID) (State, error)
	// Close writes down a month with its documents, the numbers of which it gives out in their order and which it returns, and the audit entries; all of
	// it or nothing. ErrMoved when the state was changed since it was read.
	Close(ctx context.Context, c Closing) ([]billing.Invoice, error)
	// Due lists tenants with a month before that is not closed, and which is the first. Those that are erased, or being erased, are not among them.
	Due(ctx context.Context, before time.Time) ([]Month, error)

	// Invoice reads one with its lines, and the credit notes about it without theirs. ErrNotFound.
	Invoice(ctx context.Context, tenant tenants.ID, id uuid.UUID) (billing.Invoice, []billing.Invoice, error)
	// List reads invoices and credit notes without their lines, newest first, that were issued before the one with the ID; zero: from the newest.
	List(ctx context.Context, tenant tenants.ID, before uuid.UUID, limit int) ([]billing.Invoice, error)
	// Unpaid lists the invoices of all tenants that are issued or past due, and those which became uncollectible, without their lines, by when they are due.
	Unpaid(ctx context.Context) ([]billing.Invoice, error)
	// Mark gives an invoice a state at a time, with an audit entry, and returns it as it is then. It changes nothing where the invoice has the state already.
	// ErrNotFound; ErrState where CanBecome says no.
	Mark(ctx context.Context, tenant tenants.ID, id uuid.UUID, state billing.InvoiceState, at time.Time, entry tenants.AuditEntry) (billing.Invoice, error)

	// Lines lists the lines of invoices about usage of a meter in hours of a range, by invoice and their order on it; not corrections.
	Lines(ctx context.Context, tenant tenants.ID, meter billing.MeterName, from, to time.Time) ([]IssuedLine, error)

	// Grant adds to what stands to a tenant's credit, with an audit entry.
	Grant(ctx context.Context, c Credit, entry tenants.AuditEntry) error
	// Credits lists what was credited and used, newest first.
	Credits(ctx context.Context, tenant tenants.ID, limit int) ([]Credit, error)
	// Balance is what stands to a tenant's credit, by currency.
	Balance(ctx context.Context, tenant tenants.ID) (Balance, error)
}

// IssuedLine says on which invoice hours are.
type IssuedLine struct {
	ID, Invoice uuid.UUID
	Number      string
	From, To    time.Time
}

// Month is one that is to be closed.
type Month struct {
	Tenant tenants.ID
	Period billing.Period
}

// State is what the books say of a tenant.
type State struct {
	Tenant   tenants.ID
	Revision int64 // 0: nothing was ever written
	Name     string
	Created  time.Time
	Closed   []Closed // ascending
	Charged  []Charge
	Balance  Balance
}

// Closed is a month that is.
type Closed struct {
	Period billing.Period
	Until  time.Time // hours before it were charged
	Read   time.Time // what was booked before is in it
}

// Charge is what was charged for a month so far, in all documents together: one for each line that a rating of it can have.
type Charge struct {
	Month    billing.Period
	Currency billing.Currency
	Line     billing.Line // of the kind that was corrected, where it was. Quantity and Amount are what they came to
	Document uuid.UUID    // the invoice that charged it first
}

// Balance is an amount by currency.
type Balance map[billing.Currency]billing.Amount

// CreditKind says where a credit comes from, or that it is gone.
type CreditKind string

// The kinds.
const (
	Granted  CreditKind = "grant"       // by the operator
	Noted    CreditKind = "credit_note" // a correction to less
	Carried  CreditKind = "carried"     // an invoice came to less than nothing
	Applied  CreditKind = "applied"     // it went into an invoice: below 0
	maxNote             = 500
	maxGrant            = 1_000_000_000_000
)

// Credit is an entry of what stands to a tenant's credit.
type Credit struct {
	ID       uuid.UUID
	Tenant   tenants.ID
	At       time.Time
	Currency billing.Currency
	Amount   billing.Amount
	Kind     CreditKind
	Document *uuid.UUID // nil of what was granted
	Note     string
	By       string // label
}

// Closing is a month that is closed, and what follows.
type Closing struct {
	Tenant    tenants.ID
	Revision  int64 // of the State that it was made of
	Month     Closed
	At        time.Time
	Documents []billing.Invoice // without numbers
	Credits   []Credit
}

// CanBecome says whether an invoice may go from one state to another. Nothing comes back from paid and void.
func CanBecome(from, to billing.InvoiceState) bool {
	switch from { //nolint:exhaustive // the others are final
	case billing.Issued:
		return to == billing.Paid || to == billing.PastDue || to == billing.Uncollectible || to == billing.Void
	case billing.PastDue:
		return to == billing.Paid || to == billing.Uncollectible || to == billing.Void
	case billing.Uncollectible:
		return to == billing.Paid || to == billing.Void
	}
	return false
}
