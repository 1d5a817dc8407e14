package billingpg

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg/db"
	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// Payments is a payment.Book, and what payment asks of the rows of others.
type Payments struct {
	*Store
	mails *tenants.Outbox
}

var _ payment.Book = Payments{}

// Payments gives the store as the book of payments, whose letters go through that outbox.
func (s *Store) Payments(mails *tenants.Outbox) Payments { return Payments{Store: s, mails: mails} }

// Account implements payment.Book.
func (s Payments) Account(ctx context.Context, tenant tenants.ID) (a payment.Account, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		r, err := q.PaymentAccount(ctx)
		if errors.Is(err, pgx.ErrNoRows) {
			a = payment.Account{Tenant: tenant, Standing: payment.OK, Effective: payment.OK}
			return nil
		}
		a = payment.Account{
			Tenant: tenant, Standing: payment.Standing(r.Standing), Since: r.Since.UTC(), Effective: payment.Standing(r.Effective),
			OverdueSince: pg.UTC(r.OverdueSince), Reminded: int(r.Reminded), SuspendedBy: r.SuspendedBy,
			Customer: r.Customer, MeteredFrom: pg.UTC(r.MeteredFrom), MeteredUntil: pg.UTC(r.MeteredUntil), ReconciledAt: pg.UTC(r.ReconciledAt), Subscription: r.Subscription, Subscribed: r.Subscribed,
			Way:      payment.Way{Kind: r.WayKind, Brand: r.WayBrand, Last4: r.WayLast4, Until: pg.UTC(r.WayUntil)},
			LookedAt: pg.UTC(r.LookedAt), Error: r.Error,
		}
		return err
	})
	return a, err
}

// Become implements payment.Book.
func (s Payments) Become(ctx context.Context, a, was payment.Account, entry tenants.AuditEntry, letter *payment.Letter) error {
	const worth = 30 * 24 * time.Hour
	return s.across(ctx, func(outside pgx.Tx, _ *db.Queries) error {
		if letter != nil {
			err := mailManagers(ctx, outside, s.mails, a.Tenant, entry.At.Add(worth), func(organisation string) tenants.Notice {
				return tenants.Notice{
					Kind: "payment", Subject: letter.Subject + " - " + organisation, Before: letter.Before, Action: letter.Action, Link: letter.Link, After: letter.After,
				}
			})
			if err != nil {
				return err
			}
		}
		if err := stepInside(ctx, outside, a.Tenant); err != nil {
			return err
		}
		q := db.New(outside)
		if err := q.OpenPaymentAccount(ctx, a.Since); err != nil {
			return err
		}
		n, err := q.SetStanding(ctx, db.SetStandingParams{
			Standing: string(a.Standing), Since: a.Since, OverdueSince: a.OverdueSince, SuspendedBy: a.SuspendedBy, Reminded: int32(a.Reminded), //nolint:gosec // small
			Was: string(was.Standing), WasReminded: int32(was.Reminded), WasSuspendedBy: was.SuspendedBy, //nolint:gosec // small
		})
		if err := pg.MustTouch(n, err, payment.ErrMoved); err != nil {
			return err
		}
		_, err = tenantspg.AppendAudit(ctx, outside, a.Tenant, entry)
		return err
	})
}

// stepInside has a transaction across tenants go on inside one.
func stepInside(ctx context.Context, tx pgx.Tx, tenant tenants.ID) error {
	_, err := tx.Exec(ctx, "SELECT set_config('role', 'observatory_app', true), set_config('app.tenant_id', $1, true)", tenant.String())
	return err
}

// TookEffect implements payment.Book.
func (s Payments) TookEffect(ctx context.Context, tenant tenants.ID, standing payment.Standing) error {
	return s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error { return q.StandingTookEffect(ctx, string(standing)) })
}

// SaveProvider implements payment.Book.
func (s Payments) SaveProvider(ctx context.Context, a payment.Account) error {
	return s.within(ctx, a.Tenant, func(_ pgx.Tx, q *db.Queries) error {
		since := a.Since
		if since.IsZero() && a.MeteredFrom != nil {
			since = *a.MeteredFrom
		}
		if err := q.OpenPaymentAccount(ctx, since); err != nil {
			return err
		}
		return q.SaveProviderAccount(ctx, db.SaveProviderAccountParams{
			Customer: a.Customer, MeteredFrom: a.MeteredFrom, Subscription: a.Subscription, Subscribed: a.Subscribed,
			WayKind: a.Way.Kind, WayBrand: a.Way.Brand, WayLast4: a.Way.Last4, WayUntil: a.Way.Until, LookedAt: a.LookedAt, Error: a.Error,
		})
	})
}

// SaveMetered implements payment.Book.
func (s Payments) SaveMetered(ctx context.Context, tenant tenants.ID, until time.Time, reconciled *time.Time) error {
	return s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		return q.SaveMetered(ctx, db.SaveMeteredParams{MeteredUntil: until, ReconciledAt: reconciled})
	})
}

