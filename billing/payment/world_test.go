package payment_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/billingstripe"
	"github.com/observatory/observatory/billing/billingstripe/fakestripe"
	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

const (
	hookSecret = "whsec_of_the_tests_1"
	day        = 24 * time.Hour
)

// world is a tenant with its invoices and its usage, a database, and a Stripe.
type world struct {
	t      testing.TB
	tenant tenants.ID
	by     tenants.By
	stripe *fakestripe.Fake
	book   billingpg.Payments
	pool   *pg.Pool
	it     *payment.Service
	post   *post
	house  *tenants.Services

	mu       sync.Mutex
	clock    time.Time
	invoices []billing.Invoice
	entries  []billing.Entry
	chosen   []payment.Choice
	effects  []payment.Standing
}

// newWorld makes a world; without a provider if local.
func newWorld(t testing.TB, local bool) *world {
	t.Helper()
	w := &world{t: t, clock: time.Date(2026, 3, 10, 9, 30, 0, 0, time.UTC), post: &post{}}
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	w.pool = pool
	public := &url.URL{Scheme: "https", Host: "observatory.example"}
	w.house, err = tenants.New(
		tenants.Config{PublicURL: public, SecretKey: make([]byte, 32), Passwords: tenants.PasswordConfig{MemoryKiB: 64, Passes: 1}},
		tenants.Deps{Store: tenantspg.New(pool, testkit.Logger(t)), Mailer: w.post, Log: testkit.Logger(t), Now: w.now},
	)
	require.NoError(t, err)
	require.NoError(t, w.house.SigningKeys.Ensure(t.Context()))
	signedUp, err := w.house.Accounts.SignUp(t.Context(), tenants.SignUpInput{Email: "owner@example.com", Password: "correct horse battery", Organisation: "Acme"})
	require.NoError(t, err)
	principal, err := signedUp.Session.Principal()
	require.NoError(t, err)
	w.tenant, w.by = principal.Tenant, tenants.By{Principal: principal}

	w.book = billingpg.New(pool).Payments(w.house.Outbox)
	d := payment.Deps{
		Book: w.book, Organisations: w.book, Invoices: w, Ledger: w, Plans: w, Jobs: jobspg.New(pool, jobspg.Config{}),
		Dunning: plan.Dunning{Remind: []time.Duration{day, 7 * day}, Restrict: 14 * day, Suspend: 30 * day},
		Effect: func(_ context.Context, _ tenants.ID, s payment.Standing) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.effects = append(w.effects, s)
			return nil
		},
		PublicURL: public, Now: w.now, Logger: testkit.Logger(t),
	}
	w.stripe = fakestripe.New(hookSecret, w.now)
	if !local {
		server := httptest.NewServer(w.stripe)
		t.Cleanup(server.Close)
		d.Provider = billingstripe.New(billingstripe.Config{SecretKey: "sk_test_1", WebhookSecret: hookSecret, URL: server.URL, Now: w.now})
	}
	w.it = payment.New(d)
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

func (w *world) look() {
	w.t.Helper()
	require.NoError(w.t, w.it.Look(w.t.Context(), w.tenant))
}

func (w *world) account() payment.Account {
	w.t.Helper()
	a, err := w.book.Account(w.t.Context(), w.tenant)
	require.NoError(w.t, err)
	return a
}

