package usage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/tenants"
)

// inFlight is how long something may take to be seen after the store has given it a time. What is that new when an hour is counted has the hour
// counted once more.
const inFlight = 2 * time.Minute

// CountHours counts some hours of a tenant again and books what is otherwise than before. Users are not among it: see CountMonth. Once more does
// no harm.
func (s *Service) CountHours(ctx context.Context, tenant tenants.ID, hours []time.Time) ([]billing.Entry, error) {
	var all []billing.Entry
	for _, r := range stretches(hours) {
		c, err := s.look(ctx, tenant, r.from, r.to)
		if err != nil {
			return all, err
		}
		if over := s.now().Truncate(time.Hour); !r.to.After(over) { // reading what events take up costs more, and the running hour is counted often
			if c.Weights, err = s.counter.Weigh(ctx, tenant, r.from, r.to); err != nil {
				return all, fmt.Errorf("weigh events: %w", err)
			}
			c.Weighed = true
		}
		booked, err := s.book(ctx, tenant, c)
		if err != nil {
			return all, err
		}
		all = append(all, booked...)
	}
	return all, nil
}

// CountMonth counts all hours of a month of a tenant again, users included, and books what is otherwise than before. That finds what nothing was
// written down about as well: events that were sent again after more than a day, and so count in another hour.
func (s *Service) CountMonth(ctx context.Context, tenant tenants.ID, period billing.Period) ([]billing.Entry, error) {
	began := s.now()
	c, err := s.look(ctx, tenant, period.From, period.To)
	if err != nil {
		return nil, err
	}
	users, err := s.counter.Users(ctx, tenant, period)
	if err != nil {
		return nil, fmt.Errorf("count users: %w", err)
	}
	c.Counts, c.Meters = append(c.Counts, users...), append(c.Meters, billing.TrackedUsers)
	c.Month, c.Took = true, s.now().Sub(began)
	return s.book(ctx, tenant, c)
}

// look counts the events of hours. How far logs are carried is asked before: what they acknowledged until then is among what is counted.
func (s *Service) look(ctx context.Context, tenant tenants.ID, from, to time.Time) (c Counted, err error) {
	c = Counted{From: from, To: to, Meters: eventMeters(), At: s.now().UTC()}
	if c.Carried, err = s.books.Carried(ctx); err != nil {
		return c, fmt.Errorf("ask how far the logs are: %w", err)
	}
	if c.Carried.After(c.At) {
		c.Carried = c.At
	}
	now, err := s.counter.Now(ctx)
	if err != nil {
		return c, fmt.Errorf("ask the store for the time: %w", err)
	}
	c.Seen = now.Add(-inFlight)
	if c.Changes, err = s.counter.Changes(ctx, tenant, from, to); err != nil {
		return c, fmt.Errorf("look for changes: %w", err)
	}
	if c.Counts, err = s.counter.Count(ctx, tenant, from, to); err != nil {
		return c, fmt.Errorf("count events: %w", err)
	}
	return c, nil
}

func (s *Service) book(ctx context.Context, tenant tenants.ID, c Counted) ([]billing.Entry, error) {
	booked, err := s.books.Book(ctx, tenant, c)
	if err != nil {
		return nil, fmt.Errorf("book usage: %w", err)
	}
	return booked, nil
}

// Measure books what a tenant consumed since a time, in whole hours: query time and exports. The running hour is among it.
func (s *Service) Measure(ctx context.Context, tenant tenants.ID, since time.Time) error {
	if s.consumption == nil {
		return nil
	}
	c := Counted{From: since.UTC().Truncate(time.Hour), To: s.now().UTC().Truncate(time.Hour).Add(time.Hour), At: s.now().UTC()}
	for meter, resource := range map[billing.MeterName]billing.Resource{billing.QueryTime: billing.QueryWork, billing.Exports: billing.ExportsAsked} {
		used, err := s.consumption.Consumed(ctx, tenant, resource, c.From, c.To)
		if err != nil {
			return fmt.Errorf("sum what was consumed: %w", err)
		}
		c.Meters = append(c.Meters, meter)
		for _, h := range used {
			c.Counts = append(c.Counts, Count{Meter: meter, Hour: h.Hour, Found: h.Quantity})
		}
	}
	_, err := s.book(ctx, tenant, c)
	return err
}

// MeasureStorage books what a tenant has stored, for the hours that are over and come after last; zero: for the one before now.
func (s *Service) MeasureStorage(ctx context.Context, tenant tenants.ID, last time.Time) error {
	const longest = 35 * 24 * time.Hour // what is older was not measured, and is not made up
	over := s.now().UTC().Truncate(time.Hour)
	from := last.Add(time.Hour)
	if last.IsZero() || over.Sub(from) > longest {
		from = over.Add(-time.Hour)
	}
	if !from.Before(over) {
		return nil
	}
	c := Counted{From: from, To: over, At: s.now().UTC(), Meters: []billing.MeterName{billing.Storage}}
	for hour := from; hour.Before(over); hour = hour.Add(time.Hour) {
		bytes, err := s.books.Stored(ctx, tenant, hour)
		if err != nil {
			return fmt.Errorf("sum what is stored: %w", err)
		}
		if bytes > 0 {
			c.Counts = append(c.Counts, Count{Meter: billing.Storage, Hour: hour, Found: bytes})
		}
	}
	_, err := s.book(ctx, tenant, c)
	return err
}

func eventMeters() []billing.MeterName {
	return []billing.MeterName{billing.Events, billing.BotEvents, billing.SyntheticEvents}
}

type stretch struct{ from, to time.Time }

// stretches joins hours that follow each other.
func stretches(hours []time.Time) []stretch {
	hours = slices.Clone(hours)
	slices.SortFunc(hours, time.Time.Compare)
	var all []stretch
	for _, h := range hours {
		h = h.UTC().Truncate(time.Hour)
		if last := len(all) - 1; last >= 0 && !h.After(all[last].to) {
			all[last].to = h.Add(time.Hour)
			continue
		}
		all = append(all, stretch{h, h.Add(time.Hour)})
	}
	return all
}
