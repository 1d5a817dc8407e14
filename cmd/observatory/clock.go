package main

import (
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// newClock is the machine's clock, or where a file is given one that is ahead of it by what the file says, as in 720h. The file may change
// while the server runs: so that what a month brings can be tried out in a minute. What does not exist, or cannot be read, is no time ahead.
// The ledger of work keeps the time of PostgreSQL: schedules tick as always, and what they find due is what this clock says.
func newClock(file string, logger *slog.Logger) func() time.Time {
	if file == "" {
		return time.Now
	}
	logger.Warn("the clock of this server can be moved: nothing that it counts or bills is meant to be true", "file", file)
	const often = 100 * time.Millisecond
	var ahead, looked atomic.Int64
	return func() time.Time {
		now := time.Now()
		if last := looked.Load(); now.UnixNano()-last > int64(often) && looked.CompareAndSwap(last, now.UnixNano()) {
			text, _ := os.ReadFile(file)
			if by, err := time.ParseDuration(strings.TrimSpace(string(text))); err == nil && ahead.Swap(int64(by)) != int64(by) {
				logger.Warn("the clock of this server was moved", "ahead", by)
			}
		}
		return now.Add(time.Duration(ahead.Load()))
	}
}
