package billingpg

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg/db"
	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

// What payment asks of the rows of others.
var (
	_ payment.Invoices      = Payments{}
	_ payment.Ledger        = Payments{}
	_ payment.Organisations = Payments{}
)

// Customer implements payment.Organisations.
func (s Payments) Customer(ctx context.Context, tenant tenants.ID) (in payment.CustomerInput, gone bool, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		r, err := q.PaymentCustomer(ctx)
		in, gone = payment.CustomerInput{Tenant: tenant, Name: r.Name, Email: r.Email}, r.ClosedAt != nil
		return err
	})
	return in, gone, err
}

// Unpaid implements payment.Invoices.
func (s Payments) Unpaid(ctx context.Context, tenant tenants.ID) (unpaid []billing.Invoice, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		ids, err := q.UnpaidInvoicesOfTenant(ctx)
		for _, id := range ids {
			invoice, _, err := getInvoice(ctx, q, id)
			if err != nil {
				return err
			}
			unpaid = append(unpaid, invoice)
		}
		return err
	})
	return unpaid, err
}

// Find implements payment.Invoices.
func (s Payments) Find(ctx context.Context, tenant tenants.ID, id uuid.UUID) (billing.Invoice, error) {
	invoice, _, err := s.Store.Invoices().Invoice(ctx, tenant, id)
	return invoice, err
}

// SetState implements payment.Invoices.
func (s Payments) SetState(ctx context.Context, tenant tenants.ID, id uuid.UUID, state billing.InvoiceState, at time.Time, by string) error {
	_, err := s.Store.Invoices().Mark(ctx, tenant, id, state, at, tenants.AuditEntry{
		At: at, Actor: tenants.Actor{Kind: tenants.ActorSystem, Label: by}, Action: "invoice." + string(state), Target: "invoice:" + id.String(),
	})
	return err
}

// Owing implements payment.Invoices.
func (s Payments) Owing(ctx context.Context) ([]tenants.ID, error) {
	return s.list(ctx, (*db.Queries).TenantsThatOwe)
}

// Booked implements payment.Ledger.
func (s Payments) Booked(ctx context.Context, tenant tenants.ID, from, since time.Time) (booked []billing.Entry, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.BookedSince(ctx, db.BookedSinceParams{FromHour: from, Since: since})
		booked, err = pg.Each(rows, err, func(r db.BookedSinceRow) billing.Entry { return toEntry(tenant, db.UsageRevisionsRow(r)) })
		return err
	})
	return slices.DeleteFunc(booked, func(e billing.Entry) bool {
		m, ok := billing.MeterOf(e.Meter)
		return !ok || m.Free
	}), err
}
