package archive

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// FindJob looks for tenants whose archive lacks something, and makes WriteJobs.
func FindJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "archive:find", Queue: jobs.Default, Timeout: 5 * time.Minute, Attempts: 1}
}

// WriteJob writes what one tenant's archive lacks.
func WriteJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "archive:write", Queue: jobs.Bulk, Timeout: 30 * time.Minute, Keep: 3 * 24 * time.Hour}
}

// Find is FindJob.
func (s *Service) Find(ctx context.Context, run *jobs.Run) error {
	due, err := s.Due(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range due { // one by one: a tenant that the ledger does not know must not keep others waiting
		if _, failed := s.Jobs.Enqueue(ctx, WriteJob().New(uuid.UUID(tenant), struct{}{}, jobs.Unique("due"), jobs.From(run))); failed != nil {
			err = fmt.Errorf("make a job to write the archive: %w", failed)
		}
	}
	return err
}

// WriteAll is WriteJob.
func (s *Service) WriteAll(ctx context.Context, run *jobs.Run) error {
	return s.Write(ctx, tenants.ID(run.Tenant), func(done, total int) error {
		return run.Step(ctx, done, int64(done), int64(total), "days")
	})
}
