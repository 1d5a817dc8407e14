package billing

import (
	"math"
	"math/big"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// DocumentKind tells an invoice from what corrects one.
type DocumentKind string

// The kinds.
const (
	InvoiceKind DocumentKind = "invoice"
	CreditNote  DocumentKind = "credit_note"
)

// InvoiceState is where an invoice stands with its payment.
type InvoiceState string

// The states. A credit note is issued, and then its amount stands to the tenant's credit.
const (
	Issued        InvoiceState = "issued"
	Paid          InvoiceState = "paid"
	PastDue       InvoiceState = "past_due"
	Uncollectible InvoiceState = "uncollectible"
	Void          InvoiceState = "void"
)

// Invoice is what was used in a period, and what it costs. Once it is issued nothing of it changes but State and what follows from it.
type Invoice struct {
	ID         uuid.UUID
	Tenant     tenants.ID
	TenantName string // as it was called then
	Kind       DocumentKind
	Number     string     // "2026-000042": without gaps, by year
	Corrects   *uuid.UUID // of a credit note: the invoice
	Period     Period
	Currency   Currency
	Lines      []Line
	Total      Amount // of the lines, before tax, which is the provider's. Never below 0
	State      InvoiceState
	IssuedAt   time.Time // zero: it is a draft, and will be otherwise tomorrow
	DueAt      time.Time
	PaidAt     time.Time
	ReadAt     time.Time // what was booked in the usage ledger before is in it
}

// LineKind is what a line is about.
type LineKind string

// The kinds, in the order in which an invoice lists them.
const (
	FeeLine        LineKind = "fee"
	UsageLine      LineKind = "usage"
	CouponLine     LineKind = "coupon"
	CapLine        LineKind = "cap"        // what went beyond the spend cap
	CorrectionLine LineKind = "correction" // of an earlier period, known after its invoice
	CreditLine     LineKind = "credit"     // what stood to the tenant's credit
)

// Line is a line of an invoice. The amounts of an invoice's lines add up to its total.
type Line struct {
	ID       uuid.UUID
	Kind     LineKind
	Corrects LineKind // of a correction: the kind of the line that it corrects
	For      Period   // that it is charged for; of a correction an earlier one than the invoice's
	Text     string
	Plan     string
	Meter    MeterName // of usage and corrections
	From, To time.Time // hours that it is about
	Quantity int64     // of the meter; of a correction, against what was charged
	Tier     string    // "included", or as in "1,000,001 to 5,000,000"; "" where there is none
	Unit     string    // price, as in "USD 0.30 per 1,000 events"
	Amount   Amount
}

// Total adds up the amounts of lines. What does not fit is as much as fits.
func Total(lines []Line) Amount {
	sum := new(big.Int)
	for _, l := range lines {
		sum.Add(sum, big.NewInt(int64(l.Amount)))
	}
	switch {
	case sum.IsInt64():
		return Amount(sum.Int64())
	case sum.Sign() < 0:
		return -math.MaxInt64
	}
	return math.MaxInt64
}
