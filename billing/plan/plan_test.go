package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/tenants"
)

func TestTheProgramComesWithPlans(t *testing.T) {
	t.Parallel()
	c, err := plan.Open("")
	require.NoError(t, err)
	require.Equal(t, billing.Currency("USD"), c.Currency())
	require.Equal(t, []int{2, 2, 0, 3}, []int{c.Currencies[0].Digits(), c.Currencies[1].Digits(), c.Currencies[2].Digits(), c.Currencies[3].Digits()})
	var keys []string
	for _, p := range c.Versions[0].Plans {
		keys = append(keys, p.Key)
		require.Equal(t, p.Key == "free", p.Free(), p.Key)
	}
	require.Equal(t, []string{"free", "growth", "scale", "enterprise"}, keys)

	growth, err := c.Plan(1, "growth")
	require.NoError(t, err)
	require.Equal(t, int64(300*24_000_000_000), growth.Prices[billing.Storage].Included, "GB-days become bytes for an hour")
	require.Equal(t, plan.Tier{
		UpTo: 20_000_000, Per: 1000, Amounts: map[billing.Currency]billing.Amount{"USD": 3, "EUR": 3, "JPY": 5, "KWD": 10},
	}, growth.Prices[billing.Events].Tiers[0])
	require.Equal(t, plan.Overage, growth.LimitDuring(false).Then)
	require.Equal(t, plan.Limit{Meter: billing.Events, At: 5_000_000, Then: plan.Hold, KeepDays: 30}, growth.LimitDuring(true))
	fee, ok := growth.Fees["JPY"].Of(billing.Yearly)
	require.True(t, ok)
	require.Equal(t, billing.Amount(75_000), fee)
	require.Equal(t, 14*24*time.Hour, c.Dunning.Restrict)
	require.Equal(t, plan.CostRate{Amount: 9, Per: 1_000_000_000}, c.Costs.Rates[plan.EgressCost])

	for _, key := range []string{"", "Growth", "gold"} {
		_, err = c.Plan(1, key)
		require.ErrorIs(t, err, plan.ErrUnknown)
	}
	for _, version := range []int{-1, 0, 2} {
		_, err = c.Plan(version, "growth")
		require.ErrorIs(t, err, plan.ErrUnknown)
	}
}

// small is a file with as little in it as there can be, with two versions of its plan.
const small = `
currencies: [KWD]
dunning: {due_days: 1, restrict_days: 2, suspend_days: 3}
coupons: [{code: TEN, title: Ten, percent: 10, months: 1, plans: [only], redeem_until: 2026-02-01}]
costs: {currency: KWD, rates: {query_time: {amount: 1, per: 1}, job_time: {amount: 1, per: 1}, egress: {amount: 1, per: 1}, storage: {amount: 1, per: 1}, events: {amount: 1, per: 1}}}
versions:
  - version: 1
    from: 2026-01-01
    plans: &plans
      - key: only
        title: Only
        fees: {month: {KWD: 0}}
        prices:
          events: {included: 10, mode: graduated, tiers: [{up_to: 20, per: 1, amounts: {KWD: 2}}, {per: 1, amounts: {KWD: 1}}]}
          tracked_users: {included: unlimited}
          storage: {included: unlimited}
          query_time: {included: unlimited}
          exports: {included: unlimited}
        limit: {at: 15, then: hold, keep_days: 7}
  - version: 2
    from: 2026-06-01
    plans: *plans
`

func TestVersionsStay(t *testing.T) {
	t.Parallel()
	c, err := plan.Parse([]byte(small))
	require.NoError(t, err)
	day := func(month time.Month) time.Time { return time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC) }
	tenant := tenants.ID(uuid.New())
	for month, version := range map[time.Month]int{-12: 1, 1: 1, 5: 1, 6: 2, 11: 2} {
		terms := c.FirstTerms(tenant, day(month).Add(90*time.Minute))
		require.Equal(t, version, terms.Catalogue, "%s", month)
		require.Equal(t, day(month).Add(time.Hour), terms.From)
		require.Equal(t, "only", terms.Plan)
	}
	ten, err := c.Coupon("TEN")
	require.NoError(t, err)
	require.True(t, ten.For("only", "KWD"))
	require.False(t, ten.For("other", "KWD"))
	_, err = c.Coupon("ten")
	require.ErrorIs(t, err, plan.ErrCouponUnknown)
}

