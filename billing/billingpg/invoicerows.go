package billingpg

import (
	"context"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg/db"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/tenants"
)

func balance(ctx context.Context, q *db.Queries) (invoicing.Balance, error) {
	rows, err := q.ListBalances(ctx)
	b := invoicing.Balance{}
	for _, r := range rows {
		b[billing.Currency(r.Currency)] = billing.Amount(r.Amount)
	}
	return b, err
}

func addCredit(ctx context.Context, q *db.Queries, c invoicing.Credit) error {
	return q.AddCredit(ctx, db.AddCreditParams{
		ID: c.ID, At: c.At, Currency: string(c.Currency), Amount: int64(c.Amount), Kind: string(c.Kind), InvoiceID: c.Document, Note: c.Note, ByWhom: c.By,
	})
}

func period(from, to time.Time) billing.Period { return billing.Period{From: from.UTC(), To: to.UTC()} }

func toCharge(r db.ListChargesRow) invoicing.Charge {
	month := billing.PeriodOf(r.ChargeFor)
	return invoicing.Charge{Month: month, Currency: billing.Currency(r.Currency), Document: r.Document, Line: billing.Line{
		Kind: billing.LineKind(r.Kind), For: month, Text: r.Text, Plan: r.Plan, Meter: billing.MeterName(r.Meter), From: r.FromAt.UTC(), To: r.ToAt.UTC(),
		Quantity: r.Quantity, Tier: r.Tier, Unit: r.Unit, Amount: billing.Amount(r.Amount),
	}}
}

func toInvoice(r db.Invoice) billing.Invoice {
	i := billing.Invoice{
		ID: r.ID, Tenant: tenants.ID(r.TenantID), TenantName: r.TenantName, Kind: billing.DocumentKind(r.Kind), Number: r.Number, Corrects: r.Corrects,
		Period: period(r.PeriodFrom, r.PeriodTo), Currency: billing.Currency(r.Currency), Total: billing.Amount(r.Total), State: billing.InvoiceState(r.State),
		IssuedAt: r.IssuedAt.UTC(), DueAt: r.DueAt.UTC(), ReadAt: r.ReadAt.UTC(),
	}
	if r.PaidAt != nil {
		i.PaidAt = r.PaidAt.UTC()
	}
	return i
}

func toLine(r db.ListInvoiceLinesRow) billing.Line {
	return billing.Line{
		ID: r.ID, Kind: billing.LineKind(r.Kind), Corrects: billing.LineKind(r.Corrects), For: billing.PeriodOf(r.ChargeFor), Text: r.Text, Plan: r.Plan,
		Meter: billing.MeterName(r.Meter), From: r.FromAt.UTC(), To: r.ToAt.UTC(), Quantity: r.Quantity, Tier: r.Tier, Unit: r.Unit, Amount: billing.Amount(r.Amount),
	}
}
