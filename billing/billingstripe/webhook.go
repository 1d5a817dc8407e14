package billingstripe

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/observatory/observatory/billing/payment"
)

// window is how far the time of a signature may be from ours, either way.
const window = 5 * time.Minute

// Read implements payment.Provider. Webhooks of every version of the API are read, since nothing is taken from them but whom they are about.
func (c *Client) Read(body []byte, signature string) (payment.Event, error) {
	if c.cfg.WebhookSecret == "" {
		return payment.Event{}, payment.ErrForged.Because(errors.New("there is no secret to check it with"))
	}
	signed, err := signedAt(signature)
	if err != nil {
		return payment.Event{}, payment.ErrForged.Because(err)
	}
	e, err := webhook.ConstructEventWithOptions(body, signature, c.cfg.WebhookSecret, webhook.ConstructEventOptions{
		IgnoreAPIVersionMismatch: true, IgnoreTolerance: true, // its clock is not ours: see below
	})
	if err != nil {
		return payment.Event{}, payment.ErrForged.Because(err)
	}
	if off := c.cfg.Now().Sub(signed); off > window || off < -window {
		return payment.Event{}, payment.ErrForged.Because(errors.New("it was signed " + off.Round(time.Second).String() + " ago by our clock"))
	}
	if e.ID == "" {
		return payment.Event{}, payment.ErrForged.Because(errors.New("it has no ID"))
	}
	return payment.Event{ID: e.ID, Kind: string(e.Type), Customer: customerOf(e), At: at(e.Created)}, nil
}

// signedAt reads the time of a signature, of which there must be exactly one: otherwise it might not be the one that was signed.
func signedAt(signature string) (signed time.Time, err error) {
	n := 0
	for part := range strings.SplitSeq(signature, ",") {
		if text, ok := strings.CutPrefix(part, "t="); ok {
			n++
			unix, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return signed, errors.New("its time is no number")
			}
			signed = time.Unix(unix, 0)
		}
	}
	if n != 1 {
		return signed, errors.New("it has no time, or several")
	}
	return signed, nil
}

// customerOf is whom an event is about.
func customerOf(e stripe.Event) string {
	if e.Data == nil {
		return ""
	}
	object := e.Data.Object
	if kind, _ := object["object"].(string); kind == "customer" {
		id, _ := object["id"].(string)
		return id
	}
	switch of := object["customer"].(type) {
	case string:
		return of
	case map[string]any:
		id, _ := of["id"].(string)
		return id
	}
	return ""
}
