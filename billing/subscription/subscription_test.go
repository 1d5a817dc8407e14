package subscription_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/subscription"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// world is a tenant, on a database, at a time that the test says.
type world struct {
	*testing.T
	*subscription.Service
	pool   *pg.Pool
	plans  *plan.Catalogue
	tenant tenants.ID
	now    time.Time
	used   int64 // events, in the first hour of the month
	payers *payers
}

// Use implements subscription.Usage.
func (w *world) Use(_ context.Context, _ tenants.ID, period billing.Period) (map[billing.MeterName][]billing.HourUse, error) {
	return map[billing.MeterName][]billing.HourUse{billing.Events: {{Hour: period.From, Quantity: w.used}}}, nil
}

// payers can pay, or can not.
type payers struct{ can bool }

// CanPay implements subscription.Means.
func (p *payers) CanPay(context.Context, tenants.ID) (bool, error) { return p.can, nil }

// newWorld has a tenant since noon on 20 October. It is 14:25 on 10 November.
func newWorld(t *testing.T) *world {
	t.Helper()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	w := &world{T: t, pool: pool, tenant: tenants.ID(uuid.New()), now: time.Date(2026, 11, 10, 14, 25, 0, 0, time.UTC), payers: &payers{can: true}}
	w.insert("INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'Acme', 'UTC', '2026-10-20T12:34:56Z')", uuid.UUID(w.tenant))
	w.plans, err = plan.Default()
	require.NoError(t, err)
	w.Service = subscription.New(subscription.Deps{Plans: w.plans, Rows: billingpg.New(pool).Terms(), Usage: w, Means: w.payers, Now: func() time.Time { return w.now }})
	return w
}

func (w *world) insert(sql string, args ...any) {
	w.Helper()
	require.NoError(w, w.pool.WithTenant(w.Context(), uuid.UUID(w.tenant), func(tx pgx.Tx) error {
		_, err := tx.Exec(w.Context(), sql, args...)
		return err
	}))
}

func (w *world) by() tenants.By {
	return tenants.By{Principal: tenants.Principal{Tenant: w.tenant, Actor: tenants.Actor{Kind: tenants.ActorUser, ID: "u-1", Label: "owner@example.com"}}, CorrelationID: "c-1"}
}

func (w *world) change(wish subscription.Wish) subscription.State {
	w.Helper()
	state, err := w.Change(w.Context(), w.by(), wish)
	require.NoError(w, err)
	return state
}

func (w *world) refused(want error, wish subscription.Wish) {
	w.Helper()
	_, err := w.Preview(w.Context(), w.tenant, wish)
	require.ErrorIs(w, err, want)
	_, err = w.Change(w.Context(), w.by(), wish)
	require.ErrorIs(w, err, want)
}

// plansIn are the plans in force in a period, in order.
func (w *world) plansIn(period billing.Period) (plans []string) {
	w.Helper()
	history, err := w.History(w.Context(), w.tenant)
	require.NoError(w, err)
	for _, s := range billing.InForce(history, period.From, period.To) {
		plans = append(plans, s.Terms.Plan)
	}
	return plans
}

func november(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }

func amount(n billing.Amount) *billing.Amount { return &n }

func TestWhoAgreedToNothingHasTheFirstPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	terms, p, err := w.Now(t.Context(), w.tenant)
	require.NoError(t, err)
	require.Equal(t, "free", p.Key)
	require.Equal(t, time.Date(2026, 10, 20, 12, 0, 0, 0, time.UTC), terms.From)
	october := billing.PeriodOf(terms.From)
	for period, plans := range map[billing.Period][]string{october.Before(): nil, october: {"free"}, october.Next(): {"free"}} {
		require.Equal(t, plans, w.plansIn(period), period)
	}
	_, err = w.State(t.Context(), tenants.ID(uuid.New()))
	require.ErrorIs(t, err, tenants.ErrTenantNotFound)

	w.now = time.Date(2026, 10, 20, 9, 0, 0, 0, time.UTC)
	state, err := w.State(t.Context(), w.tenant)
	require.NoError(t, err, "this server's clock is hours behind that of the one where they signed up")
	require.Equal(t, "free", state.Terms.Plan)
}

