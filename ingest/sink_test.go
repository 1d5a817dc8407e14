package ingest_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/sinkstate"
)

func openState(t *testing.T) *sinkstate.State {
	t.Helper()
	s, err := sinkstate.Open(sinkstate.Config{FS: vfs.NewMem(), Dir: "sink", Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// run runs a sink in the background; the function that it returns ends it.
func run(t *testing.T, s *ingest.Sink) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return func() {
		cancel()
		wg.Wait()
	}
}

// What is acknowledged can soon be waited for, also while the store fails now and then.
func TestSinkRuns(t *testing.T) {
	t.Parallel()
	l := openLog(t)
	shelf := newShelf(t)
	var calls atomic.Int32
	shelf.fails = func(rows int) (int, bool) {
		n := calls.Add(1)
		return rows / 2, n == 2 || n == 3
	}
	var stored atomic.Int32
	s, err := ingest.NewSink(ingest.SinkConfig{Interval: time.Millisecond}, ingest.SinkDeps{
		Log: l, State: openState(t), Store: shelf, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Stored: func(set *ingest.Settlement, took time.Duration) {
			require.GreaterOrEqual(t, took, time.Duration(0))
			stored.Add(int32(len(set.Events))) //nolint:gosec // few
		},
	})
	require.NoError(t, err)
	stop := run(t, s)
	defer stop()
	c := newCollector(l, 0)
	for range 5 {
		got, err := c.Accept(t.Context(), ingest.AcceptInput{Batch: named("a", "b")})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		require.NoError(t, s.WaitSettled(ctx, got.End))
		cancel()
		require.GreaterOrEqual(t, s.Settled(), got.End)
	}
	stop()
	require.Equal(t, int32(10), stored.Load())
	require.Len(t, shelf.receipts, 5)
}

// Within the interval what comes is gathered into one batch, however many senders there are; after a pause nothing waits.
func TestSinkGathers(t *testing.T) {
	t.Parallel()
	l := openLog(t)
	batches := make(chan int, 100)
	s, err := ingest.NewSink(ingest.SinkConfig{Interval: time.Hour, MaxBytes: 10_000}, ingest.SinkDeps{
		Log: l, State: openState(t), Store: newShelf(t), Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Stored: func(set *ingest.Settlement, _ time.Duration) { batches <- len(set.Events) },
	})
	require.NoError(t, err)
	defer run(t, s)()
	c := newCollector(l, 0)
	send := func() {
		_, err := c.Accept(t.Context(), ingest.AcceptInput{Batch: named("a")})
		require.NoError(t, err)
	}
	send()
	require.Equal(t, 1, <-batches, "the first does not wait")
	for range 30 {
		send()
	}
	require.Less(t, l.End(), ingest.Offset(10_000))
	require.Empty(t, batches, "the next waits until the batch is full or the interval is over")
	for l.End() < 15_000 {
		send()
	}
	require.Greater(t, <-batches, 30)
}

// A sink that ends leaves what it has begun to the next, and draining stores the rest.
func TestSinkDrains(t *testing.T) {
	t.Parallel()
	l, state, shelf := openLog(t), openState(t), newShelf(t)
	newSink := func() *ingest.Sink {
		s, err := ingest.NewSink(ingest.SinkConfig{MaxBytes: 500}, ingest.SinkDeps{
			Log: l, State: state, Store: shelf, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		return s
	}
	c := newCollector(l, 0)
	for range 20 {
		_, err := c.Accept(t.Context(), ingest.AcceptInput{Batch: named("a")})
		require.NoError(t, err)
	}
	shelf.fails = func(rows int) (int, bool) { return rows - 1, true }
	require.ErrorIs(t, newSink().Drain(t.Context()), errShelf)
	shelf.fails = func(int) (int, bool) { return 0, false }
	s := newSink()
	require.NoError(t, s.Drain(t.Context()))
	require.Equal(t, l.End(), s.Settled())
	require.Len(t, shelf.receipts, 20)
	require.Equal(t, l.End(), newSink().Settled())
}

// A record that cannot be read stops the sink, loudly: nothing behind it may be settled as if it were not there.
func TestSinkStopsAtDamage(t *testing.T) {
	t.Parallel()
	l := openLog(t)
	_, err := l.Append(t.Context(), []byte("no record"))
	require.NoError(t, err)
	_, err = newCollector(l, 0).Accept(t.Context(), ingest.AcceptInput{Batch: named("a")})
	require.NoError(t, err)
	shelf := newShelf(t)
	s, err := ingest.NewSink(ingest.SinkConfig{}, ingest.SinkDeps{Log: l, State: openState(t), Store: shelf, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.ErrorContains(t, s.Drain(t.Context()), "log offset 0")
	require.Zero(t, s.Settled())
	require.Empty(t, shelf.rows)
}
