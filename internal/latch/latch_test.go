package latch_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/latch"
)

func TestLatch(t *testing.T) {
	t.Parallel()
	l := latch.New()
	require.False(t, l.IsSet())
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { <-l.Done() })
		group.Go(l.Set)
	}
	group.Wait()
	require.True(t, l.IsSet())
	l.Set()
	require.True(t, l.IsSet())
}
