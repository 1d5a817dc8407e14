package api

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/invoicing"
)

// How invoices, what they consist of, and what they are compared with look outside.

func periodOut(p billing.Period) gen.BilledPeriod { return gen.BilledPeriod{From: p.From, To: p.To} }

func invoiceHeadOut(i billing.Invoice) gen.InvoiceHead {
	h := gen.InvoiceHead{
		Id: i.ID.String(), Kind: gen.InvoiceKind(i.Kind), Number: orNil(i.Number), Corrects: i.Corrects, TenantName: i.TenantName, Period: periodOut(i.Period),
		Currency: string(i.Currency), Total: int64(i.Total), State: gen.InvoiceState(i.State),
	}
	if i.ID == uuid.Nil {
		h.Id, h.State = draftID, gen.InvoiceStateDraft
		return h
	}
	h.IssuedAt, h.DueAt, h.PaidAt = atOrNil(i.IssuedAt), atOrNil(i.DueAt), atOrNil(i.PaidAt)
	return h
}

func atOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return shownOrNil(&t)
}

func invoiceLineOut(l billing.Line) gen.InvoiceLine {
	out := gen.InvoiceLine{
		Id: l.ID, Kind: gen.InvoiceLineKind(l.Kind), ChargedFor: periodOut(l.For), Text: l.Text, Plan: orNil(l.Plan), Meter: orNil(string(l.Meter)),
		From: l.From, To: l.To, Quantity: l.Quantity, Tier: orNil(l.Tier), Unit: orNil(l.Unit), Amount: int64(l.Amount),
	}
	if l.Corrects != "" {
		corrects := gen.InvoiceLineCorrects(l.Corrects)
		out.Corrects = &corrects
	}
	return out
}

func invoiceLineHourOut(h invoicing.Hour) gen.InvoiceLineHour {
	return gen.InvoiceLineHour{Hour: h.Hour, Quantity: h.Quantity, Metered: h.Metered, Bookings: each(h.Bookings, func(b invoicing.Booking) gen.UsageBooking {
		return gen.UsageBooking{
			Revision: b.Revision, At: shown(b.At), Quantity: b.Quantity, Delta: b.Delta, Reason: gen.UsageBookingReason(b.Reason), InLine: b.InLine,
		}
	})}
}

func balanceOut(balance invoicing.Balance) []gen.Credit {
	all := []gen.Credit{}
	for currency, amount := range balance {
		if amount != 0 {
			all = append(all, gen.Credit{Currency: string(currency), Amount: int64(amount)})
		}
	}
	slices.SortFunc(all, func(a, b gen.Credit) int {
		if a.Currency < b.Currency {
			return -1
		}
		return 1
	})
	return all
}

func comparedOut(c invoicing.Compared) gen.ComparedReceipt {
	t := c.Told.Counts
	out := gen.ComparedReceipt{
		Receipt: c.Receipt, ReceivedAt: shown(c.Told.Received), Settled: c.Told.Settled, InStore: c.InStore, Billed: c.Billed,
		Told: gen.ReceiptCounts{
			Received: t.Received, Stored: t.Stored, Duplicate: t.Duplicate, Quarantined: t.Quarantined, Suppressed: t.Suppressed, Held: t.Held, Pending: t.Pending,
		},
		Free: each(c.Free, func(f invoicing.Free) gen.FreeEvents {
			return gen.FreeEvents{Reason: gen.FreeEventsReason(f.Reason), Events: f.Events}
		}),
		Hours: each(c.Hours, comparedHourOut), Differences: c.Differences,
	}
	if out.Differences == nil {
		out.Differences = []string{}
	}
	return out
}

func comparedHourOut(h invoicing.ComparedHour) gen.ComparedHour {
	out := gen.ComparedHour{Hour: h.Hour, Events: h.Events}
	switch {
	case h.Line != nil:
		out.InvoiceId, out.Number, out.LineId = orNil(h.Line.Invoice.String()), orNil(h.Line.Number), &h.Line.ID
	case h.Draft:
		out.InvoiceId = orNil(draftID)
	}
	return out
}
