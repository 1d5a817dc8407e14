package invoicing_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/tenants"
)

// TestInvoicesAddUp goes through random histories: usage and corrections of it, late and in both directions, plans, currencies, intervals, coupons and caps
// that change at any hour, credits, and closings whose connection is cut at any statement, or that run twice at once. No month is ever billed twice; all
// documents of a month together come to what the ledger is worth, to the cent; every credit comes from somewhere; and no number is left out.
func TestInvoicesAddUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begin := w.clock()
	var begun []tenants.ID
	rapid.Check(t, func(rt *rapid.T) {
		ctx := t.Context()
		w.setClock(begin)
		tenant, err := w.tenant(ctx)
		require.NoError(rt, err)
		begun = append(begun, tenant)
		h := history{T: rt, world: w, tenant: tenant, currency: currency().Draw(rt, "currency"), monthly: rapid.Bool().Draw(rt, "monthly")}
		for range rapid.IntRange(2, 5).Draw(rt, "months") {
			h.change(ctx)
			for range rapid.IntRange(3, 12).Draw(rt, "steps") {
				h.step(ctx)
			}
			h.closeAll(ctx)
			h.addUp(ctx)
		}
		if rapid.Bool().Draw(rt, "leaves") {
			_, err := w.healthy.Settle(ctx, tenant)
			require.NoError(rt, err)
			h.left = w.hour().Add(time.Hour)
			h.addUp(ctx)
			waiting, err := w.healthy.Settle(ctx, tenant)
			require.NoError(rt, err)
			require.Empty(rt, waiting)
			h.addUp(ctx)
		}
	})
	w.numbersHaveNoGaps(t, len(begun))
}

// history is what happens to one tenant.
type history struct {
	*rapid.T
	*world
	tenant   tenants.ID
	currency billing.Currency
	monthly  bool      // no fee of a year is agreed to, so the currency can change
	left     time.Time // zero: it is there
}

// currency is one with two digits behind the point, or none, or three.
func currency() *rapid.Generator[billing.Currency] {
	return rapid.SampledFrom([]billing.Currency{"USD", "JPY", "KWD"})
}

func (h *history) step(ctx context.Context) {
	switch rapid.IntRange(0, 6).Draw(h.T, "what") {
	case 0:
		h.pass(time.Duration(rapid.IntRange(1, 10*24).Draw(h.T, "passed")) * time.Hour)
	case 1, 2:
		h.use(ctx)
	case 3, 4:
		h.amend(ctx)
	case 5:
		h.change(ctx)
	case 6:
		credit := billing.Amount(rapid.Int64Range(1, 9000).Draw(h.T, "credit"))
		_, err := h.healthy.Grant(ctx, h.tenant, h.currency, credit, "for the trouble", tenants.Actor{Kind: tenants.ActorSystem, Label: "Operator"}, "")
		require.NoError(h.T, err)
	}
}

// amend has an hour that was booked come to something else, also one that was billed.
func (h *history) amend(ctx context.Context) {
	var meter string
	var hour time.Time
	skip := rapid.IntRange(0, 5).Draw(h.T, "booked")
	err := h.admin.QueryRow(ctx, "SELECT meter, hour FROM usage_ledger WHERE tenant_id = $1 AND revision = 1 ORDER BY hour, meter OFFSET $2 LIMIT 1", uuid.UUID(h.tenant), skip).Scan(&meter, &hour)
	if errors.Is(err, pgx.ErrNoRows) {
		return
	}
	require.NoError(h.T, err)
	quantity := rapid.SampledFrom([]int64{-30_000_000, -6_000_001, -17, 1, 999, 12_345_678}).Draw(h.T, "amended")
	require.NoError(h.T, h.book(ctx, h.tenant, billing.MeterName(meter), hour, quantity, billing.Late))
}

