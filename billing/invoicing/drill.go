package invoicing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/tenants"
)

// Hours is what a line about usage consists of.
type Hours struct {
	Line    billing.Line
	Metered int64 // of all hours of the line; more than its quantity where other tiers have a part of it
	Days    []Day
}

// Day is a day (UTC) with something of a line.
type Day struct {
	Day               time.Time
	Quantity, Metered int64 // in the line; of the meter
	Hours             []Hour
}

// Hour is an hour with something of a line.
type Hour struct {
	Hour              time.Time
	Quantity, Metered int64
	Bookings          []Booking // all of the hour, the first one first
}

// Booking is a line of the usage ledger.
type Booking struct {
	billing.Entry
	InLine bool // it was known when the line was made
}

// Hours takes a line apart: the quantities of its days add up to its own. Of a line for a tier, each hour has what of it fell into that tier, in the
// order of time. Of a correction, each hour has by how much it was booked otherwise since the books were closed before. id Nil is the draft.
// Errors: ErrNotFound, ErrLineNotFound, ErrLineNotUsage.
func (s *Service) Hours(ctx context.Context, tenant tenants.ID, id, line uuid.UUID) (Hours, error) {
	invoice, l, err := s.line(ctx, tenant, id, line)
	if err != nil {
		return Hours{}, err
	}
	entries, err := s.d.Usage.Revisions(ctx, tenant, l.Meter, l.From, l.To)
	if err != nil {
		return Hours{}, fmt.Errorf("read the usage ledger: %w", err)
	}
	out := Hours{Line: l}
	if l.Kind == billing.CorrectionLine {
		since, err := s.readBefore(ctx, tenant, invoice)
		if err != nil {
			return Hours{}, err
		}
		out.corrected(entries, since, invoice.ReadAt)
		return out, nil
	}
	out.charged(entries, invoice.ReadAt, below(invoice.Lines, l))
	return out, nil
}

// line finds a line about usage, and its invoice. The draft is read as of now.
func (s *Service) line(ctx context.Context, tenant tenants.ID, id, line uuid.UUID) (invoice billing.Invoice, found billing.Line, err error) {
	if id == uuid.Nil {
		invoice, err = s.Draft(ctx, tenant)
		invoice.ReadAt = s.now()
	} else {
		invoice, _, err = s.d.Books.Invoice(ctx, tenant, id)
	}
	if err != nil {
		return invoice, found, err
	}
	at := slices.IndexFunc(invoice.Lines, func(l billing.Line) bool { return l.ID == line })
	switch {
	case at < 0:
		return invoice, found, ErrLineNotFound
	case invoice.Lines[at].Meter == "":
		return invoice, found, ErrLineNotUsage
	}
	return invoice, invoice.Lines[at], nil
}

// readBefore is when the ledger was read for the closing before a document's.
func (s *Service) readBefore(ctx context.Context, tenant tenants.ID, d billing.Invoice) (since time.Time, err error) {
	state, err := s.d.Books.Read(ctx, tenant)
	if err != nil {
		return since, err
	}
	for _, c := range state.Closed {
		if c.Read.Before(d.ReadAt) {
			since = c.Read
		}
	}
	return since, nil
}

// below is how much of a line's hours lies in the tiers before its own: the lines about the same hours that stand before it.
func below(lines []billing.Line, l billing.Line) (n int64) {
	for _, o := range lines {
		if o.ID == l.ID {
			return n
		}
		if o.Kind == l.Kind && o.Meter == l.Meter && o.From.Equal(l.From) && o.To.Equal(l.To) {
			n += o.Quantity
		}
	}
	return n
}

// charged cuts hours by a tier that begins where the tiers below it end.
func (h *Hours) charged(entries []billing.Entry, read time.Time, below int64) {
	for _, hour := range byHour(entries, func(e billing.Entry) bool { return !e.At.After(read) }) {
		var was int64
		for _, b := range hour.Bookings {
			if b.InLine {
				was = b.Quantity
			}
		}
		before := h.Metered
		h.Metered += was
		hour.Quantity = max(0, min(h.Metered, below+h.Line.Quantity)-max(before, below))
		hour.Metered = was
		h.put(hour)
	}
}

// corrected has by how much hours were booked otherwise between two readings of the ledger.
func (h *Hours) corrected(entries []billing.Entry, since, read time.Time) {
	in := func(e billing.Entry) bool { return e.At.After(since) && !e.At.After(read) }
	for _, hour := range byHour(entries, in) {
		known := false
		for _, b := range hour.Bookings {
			if b.InLine {
				known = true
				hour.Quantity += b.Delta
			}
			if !b.At.After(read) {
				hour.Metered = b.Quantity
			}
		}
		if known {
			h.Metered += hour.Quantity
			h.put(hour)
		}
	}
}

// byHour groups entries, which are in order of hours, and says which of them a line knows.
func byHour(entries []billing.Entry, known func(billing.Entry) bool) (all []Hour) {
	for _, e := range entries {
		if n := len(all); n == 0 || !all[n-1].Hour.Equal(e.Hour) {
			all = append(all, Hour{Hour: e.Hour.UTC()})
		}
		last := &all[len(all)-1]
		last.Bookings = append(last.Bookings, Booking{Entry: e, InLine: known(e)})
	}
	return all
}

func (h *Hours) put(hour Hour) {
	const day = 24 * time.Hour
	if at := hour.Hour.Truncate(day); len(h.Days) == 0 || !h.Days[len(h.Days)-1].Day.Equal(at) {
		h.Days = append(h.Days, Day{Day: at})
	}
	d := &h.Days[len(h.Days)-1]
	d.Quantity += hour.Quantity
	d.Metered += hour.Metered
	d.Hours = append(d.Hours, hour)
}

// Events is a sample of the events that are counted in an hour of a line. Errors: ErrNotFound, ErrLineNotFound, ErrLineNotUsage, ErrHour.
func (s *Service) Events(ctx context.Context, tenant tenants.ID, id, line uuid.UUID, hour time.Time, limit int) ([]string, error) {
	_, l, err := s.line(ctx, tenant, id, line)
	if err != nil {
		return nil, err
	}
	hour = hour.UTC()
	if !hour.Equal(hour.Truncate(time.Hour)) || hour.Before(l.From) || !hour.Before(l.To) {
		return nil, ErrHour
	}
	return s.d.Usage.EventIDs(ctx, tenant, l.Meter, hour, limit)
}
