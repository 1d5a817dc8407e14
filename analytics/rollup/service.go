package rollup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// Store is where events and rollups lie. The hours that it is given are whole ones. It returns a fault of kind Unavailable, or
// query_too_expensive.
type Store interface {
	// Dirty finds hours of all tenants that are over and whose rollup is not of now: those that were marked in the last two hours, or all.
	Dirty(ctx context.Context, all bool) ([]Dirty, error)
	// DirtyOf finds all of one tenant, newest first.
	DirtyOf(ctx context.Context, tenant tenants.ID) ([]Dirty, error)
	// MarkHours says that something in these hours has changed that did not come by a log: once it can be seen, not before.
	MarkHours(ctx context.Context, tenant tenants.ID, hours []time.Time) error
	// Recompute computes the rollups of hours and puts them in force, but for those in which a batch is under way.
	Recompute(ctx context.Context, tenant tenants.ID, hours []time.Time, breakdowns []string) (Computed, error)
	// Served tells which hours of [from, to) have a rollup in force, oldest first.
	Served(ctx context.Context, tenant tenants.ID, from, to time.Time) ([]Served, error)
	// Compare computes the rollups of hours and compares them with those in force. It returns the rows that differ, at most MaxDifferences.
	Compare(ctx context.Context, tenant tenants.ID, hours []Served) ([]Difference, error)
	// Extent is the first and the last hour in which there are events of the tenant; zero times when there are none.
	Extent(ctx context.Context, tenant tenants.ID) (first, last time.Time, err error)
	// Computed counts the hours of a tenant whose rollup was computed since then.
	ComputedSince(ctx context.Context, tenant tenants.ID, since time.Time) (int64, error)
	// Tenants lists those who have had events since then, by the events' time.
	Tenants(ctx context.Context, since time.Time) ([]tenants.ID, error)
	// Clean deletes rows of versions that have not been in force since then.
	Clean(ctx context.Context, since time.Time) error
}

// Deps are what a Service needs.
type Deps struct {
	Store    Store
	Settings Settings
	Jobs     jobs.Enqueuer
	Now      func() time.Time
	Logger   *slog.Logger
	Metrics  *prometheus.Registry
}

// Service keeps rollups as the events are.
type Service struct {
	store    Store
	settings Settings
	jobs     jobs.Enqueuer
	now      func() time.Time
	logger   *slog.Logger
	metrics  *metrics
	rests    rests

	mu   sync.Mutex
	full time.Time // when all hours were looked at last
	left bool      // that look found some
}

// New makes a Service. It panics when a dependency is missing, which is a mistake in the wiring.
func New(d Deps) *Service {
	if d.Store == nil || d.Settings == nil || d.Jobs == nil || d.Now == nil || d.Logger == nil || d.Metrics == nil {
		panic("rollup: Deps is incomplete")
	}
	return &Service{store: d.Store, settings: d.Settings, jobs: d.Jobs, now: d.Now, logger: d.Logger, metrics: newMetrics(d.Metrics)}
}

const (
	lookAtAll     = time.Hour   // between two looks at all hours
	lookAtAllSoon = time.Minute // when the last one found hours that were marked long ago
)

// Work is what one tenant's rollups lack.
type Work struct {
	Tenant tenants.ID
	Hours  []time.Time // that are due, newest first
}

