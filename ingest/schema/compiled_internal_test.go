package schema

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tenants"
)

// What is kept is bounded by number and by length, whatever order it comes and goes in.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newCache()
	tenant := tenants.ID(uuid.New())
	for id := range ID(3 * cacheEntries) {
		c.put(cacheKey{tenant, id}, &Compiled{}, 1)
	}
	require.Equal(t, cacheEntries, c.lru.Len())
	require.Equal(t, cacheEntries*cacheEntryBytes, c.bytes, "even the smallest has its weight")
	for id := range ID(64) {
		c.put(cacheKey{tenant, id % 32}, &Compiled{}, MaxSchemaBytes)
		require.LessOrEqual(t, c.bytes, cacheTextBytes)
	}
	require.Equal(t, cacheTextBytes/MaxSchemaBytes, c.lru.Len())
	_, ok := c.get(cacheKey{tenant, 31})
	require.True(t, ok, "the newest is there")
	_, ok = c.get(cacheKey{tenants.ID(uuid.New()), 31})
	require.False(t, ok, "another tenant's is not")
	c.put(cacheKey{tenant, 99}, &Compiled{}, 2*cacheTextBytes)
	require.Zero(t, c.lru.Len(), "what is too large for all is not kept")
	require.Zero(t, c.bytes)
}

// One of each tenant is through at a time; tenants do not wait for each other; and nobody is remembered.
func TestTurns(t *testing.T) {
	t.Parallel()
	all := newTurns()
	ours, theirs := tenants.ID(uuid.New()), tenants.ID(uuid.New())
	done, err := all.take(t.Context(), ours)
	require.NoError(t, err)
	other, err := all.take(t.Context(), theirs)
	require.NoError(t, err)
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = all.take(impatient, ours)
	require.ErrorIs(t, err, context.Canceled)
	through := make(chan func())
	go func() {
		next, err := all.take(t.Context(), ours)
		if err != nil {
			next = nil
		}
		through <- next
	}()
	select {
	case <-through:
		t.Fatal("two at a time")
	default:
	}
	done()
	next := <-through
	require.NotNil(t, next)
	next()
	other()
	require.Empty(t, all.of)
}
