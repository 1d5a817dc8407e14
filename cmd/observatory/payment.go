package main

import (
	"context"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/tenants"
)

// newPayment makes what knows who has paid.
func newPayment(n *node, public *url.URL) *payment.Service {
	book := billingpg.New(n.postgres).Payments(n.tenants.Outbox)
	return payment.New(payment.Deps{
		Book: book, Organisations: book, Invoices: noInvoices{}, Plans: onePlan{},
		Jobs: n.jobs, PublicURL: public, Now: n.now, Logger: n.logger,
	})
}

// noInvoices are the invoices of an installation that issues none.
type noInvoices struct{}

func (noInvoices) Unpaid(context.Context, tenants.ID) ([]billing.Invoice, error) { return nil, nil }
func (noInvoices) Owing(context.Context) ([]tenants.ID, error)                   { return nil, nil }

func (noInvoices) Find(context.Context, tenants.ID, uuid.UUID) (billing.Invoice, error) {
	return billing.Invoice{}, nil
}

func (noInvoices) SetState(context.Context, tenants.ID, uuid.UUID, billing.InvoiceState, time.Time, string) error {
	return nil
}

// onePlan is what everybody has.
type onePlan struct{}

func (onePlan) Now(_ context.Context, tenant tenants.ID) (billing.Terms, plan.Plan, error) {
	return billing.Terms{Tenant: tenant, Plan: "free", Currency: "USD", Interval: billing.Monthly}, plan.Plan{Key: "free", Title: "Free"}, nil
}
func (onePlan) Choose(context.Context, tenants.ID, payment.Choice, string) error { return nil }
func (onePlan) Check(context.Context, tenants.ID, payment.Choice) error          { return nil }
