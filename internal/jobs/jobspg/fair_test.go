package jobspg_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/internal/jobs"
)

// One tenant has a thousand bulk jobs, and one slot works on them. The only job of another tenant, made after them, has to
// wait for what is under way, and not for the thousand.
func TestBackfillDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	busy, calm := w.tenant(), w.tenant()
	many := make([]jobs.Job, 1000)
	for i := range many {
		many[i] = big.New(busy, params{i})
	}
	w.add(many...)
	room := jobs.Slots{jobs.Bulk: 2}
	var redis []jobs.Message
	work := func() uuid.UUID { // one slot takes the oldest message, and does its job
		redis = append(redis, w.dispatch(room)...)
		require.LessOrEqual(t, len(redis), 2)
		c := w.claim(redis[0])
		redis = redis[1:]
		redis = append(redis, w.dispatch(room)...)
		w.end(c, jobs.Ending{Outcome: jobs.OutcomeYielded})
		return c.ID
	}
	for range 5 {
		work()
	}
	mine := w.add(big.New(calm, params{}))[0]
	for range 3 { // two were in Redis already
		if work() == mine {
			return
		}
	}
	t.Fatal("it waits for more than what was under way")
}

// Whatever tenants put in, and whatever runs: nobody is given a turn while another, who waits in the same queue, is due an
// earlier one.
func TestTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenants := []uuid.UUID{w.tenant(), w.tenant(), w.tenant(), {}}
	rapid.Check(t, func(rt *rapid.T) {
		w.exec("DELETE FROM jobs")
		var taken []*jobs.Claim // and running
		for range rapid.IntRange(1, 3).Draw(rt, "rounds") {
			var all []jobs.Job
			for _, tenant := range tenants {
				for range rapid.IntRange(0, 4).Draw(rt, "jobs") {
					all = append(all, chore.New(tenant, params{}))
				}
			}
			w.add(all...)
			turns := make(map[uuid.UUID]int)
			for _, c := range taken {
				turns[c.Tenant]++
			}
			given := make(map[uuid.UUID]bool)
			for _, m := range w.dispatch(jobs.Slots{jobs.Default: rapid.IntRange(0, 8).Draw(rt, "room")}) {
				c := w.claim(m)
				turns[c.Tenant]++
				given[c.Tenant] = true
				taken = append(taken, c)
			}
			waiting, err := w.ListAll(t.Context(), jobs.Filter{States: []jobs.State{jobs.Waiting}})
			require.NoError(t, err)
			for _, r := range waiting {
				for tenant := range given {
					if turns[tenant] > turns[r.Tenant]+1 {
						rt.Fatalf("turns %v, and %s waits", turns, r.Tenant)
					}
				}
			}
			for len(taken) > 0 && rapid.Bool().Draw(rt, "one ends") {
				w.end(taken[0], jobs.Ending{Outcome: jobs.OutcomeOK})
				taken = taken[1:]
			}
		}
	})
}