// use books something of an hour of the last 60 days, which may have been billed long ago.
func (h *history) use(ctx context.Context) {
	meters := []billing.MeterName{billing.Events, billing.Events, billing.Storage, billing.Exports, billing.TrackedUsers, billing.QueryTime}
	meter := rapid.SampledFrom(meters).Draw(h.T, "meter")
	back := rapid.IntRange(0, 60*24).Draw(h.T, "back")
	quantity := rapid.SampledFrom([]int64{25_000_000, 5_000_001, 40_000_123, 1, 70_000}).Draw(h.T, "quantity")
	if meter == billing.Storage {
		quantity *= 1_000_000_000
	}
	reason := rapid.SampledFrom([]billing.Reason{billing.Measured, billing.Late, billing.Replayed, billing.Recounted}).Draw(h.T, "reason")
	hour := h.hour().Add(-time.Duration(back) * time.Hour)
	require.NoError(h.T, h.book(ctx, h.tenant, meter, hour, quantity, reason))
}

func (h *history) change(ctx context.Context) {
	require.NoError(h.T, h.agree(ctx, h.tenant, func(t *billing.Terms) {
		t.Plan = rapid.SampledFrom([]string{"growth", "scale", "free"}).Draw(h.T, "plan")
		if h.monthly {
			h.currency = currency().Draw(h.T, "currency")
		}
		t.Interval, t.Currency = billing.Monthly, h.currency
		if t.Plan != "free" && !h.monthly {
			t.Interval = rapid.SampledFrom([]billing.Interval{billing.Monthly, billing.Yearly}).Draw(h.T, "interval")
		}
		t.Coupon = rapid.SampledFrom([]string{"", "WELCOME20", "SORRY25"}).Draw(h.T, "coupon")
		t.SpendCap, t.TrialUntil = nil, time.Time{}
		if rapid.IntRange(0, 3).Draw(h.T, "capped") == 0 {
			most := billing.Amount(rapid.Int64Range(0, 20_000).Draw(h.T, "cap"))
			t.SpendCap = &most
		}
		if rapid.IntRange(0, 3).Draw(h.T, "trial") == 0 {
			t.TrialUntil = h.hour().Add(14 * 24 * time.Hour)
		}
	}))
}

// closeAll has the running month end, and closes it: at first over connections that are cut, or twice at once.
func (h *history) closeAll(ctx context.Context) {
	h.setClock(h.month().To.Add(7 * time.Hour))
	for range rapid.IntRange(0, 3).Draw(h.T, "cuts") {
		h.cut.in.Store(rapid.Int64Range(1, 60).Draw(h.T, "cut"))
		_, _, _ = h.cuttable.CloseNext(ctx, h.tenant) // whatever it says: the last one looks
		h.cut.in.Store(0)
	}
	if rapid.Bool().Draw(h.T, "at once") {
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { _, _, _ = h.healthy.CloseNext(ctx, h.tenant) })
		}
		both.Wait()
	}
	for done := false; !done; {
		var err error
		_, done, err = h.healthy.CloseNext(ctx, h.tenant)
		require.NoError(h.T, err)
	}
}