// Due finds the hours of all tenants that are to be computed now, but for those that took too much a while ago. Every few seconds is often enough, and costs little when nothing is due:
// it looks at what was marked in the last two hours, and once in a while at all hours.
func (s *Service) Due(ctx context.Context) ([]Work, error) {
	all := s.looksAtAll()
	found, err := s.store.Dirty(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("look for dirty hours: %w", err)
	}
	if all {
		s.mu.Lock()
		s.full, s.left = s.now(), len(found) > 0
		s.mu.Unlock()
	}
	s.metrics.dirtyHours(found)
	byTenant := map[tenants.ID][]time.Time{}
	for _, d := range found {
		if d.Due() && !s.rests.has(d.Tenant, d.Hour, s.now()) {
			byTenant[d.Tenant] = append(byTenant[d.Tenant], d.Hour)
		}
	}
	var work []Work
	for tenant, hours := range byTenant {
		slices.SortFunc(hours, func(a, b time.Time) int { return b.Compare(a) })
		work = append(work, Work{Tenant: tenant, Hours: hours})
	}
	slices.SortFunc(work, func(a, b Work) int { return cmp.Compare(a.Tenant.String(), b.Tenant.String()) })
	return work, nil
}

func (s *Service) looksAtAll() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := s.now().Sub(s.full)
	return since >= lookAtAll || (s.left && since >= lookAtAllSoon)
}

// DueOf finds the hours of a tenant that are to be computed now, newest first.
func (s *Service) DueOf(ctx context.Context, tenant tenants.ID) ([]time.Time, error) {
	found, err := s.store.DirtyOf(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("look for dirty hours: %w", err)
	}
	var hours []time.Time
	for _, d := range found {
		if d.Due() && !s.rests.has(tenant, d.Hour, s.now()) {
			hours = append(hours, d.Hour)
		}
	}
	return hours, nil
}

// Recompute computes hours of a tenant with the breakdowns that it has chosen. Once more does no harm.
func (s *Service) Recompute(ctx context.Context, tenant tenants.ID, hours []time.Time) (Computed, error) {
	if len(hours) == 0 {
		return Computed{}, nil
	}
	breakdowns, err := s.breakdowns(ctx, tenant)
	if err != nil {
		return Computed{}, err
	}
	began := s.now()
	done, err := s.store.Recompute(ctx, tenant, hours, breakdowns)
	s.metrics.recomputed(done, s.now().Sub(began))
	s.rests.begin(tenant, done.TooMuch, s.now())
	if err != nil {
		return done, fmt.Errorf("compute rollups: %w", err)
	}
	return done, nil
}

// MarkHours says that something in these hours of a tenant has changed that did not come by a log, such as an erasure. It is called once the
// change can be seen: an hour that is computed before that is computed again.
func (s *Service) MarkHours(ctx context.Context, tenant tenants.ID, hours []time.Time) error {
	if err := s.store.MarkHours(ctx, tenant, hours); err != nil {
		return fmt.Errorf("mark %d hours: %w", len(hours), err)
	}
	return nil
}

// Clean deletes what readers cannot be reading any more: rows of versions that others took the place of an hour ago or earlier.
func (s *Service) Clean(ctx context.Context) error {
	const readers = time.Hour
	if err := s.store.Clean(ctx, s.now().Add(-readers)); err != nil {
		return fmt.Errorf("delete superseded rollups: %w", err)
	}
	return nil
}

// Stage is how far the rollups of a tenant are.
type Stage struct {
	Dirty     int64         // hours that are to be computed
	Undecided int64         // hours in which a batch is under way
	Oldest    time.Duration // for how long the oldest of them all has waited; 0: none does
	PerSecond float64       // hours computed, over the last five minutes
}

// Stage tells how far the rollups of a tenant are.
func (s *Service) Stage(ctx context.Context, tenant tenants.ID) (Stage, error) {
	const lately = 5 * time.Minute
	found, err := s.store.DirtyOf(ctx, tenant)
	computed, errComputed := s.store.ComputedSince(ctx, tenant, s.now().Add(-lately))
	if err := errors.Join(err, errComputed); err != nil {
		return Stage{}, fmt.Errorf("look at the rollups: %w", err)
	}
	stage := Stage{PerSecond: float64(computed) / lately.Seconds()}
	for _, d := range found {
		if d.Undecided {
			stage.Undecided++
		} else {
			stage.Dirty++
		}
		stage.Oldest = max(stage.Oldest, d.Age())
	}
	return stage, nil
}
