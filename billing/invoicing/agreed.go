package invoicing

import (
	"context"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/price"
	"github.com/observatory/observatory/billing/subscription"
	"github.com/observatory/observatory/tenants"
)

// Agreed are the Rates by what tenants have agreed to.
type Agreed struct{ Subscriptions *subscription.Service }

// Rate implements Rates.
func (a Agreed) Rate(ctx context.Context, tenant tenants.ID, month billing.Period, until time.Time, use Use) (Bill, error) {
	history, err := a.Subscriptions.History(ctx, tenant)
	if err != nil {
		return Bill{}, err
	}
	bill, err := price.Rate(price.Input{Plans: a.Subscriptions.Plans(), Period: month, History: history, Use: use, Until: until})
	return Bill{Currency: bill.Currency, Free: bill.Free, Lines: bill.Lines}, err
}
