package workers

import (
	"context"
	"log/slog"
	"time"

	"github.com/observatory/observatory/tenants"
)

// DeliverMail sends what waits in the outbox.
func DeliverMail(outbox *tenants.Outbox, logger *slog.Logger) Task {
	const atOnce = 50
	return Task{Name: "mail:deliver", Every: 2 * time.Second, Timeout: time.Minute, Run: func(ctx context.Context) error {
		d, err := outbox.Deliver(ctx, atOnce)
		if d.GivenUp > 0 || d.Postponed > 0 {
			logger.Warn("some mail could not be delivered", "sent", d.Sent, "tried_again_later", d.Postponed, "given_up", d.GivenUp)
		}
		return err
	}}
}
