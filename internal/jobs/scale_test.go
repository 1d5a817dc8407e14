package jobs_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/internal/jobs"
)

// fleet is a simulation of workers behind one queue, in steps of time. Workers that are taken away lose what they run.
type fleet struct {
	slots   int   // of a worker
	waiting []int // steps that each waiting job needs
	running [][]int
	lost    int // jobs that ran on a worker that was taken away
	done    int
	rule    func(jobs.Depth) jobs.Decision
}

const most = 8 // workers

func (f *fleet) step(arriving []int) {
	f.waiting = append(f.waiting, arriving...)
	d := jobs.Depth{Queue: jobs.Bulk, Visible: len(f.waiting), Slots: len(f.running) * f.slots}
	for _, r := range f.running {
		d.InFlight += len(r)
	}
	switch f.rule(d) {
	case jobs.ScaleOut:
		if len(f.running) < most {
			f.running = append(f.running, nil)
		}
	case jobs.ScaleIn:
		if n := len(f.running); n > 0 {
			f.lost += len(f.running[n-1])
			f.running = f.running[:n-1]
		}
	case jobs.Hold:
	}
	for i := range f.running {
		for len(f.running[i]) < f.slots && len(f.waiting) > 0 {
			f.running[i], f.waiting = append(f.running[i], f.waiting[0]), f.waiting[1:]
		}
		left := f.running[i][:0]
		for _, steps := range f.running[i] {
			if steps > 1 {
				left = append(left, steps-1)
			} else {
				f.done++
			}
		}
		f.running[i] = left
	}
}

// Whatever bursts come, nobody is sent home who works; everything is done; and in the end nobody is kept.
func TestNobodyIsSentHomeWhoWorks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		f := &fleet{slots: rapid.IntRange(1, 3).Draw(rt, "slots"), rule: jobs.Depth.Decide}
		came := 0
		burst := rapid.SliceOfN(rapid.IntRange(1, 12), 0, 10)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			var arriving []int
			if rapid.IntRange(0, 3).Draw(rt, "burst") == 0 {
				arriving = burst.Draw(rt, "jobs")
			}
			came += len(arriving)
			f.step(arriving)
			if f.lost > 0 {
				rt.Fatalf("%d jobs were lost to scaling in", f.lost)
			}
		}
		for range 12 * (came + 1) {
			f.step(nil)
		}
		require.Equal(rt, came, f.done)
		require.Zero(rt, f.lost)
		for range most {
			f.step(nil)
		}
		require.Empty(rt, f.running)
	})
}

// The simulation notices what the rule is there for: with another that looks only at what waits, jobs are lost.
func TestLookingOnlyAtWhatWaitsLosesJobs(t *testing.T) {
	t.Parallel()
	f := &fleet{slots: 1, rule: func(d jobs.Depth) jobs.Decision {
		if d.Visible > 0 {
			return jobs.ScaleOut
		}
		return jobs.ScaleIn
	}}
	f.step([]int{9})
	f.step(nil)
	require.Positive(t, f.lost)
}
