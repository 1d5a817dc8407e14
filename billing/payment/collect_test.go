package payment_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingstripe/fakestripe"
	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/jobs"
)

// Whatever goes wrong between us and Stripe, there is one customer, one invoice with every line once, the same total, and it is paid once.
func TestAnInvoiceIsCollectedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.card(visa())
	total := billing.Amount(0)
	for _, request := range []string{"POST /v1/invoices", "POST /v1/invoiceitems", "POST /v1/invoices/", "GET /v1/invoices"} {
		for _, f := range []fakestripe.Failure{
			{Status: http.StatusTooManyRequests},
			{Status: http.StatusConflict},
			{Status: http.StatusInternalServerError},
			{Status: http.StatusInternalServerError, After: true},
			{After: true},
			{},
		} {
			f.Match, f.Times = request, 1
			w.stripe.Fail(f)
			v := w.issue("USD", 4900, 1234, -500)
			total += v.Total
			for tries := 0; w.state(v) != billing.Paid; tries++ {
				require.Less(t, tries, 6, "%+v", f)
				if err := w.it.Look(t.Context(), w.tenant); err != nil {
					require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
				}
				w.pass(time.Minute)
			}
		}
	}
	collected := billing.Amount(0)
	seen := map[string]bool{}
	for _, v := range w.stripe.Invoices() {
		require.False(t, seen[v.Ours], "an invoice is there twice")
		seen[v.Ours] = true
		require.Equal(t, "paid", v.Status)
		require.Equal(t, 3, v.Lines)
		collected += billing.Amount(v.Subtotal)
	}
	require.Len(t, seen, 24)
	require.Equal(t, total, collected)
	require.Len(t, w.stripe.Customers(w.tenant.String()), 1)
}

// A crash between telling Stripe and noting that down, and a Stripe that has forgotten the key since, make nothing twice.
func TestACrashAndADayMakeNothingTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.card(visa())
	v := w.issue("EUR", 700)
	w.stripe.Fail(fakestripe.Failure{Match: "POST /v1/invoices", Times: 1, Status: http.StatusBadGateway, After: true})
	require.ErrorIs(t, w.it.Look(t.Context(), w.tenant), payment.ErrProviderAway)
	w.stripe.Outage(true)
	w.pass(26 * time.Hour)
	require.ErrorIs(t, w.it.Look(t.Context(), w.tenant), payment.ErrProviderAway)
	w.stripe.Outage(false)
	w.look()
	require.Equal(t, billing.Paid, w.state(v))
	require.Len(t, w.stripe.Invoices(), 1)
}

// Without a card the invoice is sent, and paid on its page. What the operator notes down here is noted there.
func TestAnInvoiceIsPaidByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	v, other := w.issue("JPY", 5200), w.issue("JPY", 80)
	w.look()
	st, err := w.it.State(t.Context(), w.by)
	require.NoError(t, err)
	require.Equal(t, payment.PayStep, st.Step)
	require.Equal(t, billing.Amount(5280), st.Owed[0].Amount)
	require.NotEmpty(t, st.Owed[0].Invoices[0].Page)
	require.Equal(t, payment.PastDue, st.Worse)

	require.True(t, w.stripe.Pay(v.ID.String()))
	w.look()
	require.Equal(t, billing.Issued, w.state(v), "nobody has rung, and what is known is not an hour old")
	for _, hook := range w.stripe.Waiting() {
		for range 2 { // each comes twice
			require.NoError(t, w.it.Bell(t.Context(), hook.Body, fakestripe.Sign(hook.Body, hookSecret, w.now())))
		}
	}
	w.look()
	require.Equal(t, billing.Paid, w.state(v))
	require.Equal(t, billing.Issued, w.state(other))

	require.NoError(t, w.SetState(t.Context(), w.tenant, other.ID, billing.Paid, w.now(), "operator"))
	w.look()
	all := w.stripe.Invoices()
	require.Equal(t, []bool{false, true}, []bool{all[0].Outside, all[1].Outside})
	require.Equal(t, []string{"paid", "paid"}, []string{all[0].Status, all[1].Status})
	require.Equal(t, int64(5200), all[0].Subtotal, "a yen has nothing behind the point")
}

// Payments are noticed within the hour although no webhook arrives.
func TestNoWebhookArrives(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	v := w.issue("USD", 100)
	w.look()
	require.True(t, w.stripe.Pay(v.ID.String()))
	w.stripe.Forget()
	w.pass(time.Hour)
	w.look()
	require.Equal(t, billing.Paid, w.state(v))
}

