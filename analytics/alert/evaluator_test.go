package alert_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Many evaluators at once, any of which is killed at any moment: every tick has come to exactly what the pure machine makes of it, and each
// episode is told once.
func TestEachTickCountsOnce(t *testing.T) {
	t.Parallel()
	const minutes = 80
	random := rand.New(rand.NewPCG(7, 11))
	texts := map[string]string{}
	for _, event := range []string{"a", "b", "c", "d"} {
		var b strings.Builder
		for wrong := false; b.Len() < minutes; wrong = !wrong {
			b.WriteString(strings.Repeat(map[bool]string{true: "x", false: "o"}[wrong], 1+random.IntN(12)))
		}
		texts[event] = b.String()[:minutes]
	}
	h := newHouse(t, &alert.Values{Trends: series(func(event string, end time.Time) *float64 {
		if texts[event][int(end.Sub(begin())/time.Minute)-1] == 'x' {
			return number(0)
		}
		return number(10)
	})})
	rules := map[string]alert.Rule{}
	for event, group := range map[string]string{"a": "shop", "b": "shop", "c": "shop", "d": ""} {
		d := few(len(rules) % 3)
		d.Name, d.Measure.Event, d.Group = event, event, group
		rules[event] = h.create(d)
	}

	for done := 0; done < minutes; {
		done = min(done+1+random.IntN(20), minutes) // sometimes several ticks have come
		h.set(minute(done))
		var all sync.WaitGroup
		for range 3 {
			e, killed := h.evaluator(), random.IntN(2) == 0
			after := time.Duration(random.IntN(30)) * time.Millisecond
			all.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if killed {
					timer := time.AfterFunc(after, cancel)
					defer timer.Stop()
				}
				_ = e.EvaluateTenant(ctx, h.by.Principal.Tenant, h.now()) // whoever is killed has an error, and another does the work
			})
		}
		all.Wait()
		h.evaluate(minute(done))
	}

	episodes := 0
	for event, r := range rules {
		history := h.history(r.ID)
		require.Len(t, history, minutes, event)
		for i, e := range history {
			require.Equal(t, minute(i+1), e.Tick, event)
			require.Zero(t, e.Missed)
		}
		want := strings.ReplaceAll(run(r.Definition, texts[event]), "F", "f")
		require.Equal(t, want, h.states(r.ID), event)
		episodes += strings.Count(strings.ReplaceAll("o"+want, "p", "o"), "of") + strings.Count(want, "rf")
	}
	told, resolved, firing := 0, 0, 0
	for _, i := range h.all() {
		for _, kind := range h.timeline(i.ID) {
			switch kind {
			case alert.EntryOpened, alert.EntryRuleFired:
				told++
			case alert.EntryRuleResolved:
				resolved++
			default:
			}
		}
		for _, r := range i.Rules {
			if r.ResolvedAt == nil {
				firing++
			}
		}
	}
	require.Positive(t, episodes)
	require.Equal(t, episodes, told)
	require.Equal(t, episodes, resolved+firing)
}

// What was missed is made up for in order, up to an hour of minutes; what is older is said.
func TestMissedTicks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, letters(strings.Repeat("x", 10)+strings.Repeat("o", 100)+strings.Repeat("x", 200)))
	r := h.create(few(0))
	h.evaluate(minute(5))
	require.Equal(t, "fffff", h.states(r.ID))
	h.evaluate(minute(65)) // 60 ticks, which is just not too many
	require.Equal(t, strings.Repeat("f", 10)+"r"+strings.Repeat("o", 54), h.states(r.ID))
	h.evaluate(minute(112))
	h.evaluate(minute(200))
	history := h.history(r.ID)
	require.Equal(t, 28, history[112].Missed)
	require.Equal(t, minute(141), history[112].Tick)
	require.Contains(t, history[112].Note, "28 ticks before this one were missed.")
	require.Len(t, history, 112+60)
	require.Equal(t, []alert.EntryKind{alert.EntryOpened, alert.EntryMissed}, h.timeline(h.all()[1].ID))
	require.Equal(t, minute(200).Add(time.Minute), h.rule(r.ID).NextTick)

	h.evaluate(minute(150)) // the clock goes back: nothing is evaluated again
	require.Len(t, h.history(r.ID), 112+60)
}

// A worker whose clock is ahead of the database's evaluates nothing before its time.
func TestClockAhead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, letters("x"))
	h.set(time.Now())
	r := h.create(few(0))
	h.evaluate(time.Now().Add(48 * time.Hour))
	require.Empty(t, h.history(r.ID))
	require.Equal(t, alert.OK, h.rule(r.ID).State.Status)
	require.Less(t, time.Until(h.rule(r.ID).NextTick), 2*time.Minute)
}

// down is a Trends that does not answer.
func down(err error) *alert.Values { return &alert.Values{Trends: broken{err}} }