// TestTheHourOfAChange: the higher plan has the running hour as a whole, the lower one begins with the next.
func TestTheHourOfAChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	state := w.change(subscription.Wish{Plan: "growth"})
	require.Equal(t, november(10, 14), state.Terms.From)
	require.Equal(t, "upgraded", state.Terms.Reason)
	require.Equal(t, "user:u-1", state.Terms.By)

	w.now = w.now.Add(10 * time.Minute)
	state = w.change(subscription.Wish{Plan: "free"})
	require.Equal(t, "growth", state.Terms.Plan, "what was released under it is paid for")
	require.Equal(t, november(10, 15), state.Next.From)
	w.now = w.now.Add(time.Minute)
	state = w.change(subscription.Wish{Plan: "scale"})
	require.Equal(t, november(10, 14), state.Terms.From)
	require.Nil(t, state.Next, "a newer change ends one that was to come")
	require.Equal(t, "scale", state.Terms.Plan)

	w.change(subscription.Wish{Plan: "free", NextMonth: true})
	require.Nil(t, w.change(subscription.Wish{Plan: "scale"}).Next, "to wish for what there is calls off what was to come")
	state = w.change(subscription.Wish{Plan: "growth", NextMonth: true})
	require.Equal(t, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), state.Next.From)
	require.Equal(t, 6, state.Newest)
	require.Equal(t, []string{"free", "scale"}, w.plansIn(billing.PeriodOf(w.now)))
	w.now = state.Next.From
	state, err := w.State(t.Context(), w.tenant)
	require.NoError(t, err)
	require.Equal(t, "growth", state.Terms.Plan)
	require.Nil(t, state.Next)
}

func TestAPreviewSaysWhatTheMonthComesTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.used = 900_000
	w.now = november(16, 0)
	p, err := w.Preview(t.Context(), w.tenant, subscription.Wish{Plan: "growth"})
	require.NoError(t, err)
	require.Equal(t, billing.Amount(0), p.Unchanged.Total())
	require.Equal(t, billing.Amount(2450), p.Changed.Total())
	require.Equal(t, billing.Amount(4900), p.Next.Total())
	require.True(t, p.Unchanged.Free)
	state, err := w.State(t.Context(), w.tenant)
	require.NoError(t, err)
	require.Zero(t, state.Newest, "it changed nothing")
}

func TestTrials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.payers.can = false
	w.refused(subscription.ErrNoTrial, subscription.Wish{Plan: "free", Trial: true})
	_, err := w.Change(t.Context(), w.by(), subscription.Wish{Plan: "growth"})
	require.ErrorIs(t, err, subscription.ErrNoMeans)
	state := w.change(subscription.Wish{Plan: "growth", Trial: true})
	require.True(t, state.Trial)
	require.Equal(t, november(24, 14), state.Terms.TrialUntil)
	state = w.change(subscription.Wish{Plan: "scale", SpendCap: amount(100_000)})
	require.Equal(t, november(24, 14), state.Terms.TrialUntil, "it goes on in another plan that has trials")
	w.change(subscription.Wish{Plan: "free"})
	w.now = november(12, 9)
	w.refused(subscription.ErrTrialUsed, subscription.Wish{Plan: "growth", Trial: true})
	w.payers.can = true
	state = w.change(subscription.Wish{Plan: "growth"})
	require.False(t, state.Trial)

	state, err = w.Override(t.Context(), w.by(), subscription.Override{Wish: subscription.Wish{Plan: "growth"}, TrialUntil: november(30, 23), Reason: "asked nicely"})
	require.NoError(t, err)
	require.True(t, state.Trial)
	require.Equal(t, "asked nicely", state.Terms.Reason)
}

func TestCoupons(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refused(plan.ErrCouponUnknown, subscription.Wish{Plan: "growth", Coupon: "welcome20"})
	w.refused(subscription.ErrCouponNot, subscription.Wish{Plan: "free", Coupon: "WELCOME20"})
	p, err := w.Preview(t.Context(), w.tenant, subscription.Wish{Plan: "growth", Coupon: "WELCOME20"})
	require.NoError(t, err)
	require.Equal(t, billing.Amount(3920), p.Next.Total())
	state := w.change(subscription.Wish{Plan: "growth", Coupon: "WELCOME20"})
	_, month, ok := w.Coupon(state)
	require.True(t, ok)
	require.Equal(t, 1, month)
	w.now = time.Date(2027, 1, 3, 0, 0, 0, 0, time.UTC)
	state = w.change(subscription.Wish{Plan: "scale", Coupon: "WELCOME20"})
	_, month, _ = w.Coupon(state)
	require.Equal(t, 3, month, "it goes on in another plan that it is for")
	w.change(subscription.Wish{Plan: "scale"})
	w.now = w.now.AddDate(0, 1, 0)
	w.refused(subscription.ErrCouponUsed, subscription.Wish{Plan: "scale", Coupon: "WELCOME20"})
}

