package workers_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/workers"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// Tasks run on their schedule through a real Redis; one that fails runs again at its next tick; ending waits for what is running.
func TestTasksRun(t *testing.T) {
	t.Parallel()
	var good, bad, running atomic.Int64
	w := workers.New(workers.Config{RedisURL: testkit.RealRedis(t)}, testkit.Logger(t), prometheus.NewRegistry(),
		workers.Task{Name: "test:good", Every: time.Second, Timeout: 10 * time.Second, Run: func(context.Context) error {
			running.Add(1)
			defer running.Add(-1)
			good.Add(1)
			return nil
		}},
		workers.Task{Name: "test:bad", Every: time.Second, Timeout: time.Second, Run: func(context.Context) error {
			bad.Add(1)
			return errors.New("as always")
		}},
	)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	testkit.Eventually(t, 30*time.Second, func() error {
		if good.Load() < 2 || bad.Load() < 2 {
			return errors.New("the tasks have not run twice yet")
		}
		return nil
	})
	stop()
	require.NoError(t, <-ended)
	require.Zero(t, running.Load())
}

// Redis may be away at the start, and forget everything: work goes on by itself.
func TestRedisComesBack(t *testing.T) {
	t.Parallel()
	redis := testkit.OwnRedis(t)
	redis.Kill()
	var runs atomic.Int64
	w := workers.New(workers.Config{RedisURL: redis.URL()}, testkit.Logger(t), prometheus.NewRegistry(),
		workers.Task{Name: "test:tick", Every: time.Second, Timeout: time.Second, Run: func(context.Context) error {
			runs.Add(1)
			return nil
		}})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	moreRuns := func() {
		before := runs.Load()
		testkit.Eventually(t, 60*time.Second, func() error {
			if runs.Load() < before+2 {
				return errors.New("the task does not run")
			}
			return nil
		})
	}
	redis.Start()
	moreRuns()
	redis.Kill()
	redis.Start()
	moreRuns()
	stop()
	require.NoError(t, <-ended)
}
