package invoicing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
)

// rated is a month as it is known now.
type rated struct {
	month billing.Period
	bill  Bill
}

// reckoning makes documents out of what was charged and of what is known now. It reads and writes nothing.
type reckoning struct {
	state State
	now   time.Time
	due   time.Duration                                        // that an invoice may be paid in
	why   func(month billing.Period, line billing.Line) string // what was booked since, in words; "" where there is nothing to say
}

// close makes the documents of a month. before are the months that were closed already, rated as they are known now.
func (r reckoning) close(own rated, before []rated) Closing {
	c := Closing{Tenant: r.state.Tenant, Revision: r.state.Revision, At: r.now, Month: Closed{Period: own.month, Until: own.month.To, Read: r.now}}
	for _, currency := range r.currencies(own, before) {
		r.closeIn(&c, currency, own, before)
	}
	return c
}

// currencies are all that something was charged in, or is now: the last is that of the month itself. Each has an invoice of its own.
func (r reckoning) currencies(own rated, before []rated) []billing.Currency {
	var others []billing.Currency
	for _, charge := range r.state.Charged {
		others = append(others, charge.Currency)
	}
	for _, m := range before {
		others = append(others, m.bill.Currency)
	}
	slices.Sort(others)
	others = slices.DeleteFunc(slices.Compact(others), func(c billing.Currency) bool { return c == own.bill.Currency })
	return append(others, own.bill.Currency)
}

func (r reckoning) closeIn(c *Closing, currency billing.Currency, own rated, before []rated) {
	invoice := r.document(billing.InvoiceKind, own.month, currency)
	invoice.DueAt = r.now.Add(r.due)
	free := true
	if own.bill.Currency == currency {
		invoice.Lines, free = slices.Clone(own.bill.Lines), own.bill.Free
	}
	for i := range invoice.Lines {
		invoice.Lines[i].For = own.month
	}
	balance := r.state.Balance[currency]
	for _, m := range before {
		lines, difference := r.differences(m, currency)
		invoiced, ok := r.invoiceOf(m.month, currency)
		switch {
		case difference < 0 && ok:
			note := r.document(billing.CreditNote, m.month, currency)
			note.Corrects, note.Lines = &invoiced, credited(lines)
			c.Credits = append(c.Credits, r.credit(c.add(note), -difference, Noted, "Correction for "+m.month.String()))
			balance -= difference
		case difference != 0:
			invoice.Lines = append(invoice.Lines, lines...)
		}
	}
	total := billing.Total(invoice.Lines)
	if free && total == 0 && !slices.ContainsFunc(invoice.Lines, func(l billing.Line) bool { return l.Amount != 0 }) {
		return // nothing is owed, and nobody waits for an invoice
	}
	moved, kind, text, why := billing.Amount(0), Applied, "From your credit", "Went into the invoice for "
	switch {
	case total < 0:
		moved, kind, text, why = -total, Carried, "Goes to your credit", "More was credited than charged for "
	case balance > 0:
		moved = -min(total, balance)
	}
	if moved != 0 {
		invoice.Lines = append(invoice.Lines, billing.Line{
			Kind: billing.CreditLine, For: own.month, Text: text, From: own.month.From, To: own.month.To, Amount: moved,
		})
	}
	if total+moved == 0 {
		invoice.State, invoice.PaidAt = billing.Paid, r.now
	}
	invoice = c.add(invoice)
	if moved != 0 {
		c.Credits = append(c.Credits, r.credit(invoice, moved, kind, why+own.month.String()))
	}
}

// document is one without lines.
func (r reckoning) document(kind billing.DocumentKind, month billing.Period, currency billing.Currency) billing.Invoice {
	return billing.Invoice{
		Tenant: r.state.Tenant, TenantName: r.state.Name, Kind: kind, Period: month, Currency: currency,
		State: billing.Issued, IssuedAt: r.now, DueAt: r.now, ReadAt: r.now,
	}
}

