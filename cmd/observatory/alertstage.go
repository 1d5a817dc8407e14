package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/internal/flow"
	"github.com/observatory/observatory/tenants"
)

// alertProbes measure whether alert rules are evaluated in time.
func (p *stages) alertProbes(rules *alert.Rules) []flow.Probe {
	return []flow.Probe{{
		Name: "alerts", Unit: flow.Rules,
		Rule: flow.Rule{
			Late: 30 * time.Second, Stuck: 5 * time.Minute, Idle: "Every alert rule was evaluated in time.",
			Meanwhile: "No tick is lost: each is evaluated late, in its order.",
		},
		Measure: func(ctx context.Context, tenant uuid.UUID) (flow.Figures, error) {
			all, err := rules.List(ctx, tenants.ID(tenant))
			if err != nil {
				return flow.Figures{}, err
			}
			return evaluated(all, p.now()), nil
		},
	}}
}

// evaluated tells how the evaluation of rules goes, from what is known of each.
func evaluated(rules []alert.Rule, now time.Time) flow.Figures {
	const lately = time.Minute
	var due, ticks int64
	var oldest, lag time.Duration
	for _, r := range rules {
		if late := now.Sub(r.DueAt()); r.Enabled && late >= 0 {
			due++
			oldest = max(oldest, late)
		}
		if last := r.Last; last != nil && now.Sub(last.EvaluatedAt) < lately {
			ticks++
			lag = max(lag, last.EvaluatedAt.Sub(last.Tick.Add(r.Delay)))
		}
	}
	rate := float64(ticks) / lately.Seconds()
	figures := flow.Figures{Depth: &due, PerSecond: &rate}
	if due > 0 {
		figures.Oldest = &oldest
	}
	if ticks > 0 {
		figures.Lag = &lag
	}
	return figures
}
