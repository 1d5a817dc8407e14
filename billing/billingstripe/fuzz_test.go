package billingstripe_test

import (
	"testing"
	"time"

	"github.com/observatory/observatory/billing/billingstripe"
	"github.com/observatory/observatory/billing/billingstripe/fakestripe"
)

// FuzzWebhooks: whatever comes is read or refused, and nothing is read that was not signed.
func FuzzWebhooks(f *testing.F) {
	now := time.Date(2026, 3, 10, 9, 30, 0, 0, time.UTC)
	c := billingstripe.New(billingstripe.Config{SecretKey: "sk_test_1", WebhookSecret: secret, Now: func() time.Time { return now }})
	good := `{"id":"evt_1","type":"invoice.paid","data":{"object":{"object":"invoice","customer":{"id":"cus_1"}}}}`
	f.Add([]byte(good), fakestripe.Sign([]byte(good), secret, now))
	f.Add([]byte(`{"id":"evt_2","data":null}`), "t=1773135000,v1=00,v0=00")
	f.Add([]byte(`{"id":7,"data":{"object":[]}}`), "t=,v1=")
	f.Add([]byte("null"), ",,t=9223372036854775807,v1=,")
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		if _, err := c.Read(body, signature); err == nil && string(body) != good {
			t.Fatalf("%q is taken with %q", body, signature)
		}
		_, _ = c.Read(body, fakestripe.Sign(body, secret, now)) // well signed nonsense
	})
}
