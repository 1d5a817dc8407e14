package pg

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	listenPause = time.Second      // between attempts to connect
	listenQuiet = 10 * time.Second // without a notification, after which the connection is tried
)

// Notification is one NOTIFY. Without a channel it says that notifications may have been missed, because the connection
// is new: whoever follows changes reads everything again.
type Notification struct{ Channel, Payload string }

// Listen calls fn for every notification on the channels until ctx ends, one at a time, over a connection of its own
// that is made again whenever it is lost.
func (p *Pool) Listen(ctx context.Context, log *slog.Logger, channels []string, fn func(Notification)) {
	for ctx.Err() == nil {
		err := p.listenOnce(ctx, channels, fn)
		if ctx.Err() != nil {
			return
		}
		log.Warn("lost the connection for notifications; connecting again", "channels", channels, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(listenPause):
		}
	}
}

func (p *Pool) listenOnce(ctx context.Context, channels []string, fn func(Notification)) error {
	conn, err := pgx.ConnectConfig(ctx, p.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, channel := range channels {
		if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
			return fmt.Errorf("listen on %s: %w", channel, err)
		}
	}
	fn(Notification{})
	for {
		n, err := next(ctx, conn)
		if err != nil {
			return err
		}
		if n != nil {
			fn(Notification{Channel: n.Channel, Payload: n.Payload})
		}
	}
}

// next waits for a notification. After a quiet while it makes sure that the server is still there and returns nil.
func next(ctx context.Context, conn *pgx.Conn) (*pgconn.Notification, error) {
	wait, cancel := context.WithTimeout(ctx, listenQuiet)
	defer cancel()
	n, err := conn.WaitForNotification(wait)
	if err == nil || wait.Err() == nil || ctx.Err() != nil {
		return n, err
	}
	check, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return nil, conn.Ping(check)
}