// An invoice that was sent is charged once there is a card.
func TestACardComesAfterTheInvoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	v := w.issue("USD", 100)
	w.look()
	require.Equal(t, billing.Issued, w.state(v))
	w.card(visa())
	require.Equal(t, billing.Paid, w.state(v))
}

// Work is made for those that there is something to do for, and for nobody else.
func TestWhoseTurnItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	looks := func() (n int) {
		t.Helper()
		require.NoError(t, w.it.Find(t.Context(), jobs.Unwatched(uuid.Nil)))
		require.NoError(t, w.pool.AcrossTenants(t.Context(), func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), "SELECT count(*) FROM jobs WHERE kind = 'payment:look'").Scan(&n)
		}))
		return n
	}
	v := w.issue("USD", 100)
	require.Zero(t, looks(), "it is not due")
	w.pass(14 * day)
	require.Equal(t, 1, looks())
	require.Equal(t, 1, looks(), "once")
	w.look()
	require.Equal(t, payment.PastDue, w.account().Standing)
	require.NoError(t, w.SetState(t.Context(), w.tenant, v.ID, billing.Paid, w.now(), "operator"))
	w.look()
	require.Equal(t, payment.OK, w.account().Standing)
}

func TestACardIsDeclined(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	broke := visa()
	broke.Declines = "Your card has insufficient funds."
	w.card(broke)
	v := w.issue("USD", 100)
	w.look()
	st, err := w.it.State(t.Context(), w.by)
	require.NoError(t, err)
	require.Equal(t, payment.RenewWayStep, st.Step)
	require.Equal(t, broke.Declines, st.Owed[0].Invoices[0].Declined)
	require.True(t, w.stripe.Use(w.tenant.String(), visa()))
	w.stripe.Retry()
	w.pass(time.Hour)
	w.look()
	require.Equal(t, billing.Paid, w.state(v))
}

// A plan is chosen once it is known how the tenant pays, and once.
func TestAPlanIsChosenWithTheCheckout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	choice := payment.Choice{Plan: "growth"}
	_, err := w.it.Checkout(t.Context(), w.by, choice)
	require.NoError(t, err)
	w.look()
	require.Empty(t, w.chosen)
	require.True(t, w.stripe.Complete(visa()))
	w.stripe.Fail(fakestripe.Failure{Match: "POST /v1/customers/", Times: 1, Status: http.StatusInternalServerError})
	require.ErrorIs(t, w.it.Look(t.Context(), w.tenant), payment.ErrProviderAway)
	w.look()
	w.look()
	require.Equal(t, []payment.Choice{{Plan: "growth", Interval: billing.Monthly, Currency: "USD"}}, w.chosen)
	require.Equal(t, []string{"free"}, w.stripe.Plans(w.tenant.String()), "the subscription is for the plan that is in force")
}

// Who leaves still pays what is owed, and the subscription ends.
func TestWhoLeavesStillPays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.card(visa())
	require.Len(t, w.stripe.Plans(w.tenant.String()), 1)
	v := w.issue("USD", 4900)
	require.NoError(t, w.pool.WithTenant(t.Context(), uuid.UUID(w.tenant), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE tenants SET closed_at = now() WHERE id = current_tenant()")
		return err
	}))
	w.look()
	w.look()
	require.Equal(t, billing.Paid, w.state(v))
	require.Empty(t, w.stripe.Plans(w.tenant.String()))
	require.Len(t, w.stripe.Customers(w.tenant.String()), 1)
}

// Somebody at Stripe sends out a draft that lacks lines. What is paid by it is not our invoice, and is not taken for it.
func TestLessThanTheInvoiceIsNotTheInvoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.card(visa())
	v := w.issue("USD", 4900, 1234)
	w.stripe.Fail(fakestripe.Failure{Match: "POST /v1/invoiceitems", Times: 1, Status: http.StatusTooManyRequests})
	require.ErrorIs(t, w.it.Look(t.Context(), w.tenant), payment.ErrProviderAway)
	draft := w.stripe.Invoices()[0]
	require.Equal(t, "draft", draft.Status)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/invoices/"+draft.ID+"/finalize", http.NoBody)
	r.Header.Set("Authorization", "Bearer sk_test_of_somebody")
	w.stripe.ServeHTTP(httptest.NewRecorder(), r)
	require.Equal(t, "paid", w.stripe.Invoices()[0].Status, "it came to nothing")
	for range 3 {
		require.ErrorIs(t, w.it.Look(t.Context(), w.tenant), payment.ErrAmount)
		require.Equal(t, billing.Issued, w.state(v))
		w.pass(time.Hour)
	}
}
