package main

import (
	"context"
	"net/url"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingstripe"
	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/quota"
	"github.com/observatory/observatory/billing/subscription"
	"github.com/observatory/observatory/tenants"
)

// newPayment makes what knows who has paid. Without a key of Stripe's, invoices are paid by hand.
func newPayment(n *node, public *url.URL) *payment.Service {
	book := n.billing.Payments(n.tenants.Outbox)
	d := payment.Deps{
		Book: book, Organisations: book, Invoices: book, Ledger: book, Plans: chosen{n.plans}, Dunning: n.plans.Plans().Dunning,
		Effect: n.standing, Jobs: n.jobs, PublicURL: public, Now: n.now, Logger: n.logger,
	}
	if n.cfg.StripeKey != "" {
		d.Provider = billingstripe.New(billingstripe.Config{
			SecretKey: n.cfg.StripeKey, WebhookSecret: n.cfg.StripeHook, URL: n.cfg.StripeURL, Tax: n.cfg.StripeTax, Now: n.now,
		})
	}
	return payment.New(d)
}

// standing has quotas hold or refuse the events of a tenant that does not pay, and store them again once it has paid.
func (n *node) standing(ctx context.Context, tenant tenants.ID, s payment.Standing) error {
	allowed := quota.Open
	switch s {
	case payment.Restricted:
		allowed = quota.Restricted
	case payment.Suspended:
		allowed = quota.Suspended
	case payment.OK, payment.PastDue:
	}
	return n.quotas.SetStanding(ctx, tenant, allowed)
}

// means says whether it is known how a tenant pays. The one who asks is made before the one who knows.
type means struct{ *node }

func (m means) CanPay(ctx context.Context, tenant tenants.ID) (bool, error) {
	return m.payment.CanPay(ctx, tenant)
}

// chosen are subscriptions as payment.Plans.
type chosen struct{ of *subscription.Service }

func (c chosen) Now(ctx context.Context, tenant tenants.ID) (billing.Terms, plan.Plan, error) {
	return c.of.Now(ctx, tenant)
}

func (c chosen) Check(ctx context.Context, tenant tenants.ID, choice payment.Choice) error {
	wish, err := c.wish(ctx, tenant, choice)
	if err != nil {
		return err
	}
	_, err = c.of.Preview(ctx, tenant, wish)
	return err
}

func (c chosen) Choose(ctx context.Context, tenant tenants.ID, choice payment.Choice, by string) error {
	wish, err := c.wish(ctx, tenant, choice)
	if err != nil {
		return err
	}
	principal := tenants.Principal{Tenant: tenant, Actor: tenants.Actor{Kind: tenants.ActorSystem, Label: by + " at the checkout"}}
	_, err = c.of.Change(ctx, tenants.By{Principal: principal}, wish)
	return err
}

// wish is a choice that keeps what it says nothing about.
func (c chosen) wish(ctx context.Context, tenant tenants.ID, choice payment.Choice) (subscription.Wish, error) {
	now, _, err := c.of.Now(ctx, tenant)
	return subscription.Wish{Plan: choice.Plan, Interval: choice.Interval, Currency: choice.Currency, Coupon: now.Coupon, SpendCap: now.SpendCap}, err
}
