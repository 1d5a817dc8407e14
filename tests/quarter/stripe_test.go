package quarter_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing/billingstripe/fakestripe"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// stripe is the provider of payments. Its webhooks come twice, and the newest first.
type stripe struct {
	*fakestripe.Fake
	url string
}

const webhookSecret = "whsec_of_the_quarter"

func startStripe(t *testing.T, c *clock) *stripe {
	t.Helper()
	fake := fakestripe.New(webhookSecret, c.Now)
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	return &stripe{Fake: fake, url: server.URL}
}

// env are the settings by which a server finds it, with others.
func (x *stripe) env(more map[string]string) map[string]string {
	env := map[string]string{"OBSERVATORY_STRIPE_URL": x.url, "OBSERVATORY_STRIPE_SECRET_KEY": "sk_test_quarter", "OBSERVATORY_STRIPE_WEBHOOK_SECRET": webhookSecret}
	maps.Copy(env, more)
	return env
}

// delivers has webhooks delivered until the test ends. What the server does not take, because it is dead for instance, comes again.
func (x *stripe) delivers(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(200 * time.Millisecond):
				_ = x.Deliver(ctx, fakestripe.Delivery{URL: url + "/webhooks/stripe", Copies: 2, Reverse: true}) // it comes again
			}
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
}

// checkout has a tenant say how it pays, and waits until that is known.
func (x *stripe) checkout(t *testing.T, who *tenant) {
	t.Helper()
	who.member(t).Post(t, "/v1/billing/checkout", map[string]any{}).Want(t, http.StatusCreated)
	require.True(t, x.Complete(fakestripe.Card{Brand: "visa", Last4: "4242", Month: 12, Year: 2099}))
	who.toldFrom = who.clock.Now().Truncate(time.Hour)
	testkit.Eventually(t, harness.Patience, func() error {
		p := harness.As[struct{ Way *struct{ Last4 string } }](t, who.member(t).Get(t, "/v1/billing/payment").Want(t, http.StatusOK))
		if p.Way == nil || p.Way.Last4 != "4242" {
			return fmt.Errorf("it pays by %+v", p.Way)
		}
		return nil
	})
}

// requireTold waits until the provider was told what the ledger says of a month, but for the differences that it cannot be told of any more.
func (x *stripe) requireTold(t *testing.T, month time.Time, all ...*tenant) {
	t.Helper()
	for _, who := range all {
		from, to := month, month.AddDate(0, 1, 0)
		if from.Before(who.toldFrom) {
			from = who.toldFrom
		}
		for _, meter := range []string{"events", "tracked_users", "storage"} {
			testkit.Eventually(t, harness.Patience, func() error {
				var want int64
				for hour, h := range who.hours(t, meter, month) {
					if !hour.Before(from) {
						want += h.Quantity
					}
				}
				for _, d := range who.differences(t) {
					if d.Meter == meter && !d.Hour.Before(from) && d.Hour.Before(to) {
						want += d.Theirs - d.Ours
					}
				}
				if told := x.Total(who.Tenant.ID, meter, from, to); told != want {
					return fmt.Errorf("%s: the provider has %d %s in %s, and it should be %d", who.name, told, meter, month.Format("2006-01"), want)
				}
				return nil
			})
		}
	}
}

// requireCollected checks that the provider has made one invoice of each of ours, over the same amount, and was paid.
func (x *stripe) requireCollected(t *testing.T, who *tenant) {
	t.Helper()
	testkit.Eventually(t, harness.Patience, func() error {
		theirs := map[string]fakestripe.Invoice{}
		for _, i := range x.Invoices() {
			if i.Tenant != who.Tenant.ID {
				continue
			}
			if _, twice := theirs[i.Ours]; twice {
				return fmt.Errorf("%s is collected twice", i.Ours)
			}
			theirs[i.Ours] = i
		}
		for _, ours := range who.invoices(t) {
			if ours.Kind != "invoice" {
				continue
			}
			i, told := theirs[ours.ID]
			delete(theirs, ours.ID)
			switch {
			case !told && ours.Total == 0 && ours.State == "paid":
			case !told || i.Subtotal != ours.Total || i.Status != "paid" || ours.State != "paid":
				return fmt.Errorf("%s, %d, is %s; the provider has %+v", ours.Number, ours.Total, ours.State, i)
			}
		}
		if len(theirs) > 0 {
			return fmt.Errorf("the provider has what we have not: %+v", theirs)
		}
		return nil
	})
	require.Len(t, x.Customers(who.Tenant.ID), 1)
}
