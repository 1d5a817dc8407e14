package api

import (
	"context"
	"time"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/internal/flow"
	"github.com/observatory/observatory/tenants"
)

// Pipeline measures how the data of a tenant goes through, stage by stage. A stage that does not answer is stuck, and no error.
type Pipeline interface {
	Stages(ctx context.Context, tenant tenants.ID) []flow.Stage
	Edges() []flow.Edge
}

func (s *server) GetPipeline(ctx context.Context, _ gen.GetPipelineRequestObject) (gen.GetPipelineResponseObject, error) {
	return gen.GetPipeline200JSONResponse{
		At:     shown(s.deps.Now()),
		Stages: each(s.deps.Pipeline.Stages(ctx, in(ctx).principal.Tenant), stageOut),
		Edges: each(s.deps.Pipeline.Edges(), func(e flow.Edge) gen.PipelineEdge {
			return gen.PipelineEdge{From: gen.PipelineStageName(e.From), To: gen.PipelineStageName(e.To)}
		}),
	}, nil
}

func stageOut(s flow.Stage) gen.PipelineStage {
	return gen.PipelineStage{
		Name: gen.PipelineStageName(s.Name), Unit: gen.PipelineStageUnit(s.Unit), Depth: s.Depth, InHand: s.InHand, PerSecond: s.PerSecond,
		LagSeconds: secondsOrNil(s.Lag), OldestSeconds: secondsOrNil(s.Oldest), Health: gen.PipelineStageHealth(s.Health), Why: s.Why,
	}
}

func secondsOrNil(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	seconds := d.Seconds()
	return &seconds
}
