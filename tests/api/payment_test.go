package api_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing/billingstripe/fakestripe"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// payment are the operations about who has paid.
func (x subjects) payment() []operation {
	return []operation{
		{id: "getPayment", method: "GET", path: "/v1/billing/payment", may: paying, status: 200},
		{id: "createCheckout", method: "POST", path: "/v1/billing/checkout", body: map[string]any{}, may: managing, status: 201},
		{id: "createPortal", method: "POST", path: "/v1/billing/portal", may: managing, status: 201},
	}
}

// stripe is a Stripe that servers of these tests are given.
type stripe struct {
	*fakestripe.Fake
	url string
}

func stripeOf(t *testing.T) stripe {
	t.Helper()
	fake := fakestripe.New("whsec_of_the_tests_1", time.Now)
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	return stripe{fake, server.URL}
}

func (s stripe) env() map[string]string {
	return map[string]string{
		"OBSERVATORY_OPERATOR_TOKEN": operatorToken, "OBSERVATORY_STRIPE_SECRET_KEY": "sk_test_1", "OBSERVATORY_STRIPE_WEBHOOK_SECRET": s.Secret, "OBSERVATORY_STRIPE_URL": s.url,
	}
}

// payState is what a tenant is shown.
type payState struct {
	Provider string
	Standing string
	Step     string
	Way      *struct{ Kind, Brand, Last4 string }
}

// A plan is chosen at the checkout: once the card is entered there, and the webhook rings, it is known how the tenant pays, and the plan is in force.
func TestAPlanIsChosenAtTheCheckout(t *testing.T) {
	t.Parallel()
	fake := stripeOf(t)
	server := harness.Start(t, harness.Config{Engines: harness.SharedEngines(t), Transport: newContract(t), Env: fake.env()})
	a := server.SignUp(t)
	look := func() payState {
		return harness.As[payState](t, a.Session.Get(t, "/v1/billing/payment").Want(t, http.StatusOK))
	}
	require.Equal(t, payState{Provider: "stripe", Standing: "ok", Step: "add_way"}, look())

	a.Session.Post(t, "/v1/billing/checkout", map[string]any{"plan": "no-such-plan"}).WantProblem(t, http.StatusBadRequest, "plan_unknown")
	page := harness.As[struct{ URL string }](t, a.Session.Post(t, "/v1/billing/checkout", map[string]any{"plan": "growth"}).Want(t, http.StatusCreated))
	require.Contains(t, page.URL, "https://checkout.stripe.example/")
	require.Len(t, fake.Customers(a.Tenant.ID), 1)
	require.True(t, fake.Complete(fakestripe.Card{Brand: "visa", Last4: "4242", Month: 12, Year: time.Now().Year() + 3}))

	hook := server.URL + "/webhooks/stripe"
	body := fake.Waiting()[0].Body
	post := func(signature string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, hook, bytes.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Stripe-Signature", signature)
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer res.Body.Close()
		return res.StatusCode
	}
	require.Equal(t, http.StatusBadRequest, post(""), "not signed")
	require.Equal(t, http.StatusBadRequest, post(fakestripe.Sign(body, "whsec_of_somebody_else", time.Now())), "forged")
	require.Equal(t, http.StatusBadRequest, post(fakestripe.Sign(body, fake.Secret, time.Now().Add(-6*time.Minute))), "replayed")
	require.Equal(t, http.StatusNoContent, post(fakestripe.Sign(body, fake.Secret, time.Now())))

	require.NoError(t, fake.Deliver(t.Context(), fakestripe.Delivery{URL: hook, Copies: 2, Reverse: true}))
	testkit.Eventually(t, harness.Patience, func() error {
		if st := look(); st.Way == nil || st.Way.Last4 != "4242" {
			return errNotYet("nobody has looked yet")
		}
		return nil
	})
	testkit.Eventually(t, harness.Patience, func() error {
		sub := harness.As[struct{ Terms struct{ Plan string } }](t, a.Session.Get(t, "/v1/billing/subscription").Want(t, http.StatusOK))
		if sub.Terms.Plan != "growth" || len(fake.Plans(a.Tenant.ID)) != 1 || fake.Plans(a.Tenant.ID)[0] != "growth" {
			return errNotYet("nobody has looked yet")
		}
		return nil
	})
	require.Equal(t, "none", look().Step)
}

// Without a key of Stripe's everything is there but the pages of Stripe.
func TestPaymentWithoutAProvider(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Config{Engines: harness.SharedEngines(t), Transport: newContract(t)})
	a := server.SignUp(t)
	require.Equal(t, payState{Provider: "local", Standing: "ok", Step: "none"}, harness.As[payState](t, a.Session.Get(t, "/v1/billing/payment").Want(t, http.StatusOK)))
	a.Session.Post(t, "/v1/billing/checkout", map[string]any{}).WantProblem(t, http.StatusConflict, "payment_is_local")
	a.Session.Post(t, "/v1/billing/portal", nil).WantProblem(t, http.StatusConflict, "payment_is_local")
	res := server.Anonymous(t).Post(t, "/webhooks/stripe", map[string]any{})
	require.Equal(t, http.StatusConflict, res.StatusCode)
}
