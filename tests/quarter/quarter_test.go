// Package quarter_test lets two tenants live through a quarter, in a few minutes of a moved clock, and then adds everything up again.
package quarter_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// TestAQuarter has upgrades in the midst of an hour, a downgrade, events beyond the limit of a plan, quarantined events that are repaired after the
// month was closed, one that is sent again after weeks, a person who is forgotten, bots, a server that is killed again and again, and a provider of
// payments that is away for a day. In the end the ledger, the events in the store, what the provider was told and the invoices
// come to the same, and to what the model says, which adds up one event after the other.
func TestAQuarter(t *testing.T) {
	t.Parallel()
	months := []time.Time{monthOf(time.Now()).AddDate(0, 1, 0)}
	for range 3 {
		months = append(months, months[len(months)-1].AddDate(0, 1, 0))
	}
	day := func(month, day int) time.Time { // in the midst of an hour
		return months[month].AddDate(0, 0, day-1).Add(10*time.Hour + 30*time.Minute)
	}
	clock := newClock(t, months[0].Add(30*time.Minute))
	stripe := startStripe(t, clock)
	plans, err := filepath.Abs("testdata/plans.yaml")
	require.NoError(t, err)
	shared := harness.SharedEngines(t)
	s := &server{harness.Start(t, harness.Config{Engines: shared, Env: stripe.env(map[string]string{
		"OBSERVATORY_CLOCK_FILE": clock.file, "OBSERVATORY_ENVIRONMENT": "trial", "OBSERVATORY_PLANS": plans, "OBSERVATORY_PURGE_EVERY": "1s", "OBSERVATORY_BILLING_EVERY": "1s",
	})})}
	clock.logs = s.Logs
	stripe.delivers(t, s.URL)
	die := func() {
		t.Helper()
		s.Kill(t)
		s.Start(t)
		s.Fresh(t)
	}

	// The first month.
	shop, tokyo := signUp(t, s, clock, "shop", "USD"), signUp(t, s, clock, "tokyo", "JPY")
	today(t, clock, day(0, 1), shop, tokyo)
	stripe.checkout(t, shop)
	shop.subscribe(t, "growth", map[string]any{"coupon": "HALF"})
	shop.agree(clock.Now(), "growth", true)
	tokyo.subscribe(t, "free", nil)

	today(t, clock, day(0, 3), shop, tokyo)
	batch := shop.some(90, 15, 0)
	shop.store(t, batch)
	shop.settled(t, shop.send(t, batch).Receipt) // a retry: no event of it counts again
	shop.settled(t, shop.send(t, bots(shop, 25)).Receipt)
	die()

	today(t, clock, day(0, 5), shop, tokyo)
	misspelt := clock.Now()
	const misspellings = 30
	shop.misspell(t, misspellings)

	today(t, clock, day(0, 8), shop, tokyo)
	limit := int64(40)
	free := limit - total(tokyo.events, months[0], months[1])
	tokyo.store(t, tokyo.some(int(free), 12, 0))
	beyond := tokyo.some(25, 12, 20)
	held := tokyo.settled(t, tokyo.send(t, beyond).Receipt)
	require.Equal(t, len(beyond), held.Counts.Held, "%+v", held.Counts)
	die()

	today(t, clock, day(0, 12), shop)
	stripe.checkout(t, tokyo)
	tokyo.subscribe(t, "growth", nil)
	tokyo.agree(clock.Now(), "growth", false)
	for _, e := range beyond { // they count when they are released
		tokyo.add(clock.Now(), e["user_id"].(string)) //nolint:forcetypeassert // see event
	}
	testkit.Eventually(t, harness.Patience, func() error {
		if r := tokyo.settled(t, held.ID); r.Counts.Stored != len(beyond) {
			return fmt.Errorf("%+v", r.Counts)
		}
		return nil
	})

	stripe.Outage(true)
	today(t, clock, day(0, 20), shop, tokyo)
	shop.store(t, shop.some(70, 30, 0))
	tokyo.store(t, tokyo.some(110, 18, 0))
	die()
	today(t, clock, day(0, 21), shop, tokyo)
	stripe.Outage(false)

	today(t, clock, day(0, 25), shop, tokyo)
	twice := tokyo.some(1, 1, 1)
	first := clock.Now()
	tokyo.store(t, twice)

	// The second month: the first is closed, and not all of it was known.
	today(t, clock, day(1, 1), shop, tokyo)
	awaitInvoices(t, months[0], shop, tokyo)
	die()

	today(t, clock, day(1, 3), shop, tokyo)
	shop.repair(t, misspellings, misspelt)
	shop.requireLedger(t, months[0])
	stripe.requireTold(t, months[0], shop, tokyo)  // days later it would be too old to be told
	tokyo.settled(t, tokyo.send(t, twice).Receipt) // it takes the place of the first
	tokyo.events[first.Truncate(time.Hour)]--
	tokyo.add(clock.Now(), twice[0]["user_id"].(string)) //nolint:forcetypeassert // see event

	today(t, clock, day(1, 9), shop, tokyo)
	shop.store(t, shop.some(60, 40, 0))
	leaver := "shop person 3"
	shop.erase(t, leaver)
	barred := shop.settled(t, shop.send(t, []map[string]any{shop.event("visit", leaver)}).Receipt)
	require.Equal(t, 1, barred.Counts.Suppressed, "%+v", barred.Counts)
	die()

	today(t, clock, day(1, 14), shop, tokyo)
	shop.subscribe(t, "scale", nil)
	shop.agree(clock.Now(), "scale", false)
	shop.store(t, shop.some(300, 50, 100))
	today(t, clock, day(1, 15), shop, tokyo)
	tokyo.store(t, tokyo.some(95, 31, 0))

	// The third month.
	today(t, clock, day(2, 1), shop, tokyo)
	awaitInvoices(t, months[1], shop, tokyo)
	stripe.requireTold(t, months[1], shop, tokyo)
	die()
	today(t, clock, day(2, 10), shop, tokyo)
	shop.store(t, shop.some(210, 50, 200))
	shop.subscribe(t, "growth", nil)
	shop.agree(clock.Now().Add(time.Hour), "growth", false) // a lower plan begins with the next hour
	today(t, clock, day(2, 11), shop, tokyo)
	shop.store(t, shop.some(180, 50, 60))

	today(t, clock, day(3, 1), shop, tokyo)
	awaitInvoices(t, months[2], shop, tokyo)

	store := openStore(t, shared.ClickHouse)
	for _, x := range []*tenant{shop, tokyo} {
		for _, month := range months[:3] {
			x.requireLedger(t, month)
			x.requireRecount(t, store, month)
			stripe.requireTold(t, month, x)
			x.requireCharged(t, month)
		}
		stripe.requireCollected(t, x)
		require.Equal(t, "ok", x.standing(t))
	}
	require.Empty(t, shop.differences(t))
	require.Len(t, tokyo.differences(t), 1, "the event that was sent again after weeks")
	requireNumbersWithoutGaps(t, shop, tokyo)
	require.Empty(t, s.Logs.Lines("ledger does not balance"))
}

// bots are events that programs cause.
func bots(x *tenant, n int) []map[string]any {
	all := x.some(n, n, 0)
	for _, e := range all {
		e["context"] = map[string]any{"userAgent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
	}
	return all
}