// AddCheckout implements payment.Book.
func (s Payments) AddCheckout(ctx context.Context, tenant tenants.ID, c payment.Checkout) error {
	return s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		return q.AddCheckout(ctx, db.AddCheckoutParams{
			ID: c.ID, Plan: c.Choice.Plan, PlanInterval: string(c.Choice.Interval), Currency: string(c.Choice.Currency), AskedBy: c.By, MadeAt: c.MadeAt,
		})
	})
}

// OpenCheckouts implements payment.Book.
func (s Payments) OpenCheckouts(ctx context.Context, tenant tenants.ID) (open []payment.Checkout, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.OpenCheckouts(ctx)
		open, err = pg.Each(rows, err, func(r db.OpenCheckoutsRow) payment.Checkout {
			choice := payment.Choice{Plan: r.Plan, Interval: billing.Interval(r.PlanInterval), Currency: billing.Currency(r.Currency)}
			return payment.Checkout{ID: r.ID, Choice: choice, By: r.AskedBy, MadeAt: r.MadeAt.UTC()}
		})
		return err
	})
	return open, err
}

// EndCheckout implements payment.Book.
func (s Payments) EndCheckout(ctx context.Context, tenant tenants.ID, id string, state payment.CheckoutState, at time.Time, why string) error {
	return s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		return q.EndCheckout(ctx, db.EndCheckoutParams{ID: id, State: string(state), EndedAt: at, Error: why})
	})
}

// Records implements payment.Book.
func (s Payments) Records(ctx context.Context, tenant tenants.ID, invoices []uuid.UUID) (records []payment.Record, err error) {
	err = s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := q.PaymentDocuments(ctx, invoices)
		records, err = pg.Each(rows, err, func(r db.PaymentDocumentsRow) payment.Record {
			return payment.Record{
				Invoice: r.InvoiceID, BegunAt: r.BegunAt.UTC(), LookedAt: pg.UTC(r.LookedAt), Error: r.Error,
				Document: payment.Document{
					ID: r.ProviderID, State: payment.DocumentState(r.State), Tax: billing.Amount(r.Tax), Due: billing.Amount(r.Due), Page: r.Page, Declined: r.Declined,
				},
			}
		})
		return err
	})
	return records, err
}

// SaveRecord implements payment.Book.
func (s Payments) SaveRecord(ctx context.Context, tenant tenants.ID, r payment.Record) error {
	return s.within(ctx, tenant, func(_ pgx.Tx, q *db.Queries) error {
		d := r.Document
		return q.SavePaymentDocument(ctx, db.SavePaymentDocumentParams{
			InvoiceID: r.Invoice, BegunAt: r.BegunAt, ProviderID: d.ID, State: string(d.State), Tax: int64(d.Tax), Due: int64(d.Due), Page: d.Page, Declined: d.Declined,
			LookedAt: r.LookedAt, Error: r.Error,
		})
	})
}

// Turn implements payment.Book.
func (s Payments) Turn(ctx context.Context) (all []tenants.ID, err error) {
	return s.list(ctx, (*db.Queries).PaymentTurn)
}

// Metered implements payment.Book.
func (s Payments) Metered(ctx context.Context) (all []tenants.ID, err error) {
	return s.list(ctx, (*db.Queries).CustomersOfProvider)
}

func (s Payments) list(ctx context.Context, which func(*db.Queries, context.Context) ([]uuid.UUID, error)) (all []tenants.ID, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		rows, err := which(q, ctx)
		all, err = pg.Each(rows, err, func(id uuid.UUID) tenants.ID { return tenants.ID(id) })
		return err
	})
	return all, err
}

// Ring implements payment.Book.
func (s Payments) Ring(ctx context.Context, e payment.Event, at time.Time, job func(tenants.ID) jobs.Job) (known, again bool, err error) {
	err = s.across(ctx, func(tx pgx.Tx, q *db.Queries) error {
		copies, err := q.AddPaymentEvent(ctx, db.AddPaymentEventParams{ID: e.ID, Kind: e.Kind, Customer: e.Customer, HappenedAt: e.At, ReceivedAt: at})
		if err != nil {
			return err
		}
		again = copies > 1
		tenant, err := q.TenantOfCustomer(ctx, e.Customer)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil || again {
			known = err == nil
			return err
		}
		known = true
		return jobspg.Insert(ctx, tx, job(tenants.ID(tenant)))
	})
	return known, again, err
}

// Rung implements payment.Book.
func (s Payments) Rung(ctx context.Context, customer string) (ids []string, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		ids, err = q.OpenPaymentEvents(ctx, customer)
		return err
	})
	return ids, err
}

// Answered implements payment.Book.
func (s Payments) Answered(ctx context.Context, ids []string, at time.Time) error {
	if len(ids) == 0 {
		return nil
	}
	return s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		return q.EndPaymentEvents(ctx, db.EndPaymentEventsParams{DoneAt: at, Ids: ids})
	})
}

// Sweep implements payment.Book.
func (s Payments) Sweep(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.across(ctx, func(_ pgx.Tx, q *db.Queries) error {
		n, err = q.SweepPaymentEvents(ctx, before)
		return err
	})
	return n, err
}
