package invoicing_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

func operator() tenants.Actor { return tenants.Actor{Kind: tenants.ActorSystem, Label: "Operator"} }

// closeMonth goes to the end of the running month, and closes it.
func (w *world) closeMonth(t *testing.T, tenant tenants.ID) {
	t.Helper()
	w.setClock(w.month().To.Add(7 * time.Hour))
	_, _, err := w.healthy.CloseNext(t.Context(), tenant)
	require.NoError(t, err)
}

// invoices lists all documents with their lines, the oldest first.
func (w *world) invoices(t *testing.T, tenant tenants.ID) (all []billing.Invoice) {
	t.Helper()
	heads, err := w.healthy.List(t.Context(), tenant, [16]byte{}, 100)
	require.NoError(t, err)
	for i := range heads {
		d, _, err := w.healthy.Invoice(t.Context(), tenant, heads[len(heads)-1-i].ID)
		require.NoError(t, err)
		all = append(all, d)
	}
	return all
}

// TestCorrections has usage of January become known in February, and go again in March: a line on the next invoice, and then a credit note, whose
// amount goes into the invoice that is made with it. All of them open into hours.
func TestCorrections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant, err := w.tenant(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.agree(t.Context(), tenant, func(terms *billing.Terms) { terms.Plan = "growth" }))
	hour := w.hour().Add(time.Hour)
	require.NoError(t, w.book(t.Context(), tenant, billing.Events, hour, 6_000_000, billing.Measured))
	w.closeMonth(t, tenant)
	w.pass(time.Hour)
	require.NoError(t, w.book(t.Context(), tenant, billing.Events, hour, 1_000_000, billing.Late))
	w.closeMonth(t, tenant)
	w.pass(time.Hour)
	require.NoError(t, w.book(t.Context(), tenant, billing.Events, hour, -500_000, billing.Replayed))
	w.closeMonth(t, tenant)

	all := w.invoices(t, tenant)
	require.Len(t, all, 4)
	january, february, note, march := all[0], all[1], all[2], all[3]
	require.Equal(t, []string{"2026-000001", "2026-000002", "2026-000003", "2026-000004"}, []string{january.Number, february.Number, note.Number, march.Number})

	var late billing.Line
	for _, l := range february.Lines {
		if l.Kind == billing.CorrectionLine {
			late = l
		}
	}
	require.Equal(t, []any{int64(1_000_000), billing.Amount(3000), billing.UsageLine, january.Period}, []any{late.Quantity, late.Amount, late.Corrects, late.For})
	require.Contains(t, late.Text, "2026-01, correction: Events (late: 1000000; booked 2026-02-01)")
	hours, err := w.healthy.Hours(t.Context(), tenant, february.ID, late.ID)
	require.NoError(t, err)
	require.Len(t, hours.Days, 1)
	require.Equal(t, late.Quantity, hours.Days[0].Quantity)
	require.Equal(t, []bool{false, true, false}, []bool{hours.Days[0].Hours[0].Bookings[0].InLine, hours.Days[0].Hours[0].Bookings[1].InLine, hours.Days[0].Hours[0].Bookings[2].InLine})

	require.Equal(t, []any{billing.CreditNote, billing.Amount(1500), january.Period}, []any{note.Kind, note.Total, note.Period})
	require.Equal(t, january.ID, *note.Corrects)
	require.Equal(t, int64(-500_000), note.Lines[0].Quantity)
	_, notes, err := w.healthy.Invoice(t.Context(), tenant, january.ID)
	require.NoError(t, err)
	require.Len(t, notes, 1)
	require.Equal(t, billing.Amount(-1500), march.Lines[len(march.Lines)-1].Amount)
	require.Equal(t, billing.Amount(4900-1500), march.Total)
	require.Equal(t, january.Lines, w.invoices(t, tenant)[0].Lines, "what was issued stays as it was")

	var total int64
	for _, l := range january.Lines {
		if l.Meter != "" {
			h, err := w.healthy.Hours(t.Context(), tenant, january.ID, l.ID)
			require.NoError(t, err)
			total += h.Days[0].Quantity
			require.Equal(t, l.Quantity, h.Days[0].Quantity)
		}
	}
	require.Equal(t, int64(6_000_000), total, "each event of January is on one line of its invoice")
}

// TestDraftIsTheInvoice compares the draft of a month at its end with the invoice that it becomes.
func TestDraftIsTheInvoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant, err := w.tenant(t.Context())
	require.NoError(t, err)
	free, err := w.healthy.Draft(t.Context(), tenant)
	require.NoError(t, err)
	require.Equal(t, billing.Amount(0), free.Total)
	require.NotEmpty(t, free.Lines, "a free plan has a draft that shows what was used")

	require.NoError(t, w.agree(t.Context(), tenant, func(terms *billing.Terms) { terms.Plan, terms.Coupon = "growth", "WELCOME20" }))
	require.NoError(t, w.book(t.Context(), tenant, billing.Events, w.hour(), 9_000_000, billing.Measured))
	_, err = w.healthy.Grant(t.Context(), tenant, "USD", 700, "for the trouble", operator(), "")
	require.NoError(t, err)
	_, err = w.healthy.Grant(t.Context(), tenant, "USD", 0, "nothing", operator(), "")
	require.ErrorIs(t, err, invoicing.ErrCredit)
	w.setClock(w.month().To.Add(-time.Minute))
	draft, err := w.healthy.Draft(t.Context(), tenant)
	require.NoError(t, err)
	w.closeMonth(t, tenant)
	invoice := w.invoices(t, tenant)[0]
	require.Equal(t, draft.Lines, invoice.Lines)
	require.Equal(t, draft.Total, invoice.Total)
	require.Equal(t, billing.Amount(-700), invoice.Lines[len(invoice.Lines)-1].Amount)

	var file bytes.Buffer
	require.NoError(t, invoicing.WriteCSV(&file, invoice))
	require.Len(t, strings.Split(strings.TrimSpace(file.String()), "\r\n"), len(invoice.Lines)+2)
	require.Contains(t, file.String(), ",-7.00,USD")
}