// TestWhatIsWrongIsSaid changes one thing about the small file at a time.
func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ change, to, says string }{
		{"currencies: [KWD]", "currencies: []", "currencies: at least one is needed"},
		{"currencies: [KWD]", "currencies: [KWD, kwd]", `currencies, 2: "kwd" is no code of ISO 4217 in capitals`},
		{"currencies: [KWD]", "currencies: [KWD, ABC]", `currencies, 2: "ABC" is no code of ISO 4217 in capitals`},
		{"currencies: [KWD]", "currencies: [KWD, KWD]", "currencies, 2: KWD is there twice"},
		{"currencies: [KWD]", "currencies: [KWD, JPY]", "versions, 1, plan only, fees, month: JPY is missing"},
		{"due_days: 1", "due_days: 0", "dunning, due_days: must be 1 to 3650"},
		{"suspend_days: 3", "suspend_days: 2", "dunning, suspend_days: must be above restrict_days"},
		{"suspend_days: 3", "suspend_days: 3, remind_days: [2, 1]", "dunning, remind_days: must ascend"},
		{"percent: 10", "percent: 101", "coupons, 1, percent: must be 1 to 100"},
		{"percent: 10", "percent: 10, amounts: {KWD: 1}", "coupons, 1: either percent or amounts is needed"},
		{"percent: 10, ", "", "coupons, 1: either percent or amounts is needed"},
		{"plans: [only]", "plans: [other]", `coupons, 1, plans: there is no plan "other"`},
		{"code: TEN", "code: ten", `coupons, 1, code: "ten" must be 3 to 32 capitals and digits`},
		{"months: 1", "months: 0", "coupons, 1, months: must be 1 to 120"},
		{"redeem_until: 2026-02-01", "redeem_until: soon", `coupons, 1, redeem_until: "soon" is no day, such as 2026-01-31`},
		{"costs: {currency: KWD", "costs: {currency: USD", `costs, currency: "USD" is not among the currencies`},
		{"egress: {amount: 1, per: 1}, ", "", "costs, egress: is missing"},
		{"egress: {amount: 1, per: 1}", "egress: {amount: 1, per: 0}", "costs, egress, per: must be 1 to 9223372036"},
		{"events: {amount: 1, per: 1}}", "events: {amount: 1, per: 1}, air: {amount: 1, per: 1}}", "costs, air: there is no such cost"},
		{"version: 2", "version: 3", "versions, 2, version: must be 2: they are counted from 1"},
		{"from: 2026-06-01", "from: 2026-01-01", "versions, 2, from: must be after that of the version before"},
		{"from: 2026-06-01", "from: June", `versions, 2, from: "June" is no day, such as 2026-01-31`},
		{"plans: *plans", "plans: []", "versions, 2, plans: at least one is needed"},
		{"key: only", "key: The One", `versions, 1, plan The One, key: "The One" must be a letter`},
		{"title: Only", "title: ''", "versions, 1, plan only, title: is missing"},
		{"title: Only", "title: Only\n        colour: red", "field colour not found"},
		{"title: Only", "title: Only\n        title: Twice", "already defined"},
		{"title: Only", "title: Only\n        trial_days: 366", "versions, 1, plan only, trial_days: must be 0 to 365"},
		{"month: {KWD: 0}", "month: {KWD: 1}", "versions, 1, plan only: the first plan is that of whoever chose none: it must have no fee"},
		{"month: {KWD: 0}", "month: {KWD: 0, USD: 0}", "versions, 1, plan only, fees, month: USD is not among the currencies"},
		{"month: {KWD: 0}", "month: {KWD: 0}, year: {}", "versions, 1, plan only, fees, year: KWD is missing"},
		{"month: {KWD: 0}", "month: {KWD: -1}", "versions, 1, plan only, fees, month, KWD: must be 0 to 1000000000000 of the minor unit"},
		{"month: {KWD: 0}", "month: {KWD: 0.5}", `"0.5" must be a whole number`},
		{"month: {KWD: 0}", "month: {KWD: }", "a value is missing"},
		{"month: {KWD: 0}", "month: {KWD: 99999999999999999999}", `"99999999999999999999" must be a whole number`},
		{"exports: {included: unlimited}", "", "versions, 1, plan only, prices, exports: is missing: a plan says of every meter what it costs"},
		{"exports: {included: unlimited}", "exports: {included: all}", `versions, 1, plan only, prices, exports, included: "all" must be a number or unlimited`},
		{"exports: {included: unlimited}", "exports: {included: 1.5}", `"1.5" must be a whole number`},
		{"exports: {included: unlimited}", "exports: {included: 5}", "versions, 1, plan only, prices, exports, tiers: are missing"},
		{"exports: {included: unlimited}", "exports: {included: unlimited, mode: volume}", "versions, 1, plan only, prices, exports: what is unlimited has neither a mode nor tiers"},
		{"exports: {included: unlimited}", "exports: {included: unlimited}\n          bot_events: {included: 1}", "versions, 1, plan only, prices, bot_events: nobody pays for this meter"},
		{"exports: {included: unlimited}", "exports: {included: unlimited}\n          smiles: {included: 1}", "versions, 1, plan only, prices, smiles: there is no such meter"},
		{"storage: {included: unlimited}", "storage: {included: 400000000, mode: volume, tiers: [{per: 1, amounts: {KWD: 1}}]}", "versions, 1, plan only, prices, storage, included: must be 0 to 384307168"},
		{"mode: graduated", "mode: stepped", `versions, 1, plan only, prices, events, mode: "stepped" must be graduated or volume`},
		{"{up_to: 20, per: 1,", "{up_to: 10, per: 1,", "versions, 1, plan only, prices, events, tier 1, up_to: must be above 10"},
		{"{up_to: 20, per: 1,", "{per: 1,", "versions, 1, plan only, prices, events, tier 1, up_to: every tier but the last has an end"},
		{"{per: 1, amounts: {KWD: 1}}]", "{up_to: 30, per: 1, amounts: {KWD: 1}}]", "versions, 1, plan only, prices, events, tier 2, up_to: every tier but the last has an end"},
		{"{up_to: 20, per: 1,", "{up_to: 20, per: 0,", "versions, 1, plan only, prices, events, tier 1, per: must be 1 to"},
		{"{at: 15,", "{at: none,", "versions, 1, plan only, limit, then: without a limit nothing is held"},
		{"{at: 15,", "{at: most,", `versions, 1, plan only, limit, at: "most" must be a number, included or none`},
		{"{at: 15,", "{at: 0,", "versions, 1, plan only, limit, at: must be 1 to"},
		{"then: hold", "then: drop", `versions, 1, plan only, limit, then: "drop" must be overage or hold`},
		{"keep_days: 7", "keep_days: 0", "versions, 1, plan only, limit, keep_days: must be 1 to 365"},
		{", mode: graduated, tiers: [{up_to: 20, per: 1, amounts: {KWD: 2}}, {per: 1, amounts: {KWD: 1}}]", "", "versions, 1, plan only, limit: events beyond what is included have no price: they must be held"},
		{"currencies:", "---\n{}\n---\ncurrencies:", "there is something behind it"},
	} {
		require.Contains(t, small, c.change)
		_, err := plan.Parse([]byte(strings.Replace(small, c.change, c.to, 1)))
		require.ErrorContains(t, err, c.says, "%q instead of %q", c.to, c.change)
	}
	several := strings.NewReplacer("due_days: 1", "due_days: 0", "keep_days: 7", "keep_days: 0").Replace(small)
	path := filepath.Join(t.TempDir(), "plans.yaml")
	require.NoError(t, os.WriteFile(path, []byte(several), 0o600))
	_, err := plan.Open(path)
	require.ErrorContains(t, err, "due_days")
	require.ErrorContains(t, err, "keep_days", "everything that is wrong is said at once")
	require.ErrorContains(t, err, path)
	_, err = plan.Parse([]byte(strings.Repeat("#", 1<<20) + small))
	require.ErrorContains(t, err, "at most 1048576 bytes")
}

