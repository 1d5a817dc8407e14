package billingstripe

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v76"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/payment"
)

// Subscribe implements payment.Mirror: a subscription to a price of nothing, since our invoices say what is to be paid.
func (c *Client) Subscribe(ctx context.Context, in payment.Subscription) (string, error) {
	price, err := c.price(ctx, in)
	if err != nil {
		return "", err
	}
	var (
		mine *stripe.Subscription
		made int // ever
	)
	found := func() (bool, error) {
		mine, made = nil, 0
		all := c.api.Subscriptions.List(&stripe.SubscriptionListParams{ListParams: listing(ctx), Customer: &in.Customer, Status: stripe.String("all")})
		for all.Next() {
			s := all.Subscription()
			made++
			if s.Status != stripe.SubscriptionStatusCanceled && s.Metadata[planOfOurs] != "" {
				mine = s
			}
		}
		return mine != nil, all.Err()
	}
	if _, err := found(); err != nil {
		return "", translate(err)
	}
	err = once(fmt.Sprintf("subscription/%s/%d", in.Customer, made), found, func(key string) (err error) {
		p := &stripe.SubscriptionParams{
			Params: params(ctx, key), Customer: &in.Customer, Description: stripe.String("Observatory " + in.Title),
			Items: []*stripe.SubscriptionItemsParams{{Price: &price}},
		}
		p.AddMetadata(planOfOurs, in.Plan)
		mine, err = c.api.Subscriptions.New(p)
		return err
	})
	if err != nil {
		return "", err
	}
	if mine.Items != nil && len(mine.Items.Data) == 1 && mine.Items.Data[0].Price.ID != price {
		p := &stripe.SubscriptionParams{
			Params: params(ctx, ""), Description: stripe.String("Observatory " + in.Title), ProrationBehavior: stripe.String("none"),
			Items: []*stripe.SubscriptionItemsParams{{ID: &mine.Items.Data[0].ID, Price: &price}},
		}
		p.AddMetadata(planOfOurs, in.Plan)
		if _, err := c.api.Subscriptions.Update(mine.ID, p); err != nil {
			return "", translate(err)
		}
	}
	return mine.ID, nil
}

// price finds the price of nothing of a plan, or makes it with its product.
func (c *Client) price(ctx context.Context, in payment.Subscription) (id string, err error) {
	key := fmt.Sprintf("observatory/%s/%s/%s", in.Plan, in.Interval, in.Currency)
	product := "observatory-" + in.Plan
	err = once("price/"+key, func() (bool, error) {
		all := c.api.Prices.List(&stripe.PriceListParams{ListParams: listing(ctx), LookupKeys: []*string{&key}})
		if all.Next() {
			id = all.Price().ID
		}
		return id != "", all.Err()
	}, func(idempotency string) error {
		_, err := c.api.Products.New(&stripe.ProductParams{Params: params(ctx, ""), ID: &product, Name: stripe.String("Observatory " + in.Title)})
		if err != nil && !refusedFor(err, string(stripe.ErrorCodeResourceAlreadyExists), "already exists") {
			return err
		}
		interval := string(stripe.PriceRecurringIntervalMonth)
		if in.Interval == billing.Yearly {
			interval = string(stripe.PriceRecurringIntervalYear)
		}
		made, err := c.api.Prices.New(&stripe.PriceParams{
			Params: params(ctx, idempotency), Product: &product, Currency: stripe.String(lower(in.Currency)), UnitAmount: stripe.Int64(0), LookupKey: &key,
			Recurring: &stripe.PriceRecurringParams{Interval: &interval},
		})
		if err == nil {
			id = made.ID
		}
		return err
	})
	return id, err
}

// Unsubscribe implements payment.Mirror.
func (c *Client) Unsubscribe(ctx context.Context, id string) error {
	_, err := c.api.Subscriptions.Cancel(id, &stripe.SubscriptionCancelParams{Params: params(ctx, "")})
	if err = translate(err); isUnknown(err) {
		return nil
	}
	return err
}
