package schema_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/ingestpg"
	"github.com/observatory/observatory/internal/testkit"
)

// Nodes read what a tenant declares while others register: what they read may be older, and is never a part of something.
func TestNodesReadWhileOthersRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.tenant(t)
	declared := ingestpg.New(w.pool, testkit.Logger(t))
	const schemas = 60
	var writing sync.WaitGroup
	written := make(chan struct{})
	writing.Go(func() {
		defer close(written)
		for i := range schemas {
			_, err := w.try(t, by, fmt.Sprintf("s%d", i), record(fmt.Sprintf("f%d:int", i)))
			assert.NoError(t, err)
		}
	})
	for range 3 {
		writing.Go(func() {
			for {
				d, err := declared.DeclaredBy(t.Context(), by.Principal.Tenant)
				if !assert.NoError(t, err) { //nolint:testifylint // require may not end this goroutine
					return
				}
				for _, s := range d.Schemas {
					assert.LessOrEqual(t, len(s.Versions), 1)
				}
				select {
				case <-written:
					return
				default:
				}
			}
		})
	}
	writing.Wait()
	d, err := declared.DeclaredBy(t.Context(), by.Principal.Tenant)
	require.NoError(t, err)
	require.Len(t, d.Schemas, schemas)
	for _, s := range d.Schemas {
		require.Len(t, s.Versions, 1)
	}
}
