package billingpg

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg/db"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// Invoices is an invoicing.Books.
type Invoices struct {
	*Store
	mails *tenants.Outbox // nil: nobody is told
}

var _ invoicing.Books = Invoices{}

// Invoices gives the store as the books of invoices.
func (s *Store) Invoices() Invoices { return Invoices{Store: s} }

// Mailing has those who manage the billing of an organisation get its invoices by mail.
func (s Invoices) Mailing(mails *tenants.Outbox) Invoices {
	s.mails = mails
	return s
}

// Read implements invoicing.Books.
func (s Invoices) Read(ctx context.Context, tenant tenants.ID) (state invoicing.State, err error) {
	state.Tenant = tenant
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		// The revision comes first: what is written while the rest is read has another one.
		head, err := q.GetBilledTenant(ctx)
		if err != nil {
			return err
		}
		state.Name, state.Created, state.Revision = head.Name, head.CreatedAt.UTC(), head.Revision
		closed, err := q.ListClosedPeriods(ctx)
		if state.Closed, err = pg.Each(closed, err, func(r db.ListClosedPeriodsRow) invoicing.Closed {
			return invoicing.Closed{Period: period(r.FromAt, r.ToAt), Until: r.UntilAt.UTC(), Read: r.ReadAt.UTC()}
		}); err != nil {
			return err
		}
		charges, err := q.ListCharges(ctx)
		if state.Charged, err = pg.Each(charges, err, toCharge); err != nil {
			return err
		}
		state.Balance, err = balance(ctx, q)
		return err
	})
	return state, err
}

// Close implements invoicing.Books.
func (s Invoices) Close(ctx context.Context, c invoicing.Closing) (issued []billing.Invoice, err error) {
	err = s.across(ctx, func(t pgx.Tx, q *db.Queries) error {
		issued = append(issued[:0], c.Documents...)
		if n := int64(len(issued)); n > 0 {
			year := c.At.UTC().Year()
			last, err := q.TakeInvoiceNumbers(ctx, db.TakeInvoiceNumbersParams{Year: int32(year), Wanted: n}) //nolint:gosec // a year
			if err != nil {
				return err
			}
			for i := range issued {
				issued[i].Number = fmt.Sprintf("%04d-%06d", year, last-n+1+int64(i))
			}
		}
		if err := s.mail(ctx, t, c, issued); err != nil {
			return err
		}
		if err := stepInside(ctx, t, c.Tenant); err != nil {
			return err
		}
		return writeClosing(ctx, t, q, c, issued)
	})
	return issued, err
}

func writeClosing(ctx context.Context, t pgx.Tx, q *db.Queries, c invoicing.Closing, documents []billing.Invoice) error {
	move := func() (int64, error) { return q.MoveBooks(ctx, c.Revision) }
	if c.Revision == 0 {
		move = func() (int64, error) { return q.BeginBooks(ctx) }
	}
	n, err := move()
	if err := pg.MustTouch(n, err, invoicing.ErrMoved); err != nil {
		return err
	}
	if err := q.ClosePeriod(ctx, db.ClosePeriodParams{
		FromAt: c.Month.Period.From, ToAt: c.Month.Period.To, UntilAt: c.Month.Until, ReadAt: c.Month.Read, ClosedAt: c.At,
	}); err != nil {
		return err
	}
	for _, d := range documents {
		if err := addInvoice(ctx, q, d, c.Month.Read); err != nil {
			return err
		}
	}
	for _, credit := range c.Credits {
		if err := addCredit(ctx, q, credit); err != nil {
			return err
		}
	}
	for _, d := range documents {
		if _, err := tenantspg.AppendAudit(ctx, t, c.Tenant, tenants.AuditEntry{
			At: c.At, Actor: tenants.Actor{Kind: tenants.ActorSystem, ID: "billing", Label: "Billing"}, Action: string(d.Kind) + ".issued", Target: "invoice:" + d.ID.String(),
			Details: tenants.Details{"number": d.Number, "period": d.Period.String(), "total": d.Total.Format(d.Currency)}, CorrelationID: d.ID.String(),
		}); err != nil {
			return err
		}
	}
	return nil
}

func addInvoice(ctx context.Context, q *db.Queries, d billing.Invoice, read time.Time) error {
	if err := q.AddInvoice(ctx, db.AddInvoiceParams{
		ID: d.ID, TenantName: d.TenantName, Kind: string(d.Kind), Number: d.Number, Corrects: d.Corrects, PeriodFrom: d.Period.From, PeriodTo: d.Period.To,
		Currency: string(d.Currency), Total: int64(d.Total), State: string(d.State), IssuedAt: d.IssuedAt, DueAt: d.DueAt, PaidAt: orNull(d.PaidAt), ReadAt: read,
	}); err != nil {
		return err
	}
	for i, l := range d.Lines {
		if err := q.AddInvoiceLine(ctx, db.AddInvoiceLineParams{
			ID: l.ID, InvoiceID: d.ID, Position: int32(i), Kind: string(l.Kind), Corrects: string(l.Corrects), ChargeFor: l.For.From, Text: l.Text, //nolint:gosec // a few dozen
			Plan: l.Plan, Meter: string(l.Meter), FromAt: l.From, ToAt: l.To, Quantity: l.Quantity, Tier: l.Tier, Unit: l.Unit, Amount: int64(l.Amount),
		}); err != nil {
			return err
		}
	}
	return nil
}

