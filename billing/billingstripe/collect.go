package billingstripe

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v76"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/payment"
)

// Collect implements payment.Collector. Until all lines are there, Stripe has a draft that it leaves alone.
func (c *Client) Collect(ctx context.Context, in payment.CollectInput) (payment.Document, error) {
	amounts := make([]int64, len(in.Invoice.Lines))
	for i, l := range in.Invoice.Lines {
		n, err := toStripe(l.Amount, in.Invoice.Currency)
		if err != nil {
			return payment.Document{}, err
		}
		amounts[i] = n
	}
	draft, err := c.draft(ctx, in)
	if err != nil {
		return payment.Document{}, err
	}
	if draft.Status == stripe.InvoiceStatusDraft {
		if err := c.fill(ctx, in, draft.ID, amounts); err != nil {
			return payment.Document{ID: draft.ID, State: payment.DocumentDraft}, err
		}
		if draft, err = c.send(ctx, in, draft.ID); err != nil {
			return payment.Document{ID: draft.ID, State: payment.DocumentDraft}, err
		}
	}
	if draft.Status == stripe.InvoiceStatusOpen && in.Way.Kind != "" && !draft.Attempted {
		_, err := c.api.Invoices.Pay(draft.ID, &stripe.InvoicePayParams{Params: params(ctx, "")})
		if err != nil && !declined(err) && !refusedFor(err, "invoice_not_editable", "already paid") {
			return documentOf(draft), translate(err)
		}
		return c.Document(ctx, draft.ID)
	}
	return documentOf(draft), nil
}

// draft finds the invoice, or begins it.
func (c *Client) draft(ctx context.Context, in payment.CollectInput) (found *stripe.Invoice, err error) {
	if in.Known != "" {
		found, err = c.api.Invoices.Get(in.Known, expanded(ctx))
		return found, translate(err)
	}
	err = once("invoice/"+in.Invoice.ID.String(), func() (bool, error) {
		all := c.api.Invoices.List(&stripe.InvoiceListParams{ListParams: listing(ctx), Customer: &in.Customer})
		for all.Next() {
			if v := all.Invoice(); v.Metadata[invoiceOfOurs] == in.Invoice.ID.String() {
				found = v
				return true, nil
			}
		}
		return false, all.Err()
	}, func(key string) error {
		p := &stripe.InvoiceParams{
			Params: params(ctx, key), Customer: &in.Customer, Currency: stripe.String(lower(in.Invoice.Currency)),
			AutoAdvance: stripe.Bool(false), PendingInvoiceItemsBehavior: stripe.String("exclude"),
			Description: stripe.String("Invoice " + in.Invoice.Number + " of " + in.Invoice.Period.String()),
		}
		if in.Way.Kind != "" {
			p.CollectionMethod = stripe.String(string(stripe.InvoiceCollectionMethodChargeAutomatically))
		} else {
			p.CollectionMethod = stripe.String(string(stripe.InvoiceCollectionMethodSendInvoice))
			p.DaysUntilDue = stripe.Int64(max(1, int64(in.Invoice.DueAt.Sub(in.Invoice.IssuedAt)/(24*time.Hour))))
		}
		if c.cfg.Tax {
			p.AutomaticTax = &stripe.InvoiceAutomaticTaxParams{Enabled: stripe.Bool(true)}
		}
		p.AddMetadata(invoiceOfOurs, in.Invoice.ID.String())
		p.AddMetadata(tenantOfOurs, in.Invoice.Tenant.String())
		p.AddMetadata("observatory_number", in.Invoice.Number)
		made, err := c.api.Invoices.New(p)
		if err == nil {
			found = made
		}
		return err
	})
	return found, err
}

