package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingstripe"
	"github.com/observatory/observatory/billing/billingstripe/fakestripe"
	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/tenants"
)

// Who does not pay is reminded, then held, then refused; who pays is as before. With a provider and without, and each mail once.
func TestWhoDoesNotPay(t *testing.T) {
	t.Parallel()
	for name, local := range map[string]bool{"local": true, "stripe": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, local)
			v := w.issue("USD", 1230)
			at := func(after time.Duration, want payment.Standing, mails int) {
				t.Helper()
				w.pass(v.DueAt.Add(after).Sub(w.now()))
				w.look()
				w.look()
				require.Equal(t, want, w.account().Standing)
				require.Equal(t, want, w.account().Effective)
				require.Len(t, w.mails(), mails)
			}
			at(-time.Second, payment.OK, 0)
			at(0, payment.PastDue, 0)
			require.Equal(t, billing.PastDue, w.state(v))
			at(day, payment.PastDue, 1)
			at(7*day, payment.PastDue, 2)
			at(14*day, payment.Restricted, 3)
			at(30*day, payment.Suspended, 4)
			require.NoError(t, w.SetState(t.Context(), w.tenant, v.ID, billing.Paid, w.now(), "operator"))
			at(31*day, payment.OK, 5)
			require.Equal(t, []payment.Standing{payment.PastDue, payment.Restricted, payment.Suspended, payment.OK}, w.effects)
			require.Contains(t, w.mails()[2], "held")
			require.Contains(t, w.mails()[4], "Everything works again")
			require.Equal(t, 4, w.audited("payment.standing_changed"))
			require.Equal(t, 2, w.audited("payment.reminded"))
		})
	}
}

// While Stripe is away nobody comes to stand worse: it may have been paid. And so it was.
func TestNobodyIsHeldWhileStripeIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	v := w.issue("USD", 1230)
	w.look()
	w.pass(v.DueAt.Add(13 * day).Sub(w.now()))
	w.look()
	require.Equal(t, payment.PastDue, w.account().Standing)
	require.True(t, w.stripe.Pay(v.ID.String()))
	w.stripe.Forget()
	w.stripe.Outage(true)
	w.pass(2 * day)
	require.ErrorIs(t, w.it.Look(t.Context(), w.tenant), payment.ErrProviderAway)
	require.Equal(t, payment.PastDue, w.account().Standing)
	w.stripe.Outage(false)
	w.look()
	require.Equal(t, payment.OK, w.account().Standing)
	require.NotContains(t, w.effects, payment.Restricted)
}

// An operator suspends whoever owes nothing, too, and takes it back.
func TestAnOperatorSuspends(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	operator := tenants.By{Principal: tenants.Principal{Tenant: w.tenant, Actor: tenants.Actor{Kind: tenants.ActorSystem, Label: "operator"}}}
	require.NoError(t, w.it.Suspend(t.Context(), operator, "abuse"))
	w.look()
	st, err := w.it.State(t.Context(), w.by)
	require.NoError(t, err)
	require.Equal(t, payment.Suspended, st.Standing)
	require.Equal(t, payment.ContactStep, st.Step)
	require.NoError(t, w.it.Resume(t.Context(), operator, "settled"))
	require.NoError(t, w.it.Resume(t.Context(), operator, "settled"))
	require.Equal(t, []payment.Standing{payment.Suspended, payment.OK}, w.effects)
	require.Len(t, w.mails(), 2)
}

// An invoice that Stripe can not collect is owed all the same: not to be collectable is no way of using everything for nothing.
func TestWhatStripeRefusesIsOwedAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	v := w.issue("KWD", 1235) // Stripe takes no single fils
	for _, at := range []struct {
		after time.Duration
		want  payment.Standing
	}{{0, payment.PastDue}, {14 * day, payment.Restricted}, {30 * day, payment.Suspended}} {
		w.pass(v.DueAt.Add(at.after).Sub(w.now()))
		require.ErrorIs(t, w.it.Look(t.Context(), w.tenant), billingstripe.ErrNotCollectable)
		require.Equal(t, at.want, w.account().Standing)
	}
	require.NoError(t, w.SetState(t.Context(), w.tenant, v.ID, billing.Paid, w.now(), "operator"))
	w.look()
	require.Equal(t, payment.OK, w.account().Standing)

	w.issue("KWD", 1235)
	w.issue("USD", 100)
	w.pass(14 * day)
	w.stripe.Fail(fakestripe.Failure{Match: "GET /v1/invoices", Times: 1, Status: 500})
	err := w.it.Look(t.Context(), w.tenant)
	require.ErrorIs(t, err, billingstripe.ErrNotCollectable)
	require.ErrorIs(t, err, payment.ErrProviderAway)
	require.Equal(t, payment.OK, w.account().Standing, "one refused, and of the other nothing is known")
}

// What an operator has decided while a look was under way is not undone by it.
func TestALookDoesNotUndoASuspension(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	v := w.issue("USD", 1230)
	w.pass(44 * day)
	w.look()
	was := w.account()
	require.Equal(t, payment.Suspended, was.Standing)
	operator := tenants.By{Principal: tenants.Principal{Tenant: w.tenant, Actor: tenants.Actor{Kind: tenants.ActorSystem, Label: "operator"}}}
	require.NoError(t, w.it.Suspend(t.Context(), operator, "abuse"))
	require.NoError(t, w.SetState(t.Context(), w.tenant, v.ID, billing.Paid, w.now(), "operator"))
	paid := was
	paid.Standing, paid.OverdueSince, paid.Reminded = payment.OK, nil, 0
	entry := tenants.AuditEntry{At: w.now(), Actor: operator.Principal.Actor, Action: "payment.standing_changed", Target: "tenant:" + w.tenant.String()}
	require.ErrorIs(t, w.book.Become(t.Context(), paid, was, entry, nil), payment.ErrMoved)
	w.look()
	require.Equal(t, payment.Suspended, w.account().Standing)
	require.Equal(t, "operator", w.account().SuspendedBy)
}
