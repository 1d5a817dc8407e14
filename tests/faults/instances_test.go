//go:build linux

package faults_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tests/harness"
)

// TestInstancesSideBySide runs two instances with all their engines on one machine. They know nothing of each other, and neither lets a
// third one at its folder or its address.
func TestInstancesSideBySide(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	one, two := harness.Start(t, harness.Config{}), harness.Start(t, harness.Config{})
	mine, yours := one.SignUp(t), two.SignUp(t)
	check := func(events int) {
		t.Helper()
		mine.Secret.Settled(t, mine.Secret.Send(t, harness.Event{Name: "mine"}).Receipt)
		yours.Secret.Settled(t, yours.Secret.Send(t, harness.Event{Name: "yours"}, harness.Event{Name: "yours"}).Receipt)
		require.Equal(t, events, mine.Secret.Count(t, ""))
		require.Equal(t, 2*events, yours.Secret.Count(t, ""))
		two.WithKey(t, mine.Keys.Secret).Post(t, "/v1/events", map[string]any{"event": "stray"}).WantProblem(t, http.StatusUnauthorized, "key_unknown")
	}
	check(1)

	out, status := one.Run(t, "serve", "--http-addr", "127.0.0.1:0")
	require.Equal(t, 1, status)
	require.Contains(t, out, fmt.Sprintf("The data folder %s is in use by another Observatory (process %d). Stop it, or choose another folder with --data-dir.", one.DataDir, one.PID()))
	require.Equal(t, 1, strings.Count(out, "\n"), "it says so and nothing else: %s", out)

	out, status = two.Run(t, "serve", "--http-addr", strings.TrimPrefix(one.URL, "http://"))
	require.Equal(t, 1, status)
	require.Contains(t, out, "address already in use")
	require.Contains(t, out, "--http-addr")
	check(2)

	one.Stop(t)
	began := time.Now()
	one.Start(t)
	took := time.Since(began)
	t.Logf("the second start took %s", took.Round(time.Millisecond))
	require.Less(t, took, 20*time.Second, "five seconds are promised; a machine that runs other tests may take longer")
	check(3)
}
