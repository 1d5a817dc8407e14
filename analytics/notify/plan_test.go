package notify_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics/notify"
)

// Whatever the plan and however late it is followed: every step of every round is taken once, in order, none before its delay is over,
// and then it ends.
func TestPlansAreFollowed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seconds := func(low, high int, label string) time.Duration {
			return time.Duration(rapid.IntRange(low, high).Draw(t, label)) * time.Second
		}
		p := notify.Plan{Repeat: rapid.IntRange(0, notify.MaxRepeat).Draw(t, "repeat"), RepeatAfter: seconds(60, 86400, "repeat after")}
		for range rapid.IntRange(1, notify.MaxSteps).Draw(t, "steps") {
			p.Steps = append(p.Steps, notify.Step{Delay: seconds(0, 86400, "delay"), Targets: []notify.Target{{Kind: notify.TargetMember, ID: uuid.New()}}})
		}
		require.NoError(t, p.Validate())
		now := monday()
		at := p.Begin(now)
		type place struct{ round, step int }
		var taken []place
		for at.DueAt != nil {
			step, round, more := p.Next(at)
			require.True(t, more)
			delay := p.Steps[step].Delay
			if step == 0 && round > 1 {
				delay = p.RepeatAfter
			}
			require.Equal(t, now.Add(delay), *at.DueAt)
			now = at.DueAt.Add(seconds(0, 3600, "late"))
			taken = append(taken, place{round, step})
			at = p.After(step, round, now)
		}
		var want []place
		for round := 1; round <= p.Repeat+1; round++ {
			for step := range p.Steps {
				want = append(want, place{round, step})
			}
		}
		require.Equal(t, want, taken)
		_, _, more := p.Next(at)
		require.False(t, more)
	})
}

func TestPlansAreBounded(t *testing.T) {
	t.Parallel()
	good := notify.Step{Targets: []notify.Target{{Kind: notify.TargetMember}}}
	for name, p := range map[string]notify.Plan{
		"no steps":           {RepeatAfter: time.Hour},
		"too many":           {RepeatAfter: time.Hour, Steps: make([]notify.Step, 11)},
		"no targets":         {RepeatAfter: time.Hour, Steps: []notify.Step{{}}},
		"a delay of days":    {RepeatAfter: time.Hour, Steps: []notify.Step{{Delay: 25 * time.Hour, Targets: good.Targets}}},
		"back in time":       {RepeatAfter: time.Hour, Steps: []notify.Step{{Delay: -1, Targets: good.Targets}}},
		"again and again":    {RepeatAfter: time.Hour, Repeat: 11, Steps: []notify.Step{good}},
		"again without rest": {Repeat: 1, Steps: []notify.Step{good}},
	} {
		require.Error(t, p.Validate(), name)
	}
}

// A plan that becomes shorter while an incident escalates is followed as far as it goes.
func TestAPlanThatBecomesShorter(t *testing.T) {
	t.Parallel()
	at := notify.Progress{Round: 1, Taken: 5}
	short := notify.Plan{Steps: make([]notify.Step, 2), RepeatAfter: time.Hour}
	_, _, more := short.Next(at)
	require.False(t, more)
	short.Repeat = 1
	step, round, more := short.Next(at)
	require.True(t, more)
	require.Equal(t, []int{0, 2}, []int{step, round})
}
