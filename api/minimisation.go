package api

import (
	"context"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/privacy/minimise"
)

func (s *server) GetMinimisation(ctx context.Context, r gen.GetMinimisationRequestObject) (gen.GetMinimisationResponseObject, error) {
	const usual = 30
	days := usual
	if r.Params.Days != nil {
		days = *r.Params.Days
	}
	done, err := s.trials.take(ctx, in(ctx).principal.Tenant) // it looks into many events
	if err != nil {
		return nil, err
	}
	defer done()
	report, err := s.deps.Minimise.Report(ctx, in(ctx).principal.Tenant, deref(r.Params.Event), days)
	if err != nil {
		return nil, err
	}
	return gen.GetMinimisation200JSONResponse{
		Days: report.Days, RecordedSince: shownOrNil(report.Since),
		Events: each(report.Events, func(e minimise.Event) gen.MinimisationEvent {
			return gen.MinimisationEvent{Event: e.Name, Events: e.Events, LookedAt: e.Looked, Properties: each(e.Properties, minimisationOut)}
		}),
	}, nil
}

func minimisationOut(p minimise.Property) gen.MinimisationProperty {
	out := gen.MinimisationProperty{
		Path: p.Path, Share: p.Share, Bytes: p.Bytes, LastUsed: shownOrNil(p.LastUsed), Uses: p.Uses, Action: gen.MinimisationPropertyAction(p.Action),
	}
	if p.Rule != nil {
		out.Rule = &p.Rule
	}
	return out
}
