package embedded_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/embedded"
)

func TestRedis(t *testing.T) {
	t.Parallel()
	server, err := embedded.StartRedis(embedded.RedisConfig{})
	require.NoError(t, err)
	defer server.Stop()
	options, err := redis.ParseURL(server.URL())
	require.NoError(t, err)
	client := redis.NewClient(options)
	defer func() { _ = client.Close() }()

	require.NoError(t, client.Set(t.Context(), "short", "1", 300*time.Millisecond).Err())
	require.NoError(t, client.Set(t.Context(), "long", "1", time.Hour).Err())
	eventually(t, "a key expires by itself", func() error {
		if err := client.Get(t.Context(), "short").Err(); !errors.Is(err, redis.Nil) {
			return errors.New("it is still there")
		}
		return nil
	})
	left, err := client.TTL(t.Context(), "long").Result()
	require.NoError(t, err)
	require.InDelta(t, time.Hour.Seconds(), left.Seconds(), 30, "time passes as fast as outside")

	options.Password = "guess"
	stranger := redis.NewClient(options)
	defer func() { _ = stranger.Close() }()
	require.Error(t, stranger.Ping(t.Context()).Err())
}
