package price_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/price"
	"github.com/observatory/observatory/tenants"
)

// A month with use of five meters in every hour, and an upgrade in its middle.
func BenchmarkRate(b *testing.B) {
	plans, err := plan.Default()
	require.NoError(b, err)
	month := billing.PeriodOf(november(1, 0))
	in := price.Input{Plans: plans, Period: month, Use: map[billing.MeterName][]billing.HourUse{}, History: []billing.Terms{
		plans.FirstTerms(tenants.NewID(), month.From.AddDate(-1, 0, 0)),
		{Revision: 1, From: november(16, 0), Plan: "growth", Catalogue: 1, Currency: "USD", Interval: billing.Monthly},
	}}
	for _, meter := range []billing.MeterName{billing.Events, billing.TrackedUsers, billing.Storage, billing.QueryTime, billing.Exports} {
		for at := month.From; at.Before(month.To); at = at.Add(time.Hour) {
			in.Use[meter] = append(in.Use[meter], billing.HourUse{Hour: at, Quantity: 40_000})
		}
	}
	for b.Loop() {
		if bill, err := price.Rate(in); err != nil || len(bill.Lines) == 0 {
			b.Fatal(bill, err)
		}
	}
}
