package workers

import (
	"context"
	"log/slog"
	"time"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// DeliverMail sends what waits in the outbox.
func DeliverMail(outbox *tenants.Outbox, logger *slog.Logger) Work {
	const atOnce = 50
	kind := jobs.Kind[struct{}]{Name: "mail:deliver", Queue: jobs.Urgent, Attempts: 1}
	return Repeat(kind, 2*time.Second, func(ctx context.Context, _ *jobs.Run) error {
		d, err := outbox.Deliver(ctx, atOnce)
		if d.GivenUp > 0 || d.Postponed > 0 {
			logger.Warn("some mail could not be delivered", "sent", d.Sent, "tried_again_later", d.Postponed, "given_up", d.GivenUp)
		}
		return err
	})
}
