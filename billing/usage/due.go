package usage

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/tenants"
)

// Work is what is to be counted of a tenant.
type Work struct {
	Tenant tenants.ID
	Hours  []time.Time // oldest first
	Months []billing.Period
}

const (
	lookLately     = 2 * time.Hour       // how far looks go back for events that have changed,
	lookFar        = 35 * 24 * time.Hour // and the one an hour
	consumedLately = time.Hour           // the same for what was consumed,
	consumedFar    = 3 * 24 * time.Hour  // of which nodes tell within two days
	// monthsKept is for how long people who were removed are remembered, see 00009_metering.sql. Users of months before are not counted again.
	monthsKept  = 75 * 24 * time.Hour
	manyHours   = 48 // are quicker counted as a month
	monthEvery  = 10 * time.Minute
	monthAtMost = 6 * time.Hour
	monthShare  = 100 // a month is counted so rarely that this takes a hundredth of the time at most
)

// looks are looks at what has come since the last ones: most go back a little, and one an hour goes far. So nothing is missed when nobody has
// looked for a while.
type looks struct {
	lately, far time.Duration

	mu      sync.Mutex
	lastFar time.Time
}

// back is how far back a look at a time goes.
func (l *looks) back(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if since := now.Sub(l.lastFar); since < time.Hour && since >= 0 {
		return l.lately
	}
	l.lastFar = now
	return l.far
}

// Due finds what is to be counted now: hours about which something was written down since they were counted, hours that are over and were not
// counted since, and months that were not counted as a whole for a while.
func (s *Service) Due(ctx context.Context) ([]Work, error) {
	now, err := s.counter.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the store for the time: %w", err)
	}
	hours, err := s.dueHours(ctx, now.Add(-s.changes.back(s.now())))
	if err != nil {
		return nil, err
	}
	months, err := s.dueMonths(ctx, hours)
	if err != nil {
		return nil, err
	}
	work := map[tenants.ID]*Work{}
	of := func(tenant tenants.ID) *Work {
		if work[tenant] == nil {
			work[tenant] = &Work{Tenant: tenant}
		}
		return work[tenant]
	}
	for tenant, all := range hours {
		slices.SortFunc(all, time.Time.Compare)
		of(tenant).Hours = slices.CompactFunc(all, time.Time.Equal)
	}
	for tenant, all := range months {
		for p := range all {
			of(tenant).Months = append(of(tenant).Months, p)
		}
	}
	all := make([]Work, 0, len(work))
	for _, w := range work {
		all = append(all, *w)
	}
	return all, nil
}

func (s *Service) dueHours(ctx context.Context, since time.Time) (map[tenants.ID][]time.Time, error) {
	changed, err := s.counter.Due(ctx, since)
	if err != nil {
		return nil, fmt.Errorf("look for hours that have changed: %w", err)
	}
	byTenant := map[tenants.ID][]Due{}
	for _, d := range changed {
		byTenant[d.Tenant] = append(byTenant[d.Tenant], d)
	}
	carried, err := s.books.Carried(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask how far the logs are: %w", err)
	}
	over := s.now().UTC()
	if carried.Before(over) {
		over = carried
	}
	hours, err := s.books.OpenHours(ctx, over.Add(-time.Hour))
	if err != nil {
		return nil, fmt.Errorf("look for hours that are over: %w", err)
	}
	for tenant, all := range byTenant {
		asked := make([]time.Time, len(all))
		for i, d := range all {
			asked[i] = d.Hour
		}
		seen, err := s.books.Seen(ctx, tenant, asked)
		if err != nil {
			return nil, fmt.Errorf("ask how far the counting is: %w", err)
		}
		for _, d := range all {
			if known, ok := seen[d.Hour]; !ok || d.Last().After(known.At) {
				hours[tenant] = append(hours[tenant], d.Hour)
			}
		}
	}
	return hours, nil
}

// dueMonths are months that are not complete and were not counted as a whole for a while, and those whose hours change after they were.
func (s *Service) dueMonths(ctx context.Context, hours map[tenants.ID][]time.Time) (map[tenants.ID]map[billing.Period]bool, error) {
	now := s.now().UTC()
	open, err := s.books.OpenMonths(ctx, now.Add(-monthsKept))
	if err != nil {
		return nil, fmt.Errorf("look for months that are not complete: %w", err)
	}
	months := map[tenants.ID]map[billing.Period]bool{}
	add := func(tenant tenants.ID, p billing.Period) {
		if months[tenant] == nil {
			months[tenant] = map[billing.Period]bool{}
		}
		months[tenant][p] = true
	}
	waiting := map[tenants.ID]map[billing.Period]bool{}
	for _, m := range open {
		if pause := min(max(monthEvery, monthShare*m.Took), monthAtMost); now.Sub(m.CountedAt) >= pause || m.CountedAt.After(now) {
			add(m.Tenant, m.Period)
		}
		if waiting[m.Tenant] == nil {
			waiting[m.Tenant] = map[billing.Period]bool{}
		}
		waiting[m.Tenant][m.Period] = true
	}
	for tenant, all := range hours {
		for _, hour := range all {
			if p := billing.PeriodOf(hour); !waiting[tenant][p] && now.Sub(p.From) < monthsKept {
				add(tenant, p)
			}
		}
	}
	return months, nil
}
