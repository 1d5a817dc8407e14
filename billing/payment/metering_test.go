package payment_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingstripe/fakestripe"
	"github.com/observatory/observatory/billing/payment"
)

func (w *world) meter() {
	w.t.Helper()
	require.NoError(w.t, w.it.Meter(w.t.Context(), w.tenant))
}

func (w *world) reconcile() payment.Reconciliation {
	w.t.Helper()
	rec, err := w.it.Reconcile(w.t.Context(), w.tenant)
	require.NoError(w.t, err)
	return rec
}

func (w *world) differences() []payment.Difference {
	w.t.Helper()
	all, err := w.book.Differences(w.t.Context(), w.tenant)
	require.NoError(w.t, err)
	return all
}

func (w *world) theirs(hour time.Time) int64 {
	return w.stripe.Total(w.tenant.String(), "events", hour, hour.Add(time.Hour))
}

// Hours are told when they are over; later revisions are told as what they add, or as what they take away.
func TestStripeKnowsWhatWasUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.card(visa())
	hour := w.now().Truncate(time.Hour)
	w.count(billing.Events, hour, 100)
	w.meter()
	require.Zero(t, w.theirs(hour), "the hour is not over")
	w.pass(time.Hour)
	w.meter()
	w.meter()
	require.Equal(t, int64(100), w.theirs(hour))
	w.count(billing.Events, hour, 130)
	w.meter()
	require.Equal(t, int64(130), w.theirs(hour))
	w.count(billing.Events, hour, 90) // 30 and 100 are taken back, and 90 told
	w.meter()
	require.Equal(t, int64(90), w.theirs(hour))
	w.pass(26 * time.Hour)
	w.count(billing.Events, hour, 80)
	w.meter()
	require.Equal(t, int64(90), w.theirs(hour), "nothing is taken back after a day")
	require.Equal(t, payment.TooLateToTakeBack, w.differences()[0].Reason)
	w.count(billing.Events, hour, 95)
	w.meter()
	require.Equal(t, int64(95), w.theirs(hour))
	require.Empty(t, w.differences())

	late := w.now().Truncate(time.Hour)
	w.pass(36 * day)
	w.count(billing.Events, late, 7)
	w.meter()
	require.Equal(t, payment.TooOldToTell, w.differences()[0].Reason)
}

// Stripe dies after it has taken a meter event, for longer than it remembers names. What it has is asked, not guessed.
func TestStripeIsAwayForADay(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]bool{"it had taken it": true, "it had not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, false)
			w.card(visa())
			hour := w.now().Truncate(time.Hour)
			w.count(billing.Events, hour, 40)
			w.pass(time.Hour)
			w.stripe.Fail(fakestripe.Failure{Match: "POST /v1/billing/meter_events", Times: 1, Status: http.StatusBadGateway, After: after})
			require.ErrorIs(t, w.it.Meter(t.Context(), w.tenant), payment.ErrProviderAway)
			w.stripe.Outage(true)
			w.count(billing.Events, hour, 50)
			require.ErrorIs(t, w.it.Meter(t.Context(), w.tenant), payment.ErrProviderAway)
			w.pass(25 * time.Hour)
			w.stripe.Outage(false)
			w.meter()
			require.Equal(t, int64(50), w.theirs(hour))
			w.pass(2 * time.Hour)
			require.Zero(t, w.reconcile().Differ)
		})
	}
}

// What Stripe loses it is told again; what it has too much of is written down.
func TestTotalsAreCompared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.card(visa())
	hour := w.now().Truncate(time.Hour)
	w.count(billing.Events, hour, 100)
	w.pass(time.Hour)
	w.meter()
	w.count(billing.Events, hour, 120)
	w.meter()
	w.pass(2 * time.Hour)
	require.Equal(t, 1, w.stripe.Lose(w.tenant.String()+"/events/"+hour.Format("2006-01-02T15")+"/1"))
	require.Equal(t, 1, w.reconcile().Repaired)
	require.Equal(t, int64(120), w.theirs(hour))
	w.pass(2 * time.Hour)
	require.Equal(t, payment.Reconciliation{Hours: 1}, w.reconcile())

	w.stripe.Slip(w.tenant.String(), "events", hour, 5)
	require.Equal(t, 1, w.reconcile().Repaired)
	w.pass(2 * time.Hour)
	w.reconcile()
	require.Equal(t, int64(120), w.theirs(hour), "what was too much is taken back while that is possible")
	w.pass(26 * time.Hour)
	w.stripe.Slip(w.tenant.String(), "events", hour, 5)
	w.pass(2 * time.Hour)
	require.Equal(t, 1, w.reconcile().Differ)
	require.NotEmpty(t, w.differences())
	n, err := w.it.Differing(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(w.differences()), n)
}

// Whatever fails, and however revisions come, Stripe ends with the ledger, or the difference is written down.
func TestStripeEndsWithTheLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	w.card(visa())
	const steps = 14
	rapid.Check(t, func(r *rapid.T) {
		hour := w.now().Truncate(time.Hour)
		for range rapid.IntRange(3, steps).Draw(r, "steps") {
			w.count(billing.Events, hour, rapid.Int64Range(0, 200).Draw(r, "quantity"))
			w.pass(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 9 * time.Hour}).Draw(r, "pass"))
			switch rapid.IntRange(0, 5).Draw(r, "fault") {
			case 0:
				w.stripe.Fail(fakestripe.Failure{Match: "POST /v1/billing/meter_event", Times: 1, After: true})
			case 1:
				w.stripe.Fail(fakestripe.Failure{Match: "POST /v1/billing/meter_event", Times: 2})
			case 2:
				w.stripe.Fail(fakestripe.Failure{Match: "POST /v1/billing/meter_events", Times: 1, Status: http.StatusInternalServerError, After: true})
			case 3:
				w.stripe.Fail(fakestripe.Failure{Match: "POST /v1/billing/meter_events", Times: 1, Status: http.StatusTooManyRequests})
			}
			_ = w.it.Meter(t.Context(), w.tenant) // what fails is made up for
		}
		for range 4 {
			_ = w.it.Meter(t.Context(), w.tenant)
		}
		w.pass(2 * time.Hour)
		_ = w.it.Meter(t.Context(), w.tenant)
		w.pass(2 * time.Hour)
		_, err := w.it.Reconcile(t.Context(), w.tenant)
		for errors.Is(err, payment.ErrProviderAway) { // a failure that nothing has met so far
			_, err = w.it.Reconcile(t.Context(), w.tenant)
		}
		if err != nil {
			r.Fatal(err)
		}
		ours := int64(0)
		for _, e := range w.entries {
			if e.Hour.Equal(hour) {
				ours = e.Quantity
			}
		}
		differ := false
		for _, d := range w.differences() {
			if d.Hour.Equal(hour) {
				differ = true
				if d.Ours != ours || d.Theirs != w.theirs(hour) {
					r.Fatalf("written down as %+v, and is %d and %d", d, ours, w.theirs(hour))
				}
			}
		}
		if theirs := w.theirs(hour); theirs != ours && !differ || theirs == ours && differ {
			r.Fatalf("ours %d, theirs %d, written down: %t", ours, theirs, differ)
		}
		w.pass(time.Hour)
	})
}
