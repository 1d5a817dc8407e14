package pg_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
)

func TestListen(t *testing.T) {
	t.Parallel()
	server := testkit.OwnPostgres(t)
	pool := open(t, server.URL(), pg.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	heard := make(chan pg.Notification, 10)
	var listener sync.WaitGroup
	listener.Go(func() {
		pool.Listen(ctx, testkit.Logger(t), []string{"keys", "Odd name"}, func(n pg.Notification) { heard <- n })
	})
	next := func() pg.Notification {
		select {
		case n := <-heard:
			return n
		case <-time.After(20 * time.Second):
			t.Fatal("no notification")
			return pg.Notification{}
		}
	}
	require.Equal(t, pg.Notification{}, next(), "at first everything has to be read")
	exec(t, server.URL(), `NOTIFY keys, 'one'; NOTIFY other, 'x'; NOTIFY "Odd name", 'two'`)
	require.Equal(t, pg.Notification{Channel: "keys", Payload: "one"}, next())
	require.Equal(t, pg.Notification{Channel: "Odd name", Payload: "two"}, next())

	server.Kill()
	server.Start()
	require.Equal(t, pg.Notification{}, next(), "something may have been missed")
	exec(t, server.URL(), "NOTIFY keys, 'three'")
	require.Equal(t, pg.Notification{Channel: "keys", Payload: "three"}, next())

	cancel()
	listener.Wait()
}