// Values that cannot be measured for a moment are measured later; those that never can be leave the rule as it is and say why.
func TestWhatCannotBeMeasured(t *testing.T) {
	t.Parallel()
	h := newHouse(t, letters("xxxx"))
	d := few(0)
	d.Delay = 30 * time.Second
	r := h.create(d)
	h.evaluate(minute(1).Add(29 * time.Second))
	require.Empty(t, h.states(r.ID), "it is judged half a minute later")
	h.evaluate(minute(1).Add(30 * time.Second))
	require.Equal(t, "f", h.states(r.ID))

	away := alert.NewEvaluator(h.store, down(fault.New(fault.Unavailable, "away", "Away.")), discard())
	require.Error(t, away.EvaluateTenant(t.Context(), h.by.Principal.Tenant, minute(3)))
	require.Equal(t, "f", h.states(r.ID))
	never := alert.NewEvaluator(h.store, down(fault.New(fault.Invalid, "never", "There is no such property.")), discard())
	require.NoError(t, never.EvaluateTenant(t.Context(), h.by.Principal.Tenant, minute(3)))
	require.Equal(t, "ff", h.states(r.ID))
	require.Equal(t, "There is no such property.", h.history(r.ID)[1].Note)
	h.evaluate(minute(4))
	require.Equal(t, "fff", h.states(r.ID))
	require.Len(t, h.all(), 1)
}

// A rule that begins anew by a clock that is behind comes to a tick that was settled before. That must not keep it there.
func TestRuleBeginsAnewBeforeItsLastTick(t *testing.T) {
	t.Parallel()
	h := newHouse(t, letters("ooxx"))
	r := h.create(few(0))
	h.evaluate(minute(1))
	h.evaluate(minute(2))
	h.set(minute(2).Add(-time.Second))
	_, err := h.rules.SetEnabled(t.Context(), h.by, r.ID, false)
	require.NoError(t, err)
	_, err = h.rules.SetEnabled(t.Context(), h.by, r.ID, true)
	require.NoError(t, err)
	h.evaluate(minute(2))
	h.evaluate(minute(3))
	require.Equal(t, alert.Firing, h.rule(r.ID).State.Status)
}

// A rule that takes for ever to be measured, and is overdue longest, keeps no other from being evaluated.
func TestSlowRuleKeepsNoOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t, &alert.Values{Trends: stuck{letters("x").Trends}})
	for _, event := range []string{"stuck", "quick"} {
		d := few(0)
		d.Name, d.Measure.Event = event, event
		h.create(d)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // as a job has
	defer cancel()
	h.set(minute(1))
	require.Error(t, h.evaluator().WithPatience(100*time.Millisecond).EvaluateTenant(ctx, h.by.Principal.Tenant, minute(1)))
	require.Len(t, h.all(), 1)
	require.Equal(t, "quick", h.all()[0].Title)
}

// stuck answers nothing about events of that name.
type stuck struct{ alert.Trends }

func (s stuck) Windows(ctx context.Context, tenant tenants.ID, q analytics.TrendsQuery, cuts []time.Time) ([]*float64, error) {
	if q.Event == "stuck" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Trends.Windows(ctx, tenant, q, cuts)
}

// Windows of a measure that does not add up are measured one by one: a few ticks at a time, oldest first, until all are made up for.
func TestFewTicksAtATime(t *testing.T) {
	t.Parallel()
	h := newHouse(t, letters("oooooooooooooooox"))
	d := few(0)
	d.Measure.Measure, d.Measure.Window = analytics.MeasureUniqueUsers, 10*time.Minute
	r := h.create(d)
	for _, settled := range []int{6, 12, 17, 17} {
		h.evaluate(minute(17))
		require.Len(t, h.history(r.ID), settled)
	}
	require.Equal(t, alert.Firing, h.rule(r.ID).State.Status)
}

// Only what is due is looked for.
func TestDue(t *testing.T) {
	t.Parallel()
	h := newHouse(t, letters("xx"))
	r := h.create(few(0))
	due := func(now time.Time) []tenants.ID {
		all, err := h.evaluator().Due(t.Context(), now)
		require.NoError(t, err)
		return all
	}
	require.Empty(t, due(minute(1).Add(-time.Second)))
	require.Equal(t, []tenants.ID{h.by.Principal.Tenant}, due(minute(1)))
	h.evaluate(minute(1))
	require.Empty(t, due(minute(1)))
	_, err := h.rules.SetEnabled(t.Context(), h.by, r.ID, false)
	require.NoError(t, err)
	require.Empty(t, due(minute(100)))

	require.NoError(t, h.evaluator().Sweep(t.Context(), minute(1).AddDate(0, 0, 34)))
	require.Len(t, h.history(r.ID), 1)
	require.NoError(t, h.evaluator().Sweep(t.Context(), minute(1).AddDate(0, 0, 36)))
	require.Empty(t, h.history(r.ID))
}
