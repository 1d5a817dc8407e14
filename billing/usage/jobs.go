package usage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// The jobs of metering. Find, Measure and LookBack are the system's own; the others are a tenant's.

// FindJob looks for what is to be counted, and makes the jobs.
func FindJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "usage:find", Queue: jobs.Default, Timeout: time.Minute, Attempts: 1, Keep: 24 * time.Hour}
}

// CountParams are the hours to count.
type CountParams struct {
	Hours []time.Time `json:"hours"`
}

// CountJob counts some hours of a tenant.
func CountJob() jobs.Kind[CountParams] {
	return jobs.Kind[CountParams]{Name: "usage:count", Queue: jobs.Default, Timeout: 10 * time.Minute, Attempts: 3, Keep: 24 * time.Hour}
}

// MonthParams are the month to count.
type MonthParams struct {
	Month time.Time `json:"month"`
}

// MonthJob counts a whole month of a tenant.
func MonthJob() jobs.Kind[MonthParams] {
	return jobs.Kind[MonthParams]{Name: "usage:month", Queue: jobs.Bulk, Timeout: 30 * time.Minute, Attempts: 3, Keep: 3 * 24 * time.Hour}
}

// MeasureJob books storage, query time and exports of all tenants.
func MeasureJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "usage:measure", Queue: jobs.Default, Timeout: 10 * time.Minute, Attempts: 1, Keep: 24 * time.Hour}
}

// LookBackJob makes a MonthJob for each tenant and each month of the last 35 days.
func LookBackJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "usage:look-back", Queue: jobs.Bulk}
}

// Find is FindJob.
func (s *Service) Find(ctx context.Context, run *jobs.Run) error {
	work, err := s.Due(ctx)
	if err != nil {
		return err
	}
	var made []jobs.Job
	for _, w := range work {
		made = append(made, jobsOf(w, jobs.From(run))...)
	}
	return s.enqueue(ctx, made)
}

func jobsOf(w Work, options ...jobs.Option) (made []jobs.Job) {
	tenant, months := uuid.UUID(w.Tenant), map[billing.Period]bool{}
	for _, p := range w.Months {
		months[p] = true
	}
	hours := w.Hours
	if len(hours) > manyHours {
		for _, h := range hours[:len(hours)-manyHours] { // the newest are counted by themselves: somebody may be looking
			months[billing.PeriodOf(h)] = true
		}
		hours = hours[len(hours)-manyHours:]
	}
	if len(hours) > 0 {
		made = append(made, CountJob().New(tenant, CountParams{Hours: hours}, append(options, jobs.Unique("due"))...))
	}
	for p := range months {
		made = append(made, monthJob(tenant, p, options...))
	}
	return made
}

func monthJob(tenant uuid.UUID, p billing.Period, options ...jobs.Option) jobs.Job {
	return MonthJob().New(tenant, MonthParams{Month: p.From}, append(options, jobs.Unique(p.String()))...)
}

// enqueue puts jobs into the ledger of work, each by itself: a tenant that it does not know must not keep others waiting.
func (s *Service) enqueue(ctx context.Context, made []jobs.Job) (err error) {
	for _, job := range made {
		if _, failed := s.jobs.Enqueue(ctx, job); failed != nil {
			err = errors.Join(err, fmt.Errorf("make a job to count usage: %w", failed))
		}
	}
	return err
}

// Count is CountJob.
func (s *Service) Count(ctx context.Context, run *jobs.Run, p CountParams) error {
	_, err := s.CountHours(ctx, tenants.ID(run.Tenant), p.Hours)
	return err
}

// CountWhole is MonthJob.
func (s *Service) CountWhole(ctx context.Context, run *jobs.Run, p MonthParams) error {
	_, err := s.CountMonth(ctx, tenants.ID(run.Tenant), billing.PeriodOf(p.Month))
	return err
}

// MeasureAll is MeasureJob.
func (s *Service) MeasureAll(ctx context.Context, _ *jobs.Run) error {
	now := s.now().UTC()
	since := now.Add(-s.consumed.back(now))
	stored, err := s.books.Weighed(ctx)
	if err != nil {
		return fmt.Errorf("list who has something stored: %w", err)
	}
	var failed error
	for tenant, last := range stored {
		failed = errors.Join(failed, s.MeasureStorage(ctx, tenant, last))
	}
	consumers, err := s.books.Consumers(ctx, since.Truncate(time.Hour))
	if err != nil {
		return fmt.Errorf("list who consumed something: %w", err)
	}
	for _, tenant := range consumers {
		failed = errors.Join(failed, s.Measure(ctx, tenant, since))
	}
	return failed
}

// BeginLookBack is LookBackJob.
func (s *Service) BeginLookBack(ctx context.Context, run *jobs.Run) error {
	now := s.now().UTC()
	since := now.Add(-lookFar)
	all, err := s.books.Metered(ctx, since)
	if err != nil {
		return fmt.Errorf("list whose usage to count: %w", err)
	}
	var made []jobs.Job
	for _, tenant := range all {
		for p := billing.PeriodOf(since); !p.From.After(now); p = p.Next() {
			made = append(made, monthJob(uuid.UUID(tenant), p, jobs.From(run)))
		}
	}
	return s.enqueue(ctx, made)
}
