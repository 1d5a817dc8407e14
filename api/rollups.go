package api

import (
	"context"

	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/api/gen"
)

func (s *server) GetBreakdowns(ctx context.Context, _ gen.GetBreakdownsRequestObject) (gen.GetBreakdownsResponseObject, error) {
	b, err := s.deps.Rollups.Breakdowns(ctx, in(ctx).principal.Tenant)
	return gen.GetBreakdowns200JSONResponse(breakdownsOut(b)), err
}

func (s *server) ChooseBreakdowns(ctx context.Context, r gen.ChooseBreakdownsRequestObject) (gen.ChooseBreakdownsResponseObject, error) {
	b, err := s.deps.Rollups.SetBreakdowns(ctx, in(ctx).by(), r.Body.Chosen)
	return gen.ChooseBreakdowns200JSONResponse(breakdownsOut(b)), err
}

func breakdownsOut(b rollup.Breakdowns) gen.Breakdowns {
	return gen.Breakdowns{Default: append([]string{}, b.Default...), Chosen: append([]string{}, b.Chosen...)}
}

func (s *server) BackfillRollups(ctx context.Context, r gen.BackfillRollupsRequestObject) (gen.BackfillRollupsResponseObject, error) {
	id, err := s.deps.Rollups.Backfill(ctx, in(ctx).by(), rollup.BackfillInput{From: deref(r.Body.From), To: deref(r.Body.To)})
	return gen.BackfillRollups202JSONResponse{JobId: id}, err
}
