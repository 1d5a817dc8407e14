package quota

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/fault"
)

// releaseFor is how long after there is more room it is looked for what is held: a batch may have been on its way.
const releaseFor = 24 * time.Hour

// ReleaseDue brings releases forward that are due because there is more room. It is called again and again.
func (s *Service) ReleaseDue(ctx context.Context) error {
	raised, err := s.deps.Book.Raised(ctx)
	if err != nil {
		return fmt.Errorf("look for releases: %w", err)
	}
	var trouble []error
	for _, q := range raised {
		if err := s.release(ctx, q); err != nil {
			trouble = append(trouble, fmt.Errorf("tenant %s: %w", q.Tenant, err))
		}
	}
	return errors.Join(trouble...)
}

func (s *Service) release(ctx context.Context, one Quota) error {
	now := s.time()
	if one.Release != nil {
		done, err := s.deps.Releases.Release(ctx, one.Tenant, *one.Release)
		if fault.KindOf(err) == fault.Conflict && err != nil || err == nil && !done {
			return nil
		}
		if err != nil {
			return fmt.Errorf("release held events: %w", err)
		}
		one.Release = nil
		if err := s.deps.Book.Released(ctx, one.Tenant, one.RaisedAt, one.RaisedAt, nil); err != nil {
			return err
		}
	}
	held, err := s.deps.Held.HeldFor(ctx, one.Tenant)
	if err != nil {
		return fmt.Errorf("count held events: %w", err)
	}
	used, err := s.deps.Book.Used(ctx, one.Tenant, billing.PeriodOf(now))
	if err != nil {
		return fmt.Errorf("read the counts: %w", err)
	}
	switch {
	case !one.roomFor(used, now), len(held) == 0 && now.Sub(one.RaisedAt) > releaseFor:
		return s.deps.Book.Released(ctx, one.Tenant, one.RaisedAt, time.Time{}, nil)
	case len(held) == 0:
		return nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	if err := s.deps.Book.Released(ctx, one.Tenant, one.RaisedAt, one.RaisedAt, &id); err != nil {
		return err
	}
	_, err = s.deps.Releases.Release(ctx, one.Tenant, id)
	if fault.KindOf(err) == fault.Conflict && err != nil { // another one of the tenant goes first
		return nil
	}
	return err
}
