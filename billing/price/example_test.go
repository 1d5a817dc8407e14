package price_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/price"
)

// The examples of docs/billing.md, by the plans that come with the program.

func november(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }

func example(t *testing.T, history ...billing.Terms) price.Input {
	t.Helper()
	plans, err := plan.Default()
	require.NoError(t, err)
	for i := range history {
		history[i].Revision, history[i].Catalogue = i, 1
	}
	return price.Input{Plans: plans, Period: billing.PeriodOf(november(1, 0)), History: history, Use: map[billing.MeterName][]billing.HourUse{}}
}

func (e *expected) check(t *testing.T, in price.Input) {
	t.Helper()
	bill, err := price.Rate(in)
	require.NoError(t, err)
	var lines []string
	for _, l := range bill.Lines {
		text := l.Text
		if l.Tier != "" {
			text += ": " + l.Tier
		}
		if l.Unit != "" {
			text += " at " + l.Unit
		}
		lines = append(lines, text+" = "+l.Amount.Format(bill.Currency))
	}
	require.Equal(t, e.lines, lines)
	require.Equal(t, e.total, bill.Total().Format(bill.Currency))
	require.False(t, bill.Free)
}

type expected struct {
	lines []string
	total string
}

func TestExamples(t *testing.T) {
	t.Parallel()
	agreed := func(key string, currency billing.Currency, from time.Time) billing.Terms {
		return billing.Terms{Plan: key, Currency: currency, Interval: billing.Monthly, From: from}
	}
	amount := func(n billing.Amount) *billing.Amount { return &n }
	events := func(hour time.Time, n int64) map[billing.MeterName][]billing.HourUse {
		return map[billing.MeterName][]billing.HourUse{billing.Events: {{Hour: hour, Quantity: n}}}
	}

	t.Run("an upgrade in the middle of a month", func(t *testing.T) {
		t.Parallel()
		in := example(t, agreed("free", "USD", november(1, 0)), agreed("growth", "USD", november(16, 0)))
		in.Use[billing.Events] = []billing.HourUse{{Hour: november(10, 7), Quantity: 400_000}, {Hour: november(20, 7), Quantity: 12_500_000}}
		(&expected{total: "USD 299.50", lines: []string{
			"Free, 360 of 720 hours at USD 0.00 per month = USD 0.00",
			"Growth, 360 of 720 hours at USD 49.00 per month = USD 24.50",
			"Events: included = USD 0.00",
			"Events: included = USD 0.00",
			"Events: 2,500,001 to 10,000,000 at USD 0.03 per 1,000 events = USD 225.00",
			"Events: 10,000,001 to 50,000,000 at USD 0.02 per 1,000 events = USD 50.00",
		}}).check(t, in)
	})
	t.Run("yen, where there is nothing behind the point", func(t *testing.T) {
		t.Parallel()
		in := example(t, agreed("growth", "JPY", november(1, 0)))
		in.Use = events(november(3, 3), 5_000_301)
		(&expected{total: "JPY 7502", lines: []string{
			"Growth at JPY 7500 per month = JPY 7500",
			"Events: included = JPY 0",
			"Events: 5,000,001 to 20,000,000 at JPY 5 per 1,000 events = JPY 2",
		}}).check(t, in)
	})
	t.Run("dinars, which have a thousand fils", func(t *testing.T) {
		t.Parallel()
		in := example(t, agreed("growth", "KWD", november(1, 0)))
		in.Use[billing.Storage] = []billing.HourUse{{Hour: november(3, 3), Quantity: 350 * 24_000_000_000}}
		(&expected{total: "KWD 15.133", lines: []string{
			"Growth at KWD 15.000 per month = KWD 15.000",
			"Storage: included = KWD 0.000",
			"Storage: over 300 at KWD 0.080 per 30 GB-days = KWD 0.133",
		}}).check(t, in)
	})
	t.Run("a year that ends before its time", func(t *testing.T) {
		t.Parallel()
		yearly := agreed("growth", "EUR", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
		yearly.Interval = billing.Yearly
		in := example(t, yearly, agreed("free", "EUR", november(11, 0)))
		(&expected{total: "EUR -135.62", lines: []string{
			"Free, 480 of 720 hours at EUR 0.00 per month = EUR 0.00",
			"Growth, not used: 2640 of 8760 hours of the year at EUR 450.00 per year = EUR -135.62",
		}}).check(t, in)
	})
	t.Run("a trial, a coupon and a spend cap", func(t *testing.T) {
		t.Parallel()
		terms := agreed("growth", "USD", november(1, 0))
		terms.TrialUntil, terms.Coupon, terms.SpendCap = november(7, 0), "WELCOME20", amount(10_000)
		in := example(t, terms)
		in.Use[billing.Events] = []billing.HourUse{{Hour: november(2, 0), Quantity: 9_000_000}, {Hour: november(9, 0), Quantity: 8_000_000}}
		(&expected{total: "USD 100.00", lines: []string{
			"Growth, 144 of 720 hours, trial at USD 49.00 per month = USD 0.00",
			"Growth, 576 of 720 hours at USD 49.00 per month = USD 39.20",
			"Events: trial = USD 0.00",
			"Events: included = USD 0.00",
			"Events: 4,000,001 to 16,000,000 at USD 0.03 per 1,000 events = USD 120.00",
			"Welcome, month 1 of 3 = USD -31.84",
			"Beyond the spend cap of USD 100.00 = USD -27.36",
		}}).check(t, in)
	})
	t.Run("a coupon is for its plans, and not for another that ends the month on one of them", func(t *testing.T) {
		t.Parallel()
		last := agreed("growth", "USD", november(30, 12))
		last.Coupon = "STARTUP50"
		in := example(t, agreed("scale", "USD", november(1, 0)), last)
		in.Use = events(november(20, 7), 198_333_333) // a hundred million beyond what 29.5 days include
		(&expected{total: "USD 1391.09", lines: []string{
			"Scale, 708 of 720 hours at USD 499.00 per month = USD 490.68",
			"Growth, 12 of 720 hours at USD 49.00 per month = USD 0.82",
			"Events: included = USD 0.00",
			"Events: 98,333,334 to 491,666,666 at USD 9.00 per 1,000,000 events = USD 900.00",
			"For start-ups, month 1 of 12 = USD -0.41",
		}}).check(t, in)
	})
	t.Run("a price by volume has a higher peak before its last tier", func(t *testing.T) {
		t.Parallel()
		terms := agreed("scale", "USD", november(1, 0))
		terms.SpendCap = amount(49_900 + 300_000)
		in := example(t, terms)
		room, capped, err := price.Room(in, november(5, 5))
		require.NoError(t, err)
		require.True(t, capped)
		require.Equal(t, int64(100_000_000+333_333_888), room, "600 million would cost as much, but 500 million cost more")
	})
}
