package quarter_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clock is what the server, the one who collects the money, and the test go by. It only goes forward.
type clock struct {
	file  string
	ahead atomic.Int64
}

func newClock(t *testing.T, begin time.Time) *clock {
	t.Helper()
	c := &clock{file: filepath.Join(t.TempDir(), "ahead")}
	c.to(t, begin)
	return c
}

// Now is what time it is.
func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())).UTC() }

// to goes on to a time.
func (c *clock) to(t *testing.T, at time.Time) {
	t.Helper()
	c.set(t, time.Until(at))
}

// set says how far ahead of the machine's clock it is now.
func (c *clock) set(t *testing.T, ahead time.Duration) {
	t.Helper()
	c.ahead.Store(int64(ahead))
	next := c.file + ".next"
	require.NoError(t, os.WriteFile(next, []byte(ahead.String()), 0o600))
	require.NoError(t, os.Rename(next, c.file)) // nobody reads half of it
	const noticed = 300 * time.Millisecond      // the server looks ten times a second
	time.Sleep(noticed)
}
