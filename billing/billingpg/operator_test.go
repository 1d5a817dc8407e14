package billingpg_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/cost"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/price"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

// TestMargins is about a month of three tenants: one that chose no plan, one that pays by the month, and one that pays by the year in yen.
func TestMargins(t *testing.T) {
	t.Parallel()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	store := billingpg.New(pool)
	plans, err := plan.Default()
	require.NoError(t, err)
	march := billing.PeriodOf(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	hour := march.From.Add(100 * time.Hour)

	names := []string{"A chose nothing", "B by the month", "C by the year"}
	ids := []tenants.ID{tenants.NewID(), tenants.NewID(), tenants.NewID()}
	terms := []billing.Terms{
		1: {Plan: "growth", Currency: "USD", Interval: billing.Monthly},
		2: {Plan: "growth", Currency: "JPY", Interval: billing.Yearly},
	}
	const events = 7_000_000
	for i, id := range ids {
		require.NoError(t, pool.WithTenant(t.Context(), uuid.UUID(id), func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, $2, 'UTC', '2026-01-10T10:00:00Z')", uuid.UUID(id), names[i]); err != nil {
				return err
			}
			if i == 0 {
				return nil
			}
			if _, err := tx.Exec(t.Context(), `INSERT INTO terms (tenant_id, revision, from_hour, plan, catalogue, currency, fee_interval, coupon, reason, changed_by, at)
				VALUES ($1, 1, '2026-02-01T00:00:00Z', $2, 1, $3, $4, '', 'x', 'x', now())`, uuid.UUID(id), terms[i].Plan, string(terms[i].Currency), string(terms[i].Interval)); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), `INSERT INTO usage_ledger (tenant_id, meter, hour, revision, quantity, delta, found, gone, reason, at)
				VALUES ($1, 'events', $2, 1, $3, $3, $3, 0, 'measured', now())`, uuid.UUID(id), hour, events); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `INSERT INTO invoices (id, tenant_id, tenant_name, kind, number, period_from, period_to, currency, total, state, issued_at, due_at, read_at)
				VALUES ($2, $1, 'x', 'invoice', $3, '2026-02-01', '2026-03-01', $4, 4900, 'issued', '2026-03-01', $5, '2026-03-01')`,
				uuid.UUID(id), uuid.New(), "2026-00000"+string(rune('0'+i)), string(terms[i].Currency), time.Date(2026, 3, 1+14*i, 0, 0, 0, 0, time.UTC))
			return err
		}))
	}
	hoursOf := func(n int64) int64 { return n * int64(time.Hour/time.Millisecond) }
	require.NoError(t, store.Consumption().Add(t.Context(), cost.Flush{ID: uuid.New(), Node: "n", Rows: []cost.Row{
		{Tenant: ids[1], Resource: billing.QueryWork, Hour: hour, Quantity: hoursOf(2)},
		{Tenant: ids[1], Resource: billing.UnansweredWork, Hour: hour, Quantity: hoursOf(1)},
		{Tenant: ids[1], Resource: billing.EventBytes, Hour: hour, Quantity: 24 * 20_000_000_000},
		{Tenant: ids[1], Resource: billing.ArchiveBytes, Hour: hour, Quantity: 24 * 10_000_000_000},
		{Tenant: ids[1], Resource: billing.QueryWork, Hour: march.To, Quantity: hoursOf(1000)}, // of the next month
		{Tenant: ids[0], Resource: billing.Egress, Hour: hour, Quantity: 3_000_000_000},
		{Resource: billing.JobWork, Hour: hour, Quantity: hoursOf(3)},
	}}))

	now := time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC)
	service := cost.New(plans, store.Operator(), nil, func() time.Time { return now })
	month, err := service.Month(t.Context(), march)
	require.NoError(t, err)
	require.Len(t, month.Accounts, 3)
	require.Equal(t, march.To, month.Until)
	a, b, c := month.Accounts[0], month.Accounts[1], month.Accounts[2]

	require.Equal(t, "free", a.Plan.Key)
	require.EqualValues(t, 27, a.Cost.Amount, "3 GB for 9 cents each")
	require.EqualValues(t, -27, *a.Margin)
	require.Empty(t, a.Owed)

	// 3 hours of questions for 18 cents each, 30 GB-days for 8 cents, and 7 million events for 2 cents each million.
	require.EqualValues(t, 3*18+8+14, b.Cost.Amount)
	bill, err := price.Rate(price.Input{
		Plans: plans, Period: march, History: append([]billing.Terms{plans.FirstTerms(ids[1], b.Created)}, b.Facts.Terms...),
		Use: map[billing.MeterName][]billing.HourUse{billing.Events: {{Hour: hour, Quantity: events}}},
	})
	require.NoError(t, err)
	require.Positive(t, bill.Total())
	require.Equal(t, bill.Total(), b.Charged, "as the invoice has it")
	require.Equal(t, b.Charged-b.Cost.Amount, *b.Margin)
	require.Equal(t, []cost.Owed{{Currency: "USD", Amount: 4900, Overdue: 4900}}, b.Owed)

	require.Nil(t, c.Margin, "yen are no cents")
	yearly, err := price.Rate(price.Input{
		Plans: plans, Period: march, History: append([]billing.Terms{plans.FirstTerms(ids[2], c.Created)}, c.Facts.Terms...),
		Use: map[billing.MeterName][]billing.HourUse{billing.Events: {{Hour: hour, Quantity: events}}},
	})
	require.NoError(t, err)
	require.Equal(t, billing.Share(75000, 31, 365)+yearly.Total(), c.Charged, "the year was due in February; its hours of March count in March")

	require.EqualValues(t, 3*9, month.Shared.Amount)
	require.Len(t, month.Plans, 2)
	growth := month.Plans[1]
	require.Equal(t, 2, growth.Tenants)
	require.Equal(t, 1, growth.Without)
	require.Equal(t, map[billing.Currency]billing.Amount{"USD": b.Charged, "JPY": c.Charged}, growth.Charged)
	require.Equal(t, *b.Margin, growth.Margin)

	// In the middle of the month half of the fee is charged.
	now = march.From.Add(time.Duration(march.Hours())*time.Hour/2 - time.Minute)
	_, half, err := service.Account(t.Context(), ids[1], march)
	require.NoError(t, err)
	require.Equal(t, b.Charged-2450, half.Charged)
	_, _, err = service.Account(t.Context(), tenants.NewID(), march)
	require.ErrorIs(t, err, tenants.ErrTenantNotFound)
}
