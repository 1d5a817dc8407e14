package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/observatory/observatory/tenants"
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

// answer notes that the webhooks about a customer that came before now are looked after.
func (s *Service) answer(ctx context.Context, tenant tenants.ID, customer string, look func() error) error {
	if customer == "" {
		return look()
	}
	rung, err := s.d.Book.Rung(ctx, customer)
	if err != nil {
		return fmt.Errorf("read the webhooks about %s: %w", tenant, err)
	}
	if err := look(); err != nil {
		return err
	}
	return s.d.Book.Answered(ctx, rung, s.time())
}