// TestStates marks an invoice as the operator and the payment provider do.
func TestStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant, err := w.tenant(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.agree(t.Context(), tenant, func(terms *billing.Terms) { terms.Plan = "growth" }))
	w.closeMonth(t, tenant)
	unpaid, err := w.healthy.Unpaid(t.Context())
	require.NoError(t, err)
	require.Len(t, unpaid, 1)
	id := unpaid[0].ID
	mark := func(state billing.InvoiceState) (billing.Invoice, error) {
		return w.healthy.Mark(t.Context(), tenant, id, state, operator(), "c-1")
	}
	_, err = mark(billing.PastDue)
	require.NoError(t, err)
	paid, err := mark(billing.Paid)
	require.NoError(t, err)
	require.Equal(t, w.clock(), paid.PaidAt)
	w.pass(time.Hour)
	again, err := mark(billing.Paid)
	require.NoError(t, err)
	require.Equal(t, paid.PaidAt, again.PaidAt, "it was paid already")
	_, err = mark(billing.Void)
	require.ErrorIs(t, err, invoicing.ErrState)
	_, err = w.healthy.Mark(t.Context(), tenants.NewID(), id, billing.Paid, operator(), "")
	require.ErrorIs(t, err, invoicing.ErrNotFound)
	unpaid, err = w.healthy.Unpaid(t.Context())
	require.NoError(t, err)
	require.Empty(t, unpaid)
	var entries int
	require.NoError(t, w.admin.QueryRow(t.Context(), "SELECT count(*) FROM audit_log WHERE target = $1", "invoice:"+id.String()).Scan(&entries))
	require.Equal(t, 3, entries, "issued, past due, paid: what changed nothing is no entry")
}

// TestClosingWaits has a month that is over wait until it is settled.
func TestClosingWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant, err := w.tenant(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.agree(t.Context(), tenant, func(terms *billing.Terms) { terms.Plan = "growth" }))
	w.setClock(w.month().To.Add(5 * time.Hour))
	_, done, err := w.healthy.CloseNext(t.Context(), tenant)
	require.NoError(t, err)
	require.True(t, done, "late events come mostly in the first hours")
	w.pass(2 * time.Hour)
	logs := "a log is not past it"
	w.usage.waiting.Store(&logs)
	waiting, _, err := w.healthy.CloseNext(t.Context(), tenant)
	require.NoError(t, err)
	require.Equal(t, logs, waiting)
	require.Empty(t, w.invoices(t, tenant))
	w.usage.waiting.Store(nil)
	_, _, err = w.healthy.CloseNext(t.Context(), tenant)
	require.NoError(t, err)
	require.Len(t, w.invoices(t, tenant), 1)
}

// TestMonthsAreFound has a job made for each tenant with a month that is over, and none for one that is being erased.
func TestMonthsAreFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all []tenants.ID
	for range 3 {
		tenant, err := w.tenant(t.Context())
		require.NoError(t, err)
		require.NoError(t, w.agree(t.Context(), tenant, func(terms *billing.Terms) { terms.Plan = "growth" }))
		all = append(all, tenant)
	}
	_, err := w.admin.Exec(t.Context(), `INSERT INTO offboardings (id, tenant_id, tenant_name, state, asked_at, asked_by, erase_at, changed_at)
		VALUES ($1, $1, 'Gone', 'deleting', now(), 'somebody', now(), now())`, uuid.UUID(all[2]))
	require.NoError(t, err)
	found := func() (n int) {
		require.NoError(t, w.healthy.Find(t.Context(), jobs.Unwatched(uuid.Nil)))
		require.NoError(t, w.admin.QueryRow(t.Context(), "SELECT count(*) FROM jobs WHERE kind = 'billing:close-tenant'").Scan(&n))
		return n
	}
	w.setClock(w.month().To.Add(5 * time.Hour))
	require.Zero(t, found(), "it is too early")
	w.pass(time.Hour)
	require.Equal(t, 2, found())
	require.Equal(t, 2, found(), "they are waiting already")

	w.setClock(w.month().To.Add(7 * time.Hour)) // no worker ran for a month: both are closed by one job
	require.NoError(t, w.healthy.Close(t.Context(), jobs.Unwatched(uuid.Nil), invoicing.Params{Tenant: uuid.UUID(all[0])}))
	require.Len(t, w.invoices(t, all[0]), 2)
	require.NoError(t, w.healthy.Close(t.Context(), jobs.Unwatched(uuid.Nil), invoicing.Params{Tenant: uuid.UUID(all[0])}))
	require.Len(t, w.invoices(t, all[0]), 2)
}
