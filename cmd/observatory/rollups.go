package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/flow"
	"github.com/observatory/observatory/tenants"
)

// rollupProbes measure how far the rollups are behind the events.
func (p *stages) rollupProbes() []flow.Probe {
	return []flow.Probe{{
		Name: "rollups", Unit: flow.Hours,
		Rule: flow.Rule{
			Late: time.Minute, Stuck: 10 * time.Minute, Idle: "The rollup of every hour is of now.",
			Meanwhile: "Answers are right all the same: what is not rolled up is answered from the events.",
		},
		Measure: p.rolledUp,
	}}
}

func (p *stages) rolledUp(ctx context.Context, tenant uuid.UUID) (flow.Figures, error) {
	stage, err := p.rollups.Stage(ctx, tenants.ID(tenant))
	if err != nil {
		return flow.Figures{}, err
	}
	figures := flow.Figures{Depth: &stage.Dirty, InHand: &stage.Undecided, PerSecond: &stage.PerSecond}
	if stage.Oldest > 0 {
		figures.Oldest = &stage.Oldest
	}
	return figures, nil
}
