package billingstripe

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/payment"
)

// What a meter event carries besides its time.
const (
	customerKey = "stripe_customer_id"
	valueKey    = "value"
)

func eventName(m billing.MeterName) string { return "observatory_" + string(m) }

func isUnknown(err error) bool { return errors.Is(err, payment.ErrProviderUnknown) }

// Tell implements payment.Metering. The name of the usage is the identifier of the meter event, which is what makes it count once; there is no
// idempotency key besides, which would make a failure last for a day.
func (c *Client) Tell(ctx context.Context, u payment.Usage) error {
	if _, err := c.meter(ctx, u.Meter); err != nil {
		return err
	}
	_, err := c.api.BillingMeterEvents.New(&stripe.BillingMeterEventParams{
		Params: params(ctx, ""), EventName: stripe.String(eventName(u.Meter)), Identifier: &u.Name, Timestamp: stripe.Int64(u.Hour.Unix()),
		Payload: map[string]string{customerKey: u.Customer, valueKey: strconv.FormatInt(u.Quantity, 10)},
	})
	switch {
	case refusedFor(err, "duplicate_meter_event", "already exists with identifier"):
		return nil
	case refusedFor(err, "timestamp_too_far_in_past", "within the past 35"):
		return payment.ErrTooOld.Because(err)
	}
	return translate(err)
}

// TakeBack implements payment.Metering.
func (c *Client) TakeBack(ctx context.Context, u payment.Usage) error {
	_, err := c.api.BillingMeterEventAdjustments.New(&stripe.BillingMeterEventAdjustmentParams{
		Params: params(ctx, ""), EventName: stripe.String(eventName(u.Meter)), Type: stripe.String(string(stripe.BillingMeterEventAdjustmentTypeCancel)),
		Cancel: &stripe.BillingMeterEventAdjustmentCancelParams{Identifier: &u.Name},
	})
	switch {
	case refusedFor(err, "already been canceled", "already been cancelled", "already canceled"):
		return nil
	case refusedFor(err, "within 24 hours", "within the last 24 hours"):
		return payment.ErrTooOld.Because(err)
	}
	return translate(err)
}

// Totals implements payment.Metering.
func (c *Client) Totals(ctx context.Context, customer string, m billing.MeterName, from, to time.Time) (map[time.Time]int64, error) {
	meter, err := c.meter(ctx, m)
	if err != nil {
		return nil, err
	}
	totals := make(map[time.Time]int64)
	all := c.api.BillingMeterEventSummaries.List(&stripe.BillingMeterEventSummaryListParams{
		ListParams: listing(ctx), ID: &meter, Customer: &customer, StartTime: stripe.Int64(from.Unix()), EndTime: stripe.Int64(to.Unix()),
		ValueGroupingWindow: stripe.String("hour"),
	})
	for all.Next() {
		s := all.BillingMeterEventSummary()
		if n := int64(math.Round(s.AggregatedValue)); n != 0 {
			totals[at(s.StartTime).Truncate(time.Hour)] += n
		}
	}
	return totals, translate(all.Err())
}

// meter finds the ID of a meter, or makes it.
func (c *Client) meter(ctx context.Context, m billing.MeterName) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := eventName(m)
	if c.meters[name] != "" {
		return c.meters[name], nil
	}
	err := once("meter/"+name, func() (bool, error) {
		all := c.api.BillingMeters.List(&stripe.BillingMeterListParams{ListParams: listing(ctx), Status: stripe.String(string(stripe.BillingMeterStatusActive))})
		for all.Next() {
			c.meters[all.BillingMeter().EventName] = all.BillingMeter().ID
		}
		return c.meters[name] != "", all.Err()
	}, func(key string) error {
		declared, _ := billing.MeterOf(m)
		made, err := c.api.BillingMeters.New(&stripe.BillingMeterParams{
			Params: params(ctx, key), DisplayName: stripe.String("Observatory " + declared.Title), EventName: &name,
			DefaultAggregation: &stripe.BillingMeterDefaultAggregationParams{Formula: stripe.String(string(stripe.BillingMeterDefaultAggregationFormulaSum))},
			CustomerMapping:    &stripe.BillingMeterCustomerMappingParams{Type: stripe.String(string(stripe.BillingMeterCustomerMappingTypeByID)), EventPayloadKey: stripe.String(customerKey)},
			ValueSettings:      &stripe.BillingMeterValueSettingsParams{EventPayloadKey: stripe.String(valueKey)},
		})
		if err == nil {
			c.meters[name] = made.ID
		}
		return err
	})
	return c.meters[name], err
}
