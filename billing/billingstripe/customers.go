package billingstripe

import (
	"context"
	"fmt"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/observatory/observatory/billing/payment"
)

// Customer implements payment.Customers.
func (c *Client) Customer(ctx context.Context, in payment.CustomerInput) (id string, err error) {
	err = once("customer/"+in.Tenant.String(), func() (bool, error) {
		all := c.api.Customers.Search(&stripe.CustomerSearchParams{
			SearchParams: stripe.SearchParams{Context: ctx, Query: fmt.Sprintf("metadata['%s']:'%s'", tenantOfOurs, in.Tenant)},
		})
		for all.Next() {
			if found := all.Customer(); !found.Deleted {
				id = found.ID
				return true, nil
			}
		}
		return false, all.Err()
	}, func(key string) error {
		p := &stripe.CustomerParams{Params: params(ctx, key), Name: &in.Name}
		if in.Email != "" {
			p.Email = &in.Email
		}
		p.AddMetadata(tenantOfOurs, in.Tenant.String())
		made, err := c.api.Customers.New(p)
		if err == nil {
			id = made.ID
		}
		return err
	})
	return id, err
}

// Way implements payment.Customers.
func (c *Client) Way(ctx context.Context, customer string) (payment.Way, error) {
	p := &stripe.CustomerParams{Params: params(ctx, "")}
	p.AddExpand("invoice_settings.default_payment_method")
	found, err := c.api.Customers.Get(customer, p)
	if err != nil {
		return payment.Way{}, translate(err)
	}
	if found.Deleted {
		return payment.Way{}, payment.ErrProviderUnknown
	}
	if found.InvoiceSettings == nil || found.InvoiceSettings.DefaultPaymentMethod == nil {
		return payment.Way{}, nil
	}
	return wayOf(found.InvoiceSettings.DefaultPaymentMethod), nil
}

func wayOf(m *stripe.PaymentMethod) payment.Way {
	w := payment.Way{Kind: string(m.Type)}
	switch {
	case m.Card != nil:
		w.Brand, w.Last4 = string(m.Card.Brand), m.Card.Last4
		if m.Card.ExpYear > 0 {
			until := time.Date(int(m.Card.ExpYear), time.Month(m.Card.ExpMonth)+1, 1, 0, 0, 0, 0, time.UTC) // to the end of the month
			w.Until = &until
		}
	case m.SEPADebit != nil:
		w.Last4 = m.SEPADebit.Last4
	}
	return w
}

// Checkout implements payment.Customers.
func (c *Client) Checkout(ctx context.Context, in payment.CheckoutInput) (payment.Page, error) {
	p := &stripe.CheckoutSessionParams{
		Params: params(ctx, ""), Mode: stripe.String(string(stripe.CheckoutSessionModeSetup)), Customer: &in.Customer,
		Currency: stripe.String(lower(in.Currency)), ClientReferenceID: stripe.String(in.Tenant.String()),
		SuccessURL: stripe.String(in.Back + "?checkout=done"), CancelURL: stripe.String(in.Back + "?checkout=cancelled"),
	}
	p.AddMetadata(tenantOfOurs, in.Tenant.String())
	if in.Plan != "" {
		p.AddMetadata(planOfOurs, in.Plan)
	}
	made, err := c.api.CheckoutSessions.New(p)
	if err != nil {
		return payment.Page{}, translate(err)
	}
	return payment.Page{ID: made.ID, URL: made.URL, Until: at(made.ExpiresAt)}, nil
}

// CheckedOut implements payment.Customers.
func (c *Client) CheckedOut(ctx context.Context, checkout string) (payment.CheckoutState, error) {
	p := &stripe.CheckoutSessionParams{Params: params(ctx, "")}
	p.AddExpand("setup_intent.payment_method")
	s, err := c.api.CheckoutSessions.Get(checkout, p)
	if err != nil {
		return "", translate(err)
	}
	switch s.Status {
	case stripe.CheckoutSessionStatusExpired:
		return payment.CheckoutExpired, nil
	case stripe.CheckoutSessionStatusOpen:
		return payment.CheckoutOpen, nil
	case stripe.CheckoutSessionStatusComplete:
	}
	if s.SetupIntent == nil || s.SetupIntent.PaymentMethod == nil || s.Customer == nil {
		return payment.CheckoutOpen, nil // the bank is still at it
	}
	_, err = c.api.Customers.Update(s.Customer.ID, &stripe.CustomerParams{
		Params:          params(ctx, ""),
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &s.SetupIntent.PaymentMethod.ID},
	})
	return payment.CheckoutDone, translate(err)
}

// Portal implements payment.Customers.
func (c *Client) Portal(ctx context.Context, customer, back string) (payment.Page, error) {
	made, err := c.api.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Params: params(ctx, ""), Customer: &customer, ReturnURL: &back})
	if err != nil {
		return payment.Page{}, translate(err)
	}
	return payment.Page{ID: made.ID, URL: made.URL}, nil
}

// at is a time of Stripe's; the zero time for none.
func at(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}
