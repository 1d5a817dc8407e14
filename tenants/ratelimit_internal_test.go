package tenants

import (
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/fault"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := NewLimiter(Rate{Burst: 2, Every: time.Minute}, Rate{}, func() time.Time { return now })
	require.NoError(t, l.Take("a"))
	require.NoError(t, l.Take("a"))
	for range 3 { // being refused does not push the next chance away
		err := l.Take("a")
		require.ErrorIs(t, err, ErrTooManyAttempts)
		require.Equal(t, time.Minute, fault.From(err).RetryAfter)
	}
	require.NoError(t, l.Take("b"))
	now = now.Add(time.Minute)
	require.NoError(t, l.Take("a"))
	require.Error(t, l.Take("a"))
}

func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := NewLimiter(Rate{Burst: 1, Every: time.Hour}, Rate{}, func() time.Time { return now })
	for i := range maxLimited {
		require.NoError(t, l.Take(strconv.Itoa(i)))
	}
	require.NoError(t, l.Take("one more"))
	require.LessOrEqual(t, len(l.buckets), maxLimited)
	require.Greater(t, len(l.buckets), maxLimited/2, "most are remembered")
	require.Error(t, l.Take("one more"))

	now = now.Add(time.Hour)
	for i := range maxLimited {
		require.NoError(t, l.Take("x"+strconv.Itoa(i)))
	}
	require.LessOrEqual(t, len(l.buckets), maxLimited)
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		require.Equal(t, want, Network(netip.MustParseAddr(address)))
	}
	require.NotPanics(t, func() { Network(netip.Addr{}) }, "a command has no address")
}