// add finishes a document: its name, its lines in order and named, and their total.
func (c *Closing) add(d billing.Invoice) billing.Invoice {
	d.ID = uuid.Must(uuid.NewV7())
	slices.SortStableFunc(d.Lines, func(a, b billing.Line) int { return cmp.Compare(place(a.Kind), place(b.Kind)) })
	seen := map[string]int{}
	for i := range d.Lines {
		name := fmt.Sprintf("%s|%s|%s|%+v|%s", c.Month.Period, d.Kind, d.Currency, keyOf(d.Lines[i]), d.Lines[i].Kind)
		seen[name]++
		d.Lines[i].ID = uuid.NewSHA1(uuid.UUID(d.Tenant), []byte(fmt.Sprintf("%s|%d", name, seen[name])))
	}
	d.Total = billing.Total(d.Lines)
	c.Documents = append(c.Documents, d)
	return d
}

// place is where lines of a kind stand on an invoice.
func place(k billing.LineKind) int {
	return slices.Index([]billing.LineKind{billing.FeeLine, billing.UsageLine, billing.CouponLine, billing.CapLine, billing.CorrectionLine, billing.CreditLine}, k)
}

func (r reckoning) credit(d billing.Invoice, amount billing.Amount, kind CreditKind, note string) Credit {
	return Credit{
		ID: uuid.Must(uuid.NewV7()), Tenant: r.state.Tenant, At: r.now, Currency: d.Currency, Amount: amount, Kind: kind, Document: &d.ID, Note: note, By: "Billing",
	}
}

// key is what a line is about. Two ratings of a month are compared line by line of the same key.
type key struct {
	kind       billing.LineKind
	plan       string
	meter      billing.MeterName
	month      string
	from, to   int64
	tier, unit string
}

func keyOf(l billing.Line) key {
	kind := l.Kind
	if kind == billing.CorrectionLine {
		kind = l.Corrects
	}
	return key{kind: kind, plan: l.Plan, meter: l.Meter, month: l.For.String(), from: l.From.Unix(), to: l.To.Unix(), tier: l.Tier, unit: l.Unit}
}

// differences are what a month comes to now beyond what was charged for it: correction lines, and their sum. Where the sum is 0 nothing is corrected,
// whichever way quantities moved between lines.
func (r reckoning) differences(m rated, currency billing.Currency) (lines []billing.Line, total billing.Amount) {
	var keys []key
	difference := map[key]billing.Line{}
	note := func(l billing.Line, sign int64) {
		k := keyOf(l)
		d, known := difference[k]
		if !known {
			keys = append(keys, k)
			d = l
			d.Kind, d.Corrects, d.Quantity, d.Amount = billing.CorrectionLine, k.kind, 0, 0
			d.Text = strings.TrimPrefix(d.Text, correctionOf(m.month)) // of a correction that was charged before
		}
		d.Quantity += sign * l.Quantity
		d.Amount += billing.Amount(sign) * l.Amount
		difference[k] = d
	}
	if m.bill.Currency == currency {
		for _, l := range m.bill.Lines {
			l.For = m.month
			note(l, 1)
		}
	}
	for _, charge := range r.state.Charged {
		if charge.Month == m.month && charge.Currency == currency {
			note(charge.Line, -1)
		}
	}
	told := map[billing.MeterName]bool{}
	for _, k := range keys {
		d := difference[k]
		if d.Quantity == 0 && d.Amount == 0 {
			continue
		}
		d.Text = correctionOf(m.month) + d.Text
		if d.Meter != "" && d.Quantity != 0 && !told[d.Meter] {
			told[d.Meter] = true
			if why := r.why(m.month, d); why != "" {
				d.Text += " (" + why + ")"
			}
		}
		total += d.Amount
		lines = append(lines, d)
	}
	return lines, total
}

func correctionOf(month billing.Period) string { return month.String() + ", correction: " }

// credited turns correction lines into those of a credit note, which say what is credited.
func credited(lines []billing.Line) []billing.Line {
	lines = slices.Clone(lines)
	for i := range lines {
		lines[i].Amount = -lines[i].Amount
	}
	return lines
}

// invoiceOf is the invoice that charged a month first.
func (r reckoning) invoiceOf(month billing.Period, currency billing.Currency) (uuid.UUID, bool) {
	for _, charge := range r.state.Charged {
		if charge.Month == month && charge.Currency == currency {
			return charge.Document, true
		}
	}
	return uuid.Nil, false
}