// issue issues an invoice of these amounts, due in 14 days.
func (w *world) issue(currency billing.Currency, amounts ...billing.Amount) billing.Invoice {
	now := w.now()
	v := billing.Invoice{
		ID: uuid.New(), Tenant: w.tenant, Kind: billing.InvoiceKind, Number: "2026-000001", Period: billing.PeriodOf(now).Before(), Currency: currency,
		State: billing.Issued, IssuedAt: now, DueAt: now.Add(14 * day),
	}
	for _, a := range amounts {
		v.Lines = append(v.Lines, billing.Line{ID: uuid.New(), Kind: billing.UsageLine, Text: "Events", From: v.Period.From, To: v.Period.To, Amount: a})
		v.Total += a
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.invoices = append(w.invoices, v)
	return v
}

// card says how the tenant pays.
func (w *world) card(c fakestripe.Card) {
	w.t.Helper()
	_, err := w.it.Checkout(w.t.Context(), w.by, payment.Choice{})
	require.NoError(w.t, err)
	require.True(w.t, w.stripe.Complete(c))
	w.look()
	require.Equal(w.t, c.Last4, w.account().Way.Last4)
}

func visa() fakestripe.Card {
	return fakestripe.Card{Brand: "visa", Last4: "4242", Month: 12, Year: 2029}
}

// world is payment.Invoices.
func (w *world) Unpaid(context.Context, tenants.ID) (unpaid []billing.Invoice, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range w.invoices {
		if v.State != billing.Paid && v.State != billing.Void {
			unpaid = append(unpaid, v)
		}
	}
	return unpaid, nil
}

func (w *world) Find(_ context.Context, _ tenants.ID, id uuid.UUID) (billing.Invoice, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.invoices[slices.IndexFunc(w.invoices, func(v billing.Invoice) bool { return v.ID == id })], nil
}

func (w *world) SetState(_ context.Context, _ tenants.ID, id uuid.UUID, state billing.InvoiceState, at time.Time, _ string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := &w.invoices[slices.IndexFunc(w.invoices, func(v billing.Invoice) bool { return v.ID == id })]
	if v.State = state; state == billing.Paid {
		v.PaidAt = at
	}
	return nil
}

func (w *world) Owing(context.Context) ([]tenants.ID, error) { return []tenants.ID{w.tenant}, nil }

func (w *world) state(v billing.Invoice) billing.InvoiceState {
	found, _ := w.Find(w.t.Context(), w.tenant, v.ID)
	return found.State
}

// world is payment.Plans.
func (w *world) Now(context.Context, tenants.ID) (billing.Terms, plan.Plan, error) {
	return billing.Terms{Tenant: w.tenant, Plan: "free", Currency: "USD", Interval: billing.Monthly}, plan.Plan{Key: "free", Title: "Free"}, nil
}

func (w *world) Check(context.Context, tenants.ID, payment.Choice) error { return nil }

func (w *world) Choose(ctx context.Context, _ tenants.ID, c payment.Choice, _ string) error {
	ok, err := w.it.CanPay(ctx, w.tenant)
	require.True(w.t, ok, "it is known how the tenant pays before the plan changes")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.chosen = append(w.chosen, c)
	return err
}

// count adds a revision to the ledger.
func (w *world) count(meter billing.MeterName, hour time.Time, quantity int64) {
	at := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	revision := 1
	for _, e := range w.entries {
		if e.Meter == meter && e.Hour.Equal(hour) {
			revision = max(revision, e.Revision+1)
		}
	}
	w.entries = append(w.entries, billing.Entry{Tenant: w.tenant, Meter: meter, Hour: hour, Revision: revision, Quantity: quantity, At: at})
}

// Booked implements payment.Ledger.
func (w *world) Booked(_ context.Context, _ tenants.ID, from, since time.Time) (booked []billing.Entry, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	type key struct {
		meter billing.MeterName
		hour  int64
	}
	newest, fresh := make(map[key]billing.Entry), make(map[key]bool)
	for _, e := range w.entries {
		k := key{e.Meter, e.Hour.Unix()}
		if e.Hour.Before(from) {
			continue
		}
		if e.Revision > newest[k].Revision {
			newest[k] = e
		}
		fresh[k] = fresh[k] || !e.At.Before(since)
	}
	for k, e := range newest {
		if fresh[k] {
			booked = append(booked, e)
		}
	}
	return booked, nil
}

// audited is how often something stands in the audit log.
func (w *world) audited(action string) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.pool.WithTenant(w.t.Context(), uuid.UUID(w.tenant), func(tx pgx.Tx) error {
		return tx.QueryRow(w.t.Context(), "SELECT count(*) FROM audit_log WHERE action = $1", action).Scan(&n)
	}))
	return n
}

// mails are the subjects of those that were sent about payment.
func (w *world) mails() (subjects []string) {
	w.t.Helper()
	_, err := w.house.Outbox.Deliver(w.t.Context(), 100)
	require.NoError(w.t, err)
	w.post.mu.Lock()
	defer w.post.mu.Unlock()
	for _, m := range w.post.all {
		if m.Kind == "payment" {
			subjects = append(subjects, m.Subject)
		}
	}
	return subjects
}

type post struct {
	mu  sync.Mutex
	all []tenants.Message
}

func (p *post) Send(_ context.Context, m tenants.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, m)
	return nil
}
