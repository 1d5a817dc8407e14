package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/internal/flow"
)

func TestRulesThatAreDueWait(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 12, 0, 10, 0, time.UTC)
	minute := now.Truncate(time.Minute)
	rule := func(enabled bool, next time.Time, last *alert.Evaluation) alert.Rule {
		return alert.Rule{Definition: alert.Definition{Interval: time.Minute, Delay: 5 * time.Second}, Enabled: enabled, NextTick: next, Last: last}
	}
	none := evaluated(nil, now)
	require.Equal(t, []any{int64(0), 0.}, []any{*none.Depth, *none.PerSecond})
	require.Nil(t, none.Oldest)

	got := evaluated([]alert.Rule{
		rule(true, minute, nil),                    // due for 5 s
		rule(true, minute.Add(-time.Minute), nil),  // and for 65 s
		rule(false, minute.Add(-time.Minute), nil), // nobody waits for it
		rule(true, minute.Add(time.Minute), &alert.Evaluation{Tick: minute, EvaluatedAt: now.Add(-3 * time.Second)}),
		rule(true, minute.Add(time.Minute), &alert.Evaluation{Tick: minute.Add(-2 * time.Minute), EvaluatedAt: now.Add(-time.Minute)}),
	}, now)
	due, rate, oldest, lag := int64(2), 1./60, 65*time.Second, 2*time.Second
	require.Equal(t, flow.Figures{Depth: &due, PerSecond: &rate, Oldest: &oldest, Lag: &lag}, got)
}