// Due implements invoicing.Books.
func (s Invoices) Due(ctx context.Context, before time.Time) (due []invoicing.Month, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.ListDuePeriods(ctx, before)
		due, err = pg.Each(rows, err, func(r db.ListDuePeriodsRow) invoicing.Month {
			return invoicing.Month{Tenant: tenants.ID(r.ID), Period: billing.PeriodOf(r.Month)}
		})
		return err
	})
	return due, err
}

// Invoice implements invoicing.Books.
func (s Invoices) Invoice(ctx context.Context, tenant tenants.ID, id uuid.UUID) (invoice billing.Invoice, notes []billing.Invoice, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		invoice, notes, err = getInvoice(ctx, q, id)
		return err
	})
	return invoice, notes, err
}

func getInvoice(ctx context.Context, q *db.Queries, id uuid.UUID) (invoice billing.Invoice, notes []billing.Invoice, err error) {
	row, err := q.GetInvoice(ctx, id)
	if err != nil {
		return invoice, nil, pg.OrNotFound(err, invoicing.ErrNotFound)
	}
	invoice = toInvoice(row)
	lines, err := q.ListInvoiceLines(ctx, id)
	if invoice.Lines, err = pg.Each(lines, err, toLine); err != nil {
		return invoice, nil, err
	}
	corrections, err := q.ListCreditNotesOf(ctx, id)
	notes, err = pg.Each(corrections, err, toInvoice)
	return invoice, notes, err
}

// List implements invoicing.Books.
func (s Invoices) List(ctx context.Context, tenant tenants.ID, before uuid.UUID, limit int) (all []billing.Invoice, err error) {
	if before == uuid.Nil {
		before = uuid.Max
	}
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.ListInvoices(ctx, db.ListInvoicesParams{Before: before, MaxRows: int32(limit)}) //nolint:gosec // a page
		all, err = pg.Each(rows, err, toInvoice)
		return err
	})
	return all, err
}

// Unpaid implements invoicing.Books.
func (s Invoices) Unpaid(ctx context.Context) (all []billing.Invoice, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.ListUnpaidInvoices(ctx)
		all, err = pg.Each(rows, err, toInvoice)
		return err
	})
	return all, err
}

// Mark implements invoicing.Books.
func (s Invoices) Mark(ctx context.Context, tenant tenants.ID, id uuid.UUID, state billing.InvoiceState, at time.Time, entry tenants.AuditEntry) (invoice billing.Invoice, err error) {
	err = s.within(ctx, tenant, func(t pgx.Tx, q *db.Queries) error {
		was, err := q.LockInvoice(ctx, id)
		if err != nil {
			return pg.OrNotFound(err, invoicing.ErrNotFound)
		}
		if invoice, _, err = getInvoice(ctx, q, id); err != nil || was == string(state) {
			return err
		}
		if invoice.Kind != billing.InvoiceKind || !invoicing.CanBecome(invoice.State, state) {
			return invoicing.ErrState
		}
		invoice.State, invoice.PaidAt = state, time.Time{}
		if state == billing.Paid {
			invoice.PaidAt = at
		}
		if err := q.MarkInvoice(ctx, db.MarkInvoiceParams{ID: id, State: string(state), PaidAt: orNull(invoice.PaidAt)}); err != nil {
			return err
		}
		entry.Details = tenants.Details{"number": invoice.Number, "was": was, "total": invoice.Total.Format(invoice.Currency)}
		_, err = tenantspg.AppendAudit(ctx, t, tenant, entry)
		return err
	})
	return invoice, err
}

// Grant implements invoicing.Books.
func (s Invoices) Grant(ctx context.Context, c invoicing.Credit, entry tenants.AuditEntry) error {
	return s.within(ctx, c.Tenant, func(t pgx.Tx, q *db.Queries) error {
		if err := q.TouchBooks(ctx); err != nil {
			return err
		}
		if err := addCredit(ctx, q, c); err != nil {
			return err
		}
		_, err := tenantspg.AppendAudit(ctx, t, c.Tenant, entry)
		return err
	})
}

// Credits implements invoicing.Books.
func (s Invoices) Credits(ctx context.Context, tenant tenants.ID, limit int) (all []invoicing.Credit, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.ListCredits(ctx, int32(limit)) //nolint:gosec // a page
		all, err = pg.Each(rows, err, func(r db.ListCreditsRow) invoicing.Credit {
			return invoicing.Credit{
				ID: r.ID, Tenant: tenant, At: r.At.UTC(), Currency: billing.Currency(r.Currency), Amount: billing.Amount(r.Amount), Kind: invoicing.CreditKind(r.Kind),
				Document: r.InvoiceID, Note: r.Note, By: r.ByWhom,
			}
		})
		return err
	})
	return all, err
}

// Balance implements invoicing.Books.
func (s Invoices) Balance(ctx context.Context, tenant tenants.ID) (b invoicing.Balance, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		b, err = balance(ctx, q)
		return err
	})
	return b, err
}

// Lines implements invoicing.Books.
func (s Invoices) Lines(ctx context.Context, tenant tenants.ID, meter billing.MeterName, from, to time.Time) (all []invoicing.IssuedLine, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.ListUsageLines(ctx, db.ListUsageLinesParams{Meter: string(meter), FromAt: from, ToAt: to})
		all, err = pg.Each(rows, err, func(r db.ListUsageLinesRow) invoicing.IssuedLine {
			return invoicing.IssuedLine{ID: r.ID, Invoice: r.InvoiceID, Number: r.Number, From: r.FromAt.UTC(), To: r.ToAt.UTC()}
		})
		return err
	})
	return all, err
}
