package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/repair"
)

func (s *server) ListCauses(ctx context.Context, r gen.ListCausesRequestObject) (gen.ListCausesResponseObject, error) {
	from, to, err := s.deps.Causes.Period(deref(r.Params.From), deref(r.Params.To))
	if err != nil {
		return nil, err
	}
	openOnly := r.Params.Open == nil || *r.Params.Open
	found, err := s.deps.Causes.List(ctx, in(ctx).principal.Tenant, from, to, openOnly)
	if err != nil {
		return nil, err
	}
	return gen.ListCauses200JSONResponse{Causes: each(found, causeOut), From: shown(from), To: shown(to)}, nil
}

func (s *server) GetCause(ctx context.Context, r gen.GetCauseRequestObject) (gen.GetCauseResponseObject, error) {
	from, to, err := s.deps.Causes.Period(deref(r.Params.From), deref(r.Params.To))
	if err != nil {
		return nil, err
	}
	tenant := in(ctx).principal.Tenant
	found, err := s.deps.Causes.Details(ctx, tenant, r.CauseId, from, to)
	if err != nil {
		return nil, err
	}
	out := gen.GetCause200JSONResponse{
		Cause: causeOut(found.Cause), Interval: gen.CauseDetailsIntervalHour,
		Senders: each(found.SenderList, func(c repair.CauseSender) gen.CauseSender {
			return gen.CauseSender{SdkName: readable(c.SDK), SdkVersion: readable(c.Version), SourceId: uuid.UUID(c.Source), Events: c.Events, LastSeen: shown(c.LastSeen)}
		}),
		Trend: each(found.Trend, func(c repair.CauseCount) gen.CauseCount {
			return gen.CauseCount{Time: shown(c.Time), Events: c.Events}
		}),
		Examples: each(found.Examples, func(e ingest.QuarantinedEvent) gen.QuarantinedEvent { return s.quarantinedOut(tenant, e) }),
	}
	if found.Daily {
		out.Interval = gen.CauseDetailsIntervalDay
	}
	return out, nil
}

func causeOut(c repair.Cause) gen.Cause {
	return gen.Cause{
		Id: c.ID, Code: c.Rejection.Code, Event: readable(c.Event), Path: readable(c.Rejection.Path), SchemaId: int(c.Rejection.Schema), Message: c.Rejection.Message,
		Open: c.Open, Repaired: c.Repaired, FirstSeen: shown(c.FirstSeen), LastSeen: shown(c.LastSeen), Senders: c.Senders,
	}
}