// fill adds the lines that the draft does not have yet.
func (c *Client) fill(ctx context.Context, in payment.CollectInput, draft string, amounts []int64) error {
	for i, l := range in.Invoice.Lines {
		amount := amounts[i]
		var there map[uuid.UUID]bool
		err := once("line/"+l.ID.String(), func() (found bool, err error) {
			there, err = c.lines(ctx, draft)
			return there[l.ID], err
		}, func(key string) error {
			p := &stripe.InvoiceItemParams{
				Params: params(ctx, key), Customer: &in.Customer, Invoice: &draft, Currency: stripe.String(lower(in.Invoice.Currency)),
				Amount: &amount, Description: stripe.String(description(l)), Discountable: stripe.Bool(false),
			}
			if l.To.After(l.From) {
				p.Period = &stripe.InvoiceItemPeriodParams{Start: stripe.Int64(l.From.Unix()), End: stripe.Int64(l.To.Unix())}
			}
			p.AddMetadata(lineOfOurs, l.ID.String())
			_, err := c.api.InvoiceItems.New(p)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lines are those of ours that an invoice has.
func (c *Client) lines(ctx context.Context, invoice string) (map[uuid.UUID]bool, error) {
	there := make(map[uuid.UUID]bool)
	all := c.api.InvoiceItems.List(&stripe.InvoiceItemListParams{ListParams: listing(ctx), Invoice: &invoice})
	for all.Next() {
		if id, err := uuid.Parse(all.InvoiceItem().Metadata[lineOfOurs]); err == nil {
			there[id] = true
		}
	}
	return there, all.Err()
}

// send has a draft that is complete collected, if its amount is ours.
func (c *Client) send(ctx context.Context, in payment.CollectInput, draft string) (*stripe.Invoice, error) {
	v, err := c.api.Invoices.Get(draft, expanded(ctx))
	if err != nil {
		return &stripe.Invoice{ID: draft}, translate(err)
	}
	if got := fromStripe(v.Subtotal, in.Invoice.Currency); got != in.Invoice.Total {
		return v, payment.ErrAmount.Because(errors.New(got.Format(in.Invoice.Currency) + " instead of " + in.Invoice.Total.Format(in.Invoice.Currency)))
	}
	if v.Status == stripe.InvoiceStatusDraft {
		p := &stripe.InvoiceFinalizeInvoiceParams{Params: params(ctx, ""), AutoAdvance: stripe.Bool(true)}
		if _, err := c.api.Invoices.FinalizeInvoice(draft, p); err != nil && !refusedFor(err, "invoice_not_editable", "already finalized") {
			return v, translate(err)
		}
	}
	v, err = c.api.Invoices.Get(draft, expanded(ctx))
	return v, translate(err)
}

// Document implements payment.Collector.
func (c *Client) Document(ctx context.Context, id string) (payment.Document, error) {
	v, err := c.api.Invoices.Get(id, expanded(ctx))
	if err != nil {
		return payment.Document{}, translate(err)
	}
	return documentOf(v), nil
}

// Settle implements payment.Collector.
func (c *Client) Settle(ctx context.Context, id string, state billing.InvoiceState) (payment.Document, error) {
	var err error
	switch state {
	case billing.Paid:
		_, err = c.api.Invoices.Pay(id, &stripe.InvoicePayParams{Params: params(ctx, ""), PaidOutOfBand: stripe.Bool(true)})
	case billing.Void:
		_, err = c.api.Invoices.VoidInvoice(id, &stripe.InvoiceVoidInvoiceParams{Params: params(ctx, "")})
	case billing.Uncollectible:
		_, err = c.api.Invoices.MarkUncollectible(id, &stripe.InvoiceMarkUncollectibleParams{Params: params(ctx, "")})
	case billing.Issued, billing.PastDue:
	}
	var told *stripe.Error
	if err != nil && (!errors.As(err, &told) || told.HTTPStatusCode != http.StatusBadRequest) { // 400: it is settled already
		return payment.Document{}, translate(err)
	}
	return c.Document(ctx, id)
}

func expanded(ctx context.Context) *stripe.InvoiceParams {
	p := &stripe.InvoiceParams{Params: params(ctx, "")}
	p.AddExpand("payment_intent")
	return p
}

func documentOf(v *stripe.Invoice) payment.Document {
	c := billing.Currency(strings.ToUpper(string(v.Currency)))
	d := payment.Document{
		ID: v.ID, State: payment.DocumentState(v.Status), Currency: c, Amount: fromStripe(v.Subtotal, c), Tax: fromStripe(v.Tax, c), Due: fromStripe(v.AmountRemaining, c),
		Page: v.HostedInvoiceURL,
	}
	if v.StatusTransitions != nil {
		d.PaidAt = at(v.StatusTransitions.PaidAt)
	}
	if v.PaymentIntent != nil && v.PaymentIntent.LastPaymentError != nil && v.Status == stripe.InvoiceStatusOpen {
		d.Declined = v.PaymentIntent.LastPaymentError.Msg
	}
	return d
}

// declined says whether somebody's bank said no, which is no fault of the request.
func declined(err error) bool {
	var told *stripe.Error
	return errors.As(err, &told) && (told.Type == stripe.ErrorTypeCard || told.HTTPStatusCode == http.StatusPaymentRequired)
}

// description is a line in words. Stripe takes 500 characters.
func description(l billing.Line) string {
	const most = 500
	text := l.Text
	if l.Tier != "" {
		text += " (" + l.Tier + ")"
	}
	if l.Unit != "" {
		text += ", " + l.Unit
	}
	return text[:min(len(text), most)]
}
