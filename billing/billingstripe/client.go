// Package billingstripe is Stripe as a payment.Provider, by stripe-go of version 76: the last minor of it (76.25) is pinned, since it is the one
// that knows billing meters, meter events and their adjustments.
//
// Stripe answers a request that carries a known idempotency key with what it answered before, for at least a day, errors included. So what is
// made is looked for first, is made under a key of its own, and where Stripe keeps repeating a failure under that key it is looked for again and
// made under the next key.
package billingstripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/internal/fault"
)

// Config of the client; SecretKey and WebhookSecret are needed.
type Config struct {
	SecretKey     string
	WebhookSecret string
	URL           string        // of the API; "" is Stripe's own
	Tax           bool          // Stripe works out taxes
	Timeout       time.Duration // of a request; default 20 s
	Now           func() time.Time
}

// Client is a payment.Provider.
type Client struct {
	cfg Config
	api *client.API

	mu     sync.Mutex
	meters map[string]string // event name to ID
}

var _ payment.Provider = (*Client)(nil)

// New makes a Client. It does not connect yet.
func New(cfg Config) *Client {
	const patience = 20 * time.Second
	if cfg.Timeout == 0 {
		cfg.Timeout = patience
	}
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		EnableTelemetry:   stripe.Bool(false),
		HTTPClient:        &http.Client{Timeout: cfg.Timeout},
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
		MaxNetworkRetries: stripe.Int64(0), // jobs try again, and look first
		URL:               address(cfg.URL),
	})
	return &Client{cfg: cfg, api: client.New(cfg.SecretKey, &stripe.Backends{API: backend}), meters: make(map[string]string)}
}

func address(url string) *string {
	if url == "" {
		return nil
	}
	return &url
}

// Name implements payment.Provider.
func (c *Client) Name() string { return "stripe" }

// translate makes a fault of an error of Stripe's.
func translate(err error) error {
	var told *stripe.Error
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return err
	case !errors.As(err, &told):
		return payment.ErrProviderAway.Because(err) // the network, a timeout, or something that is no answer of Stripe's
	case told.HTTPStatusCode == http.StatusNotFound || told.Code == stripe.ErrorCodeResourceMissing:
		return payment.ErrProviderUnknown.Because(err)
	case told.HTTPStatusCode >= http.StatusInternalServerError, told.HTTPStatusCode == http.StatusTooManyRequests,
		told.HTTPStatusCode == http.StatusConflict, told.HTTPStatusCode == 0:
		return payment.ErrProviderAway.Because(err)
	case told.HTTPStatusCode == http.StatusUnauthorized || told.HTTPStatusCode == http.StatusForbidden:
		return fault.New(fault.Unavailable, payment.ErrProviderAway.Code, "The payment provider does not let us in. Whoever runs this installation has to look at its key.").Because(err)
	}
	return payment.ErrProviderRefused.Because(err)
}

// replayed says whether Stripe answers with a failure of before: what was asked for then is over, and may have been done or not.
func replayed(err error) bool {
	var told *stripe.Error
	return errors.As(err, &told) && told.HTTPStatusCode >= http.StatusInternalServerError &&
		told.LastResponse != nil && told.LastResponse.Header.Get("Idempotent-Replayed") == "true"
}

// refusedFor says whether Stripe refuses with one of these codes, or in one of these words.
func refusedFor(err error, reasons ...string) bool {
	var told *stripe.Error
	if !errors.As(err, &told) || told.HTTPStatusCode != http.StatusBadRequest {
		return false
	}
	for _, r := range reasons {
		if string(told.Code) == r || strings.Contains(told.Msg, r) {
			return true
		}
	}
	return false
}

// once makes something that is not there yet, as found says, under an idempotency key.
func once(key string, found func() (bool, error), create func(key string) error) error {
	const most = 8
	for n := 1; ; n++ {
		ok, err := found()
		if err != nil || ok {
			return translate(err)
		}
		numbered := key
		if n > 1 {
			numbered = fmt.Sprintf("%s/%d", key, n)
		}
		if err = create(numbered); n == most || !replayed(err) {
			return translate(err)
		}
	}
}

// params are those of a request that changes nothing, or that carries a key.
func params(ctx context.Context, key string) stripe.Params {
	p := stripe.Params{Context: ctx}
	if key != "" {
		p.SetIdempotencyKey(key)
	}
	return p
}

// listing are the parameters of a list.
func listing(ctx context.Context) stripe.ListParams {
	const page = 100
	return stripe.ListParams{Context: ctx, Limit: stripe.Int64(page)}
}

// metadata names of what is ours there.
const (
	tenantOfOurs  = "observatory_tenant"
	invoiceOfOurs = "observatory_invoice"
	lineOfOurs    = "observatory_line"
	planOfOurs    = "observatory_plan"
)