// FuzzParse: whatever a file holds, it is refused, or every plan of it can be priced.
func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("plans.yaml")
	require.NoError(f, err)
	f.Add(string(text))
	f.Add(small)
	f.Add(strings.Replace(small, "up_to: 20", "up_to: 0x7fffffffffffffff", 1))
	f.Add("currencies: &a [*a]")
	f.Add("versions: [{plans: [{prices: {events: null}}]}]")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := plan.Parse([]byte(text))
		if err != nil {
			return
		}
		require.NotEmpty(t, c.Currencies)
		for _, v := range c.Versions {
			require.NotEmpty(t, v.Plans)
			for _, p := range v.Plans {
				require.Len(t, p.Fees, len(c.Currencies))
				checkPrices(t, c, p)
			}
		}
	})
}

func checkPrices(t *testing.T, c *plan.Catalogue, p plan.Plan) {
	for _, m := range billing.Meters() {
		price, ok := p.Prices[m.Name]
		require.Equal(t, !m.Free, ok)
		require.GreaterOrEqual(t, price.Included, int64(0))
		above := price.Included
		for i, tier := range price.Tiers {
			require.Positive(t, tier.Per)
			require.Len(t, tier.Amounts, len(c.Currencies))
			require.Equal(t, i == len(price.Tiers)-1, tier.UpTo == 0)
			require.True(t, tier.UpTo == 0 || tier.UpTo > above)
			above = tier.UpTo
		}
	}
}