// TestACouponIsNotBegunAnew: whoever schedules some hours without a coupon, and then the coupon again, does not get its months a second time.
func TestACouponIsNotBegunAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(subscription.Wish{Plan: "growth", Coupon: "WELCOME20"})
	w.now = time.Date(2027, 1, 31, 20, 30, 0, 0, time.UTC)
	w.change(subscription.Wish{Plan: "free"}) // from 21:00
	w.refused(subscription.ErrCouponUsed, subscription.Wish{Plan: "growth", Coupon: "WELCOME20", NextMonth: true})
	state := w.change(subscription.Wish{Plan: "growth", Coupon: "WELCOME20"})
	require.Nil(t, state.Next, "to stay with what there is calls off what was to come")
	w.change(subscription.Wish{Plan: "scale", Coupon: "WELCOME20", NextMonth: true})
	w.now = time.Date(2027, 2, 1, 0, 30, 0, 0, time.UTC)
	state, err := w.State(t.Context(), w.tenant)
	require.NoError(t, err)
	_, month, _ := w.Coupon(state)
	require.Equal(t, 4, month, "of three")
}

func TestSpendCaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refused(subscription.ErrCapLow, subscription.Wish{Plan: "growth", SpendCap: amount(4899)})
	w.now = november(1, 0)
	w.change(subscription.Wish{Plan: "growth", SpendCap: amount(10_000)})
	w.now, w.used = november(20, 0), 6_500_000 // USD 45 beyond what is included
	w.refused(subscription.ErrCapLow, subscription.Wish{Plan: "growth", SpendCap: amount(9_399)})
	state := w.change(subscription.Wish{Plan: "growth", SpendCap: amount(9_400)})
	require.Equal(t, billing.Amount(9_400), *state.Terms.SpendCap)
	w.used = 9_000_000
	w.change(subscription.Wish{Plan: "growth", SpendCap: amount(9_500)}) // may be below what was used: it is raised
	w.change(subscription.Wish{Plan: "growth", SpendCap: amount(5_000), NextMonth: true})
	state = w.change(subscription.Wish{Plan: "growth"})
	require.Nil(t, state.Terms.SpendCap)
	require.Nil(t, state.Next)
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	state := w.change(subscription.Wish{Plan: "growth", Currency: "KWD"})
	require.Equal(t, billing.Currency("KWD"), state.Terms.Currency, "the month has cost nothing yet")
	w.refused(subscription.ErrCurrencyFixed, subscription.Wish{Plan: "growth", Currency: "EUR"})
	state = w.change(subscription.Wish{Plan: "growth", Currency: "EUR", NextMonth: true})
	require.Equal(t, billing.Currency("EUR"), state.Next.Currency)
	state = w.change(subscription.Wish{Plan: "growth", Interval: billing.Yearly})
	require.Nil(t, state.Next)
	w.refused(subscription.ErrCurrencyFixed, subscription.Wish{Plan: "growth", Currency: "EUR", NextMonth: true})
	w.change(subscription.Wish{Plan: "scale"})
	w.change(subscription.Wish{Plan: "growth", Interval: billing.Yearly}) // from the next hour on
	w.refused(subscription.ErrCurrencyFixed, subscription.Wish{Plan: "growth", Currency: "EUR", NextMonth: true})
	w.change(subscription.Wish{Plan: "scale"})
	w.change(subscription.Wish{Plan: "growth", Interval: billing.Yearly, NextMonth: true})
	w.change(subscription.Wish{Plan: "growth"})
	w.now = w.now.Add(time.Hour)
	w.change(subscription.Wish{Plan: "growth", Interval: billing.Yearly})
	_, err := w.Preview(t.Context(), w.tenant, subscription.Wish{Plan: "growth", Currency: "CHF"})
	require.ErrorContains(t, err, "currency_not_offered")
	w.refused(subscription.ErrNotByYear, subscription.Wish{Plan: "free", Interval: billing.Yearly})

	// a year that ends with a month is credited in the next one, in its own currency
	w.change(subscription.Wish{Plan: "free", NextMonth: true})
	w.now = time.Date(2026, 12, 5, 0, 0, 0, 0, time.UTC)
	w.refused(subscription.ErrCurrencyFixed, subscription.Wish{Plan: "growth", Currency: "EUR"})
	w.now = w.now.AddDate(0, 1, 0)
	w.change(subscription.Wish{Plan: "growth", Currency: "EUR"})
}

