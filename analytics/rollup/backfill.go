package rollup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// BackfillInput is a stretch of time whose rollups are to be there. Zero times are open.
type BackfillInput struct {
	From, To time.Time
}

// Validate returns a fault with the code period_invalid.
func (in BackfillInput) Validate() error {
	if !in.From.IsZero() && !in.To.IsZero() && !in.From.Before(in.To) {
		return fault.New(fault.Invalid, analytics.CodePeriodInvalid, "The end must lie after the beginning.")
	}
	return nil
}

// Backfill makes a job that computes what the tenant's rollups lack: hours that have none, or one without a breakdown that was chosen since.
// Of a period that is being filled already it returns that job. Errors: period_invalid, ErrPermissionDenied.
func (s *Service) Backfill(ctx context.Context, by tenants.By, in BackfillInput) (uuid.UUID, error) {
	if err := by.Principal.Require(tenants.ManageData); err != nil {
		return uuid.Nil, err
	}
	if err := in.Validate(); err != nil {
		return uuid.Nil, err
	}
	p := RangeParams{From: in.From.UTC(), To: in.To.UTC()}
	made, err := s.jobs.Enqueue(ctx, backfill(by, p, p.From.Format(time.RFC3339)+" "+p.To.Format(time.RFC3339)))
	if err != nil {
		return uuid.Nil, fmt.Errorf("make the job: %w", err)
	}
	return made[0].ID, nil
}

func backfill(by tenants.By, p RangeParams, key string) jobs.Job {
	return BackfillJob().New(uuid.UUID(by.Principal.Tenant), p, jobs.Unique(key), jobs.By(by.Principal.Actor.Label), jobs.Correlation(by.CorrelationID))
}

// filled is how far a BackfillJob is. It goes from the newest hour to the oldest: what is asked for most is there first.
type filled struct {
	To   time.Time `json:"to"` // hours from here on are done
	From time.Time `json:"from"`
	Last time.Time `json:"last"` // end of the period
	Left int       `json:"left"` // stretches of atOnce hours in which some took too much
}

// Fill is BackfillJob. Hours that take too much keep none before them from being computed; it fails at the end if there were any.
func (s *Service) Fill(ctx context.Context, run *jobs.Run, p RangeParams) error {
	tenant := tenants.ID(run.Tenant)
	var at filled
	begun, err := run.Load(&at)
	if err != nil {
		return err
	}
	if !begun {
		if at.From, at.Last, err = s.extent(ctx, tenant, p); err != nil {
			return err
		}
		at.To = at.Last
	}
	total := int64(at.Last.Sub(at.From) / time.Hour)
	for at.From.Before(at.To) {
		from := at.To.Add(-atOnce * time.Hour)
		if from.Before(at.From) {
			from = at.From
		}
		if err := s.fill(ctx, tenant, from, at.To); errors.Is(err, analytics.ErrTooExpensive) {
			s.logger.Warn("hours take too much to be rolled up; they are answered from events", "tenant", run.Tenant, "error", err)
			at.Left++
		} else if err != nil {
			return err
		}
		at.To = from
		if err := run.Step(ctx, at, int64(at.Last.Sub(at.To)/time.Hour), total, "hours"); err != nil {
			return throttled(err)
		}
	}
	if at.Left > 0 {
		return jobs.Permanent(analytics.ErrTooExpensive)
	}
	return nil
}

// extent is the part of a period that is over and has events.
func (s *Service) extent(ctx context.Context, tenant tenants.ID, p RangeParams) (from, to time.Time, err error) {
	first, last, err := s.store.Extent(ctx, tenant)
	if err != nil {
		return from, to, fmt.Errorf("look how far the events go: %w", err)
	}
	if first.IsZero() {
		return from, to, nil
	}
	from, to = p.From.Truncate(time.Hour), earlier(last.Add(time.Hour), s.openHour())
	if from.Before(first) {
		from = first
	}
	if !p.To.IsZero() {
		to = earlier(to, p.To.Add(time.Hour-1).Truncate(time.Hour))
	}
	return from, to, nil
}

// fill computes those hours of [from, to) that have no rollup in force, or one without all of the tenant's breakdowns.
func (s *Service) fill(ctx context.Context, tenant tenants.ID, from, to time.Time) error {
	breakdowns, err := s.breakdowns(ctx, tenant)
	if err != nil {
		return err
	}
	served, err := s.store.Served(ctx, tenant, from, to)
	if err != nil {
		return fmt.Errorf("read which rollups are in force: %w", err)
	}
	there := map[int64]bool{}
	for _, h := range served {
		there[h.Hour.Unix()] = slices.Equal(h.Breakdowns, breakdowns)
	}
	var hours []time.Time
	for hour := from; hour.Before(to); hour = hour.Add(time.Hour) {
		if !there[hour.Unix()] {
			hours = append(hours, hour)
		}
	}
	_, err = s.Recompute(ctx, tenant, hours)
	return err
}

// openHour is the first hour that is not over yet.
func (s *Service) openHour() time.Time { return s.now().UTC().Add(-closing).Truncate(time.Hour) }