// addUp compares the documents with what the ledger is worth now, from the tables alone.
func (h *history) addUp(ctx context.Context) {
	closed := h.read(ctx, "SELECT from_at, 0::bigint, '' FROM billing_periods WHERE tenant_id = $1 ORDER BY from_at")
	first := billing.PeriodOf(h.created(ctx))
	for i, c := range closed {
		require.Equal(h.T, first.From.AddDate(0, i, 0), c.at, "months are closed one after the other, and each once")
	}
	for _, twice := range h.read(ctx, "SELECT period_from, count(*), currency FROM invoices WHERE tenant_id = $1 AND kind = 'invoice' GROUP BY 1, 3 HAVING count(*) > 1") {
		require.Fail(h.T, "billed twice", "%v", twice)
	}
	charged := map[time.Time]billing.Amount{}
	for _, c := range h.read(ctx, `SELECT l.charge_for, sum(CASE i.kind WHEN 'invoice' THEN l.amount ELSE -l.amount END)::bigint, ''
		FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id WHERE l.tenant_id = $1 AND l.kind <> 'credit' GROUP BY 1`) {
		charged[c.at] = billing.Amount(c.amount)
	}
	for _, c := range closed {
		month := billing.PeriodOf(c.at)
		until := time.Time{}
		if !h.left.IsZero() && !h.left.After(month.To) && !h.left.Before(month.From) {
			until = h.left
		}
		use, err := h.usage.Use(ctx, h.tenant, month)
		require.NoError(h.T, err)
		bill, err := h.rates.Rate(ctx, h.tenant, month, until, use)
		require.NoError(h.T, err)
		var worth billing.Amount
		for _, l := range bill.Lines {
			worth += l.Amount
		}
		require.Equal(h.T, worth, charged[c.at], "month %s", month)
		delete(charged, c.at)
	}
	require.Empty(h.T, charged, "nothing is charged for a month that is not closed")
	for _, odd := range h.read(ctx, `SELECT i.issued_at, i.total - coalesce(sum(l.amount), 0)::bigint, i.number FROM invoices i LEFT JOIN invoice_lines l ON l.invoice_id = i.id
		WHERE i.tenant_id = $1 GROUP BY i.id HAVING i.total <> coalesce(sum(l.amount), 0) OR i.total < 0 OR (i.kind = 'invoice' AND i.total = 0 AND i.state <> 'paid')`) {
		require.Fail(h.T, "a total that is not that of its lines", "%v", odd)
	}
	for _, odd := range h.read(ctx, `SELECT now(), c.amount, c.kind FROM billing_credits c
		JOIN invoices i ON i.id = c.invoice_id
		LEFT JOIN LATERAL (SELECT sum(l.amount)::bigint AS amount FROM invoice_lines l WHERE l.invoice_id = i.id AND l.kind = 'credit') l ON true
		WHERE c.tenant_id = $1 AND c.amount <> CASE i.kind WHEN 'credit_note' THEN i.total ELSE l.amount END`) {
		require.Fail(h.T, "a credit that no document speaks of", "%v", odd)
	}
	balance, err := h.healthy.Balance(ctx, h.tenant)
	require.NoError(h.T, err)
	for currency, amount := range balance {
		require.GreaterOrEqual(h.T, amount, billing.Amount(0), "%s: more credit was used than there was", currency)
	}
}

type row struct {
	at     time.Time
	amount int64
	text   string
}

func (h *history) read(ctx context.Context, sql string) (all []row) {
	rows, err := h.admin.Query(ctx, sql, uuid.UUID(h.tenant))
	require.NoError(h.T, err)
	defer rows.Close()
	for rows.Next() {
		var r row
		require.NoError(h.T, rows.Scan(&r.at, &r.amount, &r.text))
		r.at = r.at.UTC()
		all = append(all, r)
	}
	require.NoError(h.T, rows.Err())
	return all
}

func (h *history) created(ctx context.Context) (at time.Time) {
	require.NoError(h.T, h.admin.QueryRow(ctx, "SELECT created_at FROM tenants WHERE id = $1", uuid.UUID(h.tenant)).Scan(&at))
	return at.UTC()
}

// numbersHaveNoGaps looks at the documents of all tenants together.
func (w *world) numbersHaveNoGaps(t *testing.T, tenants int) {
	t.Helper()
	rows, err := w.admin.Query(t.Context(), "SELECT number, extract(year FROM issued_at AT TIME ZONE 'UTC')::int FROM invoices ORDER BY number")
	require.NoError(t, err)
	last := map[int]int{}
	for rows.Next() {
		var number string
		var year int
		require.NoError(t, rows.Scan(&number, &year))
		last[year]++
		require.Equal(t, fmt.Sprintf("%04d-%06d", year, last[year]), number)
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, last, "of %d tenants none had an invoice", tenants)
}
