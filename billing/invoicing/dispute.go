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

// Receipts are what senders were told. Errors: Unavailable.
type Receipts interface {
	// Told reads what a sender was told, as of now. A NotFound fault for what is no receipt of the tenant, or is too old.
	Told(ctx context.Context, tenant tenants.ID, receipt string) (Told, error)
	// Between lists receipts of a range of time, by their texts and in order, that come behind one; "" is from the first.
	Between(ctx context.Context, tenant tenants.ID, from, to time.Time, behind string, limit int) ([]string, error)
}

// Told is what a sender was told of a request.
type Told struct {
	ID       uuid.UUID
	Received time.Time
	Settled  bool
	Counts   Counts
}

// Counts are events by what became of them.
type Counts struct{ Received, Stored, Duplicate, Quarantined, Suppressed, Held, Pending int }

// Kept is what the store says of the events of a receipt, by the hour in which they were metered.
type Kept struct {
	Hour      time.Time
	Meter     billing.MeterName // Events, or one of the free ones
	Stored    int64             // are there
	Removed   int64             // were there, and were removed on purpose
	Elsewhere int64             // were sent again more than a day later, and are counted with that receipt
}

// Store is where events are. Errors: Unavailable.
type Store interface {
	// Kept says what there is of the events of receipts.
	Kept(ctx context.Context, tenant tenants.ID, receipts []Told) (map[uuid.UUID][]Kept, error)
}

// Compared is a receipt against what was billed for it.
type Compared struct {
	Receipt     string
	Told        Told
	InStore     int64
	Billed      int64
	Free        []Free
	Hours       []ComparedHour
	Differences []string
}

// Free is how many events cost nothing, and why.
type Free struct {
	Reason string
	Events int64
}

// ComparedHour is an hour in which events of a receipt count, and where they are billed. Draft: the month is not closed.
type ComparedHour struct {
	Hour   time.Time
	Events int64
	Line   *IssuedLine
	Draft  bool
}

const longestRange = 31 * 24 * time.Hour

// Compare says of receipts what was told, kept and billed.
func (s *Service) Compare(ctx context.Context, tenant tenants.ID, receipts []string) ([]Compared, error) {
	all := make([]Compared, len(receipts))
	told := make([]Told, len(receipts))
	for i, receipt := range receipts {
		t, err := s.d.Receipts.Told(ctx, tenant, receipt)
		if err != nil {
			return nil, err
		}
		all[i], told[i] = Compared{Receipt: receipt, Told: t}, t
	}
	kept, err := s.d.Store.Kept(ctx, tenant, told)
	if err != nil {
		return nil, fmt.Errorf("look what is kept of receipts: %w", err)
	}
	var hours []time.Time
	for i := range all {
		all[i].judge(kept[all[i].Told.ID])
		for _, h := range all[i].Hours {
			hours = append(hours, h.Hour)
		}
	}
	if err := s.place(ctx, tenant, all, hours); err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b Compared) int { return min(len(b.Differences), 1) - min(len(a.Differences), 1) })
	return all, nil
}

// CompareRange is Compare of the receipts of a range of time, those behind one; next is "" on the last page. Errors: ErrRange.
func (s *Service) CompareRange(ctx context.Context, tenant tenants.ID, from, to time.Time, behind string, limit int) (page []Compared, next string, err error) {
	if !from.Before(to) || to.Sub(from) > longestRange {
		return nil, "", ErrRange
	}
	receipts, err := s.d.Receipts.Between(ctx, tenant, from, to, behind, limit)
	if err != nil {
		return nil, "", fmt.Errorf("list receipts: %w", err)
	}
	if len(receipts) == limit {
		next = receipts[limit-1]
	}
	page, err = s.Compare(ctx, tenant, receipts)
	return page, next, err
}

// judge says which events count, why the others do not, and what does not fit together.
func (c *Compared) judge(kept []Kept) {
	var removed, elsewhere, bots, synthetic int64
	for _, k := range kept {
		c.InStore += k.Stored
		removed += k.Removed
		elsewhere += k.Elsewhere
		counted := k.Stored + k.Removed
		switch k.Meter {
		case billing.BotEvents:
			bots += counted
		case billing.SyntheticEvents:
			synthetic += counted
		default:
			c.bill(k.Hour, counted)
		}
	}
	t := c.Told.Counts
	for _, f := range []Free{
		{"duplicate", int64(t.Duplicate)},
		{"quarantined", int64(t.Quarantined)},
		{"suppressed", int64(t.Suppressed)},
		{"held", int64(t.Held)},
		{"pending", int64(t.Pending)},
		{"bot", bots},
		{"synthetic", synthetic},
		{"sent_again", elsewhere},
	} {
		if f.Events > 0 {
			c.Free = append(c.Free, f)
		}
	}
	if !c.Told.Settled {
		return
	}
	if found := c.InStore + removed + elsewhere; found != int64(t.Stored) {
		c.Differences = append(c.Differences, fmt.Sprintf("The sender was told that %d events are stored; the store knows of %d.", t.Stored, found))
	}
	if sum := t.Stored + t.Duplicate + t.Quarantined + t.Suppressed + t.Held; sum != t.Received {
		c.Differences = append(c.Differences, fmt.Sprintf("The receipt speaks of %d events and says what became of %d.", t.Received, sum))
	}
}

// bill counts events of an hour as usage.
func (c *Compared) bill(hour time.Time, events int64) {
	if events == 0 {
		return
	}
	c.Billed += events
	at := slices.IndexFunc(c.Hours, func(h ComparedHour) bool { return h.Hour.Equal(hour) })
	if at < 0 {
		at = len(c.Hours)
		c.Hours = append(c.Hours, ComparedHour{Hour: hour})
	}
	c.Hours[at].Events += events
}

// place says on which line each hour is.
func (s *Service) place(ctx context.Context, tenant tenants.ID, all []Compared, hours []time.Time) error {
	if len(hours) == 0 {
		return nil
	}
	from, to := slices.MinFunc(hours, time.Time.Compare), slices.MaxFunc(hours, time.Time.Compare)
	lines, err := s.d.Books.Lines(ctx, tenant, billing.Events, from, to.Add(time.Hour))
	if err != nil {
		return fmt.Errorf("find the lines of hours: %w", err)
	}
	state, err := s.d.Books.Read(ctx, tenant)
	if err != nil {
		return err
	}
	for _, c := range all {
		for i := range c.Hours {
			h := &c.Hours[i]
			if at := slices.IndexFunc(lines, func(l IssuedLine) bool { return !h.Hour.Before(l.From) && h.Hour.Before(l.To) }); at >= 0 {
				h.Line = &lines[at]
			}
			h.Draft = !state.closed(billing.PeriodOf(h.Hour))
		}
	}
	return nil
}
