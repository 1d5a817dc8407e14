package main

import (
	"context"
	"log/slog"
	"os"
	"runtime/pprof"
	"time"

	"github.com/observatory/observatory/internal/latch"
)

// unlessAsked drops the error of something that was cut short because the process was asked to end, which is what ctx says.
func unlessAsked(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// outlive is a context that ends some time after ctx does.
func outlive(ctx context.Context, extra time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(extra, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}

// endWithin ends the process when it still runs that long after ctx has ended, unless release was called. What hangs is left behind then,
// as by kill -9: nothing that was acknowledged is lost by that, and engines end with the process that started them.
func endWithin(ctx context.Context, limit time.Duration, logger *slog.Logger) (release func()) {
	released := latch.New()
	go func() {
		select {
		case <-released.Done():
			return
		case <-ctx.Done():
		}
		select {
		case <-released.Done():
		case <-time.After(limit):
			logger.Error("the server hangs while it ends; it is cut off", "after", limit)
			_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1) // where it hangs
			os.Exit(1)
		}
	}()
	return released.Set
}
