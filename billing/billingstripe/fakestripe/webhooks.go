package fakestripe

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Webhook is one that waits to be delivered.
type Webhook struct {
	ID   string
	Kind string
	Body []byte
}

// emit makes a webhook. It waits for Deliver.
func (f *Fake) emit(kind string, about object) {
	id := f.id("evt")
	body, err := json.Marshal(object{
		"id": id, "object": "event", "type": kind, "created": f.now().Unix(), "api_version": "2026-08-26.later", "data": object{"object": about},
	})
	if err != nil {
		panic(err) // maps of texts and numbers
	}
	f.webhooks = append(f.webhooks, &Webhook{ID: id, Kind: kind, Body: body})
}

// Waiting are the webhooks that are not delivered yet, oldest first.
func (f *Fake) Waiting() []Webhook {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Webhook, len(f.webhooks))
	for i, w := range f.webhooks {
		all[i] = *w
	}
	return all
}

// Forget drops webhooks that wait: they never arrive.
func (f *Fake) Forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.webhooks = nil
}

// Delivery is how webhooks arrive.
type Delivery struct {
	URL     string
	Copies  int  // of each; 0 is 1
	Reverse bool // the newest first
}

// Deliver sends what waits, signed now. What is not answered with 2xx waits on; the error is about the first such.
func (f *Fake) Deliver(ctx context.Context, d Delivery) (first error) {
	waiting := f.Waiting()
	if d.Reverse {
		slices.Reverse(waiting)
	}
	for _, w := range waiting {
		delivered := true
		for range max(1, d.Copies) {
			if err := f.deliver(ctx, d.URL, w.Body); err != nil {
				delivered = false
				if first == nil {
					first = fmt.Errorf("deliver %s %s: %w", w.Kind, w.ID, err)
				}
			}
		}
		if delivered {
			f.mu.Lock()
			f.webhooks = slices.DeleteFunc(f.webhooks, func(x *Webhook) bool { return x.ID == w.ID })
			f.mu.Unlock()
		}
	}
	return first
}

func (f *Fake) deliver(ctx context.Context, url string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Stripe-Signature", Sign(body, f.Secret, f.Now()))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // nothing more is read
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("answered %s", res.Status)
	}
	return nil
}

// Now is the time by the fake's clock.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now()
}

// Sign is the header Stripe-Signature of a body.
func Sign(body []byte, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.", at.Unix())
	mac.Write(body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}
