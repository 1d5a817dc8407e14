package invoicing_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/tenants"
)

// TestComparedReceipts puts receipts beside an invoice: one of which part was erased, sent again and held, and one of which an event is missing.
func TestComparedReceipts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant, err := w.tenant(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.agree(t.Context(), tenant, func(terms *billing.Terms) { terms.Plan = "growth" }))
	hour := w.hour()
	require.NoError(t, w.book(t.Context(), tenant, billing.Events, hour, 10, billing.Measured))
	well, odd := uuid.New(), uuid.New()
	w.receipts.told = map[string]invoicing.Told{
		"well": {ID: well, Settled: true, Counts: invoicing.Counts{Received: 9, Stored: 7, Held: 2}},
		"odd":  {ID: odd, Settled: true, Counts: invoicing.Counts{Received: 3, Stored: 3}},
	}
	w.receipts.kept = map[uuid.UUID][]invoicing.Kept{
		well: {{Hour: hour, Meter: billing.Events, Stored: 3}, {Hour: hour, Meter: billing.Events, Removed: 1}, {Hour: hour, Meter: billing.BotEvents, Stored: 1}, {Meter: billing.Events, Elsewhere: 2}},
		odd:  {{Hour: hour, Meter: billing.Events, Stored: 2}},
	}
	compare := func() []invoicing.Compared {
		all, err := w.healthy.Compare(t.Context(), tenant, []string{"well", "odd"})
		require.NoError(t, err)
		require.Equal(t, []string{"odd", "well"}, []string{all[0].Receipt, all[1].Receipt}, "what does not fit comes first")
		return all
	}
	all := compare()
	require.Equal(t, []string{"The sender was told that 3 events are stored; the store knows of 2."}, all[0].Differences)
	require.Empty(t, all[1].Differences)
	require.Equal(t, []int64{4, 4}, []int64{all[1].InStore, all[1].Billed}, "what was erased is billed, and not there")
	require.Equal(t, []invoicing.Free{{Reason: "held", Events: 2}, {Reason: "bot", Events: 1}, {Reason: "sent_again", Events: 2}}, all[1].Free)
	require.Equal(t, []invoicing.ComparedHour{{Hour: hour, Events: 4, Draft: true}}, all[1].Hours)

	w.closeMonth(t, tenant)
	invoice := w.invoices(t, tenant)[0]
	placed := compare()[1].Hours[0]
	require.False(t, placed.Draft)
	require.Equal(t, []any{invoice.ID, invoice.Number}, []any{placed.Line.Invoice, placed.Line.Number})

	_, _, err = w.healthy.CompareRange(t.Context(), tenant, hour, hour.Add(-time.Hour), "", 10)
	require.ErrorIs(t, err, invoicing.ErrRange)
}

// receipts are what a test says that senders were told, and what is kept of it.
type receipts struct {
	told map[string]invoicing.Told
	kept map[uuid.UUID][]invoicing.Kept
}

func (r *receipts) Told(_ context.Context, _ tenants.ID, receipt string) (invoicing.Told, error) {
	return r.told[receipt], nil
}

func (*receipts) Between(context.Context, tenants.ID, time.Time, time.Time, string, int) ([]string, error) {
	return nil, nil
}

func (r *receipts) Kept(context.Context, tenants.ID, []invoicing.Told) (map[uuid.UUID][]invoicing.Kept, error) {
	return r.kept, nil
}
