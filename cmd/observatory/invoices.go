package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingch"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

// newInvoices makes the service that closes months. It needs usage, plans and the books of receipts.
func newInvoices(n *node) *invoicing.Service {
	return invoicing.New(invoicing.Deps{
		Books: n.billing.Invoices().Mailing(n.tenants.Outbox), Usage: metered{n.usage}, Rates: invoicing.Agreed{Subscriptions: n.plans},
		Receipts: told{books: n.books, receipts: n.receipts, store: billingch.NewReceipts(n.events)}, Store: billingch.NewReceipts(n.events),
		Jobs: n.jobs, Due: n.plans.Plans().Dunning.Due, Now: n.now, Logger: n.logger,
	})
}

// metered is the usage ledger as invoices need it.
type metered struct{ *usage.Service }

// Settled implements invoicing.Usage.
func (m metered) Settled(ctx context.Context, tenant tenants.ID, month billing.Period) (waiting string, err error) {
	state, err := m.State(ctx, tenant, month)
	if err != nil || state.Complete {
		return "", err
	}
	return "Waiting until the usage of " + month.String() + " is counted.", nil
}

// Count implements invoicing.Usage.
func (m metered) Count(ctx context.Context, tenant tenants.ID, month billing.Period) error {
	if _, err := m.CountMonth(ctx, tenant, month); err != nil {
		return err
	}
	return m.Measure(ctx, tenant, month.From)
}

// EventIDs implements invoicing.Usage.
func (m metered) EventIDs(ctx context.Context, tenant tenants.ID, meter billing.MeterName, hour time.Time, limit int) ([]string, error) {
	events, _, err := m.Sample(ctx, tenant, meter, hour, limit)
	ids := make([]string, 0, len(events))
	for _, e := range events {
		if e.ID != "" {
			ids = append(ids, e.ID)
		}
	}
	return ids, err
}

// told is what senders were told, in the words of invoices.
type told struct {
	books    *ingest.Books
	receipts ingest.Receipts
	store    *billingch.Receipts
}

// Told implements invoicing.Receipts.
func (t told) Told(ctx context.Context, tenant tenants.ID, text string) (invoicing.Told, error) {
	receipt, err := t.books.Receipt(ctx, tenant, text)
	if err != nil {
		return invoicing.Told{}, err
	}
	c := receipt.Counts()
	return invoicing.Told{
		ID: uuid.UUID(receipt.ID), Received: receipt.ID.ReceivedAt(), Settled: receipt.Settled,
		Counts: invoicing.Counts{
			Received: receipt.ID.Count(), Stored: int(c.Stored), Duplicate: int(c.Duplicate), Quarantined: int(c.Quarantined), Suppressed: int(c.Suppressed),
			Held: int(c.Held), Pending: int(c.Pending()),
		},
	}, nil
}

// Between implements invoicing.Receipts. Receipts are kept for a while only; older ones are not among them.
func (t told) Between(ctx context.Context, tenant tenants.ID, from, to time.Time, behind string, limit int) ([]string, error) {
	var last ingest.ReceiptID
	if behind != "" {
		var err error
		if last, err = t.receipts.Open(tenant, behind); err != nil {
			return nil, tenants.ErrCursorInvalid
		}
	}
	ids, err := t.store.Between(ctx, tenant, from, to, uuid.UUID(last), limit)
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = t.receipts.Seal(tenant, ingest.ReceiptID(id))
	}
	return texts, err
}
