package quarter_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// clock is what the server, the one who collects the money, and the test go by. It only goes forward.
type clock struct {
	file  string
	begun time.Time
	ahead atomic.Int64
	logs  *harness.Logs // of the server, once there is one
}

func newClock(t *testing.T, begin time.Time) *clock {
	t.Helper()
	c := &clock{file: filepath.Join(t.TempDir(), "ahead"), begun: time.Now()}
	c.to(t, begin)
	return c
}

// Now is what time it is.
func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())).UTC() }

// to goes on to a time, and waits until the server has noticed.
func (c *clock) to(t *testing.T, at time.Time) {
	t.Helper()
	t.Logf("after %s it is %s", time.Since(c.begun).Round(time.Second), at.Format(time.DateTime))
	ahead := time.Until(at)
	c.ahead.Store(int64(ahead))
	next := c.file + ".next"
	require.NoError(t, os.WriteFile(next, []byte(ahead.String()), 0o600))
	require.NoError(t, os.Rename(next, c.file)) // nobody reads half of it
	if c.logs == nil {
		return
	}
	testkit.Eventually(t, harness.Patience, func() error {
		if len(c.logs.Lines("the clock of this server was moved", "ahead="+ahead.String())) == 0 {
			return fmt.Errorf("the server has not noticed that its clock was moved")
		}
		return nil
	})
}

// server is one whose clock jumps. It trusts nothing then of what it knew until it has heard it anew, and holds or refuses what comes meanwhile.
type server struct{ *harness.Server }

var staleness = regexp.MustCompile(`(?m)^(observatory_\w+_staleness_seconds) (\S+)$`)

// Fresh waits until the server knows what holds.
func (s *server) Fresh(t *testing.T) {
	t.Helper()
	const known, fresh = 4, 30.0 // keys, rules, suppressions, quotas; seconds
	anybody := s.Anonymous(t)
	testkit.Eventually(t, harness.Patience, func() error {
		res, err := anybody.Try(t.Context(), http.MethodGet, "/metrics", nil)
		if err != nil {
			return err
		}
		all := staleness.FindAllSubmatch(res.Body, -1)
		if len(all) != known {
			return fmt.Errorf("%d of %d ages are told", len(all), known)
		}
		for _, m := range all {
			if age, err := strconv.ParseFloat(string(m[2]), 64); err != nil || age > fresh {
				return fmt.Errorf("%s is %s (%w)", m[1], m[2], err)
			}
		}
		return nil
	})
}
