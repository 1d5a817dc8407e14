package archive

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/observatory/observatory/tenants"
)

// closing is how long after its end an hour is still open: its last events are on their way.
const closing = time.Minute

// work is what a day lacks.
type work struct {
	date  string
	hours []Hour // that are to be written
	clean bool   // what an earlier writing has left is to be removed
}

// due tells whether an hour is to be written: it is decided what it holds, and that is not what was written. The hour that is not over waits
// for its end. One that lies ahead, because a sender's clock does, does not.
func (s *Service) due(h Hour, d Day, recipient string) bool {
	open := !h.Now.Before(h.At) && h.Now.Before(h.At.Add(time.Hour+closing))
	if h.Undecided || open {
		return false
	}
	f, ok := d.file(h.At.Hour())
	if ok && slices.Equal(f.Marks, h.Marks) {
		return f.Name != "" && f.Recipient != recipient
	}
	return h.Now.Sub(h.MarkedAt) >= s.cfg.Quiet || s.Now().Sub(d.WrittenAt) >= s.cfg.Patience
}

// dueOf finds what one tenant's archive lacks, the newest day first.
func (s *Service) dueOf(ctx context.Context, tenant tenants.ID) ([]work, error) {
	hours, err := s.Source.Hours(ctx, tenant, "")
	if err != nil {
		return nil, fmt.Errorf("look for hours to archive: %w", err)
	}
	days, err := s.Index.Days(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("look for hours to archive: %w", err)
	}
	return s.compare(ctx, tenant, hours, days)
}

func (s *Service) compare(ctx context.Context, tenant tenants.ID, hours []Hour, days map[string]Day) ([]work, error) {
	t, err := s.Index.Tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	byDate := map[string]work{}
	for date, d := range days {
		if !d.Cleaned {
			byDate[date] = work{date: date, clean: true}
		}
	}
	for _, h := range hours {
		date := day(h.At)
		if s.due(h, days[date], t.recipient()) {
			w := byDate[date]
			w.date, w.hours = date, append(w.hours, h)
			byDate[date] = w
		}
	}
	all := make([]work, 0, len(byDate))
	for _, w := range byDate {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b work) int {
		if a.date > b.date {
			return -1
		}
		return 1
	})
	return all, nil
}

// Due finds the tenants whose archive lacks something. Often enough is once a minute; once an hour it looks at everything there is.
func (s *Service) Due(ctx context.Context) ([]tenants.ID, error) {
	const lookAtAll = time.Hour
	s.mu.Lock()
	all := s.Now().Sub(s.full) >= lookAtAll
	s.mu.Unlock()
	byTenant := map[tenants.ID][]Hour{}
	if all {
		everybody, err := s.Source.Tenants(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for hours to archive: %w", err)
		}
		for _, tenant := range everybody {
			byTenant[tenant] = nil
		}
	} else {
		hours, err := s.Source.Recent(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for hours to archive: %w", err)
		}
		for _, h := range hours {
			byTenant[h.Tenant] = append(byTenant[h.Tenant], h)
		}
	}
	var found []tenants.ID
	waiting := 0
	for tenant, hours := range byTenant {
		lacks, err := s.lacks(ctx, tenant, hours)
		if err != nil {
			return nil, err
		}
		if len(lacks) > 0 {
			found = append(found, tenant)
		}
		for _, w := range lacks {
			waiting += len(w.hours)
		}
	}
	s.metrics.waiting.Set(float64(waiting))
	if all {
		s.mu.Lock()
		s.full = s.Now()
		s.mu.Unlock()
	}
	slices.SortFunc(found, func(a, b tenants.ID) int { return slices.Compare(a[:], b[:]) })
	return found, nil
}

// lacks is compare for some hours; for all, where none are given.
func (s *Service) lacks(ctx context.Context, tenant tenants.ID, hours []Hour) ([]work, error) {
	if hours == nil {
		return s.dueOf(ctx, tenant)
	}
	var dates []string
	for _, h := range hours {
		dates = append(dates, day(h.At))
	}
	slices.Sort(dates)
	days, err := s.Index.Days(ctx, tenant, slices.Compact(dates)...)
	if err != nil {
		return nil, fmt.Errorf("look for hours to archive: %w", err)
	}
	return s.compare(ctx, tenant, hours, days)
}
