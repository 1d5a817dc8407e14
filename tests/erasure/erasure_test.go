// Package erasure_test has people erased while everything else goes on, and everything dies again and again: the node that accepts events and
// carries them (kill -9 and power cuts), those who carry requests out, and those who archive and compute. The engines, and all that works with
// them, are the real ones.
package erasure_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/observatory/observatory/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// Whatever is sent, repaired, replayed, computed, archived and exported, and whatever dies in the middle of it: of whoever was erased no byte is
// left, in tables or files, nobody else has lost anything, every receipt has its outcomes, and the ledger balances. Each history is a tenant of
// its own; those of one installation share its engines, its node, and the node's deaths. Chance decides what happens.
func TestErasureRacesEverything(t *testing.T) {
	t.Parallel()
	installations, histories, long := 1, 3, 2*time.Second
	if os.Getenv("OBSERVATORY_TEST_LONG") == "1" {
		installations, histories, long = 50, 10, 8*time.Second
	}
	for i := range installations { //nolint:paralleltest // one after the other: each is many histories at once
		t.Run(fmt.Sprint("installation ", i), func(t *testing.T) {
			h := newHouse(t, uint64(i), long) //nolint:gosec // not negative
			var all []*history
			for n := range histories {
				all = append(all, newHistory(h, uint64(n))) //nolint:gosec // not negative
			}
			h.open(t)
			var happening errgroup.Group
			for _, x := range all {
				happening.Go(x.happen)
			}
			require.NoError(t, happening.Wait())
			h.calm()
			for _, x := range all {
				happening.Go(func() error { return x.end(t.Context()) })
			}
			require.NoError(t, happening.Wait())
			h.rest()
			for _, x := range all {
				require.NoError(t, x.derive(t.Context()))
			}
			if t.Failed() {
				return
			}
			for _, x := range all {
				x.check(t)
			}
			h.check(t, all)
		})
	}
}
