package billingstripe_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingstripe"
	"github.com/observatory/observatory/billing/billingstripe/fakestripe"
	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

const secret = "whsec_of_the_tests_1"

// Every request that is made has a shape that Stripe's own description of its API allows: stripe-mock checks it, and answers with examples, from
// which nothing can be seen but that they are understood.
func TestRequestsAsStripeDescribesThem(t *testing.T) {
	t.Parallel()
	spec, err := server.LoadSpec(embedded.OpenAPISpec, "")
	require.NoError(t, err)
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	require.NoError(t, err)
	stub, err := server.NewStubServer(fixtures, spec, false, false)
	require.NoError(t, err)
	asked := make(map[string]int)
	mock := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		stub.HandleRequest(recorder, r)
		asked[r.Method+" "+r.URL.Path] = recorder.Code
		if recorder.Code >= http.StatusBadRequest {
			t.Errorf("%s %s: %s", r.Method, r.URL.Path, recorder.Body)
		}
		for name, values := range recorder.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	}))
	t.Cleanup(mock.Close)
	c := billingstripe.New(billingstripe.Config{SecretKey: "sk_test_123", WebhookSecret: secret, URL: mock.URL, Tax: true, Now: time.Now})
	ctx, tenant, hour := t.Context(), tenants.ID(uuid.New()), time.Now().UTC().Truncate(time.Hour).Add(-time.Hour)

	_, err = c.Customer(ctx, payment.CustomerInput{Tenant: tenant, Name: "Acme", Email: "owner@example.com"})
	require.NoError(t, err)
	_, err = c.Way(ctx, "cus_1")
	require.NoError(t, err)
	_, err = c.Checkout(ctx, payment.CheckoutInput{Customer: "cus_1", Tenant: tenant, Plan: "growth", Currency: "USD", Back: "https://observatory.example/usage/payment"})
	require.NoError(t, err)
	_, err = c.CheckedOut(ctx, "cs_1")
	require.NoError(t, err)
	_, err = c.Portal(ctx, "cus_1", "https://observatory.example/usage/payment")
	require.NoError(t, err)
	_, err = c.Subscribe(ctx, payment.Subscription{Customer: "cus_1", Plan: "growth", Title: "Growth", Interval: billing.Monthly, Currency: "USD"})
	require.NoError(t, err)
	require.NoError(t, c.Unsubscribe(ctx, "sub_1"))
	for _, state := range []billing.InvoiceState{billing.Paid, billing.Void, billing.Uncollectible} {
		_, err = c.Settle(ctx, "in_1", state)
		require.NoError(t, err)
	}
	invoice := billing.Invoice{
		ID: uuid.New(), Tenant: tenant, Number: "2026-000001", Period: billing.PeriodOf(hour), Currency: "USD", IssuedAt: hour, DueAt: hour.AddDate(0, 0, 14),
		Lines: []billing.Line{{ID: uuid.New(), Text: "Events", From: hour, To: hour.Add(time.Hour), Amount: 100}}, Total: 100,
	}
	for _, way := range []payment.Way{{}, {Kind: "card"}} {
		_, err = c.Collect(ctx, payment.CollectInput{Customer: "cus_1", Way: way, Invoice: invoice})
		require.ErrorIs(t, err, payment.ErrAmount, "the example has an amount of its own, and is not sent")
	}
	use := payment.Usage{Name: "a/events/2026-03-10T09/1", Customer: "cus_1", Meter: billing.Events, Hour: hour, Quantity: 5}
	require.NoError(t, c.Tell(ctx, use))
	require.NoError(t, c.TakeBack(ctx, use))
	_, err = c.Totals(ctx, "cus_1", billing.Events, hour, hour.Add(time.Hour))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(asked), 18)
}

