package billingpg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/tenants"
)

// mail tells those who manage the billing of an organisation of the invoices that they have to pay, in the transaction that issues them. All lines
// are in it: whoever has left cannot look at them any more.
func (s Invoices) mail(ctx context.Context, tx pgx.Tx, c invoicing.Closing, documents []billing.Invoice) error {
	const worth = 7 * 24 * time.Hour
	if s.mails == nil {
		return nil
	}
	for _, d := range documents {
		if d.Kind != billing.InvoiceKind || d.Total == 0 {
			continue
		}
		err := mailManagers(ctx, tx, s.mails, c.Tenant, c.At.Add(worth), func(string) tenants.Notice {
			return tenants.Notice{
				Kind: "invoice", Subject: "Invoice " + d.Number + " of " + d.TenantName + ": " + d.Total.Format(d.Currency),
				Before: invoiceText(d), Action: "See what it consists of", Link: s.mails.Page("usage", "invoices", d.ID.String()).String(),
				After: []string{"You get this mail because you manage the organisation."},
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func invoiceText(d billing.Invoice) []string {
	text := []string{"For " + d.Period.From.Format("January 2006") + ":"}
	for _, l := range d.Lines {
		line := l.Text
		if l.Tier != "" {
			line += ", " + l.Tier
		}
		text = append(text, line+": "+l.Amount.Format(d.Currency))
	}
	return append(text, "Total, before tax: "+d.Total.Format(d.Currency)+". Due on "+d.DueAt.Format(time.DateOnly)+".")
}
