package payment

import (
	"context"
	"fmt"
	"time"
)

// keepEvents is for how long webhooks are remembered. The provider sends one again for three days.
const keepEvents = 90 * 24 * time.Hour

// Bell takes a webhook: once it is written down, with the job that looks after it, nil is returned, however often it comes. It returns ErrLocal
// and ErrForged.
func (s *Service) Bell(ctx context.Context, body []byte, signature string) error {
	if s.d.Provider == nil {
		return ErrLocal
	}
	e, err := s.d.Provider.Read(body, signature)
	if err != nil {
		s.d.Logger.WarnContext(ctx, "a webhook of the payment provider was refused", "error", err)
		return err
	}
	known, again, err := s.d.Book.Ring(ctx, e, s.time(), lookJob)
	if err != nil {
		return fmt.Errorf("write down a webhook: %w", err)
	}
	if !known {
		s.d.Logger.DebugContext(ctx, "a webhook is about nobody here", "webhook", e.ID, "kind", e.Kind, "again", again)
	}
	return nil
}

// answer asks the provider about a tenant if there is a reason to, and notes that the webhooks that came before are looked after.
func (s *Service) answer(ctx context.Context, a Account, ask func() error) error {
	var rung []string
	if a.Customer != "" {
		var err error
		if rung, err = s.d.Book.Rung(ctx, a.Customer); err != nil {
			return fmt.Errorf("read the webhooks about %s: %w", a.Tenant, err)
		}
	}
	if len(rung) == 0 {
		if stale, err := s.stale(ctx, a); err != nil || !stale {
			return err
		}
	}
	if err := ask(); err != nil {
		return err
	}
	return s.d.Book.Answered(ctx, rung, s.time())
}