// A webhook is read if it was signed by Stripe, within five minutes by our clock, and not otherwise.
func TestWebhooksAreReadIfTheyAreSigned(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 10, 9, 30, 0, 0, time.UTC)
	c := billingstripe.New(billingstripe.Config{SecretKey: "sk_test_1", WebhookSecret: secret, Now: func() time.Time { return now }})
	body := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid","created":1773135000,"api_version":"2031-01-01.later","data":{"object":{"object":"invoice","customer":"cus_1"}}}`)
	e, err := c.Read(body, fakestripe.Sign(body, secret, now))
	require.NoError(t, err, "of another version of the API, too")
	require.Equal(t, payment.Event{ID: "evt_1", Kind: "invoice.paid", Customer: "cus_1", At: time.Unix(1773135000, 0).UTC()}, e)

	good := fakestripe.Sign(body, secret, now.Add(-4*time.Minute))
	_, err = c.Read(body, good)
	require.NoError(t, err)
	old := fakestripe.Sign(body, secret, now.Add(-6*time.Minute))
	for name, signature := range map[string]string{
		"none": "", "of somebody else": fakestripe.Sign(body, "whsec_of_somebody_else", now), "of something else": fakestripe.Sign([]byte("{}"), secret, now),
		"replayed": old, "our clock is an hour behind": fakestripe.Sign(body, secret, now.Add(time.Hour)),
		"two times, the first of which looks fresh":  strings.Split(fakestripe.Sign(body, secret, now), ",")[0] + "," + old,
		"two times, the second of which looks fresh": old + "," + strings.Split(fakestripe.Sign(body, secret, now), ",")[0],
		"no time": strings.Split(good, ",")[1], "nonsense": "t=now,v1=00",
	} {
		_, err := c.Read(body, signature)
		require.ErrorIs(t, err, payment.ErrForged, name)
	}
	_, err = billingstripe.New(billingstripe.Config{SecretKey: "sk_test_1", Now: func() time.Time { return now }}).Read(body, fakestripe.Sign(body, "", now))
	require.ErrorIs(t, err, payment.ErrForged, "without a secret everybody could sign")
	for _, text := range []string{"", "null", "[]", `{"data":{}}`, `{"id":"evt_2","data":{"object":{"customer":7}}}`} {
		e, err := c.Read([]byte(text), fakestripe.Sign([]byte(text), secret, now))
		require.Empty(t, e.Customer)
		require.Equal(t, text != `{"id":"evt_2","data":{"object":{"customer":7}}}`, err != nil, text)
	}
}

// Amounts of every currency arrive as what they are.
func TestAmountsOfCurrencies(t *testing.T) {
	t.Parallel()
	fake := fakestripe.New(secret, time.Now)
	house := httptest.NewServer(fake)
	t.Cleanup(house.Close)
	c := billingstripe.New(billingstripe.Config{SecretKey: "sk_test_1", URL: house.URL, Now: time.Now})
	tenant := tenants.ID(uuid.New())
	customer, err := c.Customer(t.Context(), payment.CustomerInput{Tenant: tenant, Name: "Acme"})
	require.NoError(t, err)
	for currency, want := range map[billing.Currency]int64{"USD": 1230, "JPY": 1230, "KWD": 1230, "ISK": 123000} { // Stripe has two digits of a króna
		v := billing.Invoice{ID: uuid.New(), Tenant: tenant, Currency: currency, Lines: []billing.Line{{ID: uuid.New(), Text: "Events", Amount: 1230}}, Total: 1230}
		d, err := c.Collect(t.Context(), payment.CollectInput{Customer: customer, Invoice: v})
		require.NoError(t, err, currency)
		require.Equal(t, billing.Amount(1230), d.Amount, currency)
		all := fake.Invoices()
		require.Equal(t, want, all[len(all)-1].Subtotal, currency)
	}
	v := billing.Invoice{ID: uuid.New(), Tenant: tenant, Currency: "KWD", Lines: []billing.Line{{ID: uuid.New(), Text: "Events", Amount: 1235}}, Total: 1235}
	_, err = c.Collect(t.Context(), payment.CollectInput{Customer: customer, Invoice: v})
	require.ErrorIs(t, err, billingstripe.ErrNotCollectable, "Stripe takes no single fils")
}

// Errors of Stripe's become faults that say whether trying again helps.
func TestErrorsBecomeFaults(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]fault.Kind{429: fault.Unavailable, 409: fault.Unavailable, 500: fault.Unavailable, 503: fault.Unavailable, 401: fault.Unavailable, 404: fault.NotFound, 400: fault.Invalid} {
		house := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"error":{"type":"api_error","message":"No."}}`))
		}))
		t.Cleanup(house.Close)
		_, err := billingstripe.New(billingstripe.Config{SecretKey: "sk_test_1", URL: house.URL, Now: time.Now}).Way(t.Context(), "cus_1")
		require.Equal(t, kind, fault.KindOf(err), status)
	}
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(hangs.Close)
	slow := billingstripe.New(billingstripe.Config{SecretKey: "sk_test_1", URL: hangs.URL, Timeout: 50 * time.Millisecond, Now: time.Now})
	_, err := slow.Way(t.Context(), "cus_1")
	require.ErrorIs(t, err, payment.ErrProviderAway)
}
