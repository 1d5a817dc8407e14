package invoicing

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

// Params name the tenant of a job. The job is the system's own: it is no business of the tenant how often it is tried.
type Params struct {
	Tenant uuid.UUID `json:"tenant"`
}

// FindJob looks for tenants with a month that is over and not closed.
func FindJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "billing:close", Queue: jobs.Default, Attempts: 3}
}

// CloseJob closes the months of a tenant that are over.
func CloseJob() jobs.Kind[Params] {
	return jobs.Kind[Params]{Name: "billing:close-tenant", Queue: jobs.Default, Timeout: 10 * time.Minute} // years of months
}

// Find makes a job for each tenant with a month that is over, and has been for long enough.
func (s *Service) Find(ctx context.Context, r *jobs.Run) error {
	due, err := s.d.Books.Due(ctx, s.now().Add(-settling))
	if err != nil {
		return fmt.Errorf("find months to close: %w", err)
	}
	all := make([]jobs.Job, len(due))
	for i, m := range due {
		all[i] = CloseJob().New(uuid.Nil, Params{Tenant: uuid.UUID(m.Tenant)}, jobs.Unique(m.Tenant.String()), jobs.From(r))
	}
	if len(all) == 0 {
		return nil
	}
	_, err = s.d.Jobs.Enqueue(ctx, all...)
	return err
}

// Close closes all months of a tenant that are over, one after the other. It ends without an error where one has to wait: the next look is soon.
func (s *Service) Close(ctx context.Context, r *jobs.Run, p Params) error {
	for {
		if err := r.Progress(ctx, 0, 0, ""); err != nil {
			return err
		}
		waiting, done, err := s.CloseNext(ctx, tenants.ID(p.Tenant))
		if err != nil || done || waiting != "" {
			return err
		}
	}
}

// CloseNext closes the next month of a tenant. done: there is none that is over. waiting says in words for what it has to wait.
func (s *Service) CloseNext(ctx context.Context, tenant tenants.ID) (waiting string, done bool, err error) {
	now := s.now()
	state, err := s.d.Books.Read(ctx, tenant)
	if err != nil {
		return "", false, fmt.Errorf("read the books: %w", err)
	}
	month := state.next()
	if month.To.After(now.Add(-settling)) {
		return "", true, nil
	}
	if waiting, err = s.d.Usage.Settled(ctx, tenant, month); err != nil || waiting != "" {
		return waiting, false, err
	}
	return "", false, s.close(ctx, state, month, time.Time{}, now)
}

// Settle closes all months of a tenant that is about to be erased, the running one too, up to the end of this hour. waiting says in words for what it
// has to wait, and is empty once there is nothing left to close. Everything that was accepted has to be stored before.
func (s *Service) Settle(ctx context.Context, tenant tenants.ID) (waiting string, err error) {
	now := s.now()
	until := now.Truncate(time.Hour).Add(time.Hour)
	for {
		state, err := s.d.Books.Read(ctx, tenant)
		if err != nil {
			return "", fmt.Errorf("read the books: %w", err)
		}
		month := state.next()
		switch {
		case month.From.After(now):
			return "", nil
		case month.To.After(now):
			if err := s.d.Usage.Count(ctx, tenant, month); err != nil {
				return "", fmt.Errorf("count %s: %w", month, err)
			}
			err = s.close(ctx, state, month, until, now)
		default:
			if waiting, err := s.d.Usage.Settled(ctx, tenant, month); err != nil || waiting != "" {
				return waiting, err
			}
			err = s.close(ctx, state, month, time.Time{}, now)
		}
		if err != nil {
			return "", err
		}
	}
}

// close writes a month down. until is where the tenant ends, zero when it stays. That somebody else was quicker is no error: whoever closes looks again anyway.
func (s *Service) close(ctx context.Context, state State, month billing.Period, until, now time.Time) error {
	c, _, err := s.reckon(ctx, state, month, until, now)
	if err != nil {
		return err
	}
	documents, err := s.d.Books.Close(ctx, c)
	switch {
	case errors.Is(err, ErrMoved):
		return nil
	case err != nil:
		return fmt.Errorf("close %s: %w", month, err)
	}
	for _, d := range documents {
		s.d.Logger.InfoContext(ctx, "a document was issued", "tenant", state.Tenant, "kind", d.Kind, "number", d.Number, "period", d.Period.String(), "total", d.Total.Format(d.Currency))
	}
	return nil
}