// TestVersionsAreKept: who agreed to a version stays on it, and what is newly chosen is of the newest.
func TestVersionsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(subscription.Wish{Plan: "growth"})
	newer := plan.Version{Number: 2, From: november(11, 0)}
	for _, p := range w.plans.Versions[0].Plans {
		p.Catalogue = 2
		newer.Plans = append(newer.Plans, p)
	}
	w.plans.Versions = append(w.plans.Versions, newer)
	require.Equal(t, 1, w.change(subscription.Wish{Plan: "growth", SpendCap: amount(99_999)}).Terms.Catalogue)
	w.refused(plan.ErrUnknown, subscription.Wish{Plan: "scale", Version: 2}) // not offered yet
	w.now = november(12, 0)
	require.Equal(t, 1, w.change(subscription.Wish{Plan: "growth"}).Terms.Catalogue)
	require.Equal(t, 2, w.change(subscription.Wish{Plan: "scale"}).Terms.Catalogue)
	w.refused(plan.ErrUnknown, subscription.Wish{Plan: "growth", Version: 1})
	w.refused(subscription.ErrByAgreement, subscription.Wish{Plan: "enterprise"})
	state, err := w.Override(t.Context(), w.by(), subscription.Override{Wish: subscription.Wish{Plan: "enterprise", Version: 1, SpendCap: amount(1)}})
	require.NoError(t, err)
	require.Equal(t, 1, state.Terms.Catalogue)
	require.Equal(t, "enterprise", w.change(subscription.Wish{Plan: "enterprise"}).Terms.Plan, "who has it may change the rest")

	require.NoError(t, w.Check(t.Context()))
	w.plans.Versions[1].Plans = w.plans.Versions[1].Plans[:1]
	require.ErrorContains(t, w.Check(t.Context()), "The file of plans lacks the plan scale of version 2")
}

// TestOneOfManyChangesWins has thirty changes at once, all about the same state.
func TestOneOfManyChangesWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := 0
	made := 0
	errs := make([]error, 30)
	var wait sync.WaitGroup
	for i := range errs {
		wait.Go(func() {
			_, errs[i] = w.Change(t.Context(), w.by(), subscription.Wish{Plan: "growth", SpendCap: amount(billing.Amount(10_000 + i)), Base: &base})
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		require.ErrorIs(t, err, subscription.ErrChanged)
	}
	require.Equal(t, 1, made)
	history, err := w.History(t.Context(), w.tenant)
	require.NoError(t, err)
	require.Len(t, history, 2)
	state := w.change(subscription.Wish{Plan: "growth", SpendCap: history[1].SpendCap})
	require.Equal(t, 1, state.Newest, "to wish for what there is changes nothing")
}

func TestNobodyChangesAllTheTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wish := func(n int) subscription.Wish {
		return subscription.Wish{Plan: "growth", SpendCap: amount(billing.Amount(10_000 + n))}
	}
	for n := range 20 {
		w.now = w.now.Add(time.Hour)
		w.change(wish(n))
	}
	_, err := w.Change(t.Context(), w.by(), wish(20))
	require.ErrorIs(t, err, subscription.ErrTooOften)
	w.now = w.now.Add(5 * time.Hour)
	w.change(wish(20))
}

// TestTermsAreHistory: no role can change what was agreed to, and nobody sees another tenant's.
func TestTermsAreHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(subscription.Wish{Plan: "growth", SpendCap: amount(5_000)})
	for _, sql := range []string{"UPDATE terms SET plan = 'free'", "DELETE FROM terms"} {
		err := w.pool.WithTenant(t.Context(), uuid.UUID(w.tenant), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), sql)
			return err
		})
		require.Error(t, err, sql)
	}
	var seen int
	require.NoError(t, w.pool.WithTenant(t.Context(), uuid.New(), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), "SELECT count(*) FROM terms").Scan(&seen)
	}))
	require.Zero(t, seen)
	var details map[string]string
	var actor string
	require.NoError(t, w.pool.WithTenant(t.Context(), uuid.UUID(w.tenant), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), "SELECT actor_label, details FROM audit_log WHERE action = 'subscription.changed'").Scan(&actor, &details)
	}))
	require.Equal(t, "owner@example.com", actor)
	require.Equal(t, map[string]string{
		"revision": "1", "from": "2026-11-10T14:00:00Z", "reason": "upgraded", "plan_before": "free", "plan": "growth", "spend_cap_before": "", "spend_cap": "USD 50.00",
	}, details)
}
